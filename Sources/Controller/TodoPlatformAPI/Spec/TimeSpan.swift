/// A length of time as Go and Kubernetes write it: `168h`, `1h30m`, `500ms`. Never negative.
package struct TimeSpan: Sendable, CustomStringConvertible {
    package let milliseconds: Int64
    /// As it was written; what goes back into a resource.
    package let text: String

    package init(hours: Int64) { (milliseconds, text) = (hours * 3_600_000, "\(hours)h") }
    package init(minutes: Int64) { (milliseconds, text) = (minutes * 60_000, "\(minutes)m") }
    package init(seconds: Int64) { (milliseconds, text) = (seconds * 1000, "\(seconds)s") }
    package init(milliseconds: Int64) { (self.milliseconds, text) = (milliseconds, "\(milliseconds)ms") }

    /// Parses one to four parts, each of one to six digits and a unit of `h`, `m`, `s`, `ms`. Nil for anything else.
    package init?(_ text: String) {
        var rest = text.utf8[...]
        var total: Int64 = 0
        var parts = 0
        while !rest.isEmpty {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let unit = rest.dropFirst(digits.count).prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            parts += 1
            guard parts <= 4, (1...6).contains(digits.count), let value = Int64(String(digits) ?? "") else {
                return nil
            }
            switch String(unit) {
            case "h": total += value * 3_600_000
            case "m": total += value * 60_000
            case "s": total += value * 1000
            case "ms": total += value
            default: return nil
            }
            rest = rest.dropFirst(digits.count + unit.count)
        }
        guard parts > 0 else { return nil }
        (milliseconds, self.text) = (total, text)
    }

    /// Whole seconds, rounded up.
    package var seconds: Int64 { (milliseconds + 999) / 1000 }
    package var duration: Duration { .milliseconds(milliseconds) }
    package var description: String { text }
}

/// Two spans are equal when they last equally long, however they are written.
extension TimeSpan: Hashable, Comparable {
    package static func == (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds == right.milliseconds }
    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }
    package func hash(into hasher: inout Hasher) { hasher.combine(milliseconds) }
}

/// How long something is kept.
package enum Retention: Hashable, Sendable {
    case forever
    case limited(TimeSpan)

    /// `forever`, or a time span.
    package init?(_ text: String) {
        if text == "forever" {
            self = .forever
        } else if let span = TimeSpan(text) {
            self = .limited(span)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .forever: "forever"
        case .limited(let span): span.text
        }
    }
}
