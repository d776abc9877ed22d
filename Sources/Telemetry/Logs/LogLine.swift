import Logging

/// Builds one line of log: a JSON object whose strings cannot break out of it, and whose secrets are masked.
struct LogLine {
    /// Longer texts are cut: a log line is no place for a whole manifest.
    static let maximumTextBytes = 16_384

    private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - milliseconds: The wall clock, since 1970.
    ///   - metadata: Written in the order of its keys. A key that the line has already gets a `_` at its end.
    init(milliseconds: Int64, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        bytes.reserveCapacity(256)
        append("{\"ts\":\"")
        append(Self.timestamp(milliseconds))
        append("\",\"level\":\"")
        append(level.rawValue)
        append("\",\"logger\":")
        appendString(label)
        append(",\"msg\":")
        appendString(message)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            append(",")
            appendString(["ts", "level", "logger", "msg"].contains(key) ? key + "_" : key)
            append(":")
            appendValue(value, key: key)
        }
        append("}\n")
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    private mutating func appendValue(_ value: Logger.MetadataValue, key: String) {
        if Self.isSecret(key: key) { return append("\"***\"") }
        switch value {
        case .string(let text): appendString(text)
        case .stringConvertible(let number as any FixedWidthInteger & Sendable & CustomStringConvertible):
            append(number.description)
        case .stringConvertible(let flag as Bool): append(flag ? "true" : "false")
        case .stringConvertible(let number as Double) where number.isFinite: append(number.description)
        case .stringConvertible(let value): appendString(value.description)
        case .dictionary(let members):
            append("{")
            var separator = ""
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                append(separator)
                separator = ","
                appendString(key)
                append(":")
                appendValue(value, key: key)
            }
            append("}")
        case .array(let elements):
            append("[")
            var separator = ""
            for element in elements {
                append(separator)
                separator = ","
                appendValue(element, key: "")
            }
            append("]")
        }
    }

    private mutating func appendString(_ text: String) {
        append("\"")
        var written = 0
        for scalar in text.unicodeScalars {
            guard written < Self.maximumTextBytes else {
                append("… (\(text.utf8.count) bytes)")
                break
            }
            written += UTF8.width(scalar)
            switch scalar.value {
            case 0x22: append("\\\"")
            case 0x5C: append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            // Beyond what JSON asks for: control characters, line separators and marks that turn the direction of the
            // text, with which a hostile name could redraw the reader's terminal or fake a line.
            case 0x00..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
            }
        }
        append("\"")
    }

    /// Whether what stands under `key` looks like a secret's value. The name of a Secret (`secret.name`) is none.
    static func isSecret(key: String) -> Bool {
        let key = key.lowercased()
        if key == "secret" || key.hasSuffix(".secret") || key.hasSuffix("_secret") { return true }
        return ["token", "password", "passwd", "authorization", "credential", "apikey", "api_key", "private_key"]
            .contains { key.contains($0) }
    }

    /// RFC 3339 in UTC with milliseconds, for the years 1970 to 9999.
    static func timestamp(_ milliseconds: Int64) -> String {
        func padded(_ value: Int64, _ width: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let (seconds, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // Years that start in March, so that the leap day is the last of its year; day 0 is 0000-03-01.
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * march + 2) / 5 + 1
        return "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(rest / 3_600)):\(padded(rest / 60 % 60)):"
            + "\(padded(rest % 60)).\(padded(fraction, 3))Z"
    }
}
