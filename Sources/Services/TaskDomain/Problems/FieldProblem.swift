/// One thing wrong with input, said so that its sender can mend it.
///
/// Reading never stops at the first: whoever reads a document gathers these and refuses with all of them.
package struct FieldProblem: Error, Hashable, Sendable {
    /// What is wrong, in one stable word for programs: `required`, `wrong_type`, `too_long`, `due_conflict`, …
    package let code: String
    /// Where, as a JSON pointer into the request's body (`/reminders/2/before`); `""` for the body as a whole.
    package let field: String
    /// What, and what would be accepted, for people.
    package let detail: String

    package init(_ code: String, _ field: String, _ detail: String) {
        self.code = code
        self.field = field
        self.detail = detail
    }

    /// The same problem seen from further out: `prefix` stands before its pointer.
    ///
    /// A reader of a part names fields from that part on (`/count`); who holds the part adds where it lies (`/recurrence`).
    package func under(_ prefix: String) -> FieldProblem { FieldProblem(code, prefix + field, detail) }
}

extension FieldProblem: CustomStringConvertible {
    package var description: String { "\(field.isEmpty ? "the body" : field): \(code): \(detail)" }
}

/// Several problems of one input. Never empty.
package struct FieldProblems: Error, Hashable, Sendable {
    package let problems: [FieldProblem]

    package init(_ problems: [FieldProblem]) {
        precondition(!problems.isEmpty, "a refusal needs a reason")
        self.problems = problems
    }
}
