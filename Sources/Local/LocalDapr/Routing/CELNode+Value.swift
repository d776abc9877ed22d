import WireValues

extension CELNode {
    func value(_ variables: [String: JSON]) throws(CELError) -> JSON {
        switch self {
        case .literal(let value): return value
        case .variable(let name):
            guard let value = variables[name] else { throw CELError("no such variable: \(name)") }
            return value
        case .field(let node, let name):
            guard case .object(let members) = try node.value(variables) else {
                throw CELError("no such field: \(name) (not an object)")
            }
            guard let value = members[name] else { throw CELError("no such key: \(name)") }
            return value
        case .index(let node, let index): return try Self.element(try node.value(variables), try index.value(variables))
        case .has(let node, let field):
            guard case .object(let members) = try node.value(variables) else {
                throw CELError("has() of something that is no object")
            }
            return .bool(members[field] != nil)
        case .list(let nodes):
            var values: [JSON] = []
            for node in nodes { values.append(try node.value(variables)) }
            return .array(values)
        case .not(let node): return .bool(!(try node.truth(variables)))
        case .negated(let node):
            switch try node.value(variables) {
            case .integer(let value): return .integer(0 &- value)
            case .number(let value): return .number(-value)
            default: throw CELError("no such overload: - of something that is no number")
            }
        case .and(let left, let right): return .bool(try Self.combined(left, right, variables, decides: false))
        case .or(let left, let right): return .bool(try Self.combined(left, right, variables, decides: true))
        case .conditional(let condition, let yes, let no):
            return try condition.truth(variables) ? try yes.value(variables) : try no.value(variables)
        case .comparison(let comparison, let left, let right):
            return .bool(try Self.compare(comparison, try left.value(variables), try right.value(variables)))
        case .arithmetic(let operation, let left, let right):
            return try Self.calculate(operation, try left.value(variables), try right.value(variables))
        case .isIn(let element, let collection):
            let wanted = try element.value(variables)
            switch try collection.value(variables) {
            case .array(let elements): return .bool(elements.contains(wanted))
            case .object(let members): return .bool(wanted.string.map { members[$0] != nil } ?? false)
            default: throw CELError("no such overload: in something that is no list or object")
            }
        case .call(let function, let arguments):
            var values: [JSON] = []
            for argument in arguments { values.append(try argument.value(variables)) }
            return try Self.call(function, values)
        }
    }

    private func truth(_ variables: [String: JSON]) throws(CELError) -> Bool {
        guard let truth = try value(variables).bool else {
            throw CELError("no such overload: a truth value is expected")
        }
        return truth
    }

    /// `&&` and `||`: a side that decides alone makes an error of the other one unimportant, in either order.
    private static func combined(
        _ left: CELNode, _ right: CELNode, _ variables: [String: JSON], decides: Bool
    ) throws(CELError) -> Bool {
        let first: Bool
        do throws(CELError) {
            first = try left.truth(variables)
        } catch {
            if try right.truth(variables) == decides { return decides }
            throw error
        }
        return first == decides ? decides : try right.truth(variables)
    }

    private static func element(_ container: JSON, _ index: JSON) throws(CELError) -> JSON {
        switch (container, index) {
        case (.object(let members), .string(let key)):
            guard let value = members[key] else { throw CELError("no such key: \(key)") }
            return value
        case (.array(let elements), .integer), (.array(let elements), .number):
            guard let place = index.int, elements.indices.contains(place) else {
                throw CELError("index out of bounds: \(index.text)")
            }
            return elements[place]
        default: throw CELError("no such overload: index \(index.text)")
        }
    }

    private static func compare(_ comparison: Comparison, _ left: JSON, _ right: JSON) throws(CELError) -> Bool {
        switch comparison {
        case .equal: return left == right
        case .notEqual: return left != right
        default: break
        }
        let order: Int
        switch (left, right) {
        case (.string(let a), .string(let b)): order = a == b ? 0 : (a < b ? -1 : 1)
        case (.integer(let a), .integer(let b)): order = a == b ? 0 : (a < b ? -1 : 1)
        case (.bool(let a), .bool(let b)): order = a == b ? 0 : (b ? -1 : 1)
        default:
            guard let a = left.double, let b = right.double else {
                throw CELError("no such overload: these cannot be ordered")
            }
            order = a == b ? 0 : (a < b ? -1 : 1)
        }
        switch comparison {
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        default: return order >= 0
        }
    }

    private static func calculate(_ operation: Arithmetic, _ left: JSON, _ right: JSON) throws(CELError) -> JSON {
        switch (left, right) {
        case (.integer(let a), .integer(let b)):
            let result: (partialValue: Int64, overflow: Bool)
            switch operation {
            case .add: result = a.addingReportingOverflow(b)
            case .subtract: result = a.subtractingReportingOverflow(b)
            case .multiply: result = a.multipliedReportingOverflow(by: b)
            case .divide: result = a.dividedReportingOverflow(by: b)
            case .remainder: result = a.remainderReportingOverflow(dividingBy: b)
            }
            if result.overflow { throw CELError("integer overflow or division by zero") }
            return .integer(result.partialValue)
        case (.string(let a), .string(let b)) where operation == .add: return .string(a + b)
        case (.array(let a), .array(let b)) where operation == .add: return .array(a + b)
        default:
            guard let a = left.double, let b = right.double else { throw CELError("no such overload: arithmetic") }
            switch operation {
            case .add: return .number(a + b)
            case .subtract: return .number(a - b)
            case .multiply: return .number(a * b)
            case .divide: return .number(a / b)
            case .remainder: throw CELError("no such overload: % of numbers with fractions")
            }
        }
    }

    static func regex(_ pattern: String) throws(CELError) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(pattern)
        } catch {
            throw CELError("\"\(pattern)\" is no regular expression")
        }
    }

    private static func call(_ function: Function, _ values: [JSON]) throws(CELError) -> JSON {
        switch (function, values.first ?? .null, values.count > 1 ? values[1] : .null) {
        case (.startsWith, .string(let text), .string(let part)): return .bool(text.hasPrefix(part))
        case (.endsWith, .string(let text), .string(let part)): return .bool(text.hasSuffix(part))
        case (.contains, .string(let text), .string(let part)):
            return .bool(part.isEmpty || text.firstRange(of: part) != nil)
        case (.matches, .string(let text), .string(let pattern)):
            return .bool(text.firstMatch(of: try regex(pattern)) != nil)
        case (.size, .string(let text), _): return .integer(Int64(text.unicodeScalars.count))
        case (.size, .array(let elements), _): return .integer(Int64(elements.count))
        case (.size, .object(let members), _): return .integer(Int64(members.count))
        case (.int, .string(let text), _):
            guard let value = Int64(text) else { throw CELError("int() of \"\(text)\"") }
            return .integer(value)
        case (.int, let value, _):
            guard let number = value.double, let whole = Int64(exactly: number.rounded(.towardZero)) else {
                throw CELError("int() of no number")
            }
            return .integer(whole)
        case (.double, .string(let text), _):
            guard let value = Double(text) else { throw CELError("double() of \"\(text)\"") }
            return .number(value)
        case (.double, let value, _):
            guard let number = value.double else { throw CELError("double() of no number") }
            return .number(number)
        case (.string, let value, _):
            guard let text = value.scalarText else { throw CELError("string() of no scalar") }
            return .string(text)
        default: throw CELError("no such overload: \(function.rawValue)()")
        }
    }
}
