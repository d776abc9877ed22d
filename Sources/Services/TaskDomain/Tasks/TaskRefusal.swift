/// Why an act on a task is not done although it could be read.
package enum TaskRefusal: Error, Hashable, Sendable {
    /// The input does not fit the task: 422.
    case invalid([FieldProblem])
    /// The task's state does not allow it: 409, with a stable word and a sentence for people.
    case conflict(String, String)
}
