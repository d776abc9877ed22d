import TaskDomain
import TestKit
import Testing
import WireValues

struct TimeZoneRulesTests {
    @Test(arguments: [
        // Clocks go forward over 02:30: the offset before holds, so it happens at 03:30.
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"),
        // 02:30 comes twice: the first.
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
        // Midnight is missing: the day begins at 01:00.
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),
        // The whole of 30 December 2011 is missing in Samoa; its first instant is the next day's.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        // Summer time is the standard there, and winter the exception (negative in the zone's rule).
        ("Europe/Dublin", "2150-07-01T12:00:00", "2150-07-01T11:00:00Z"),
        ("Europe/Dublin", "2150-01-01T12:00:00", "2150-01-01T12:00:00Z"),
        ("America/Sao_Paulo", "2199-12-31T23:59:59", "2200-01-01T02:59:59Z"),
        ("Asia/Kathmandu", "2026-01-01T00:00:00", "2025-12-31T18:15:00Z"),
        ("UTC", "1970-01-01", "1970-01-01T00:00:00Z"),
    ])
    func `a wall time is the instant that the zone's clocks say`(name: String, local: String, instant: String) throws {
        let zone = try #require(TimeZoneRules.named(name))
        #expect(zone.instant(of: try #require(WallTime(local))).rfc3339 == instant)
    }

    @Test func `an instant's wall time leads back to the instant, but for the second of two`() throws {
        let seed: UInt64 = 4_711
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for name in [
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "Africa/Casablanca",
        ] {
            let zone = try #require(TimeZoneRules.named(name))
            for _ in 0..<2_000 {
                let instant = Timestamp(seconds: Int64.random(in: 0..<7_258_118_400, using: &random))
                let back = zone.instant(of: zone.wallTime(at: instant))
                let isSecondOfTwo = back < instant && zone.wallTime(at: back) == zone.wallTime(at: instant)
                #expect(back == instant || isSecondOfTwo, "\(name) \(instant.rfc3339)")
            }
        }
    }

    @Test(arguments: [
        "", "/", "../UTC", "Europe/../UTC", "/etc/localtime", "/usr/share/zoneinfo/UTC", "Europe", "Europe/",
        "Europe//Berlin",
        "europe/berlin", "Europe/Berlin ", "Europe/Atlantis", "zone.tab", "tzdata.zi", "leapseconds", "posixrules",
        "localtime",
        "right/Europe/Berlin", "posix/Europe/Berlin", "Factory", "Europe/Berlin\u{0}", "A/B/C/D", "+05:00", "CET\n",
        "..", "~",
        "Ｅurope/Berlin", String(repeating: "A", count: 10_000),
    ])
    func `what is no zone's name opens no file`(name: String) {
        #expect(TimeZoneRules.named(name) == nil)
    }

    @Test func `zones are read once`() {
        #expect(TimeZoneRules.named("Europe/Berlin") === TimeZoneRules.named("Europe/Berlin"))
        #expect(TimeZoneRules.named("Etc/GMT+5")?.offsetSeconds(at: Timestamp(seconds: 0)) == -18_000)
    }

    @Test func `a slim file's closing rule reaches as far as a fat file's table`() throws {
        // Berlin as zic -b slim ends it: two types, one transition, and the rule.
        let file = TZif(
            version: 2, times: [846_378_000], types: [7_200, 3_600], indices: [1], rule: "CET-1CEST,M3.5.0,M10.5.0/3")
        let slim = try #require(TimeZoneRules(name: "X", file: file.bytes))
        let system = try #require(TimeZoneRules.named("Europe/Berlin"))
        for hour in stride(from: Int64(0), to: 220 * 8_766, by: 7) {
            let instant = Timestamp(seconds: 846_378_000 + hour * 3_600)
            guard instant.seconds < 7_258_118_400 else { break }
            #expect(slim.offsetSeconds(at: instant) == system.offsetSeconds(at: instant))
        }
    }

    @Test func `a file of the first version is read, with what holds after its last change`() throws {
        let file = TZif(version: 0, times: [1_000_000], types: [0, 3_600], indices: [1], rule: nil)
        let zone = try #require(TimeZoneRules(name: "X", file: file.bytes))
        #expect(zone.offsetSeconds(at: Timestamp(seconds: 999_999)) == 0)
        #expect(zone.offsetSeconds(at: Timestamp(seconds: 1_000_000)) == 3_600)
        #expect(zone.offsetSeconds(at: Timestamp(seconds: 7_000_000_000)) == 3_600)
    }

    @Test func `summer time all year is one offset`() throws {
        let file = TZif(version: 3, times: [], types: [-18_000], indices: [], rule: "XXX3EDT4,0/0,J365/23")
        let zone = try #require(TimeZoneRules(name: "X", file: file.bytes))
        for day in stride(from: Int64(400), to: 80_000, by: 13) {
            #expect(zone.offsetSeconds(at: Timestamp(seconds: day * 86_400 + 7_200)) == -14_400)
        }
    }

    @Test(arguments: [
        "CET", "C-1", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-25", "CET-1CEST,J0,J365", "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0", "<CET-1",
        "CET-1CEST,M3.5.0,M10.5.0x",
    ])
    func `a file whose closing rule cannot be read is refused`(rule: String) {
        let file = TZif(version: 2, times: [], types: [0], indices: [], rule: rule)
        #expect(TimeZoneRules(name: "X", file: file.bytes) == nil)
    }

    @Test func `a file that is cut off or damaged is refused or read, never fatal`() throws {
        let whole = TZif(
            version: 2, times: [0, 9], types: [0, 3_600], indices: [1, 0], rule: "CET-1CEST,M3.5.0,M10.5.0/3"
        ).bytes
        #expect(TimeZoneRules(name: "X", file: whole) != nil)
        for length in whole.indices { #expect(TimeZoneRules(name: "X", file: Array(whole[..<length])) == nil) }
        let seed: UInt64 = 99
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var read = 0
        for _ in 0..<20_000 {
            var file = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                file[Int.random(in: file.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if let zone = TimeZoneRules(name: "X", file: file) {
                read += 1
                _ = zone.wallTime(at: Timestamp(seconds: 1_700_000_000))
            }
        }
        #expect((1..<20_000).contains(read))
    }

    @Test func `a file that counts leap seconds is refused`() {
        var file = TZif(version: 0, times: [], types: [0], indices: [], rule: nil)
        file.leapSeconds = 1
        #expect(TimeZoneRules(name: "X", file: file.bytes) == nil)
    }
}

/// Writes TZif files (RFC 9636).
private struct TZif {
    var version: UInt8
    var times: [Int64]
    var types: [Int32]
    var indices: [UInt8]
    var rule: String?
    var leapSeconds = 0

    var bytes: [UInt8] {
        var result = block(timeBytes: 4)
        if let rule { result += block(timeBytes: 8) + Array("\n\(rule)\n".utf8) }
        return result
    }

    private func block(timeBytes: Int) -> [UInt8] {
        func integer(_ value: Int64, _ bytes: Int) -> [UInt8] {
            (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> Int64($0 * 8)) }
        }
        var result =
            Array("TZif".utf8) + [version == 0 ? 0 : UInt8(ascii: "0") + version] + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, leapSeconds, times.count, types.count, 1] { result += integer(Int64(count), 4) }
        for time in times { result += integer(time, timeBytes) }
        result += indices
        for type in types { result += integer(Int64(type), 4) + [0, 0] }
        result += [0] + [UInt8](repeating: 0, count: leapSeconds * (timeBytes + 4))
        return result
    }
}
