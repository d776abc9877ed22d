import TestKit
package import WireValues

/// Recurrence rules, many of them right, many slightly wrong: objects, words and RRULE text.
package struct RandomRules: Sendable {
    private var generator: SeededGenerator

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    package mutating func next() -> JSON {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: .string(text())
        case 1: .string(damaged(text()))
        case 2:
            [
                "pattern": "custom", "rrule": .string(text()), "anchor": any(Self.anchors),
                "month_end": any(Self.monthEnds),
            ]
        default: object()
        }
    }

    private mutating func object() -> JSON {
        var json: JSON = ["pattern": any(Self.patterns)]
        if Bool.random(using: &generator) { json["interval"] = any(Self.numbers) }
        if Bool.random(using: &generator) {
            json["by_weekday"] = .array((0..<Int.random(in: 0...4, using: &generator)).map { _ in any(Self.days) })
        }
        if Bool.random(using: &generator) { json["anchor"] = any(Self.anchors) }
        if Bool.random(using: &generator) { json["month_end"] = any(Self.monthEnds) }
        if Bool.random(using: &generator) { json["until"] = any(Self.untils) }
        if Int.random(in: 0..<3, using: &generator) == 0 { json["count"] = any(Self.numbers) }
        return json
    }

    private mutating func text() -> String {
        var parts = ["FREQ=" + pick(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"])]
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let number = String(Int.random(in: -40...40, using: &generator))
            parts.append(
                pick([
                    "INTERVAL=\(abs(Int(number) ?? 1))", "BYMONTHDAY=\(number)", "BYMONTHDAY=1,15,\(number)",
                    "BYMONTH=\(number)",
                    "BYDAY=MO", "BYDAY=TU,TH", "BYDAY=\(number)FR", "BYDAY=-1SU,2MO", "BYSETPOS=\(number)",
                    "COUNT=\(number)",
                    "UNTIL=20301231", "UNTIL=20301231T120000Z", "WKST=SU", "RSCALE=GREGORIAN", "SKIP=BACKWARD",
                    "SKIP=OMIT",
                    "BYHOUR=9", "X=1",
                ]))
        }
        return parts.joined(separator: ";")
    }

    private mutating func damaged(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: place)
            default: bytes[place] = UInt8.random(in: 0...0xFF, using: &generator)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func any(_ values: [JSON]) -> JSON { values.randomElement(using: &generator) ?? .null }
    private mutating func pick(_ values: [String]) -> String { values.randomElement(using: &generator) ?? "" }

    private static let patterns: [JSON] = [
        "daily", "weekly", "monthly", "yearly", "custom", "Weekly", "hourly", .null, 1,
    ]
    private static let numbers: [JSON] = [1, 2, 3, 14, 999, 1_000, 0, -1, "2", 1.5, .null, .integer(.max)]
    private static let days: [JSON] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU", "mo", "1MO", "XX", 1, .null]
    private static let anchors: [JSON] = ["due", "completion", "due", "never", .null]
    private static let monthEnds: [JSON] = ["clamp", "skip", "clamp", "last", .null]
    private static let untils: [JSON] = [
        "2030-12-31", "1970-01-01", "2030-12-31T12:00:00Z", "2030-02-30", "soon", "", .null, 20_301_231,
    ]
}
