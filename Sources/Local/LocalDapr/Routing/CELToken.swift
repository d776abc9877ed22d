import WireValues

/// A word of an expression.
enum CELToken: Hashable, Sendable {
    case name(String)
    case literal(JSON)
    case symbol(String)

    private static let symbols = [
        "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ".", ",", "?", ":", "+", "-", "*", "/",
        "%",
    ]

    static func tokens(of text: String) throws(CELError) -> [CELToken] {
        var tokens: [CELToken] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "\"" || first == "'" {
                tokens.append(.literal(.string(try string(&rest, quote: first))))
            } else if first.isASCII, first.isNumber {
                tokens.append(.literal(try number(&rest)))
            } else if first == "_" || (first.isASCII && first.isLetter) {
                let name = rest.prefix { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
                rest = rest.dropFirst(name.count)
                switch name {
                case "true": tokens.append(.literal(true))
                case "false": tokens.append(.literal(false))
                case "null": tokens.append(.literal(.null))
                default: tokens.append(.name(String(name)))
                }
            } else if let symbol = symbols.first(where: { rest.hasPrefix($0) }) {
                tokens.append(.symbol(symbol))
                rest = rest.dropFirst(symbol.count)
            } else {
                throw CELError("unexpected character \"\(first)\"")
            }
        }
        return tokens
    }

    private static func string(_ rest: inout Substring, quote: Character) throws(CELError) -> String {
        rest.removeFirst()
        var result = ""
        while let next = rest.popFirst() {
            if next == quote { return result }
            guard next == "\\" else {
                result.append(next)
                continue
            }
            guard let escaped = rest.popFirst() else { break }
            switch escaped {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "\\", "\"", "'", "`", "?": result.append(escaped)
            default: throw CELError("unknown escape \\\(escaped) in a string")
            }
        }
        throw CELError("a string is not closed")
    }

    private static func number(_ rest: inout Substring) throws(CELError) -> JSON {
        var text = rest.prefix { $0.isASCII && $0.isNumber }
        var tail = rest.dropFirst(text.count)
        var isWhole = true
        if tail.first == ".", tail.dropFirst().first.map({ $0.isASCII && $0.isNumber }) == true {
            isWhole = false
            let fraction = tail.dropFirst().prefix { $0.isASCII && $0.isNumber }
            text = rest.prefix(text.count + 1 + fraction.count)
            tail = rest.dropFirst(text.count)
        }
        rest = tail
        if isWhole, rest.first == "u" { rest.removeFirst() }
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text) else { throw CELError("\(text) is no number") }
        return .number(number)
    }
}
