import WireValues

/// Reads tokens into a tree, the operators by their precedence in CEL's specification.
struct CELParser {
    private let tokens: [CELToken]
    private let variables: Set<String>
    private var position = 0
    private var depth = 0

    init(tokens: [CELToken], variables: Set<String>) {
        self.tokens = tokens
        self.variables = variables
    }

    func expectEnd() throws(CELError) {
        if position < tokens.count { throw CELError("unexpected \(word(tokens[position]))") }
    }

    mutating func expression() throws(CELError) -> CELNode {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { throw CELError("nested too deeply") }
        let condition = try disjunction()
        guard take("?") else { return condition }
        let yes = try disjunction()
        try expect(":")
        return .conditional(condition, yes, try expression())
    }

    private mutating func disjunction() throws(CELError) -> CELNode {
        var left = try conjunction()
        while take("||") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(CELError) -> CELNode {
        var left = try relation()
        while take("&&") { left = .and(left, try relation()) }
        return left
    }

    private mutating func relation() throws(CELError) -> CELNode {
        var left = try sum()
        while true {
            if take("==") {
                left = .comparison(.equal, left, try sum())
            } else if take("!=") {
                left = .comparison(.notEqual, left, try sum())
            } else if take("<=") {
                left = .comparison(.lessOrEqual, left, try sum())
            } else if take(">=") {
                left = .comparison(.greaterOrEqual, left, try sum())
            } else if take("<") {
                left = .comparison(.less, left, try sum())
            } else if take(">") {
                left = .comparison(.greater, left, try sum())
            } else if position < tokens.count, tokens[position] == .name("in") {
                position += 1
                left = .isIn(left, try sum())
            } else {
                return left
            }
        }
    }

    private mutating func sum() throws(CELError) -> CELNode {
        var left = try product()
        while true {
            if take("+") {
                left = .arithmetic(.add, left, try product())
            } else if take("-") {
                left = .arithmetic(.subtract, left, try product())
            } else {
                return left
            }
        }
    }

    private mutating func product() throws(CELError) -> CELNode {
        var left = try unary()
        while true {
            if take("*") {
                left = .arithmetic(.multiply, left, try unary())
            } else if take("/") {
                left = .arithmetic(.divide, left, try unary())
            } else if take("%") {
                left = .arithmetic(.remainder, left, try unary())
            } else {
                return left
            }
        }
    }

    private mutating func unary() throws(CELError) -> CELNode {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { throw CELError("nested too deeply") }
        if take("!") { return .not(try unary()) }
        if take("-") { return .negated(try unary()) }
        return try member()
    }

    private mutating func member() throws(CELError) -> CELNode {
        var node = try primary()
        while true {
            if take(".") {
                let name = try name()
                if take("(") {
                    node = .call(try function(name, arguments: 1), [node] + (try arguments()))
                    try checkArguments(node)
                } else {
                    node = .field(node, name)
                }
            } else if take("[") {
                node = .index(node, try expression())
                try expect("]")
            } else {
                return node
            }
        }
    }

    private mutating func primary() throws(CELError) -> CELNode {
        guard position < tokens.count else { throw CELError("the expression ends too early") }
        let token = tokens[position]
        position += 1
        switch token {
        case .literal(let value): return .literal(value)
        case .symbol("("):
            let node = try expression()
            try expect(")")
            return node
        case .symbol("["):
            var elements: [CELNode] = []
            if take("]") { return .list([]) }
            repeat { elements.append(try expression()) } while take(",")
            try expect("]")
            return .list(elements)
        case .name("has"):
            try expect("(")
            guard case .field(let node, let field) = try expression() else {
                throw CELError("has() takes a field, such as event.data.priority")
            }
            try expect(")")
            return .has(node, field)
        case .name(let name):
            if take("(") {
                let node = CELNode.call(try function(name, arguments: 0), try arguments())
                try checkArguments(node)
                return node
            }
            guard variables.contains(name) else { throw CELError("undeclared reference to \"\(name)\"") }
            return .variable(name)
        case .symbol: throw CELError("unexpected \(word(token))")
        }
    }

    private mutating func arguments() throws(CELError) -> [CELNode] {
        if take(")") { return [] }
        var arguments: [CELNode] = []
        repeat { arguments.append(try expression()) } while take(",")
        try expect(")")
        return arguments
    }

    private func function(_ name: String, arguments: Int) throws(CELError) -> CELNode.Function {
        guard let function = CELNode.Function(rawValue: name) else {
            throw CELError("undeclared reference to function \"\(name)\"")
        }
        return function
    }

    private func checkArguments(_ node: CELNode) throws(CELError) {
        guard case .call(let function, let arguments) = node else { return }
        let wanted =
            switch function {
            case .startsWith, .endsWith, .contains, .matches: 2
            case .size, .int, .double, .string: 1
            }
        guard arguments.count == wanted else {
            throw CELError("\(function.rawValue)() with the wrong number of arguments")
        }
        if function == .matches, case .literal(.string(let pattern)) = arguments[1] { _ = try CELNode.regex(pattern) }
    }

    private mutating func name() throws(CELError) -> String {
        guard position < tokens.count, case .name(let name) = tokens[position] else {
            throw CELError("a name is missing after \".\"")
        }
        position += 1
        return name
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard position < tokens.count, tokens[position] == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(CELError) {
        if !take(symbol) {
            throw CELError(
                "\"\(symbol)\" expected"
                    + (position < tokens.count ? " before \(word(tokens[position]))" : " at the end"))
        }
    }

    private func word(_ token: CELToken) -> String {
        switch token {
        case .name(let name): "\"\(name)\""
        case .literal(let value): value.text
        case .symbol(let symbol): "\"\(symbol)\""
        }
    }
}
