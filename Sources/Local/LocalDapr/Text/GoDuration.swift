/// Lengths of time as Go and Dapr write them.
enum GoDuration {
    /// `1h30m`, `90s`, `0.5s`, `250ms`, `-5s`, `0`: Go's `time.ParseDuration`. Nil for anything else.
    static func parse(_ text: some StringProtocol) -> Duration? {
        var rest = Substring(text)
        var sign = 1.0
        if rest.first == "-" || rest.first == "+" {
            sign = rest.removeFirst() == "-" ? -1 : 1
        }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { return nil }
        var seconds = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(number) else { return nil }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            let factor: Double
            switch unit {
            case "ns": factor = 1e-9
            case "us", "µs", "μs": factor = 1e-6
            case "ms": factor = 1e-3
            case "s": factor = 1
            case "m": factor = 60
            case "h": factor = 3_600
            default: return nil
            }
            seconds += value * factor
            rest = rest.dropFirst(unit.count)
        }
        // Go counts nanoseconds in 64 bits: 292 years.
        guard seconds < 9.2e9 else { return nil }
        return .nanoseconds(Int64((sign * seconds * 1e9).rounded()))
    }

    /// The same, or a bare number of milliseconds: where Dapr's own metadata and timeouts allow it.
    static func parseOrMilliseconds(_ text: String) -> Duration? {
        if let milliseconds = Int(text) { return .milliseconds(milliseconds) }
        return parse(text)
    }

    /// ISO 8601 `PT5M`, `P1DT2H`, `P2W`. Months count 30 days and years 365 here. Nil for anything else, repetitions (`R5/…`) included.
    static func parseISO8601(_ text: some StringProtocol) -> Duration? {
        guard text.first == "P" else { return nil }
        var rest = Substring(text.dropFirst())
        var seconds = 0.0
        var inTime = false
        var parts = 0
        while !rest.isEmpty {
            if rest.first == "T", !inTime {
                inTime = true
                rest = rest.dropFirst()
                continue
            }
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(number), let unit = rest.dropFirst(number.count).first else { return nil }
            let factor: Double
            switch (unit, inTime) {
            case ("Y", false): factor = 365 * 86_400
            case ("M", false): factor = 30 * 86_400
            case ("W", false): factor = 7 * 86_400
            case ("D", false): factor = 86_400
            case ("H", true): factor = 3_600
            case ("M", true): factor = 60
            case ("S", true): factor = 1
            default: return nil
            }
            seconds += value * factor
            parts += 1
            rest = rest.dropFirst(number.count + 1)
        }
        guard parts > 0, seconds < 9.2e9 else { return nil }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    /// A protobuf duration as JSON has it: seconds only (`300s`, `0.5s`).
    static func parseProtobuf(_ text: String) -> Duration? {
        guard text.last == "s", let seconds = Double(text.dropLast()), text.dropLast().allSatisfy({ $0.isASCII }),
            seconds.isFinite, abs(seconds) < 9.2e9
        else { return nil }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    /// As protobuf writes it to JSON: `1s`, `0.500s`.
    static func protobufText(_ duration: Duration) -> String {
        let parts = duration.components
        let nanoseconds = parts.attoseconds / 1_000_000_000
        if nanoseconds == 0 { return "\(parts.seconds)s" }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("000") { digits.removeLast(3) }
        return "\(parts.seconds).\(digits)s"
    }
}

extension Duration {
    var seconds: Double {
        let parts = components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }

    var wholeMicroseconds: Int64 {
        let parts = components
        return parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000
    }
}
