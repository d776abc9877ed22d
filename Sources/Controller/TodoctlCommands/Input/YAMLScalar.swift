import KubernetesModel

/// What a plain YAML scalar means to kubectl.
///
/// Not the core schema of YAML 1.2: kubectl reads `yes`, `on` and `n` as truth values, `010` as eight and `1_000` as a
/// thousand (its library keeps YAML 1.1's words). Whoever validates a file must see in it what kubectl will send.
enum YAMLScalar {
    /// The value of an unquoted scalar without a tag. Nil for infinity and "not a number", which JSON cannot hold.
    static func json(plain text: String) -> JSON? {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
            return nil
        default: break
        }
        guard let first = text.utf8.first, "0123456789+-.".utf8.contains(first) else { return .string(text) }
        let digits = text.replacing("_", with: "")
        if let integer = integer(digits) { return .integer(integer) }
        if let number = number(digits) { return .number(number) }
        return .string(text)
    }

    /// Decimal, `0x`, `0o`, `0b`, and octal after a bare zero; with a sign. Nil beyond 64 bits.
    private static func integer(_ text: String) -> Int64? {
        var digits = text[...]
        var sign = ""
        if let first = digits.first, first == "+" || first == "-" {
            sign = first == "-" ? "-" : ""
            digits.removeFirst()
        }
        var radix = 10
        if digits.count > 1, digits.first == "0" {
            switch digits.dropFirst().first {
            case "x", "X": radix = 16
            case "o", "O": radix = 8
            case "b", "B": radix = 2
            default: radix = 8
            }
            digits = digits.dropFirst(radix == 8 && digits.dropFirst().first?.isNumber == true ? 1 : 2)
        }
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Int64(sign + digits, radix: radix)
    }

    /// `-1.5e3`, `.5`, `5.`: digits with at most one point and an exponent. Nil when it is no finite number.
    private static func number(_ text: String) -> Double? {
        var rest = Array(text.utf8)[...]
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        func skipDigits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        var count = skipDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            count += skipDigits()
        }
        guard count > 0 else { return nil }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            guard skipDigits() > 0 else { return nil }
        }
        guard rest.isEmpty, let number = Double(text), number.isFinite else { return nil }
        return number
    }
}
