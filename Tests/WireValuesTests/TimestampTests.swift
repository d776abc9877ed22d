import TestKit
import Testing
import WireValues

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-03-05T17:00:00Z", 1_772_730_000_000_000),
        ("2026-03-05T18:00:00+01:00", 1_772_730_000_000_000), ("2024-02-29T12:00:00.5Z", 1_709_208_000_500_000),
        ("1969-12-31T23:59:59Z", -1_000_000), ("2026-03-05T17:00:00.123456789Z", 1_772_730_000_123_456),
    ])
    func `RFC 3339 is read`(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026-03-05", "2026-03-05T17:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-05T24:00:00Z",
        "2026-03-05T17:00:00.Z", "2026-03-05T17:00:00Zx", "26-03-05T17:00:00Z", "2026-03-05T17:00:00+1:00",
    ])
    func `anything else is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `lease times have exactly six fraction digits`() {
        #expect(Timestamp(microseconds: 1_772_730_000_000_042).microTime == "2026-03-05T17:00:00.000042Z")
        #expect(Timestamp(seconds: 0).microTime == "1970-01-01T00:00:00.000000Z")
    }

    @Test func `every instant survives writing and reading`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let instant = Timestamp(
                microseconds: .random(in: -60_000_000_000_000_000...200_000_000_000_000_000, using: &random))
            #expect(Timestamp(instant.microTime) == instant, "seed \(seed)")
        }
    }
}
