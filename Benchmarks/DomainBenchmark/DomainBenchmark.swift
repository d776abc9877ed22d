import ArgumentParser
import DomainFuzzing
import WireValues

/// Times the domain's pure functions on one core and prints what it measured as JSON, or feeds them random input for longer
/// than tests do.
@main
struct DomainBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain-benchmark",
        abstract:
            "Sentences and next occurrences a second on one core; or, with --fuzz, random input until the time is over."
    )

    @Flag(help: "Time the reading of sentences (target: 100,000 a second).")
    var quickAdd = false

    @Flag(help: "Time the computing of next occurrences (target: 200,000 a second).")
    var recurrence = false

    @Option(help: "How long each is timed, in seconds.")
    var seconds = 2.0

    @Option(
        help:
            "Instead of timing: feed quick-add, chat, recurrence rules and events with random input for this many seconds."
    )
    var fuzz: Double?

    @Option(help: "The seed of the random input; the same seed gives the same input.")
    var seed: UInt64 = .random(in: 1...UInt64(UInt32.max))

    func run() throws {
        if let fuzz {
            print("seed \(seed)")
            var fuzzer = DomainFuzzer(seed: seed)
            try fuzzer.run(for: .seconds(fuzz))
            print(fuzzer.summary)
            return
        }
        let isBoth = quickAdd == recurrence
        var result = JSONObject()
        if quickAdd || isBoth {
            result["quick_add_sentences_per_second"] = JSON(try SentenceSpeed.measure(seconds: seconds))
        }
        if recurrence || isBoth {
            result["next_occurrences_per_second"] = JSON(try OccurrenceSpeed.measure(seconds: seconds))
        }
        print(JSON.object(result).text)
    }
}
