import DomainFuzzing
import TaskDomain
import Testing
import WireValues

struct QuickAddPropertyTests {
    static let seed = UInt64.random(in: 1...UInt64(UInt32.max))
    private static let now = WallTime(date: CivilDate(dayNumber: 20_516), secondOfDay: 36_900)

    @Test func `no word of a line is ever dropped and parts never overlap`() throws {
        print("seed \(Self.seed)")
        var lines = RandomLines(seed: Self.seed)
        for _ in 0..<4_000 {
            let line = lines.next()
            let result = try QuickAdd.parse(line, now: Self.now)
            try #require(
                DomainFuzzer.problem(line, result) == nil,
                "seed \(Self.seed): \(line.debugDescription): \(result.json.text)")
        }
    }

    @Test func `ignoring everything leaves a line whose words are the title`() throws {
        print("seed \(Self.seed)")
        var lines = RandomLines(seed: Self.seed &+ 1)
        let everything = Set(QuickAddKind.allCases)
        for _ in 0..<1_000 {
            let line = lines.next()
            let first = try QuickAdd.parse(line, now: Self.now, ignoring: everything)
            try #require(
                first.spans == [] && first.due == nil && first.recurrence == nil && first.tags == [], "\(line)")
            try #require(first.priority == nil && first.reminders == nil, "\(line)")
            guard !line.contains("\""), !line.contains("\\") else { continue }
            let second = try QuickAdd.parse(first.title, now: Self.now, ignoring: everything)
            try #require(second.title == first.title, "\(line.debugDescription)")
        }
    }

    @Test func `any text at all makes a task`() throws {
        print("seed \(Self.seed)")
        var lines = RandomLines(seed: Self.seed &+ 2)
        for _ in 0..<2_000 {
            let line = lines.noise()
            let result = try QuickAdd.parse(line, now: Self.now)
            try #require(
                DomainFuzzer.problem(line, result) == nil,
                "seed \(Self.seed): \(line.debugDescription): \(result.json.text)")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `nothing that comes from outside breaks a reader`() throws {
        print("seed \(Self.seed)")
        var fuzzer = DomainFuzzer(seed: Self.seed)
        try fuzzer.run(iterations: 3_000)
    }

    @Test(arguments: [
        "every ", "every mon ", "mon,", "#", "\"", "\" ", "\\", "@", "!", "tagged a, ", "remind 1h, ", "in 3 ",
        "until ", "1:1:",
        "at 5 ", "the ", "next ", "high priority ", "priority: low, ", "5/6 ", "- ", "due by ", "é", "#é",
        "on the 1st ", "1 ",
        "every 1st and ", "every other ", "@5 ", "#\"", "9-", "'", "remind 1w 1d 1h 1m ", "sat ", "\u{301}",
    ])
    func `a thousand hostile characters are read in linear time`(piece: String) throws {
        let line = String(String.UnicodeScalarView(String(repeating: piece, count: 1_000).unicodeScalars.prefix(1_000)))
        let half = String(String.UnicodeScalarView(line.unicodeScalars.prefix(500)))
        func fastest(_ text: String) throws -> Duration {
            let clock = ContinuousClock()
            return try (0..<5).map { _ in try clock.measure { _ = try QuickAdd.parse(text, now: Self.now) } }.min()
                ?? .zero
        }
        let whole = try fastest(line)
        let triple = try fastest(half) * 3
        // Code without optimisation takes many times longer; there the growth is what shows.
        #expect(whole < .milliseconds(5) || whole < triple, "\(whole)")
    }
}
