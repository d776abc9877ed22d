import Synchronization
import WireValues

/// The `Date` of answers (RFC 9110, 5.6.7), written once a second.
final class HTTPDate: Sendable {
    private let now: @Sendable () -> Timestamp
    private let last = Mutex<(second: Int64, text: String)>((.min, ""))

    init(now: @escaping @Sendable () -> Timestamp = { .systemNow() }) { self.now = now }

    /// `Thu, 05 Mar 2026 17:00:00 GMT`.
    var text: String {
        let now = now()
        return last.withLock { last in
            if last.second != now.seconds { last = (now.seconds, Self.text(now)) }
            return last.text
        }
    }

    static func text(_ instant: Timestamp) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970-01-01 was a Thursday, and no instant of ours lies before it.
        let day = days[Int(max(0, instant.seconds) / 86_400 % 7)]
        let text = Array(instant.rfc3339)
        let month = months[(Int(String(text[5...6])) ?? 1) - 1]
        return "\(day), \(String(text[8...9])) \(month) \(String(text[0...3])) \(String(text[11...18])) GMT"
    }
}
