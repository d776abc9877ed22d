import WireValues

/// What is wrong with an expression (when compiled), or with the values it met (when evaluated).
struct CELError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A compiled expression of CEL, the Common Expression Language: the part of it that routing rules and circuit
/// breakers are written in. Fields and indexes, literals, lists, comparisons, arithmetic, `&&` `||` `!` `?:`, `in`,
/// `has()`, `size()`, `startsWith`, `endsWith`, `contains`, `matches`, `int()`, `double()`, `string()`.
///
/// - Throws (at init): `CELError` for what cannot be compiled, unknown names of variables and functions included.
struct CELExpression: Sendable {
    private let root: CELNode

    /// - Parameter variables: the names that may stand in the expression.
    init(_ text: String, variables: Set<String> = ["event"]) throws(CELError) {
        var parser = CELParser(tokens: try CELToken.tokens(of: text), variables: variables)
        root = try parser.expression()
        try parser.expectEnd()
    }

    func value(_ variables: [String: JSON]) throws(CELError) -> JSON { try root.value(variables) }

    /// - Throws: also when the value is no truth value.
    func isTrue(_ variables: [String: JSON]) throws(CELError) -> Bool {
        let value = try value(variables)
        guard let truth = value.bool else { throw CELError("the expression gives \(value.text), not true or false") }
        return truth
    }
}

/// A node of the syntax tree.
indirect enum CELNode: Sendable {
    enum Comparison: Sendable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }
    enum Arithmetic: Sendable { case add, subtract, multiply, divide, remainder }
    enum Function: String, Sendable { case startsWith, endsWith, contains, matches, size, int, double, string }

    case literal(JSON)
    case variable(String)
    case field(CELNode, String)
    case index(CELNode, CELNode)
    case has(CELNode, String)
    case list([CELNode])
    case not(CELNode)
    case negated(CELNode)
    case and(CELNode, CELNode)
    case or(CELNode, CELNode)
    case conditional(CELNode, CELNode, CELNode)
    case comparison(Comparison, CELNode, CELNode)
    case arithmetic(Arithmetic, CELNode, CELNode)
    case isIn(CELNode, CELNode)
    case call(Function, [CELNode])
}
