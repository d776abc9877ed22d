import ArgumentParser
import FoundationEssentials
import LocalDapr

/// How fast this machine is with it: publishers, groups and apps all in this process.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Measure events and jobs on this machine, over HTTP, all in one process.")

    @Option(help: "Events to publish.") var events = 60_000
    @Option(help: "Consumer groups; each gets every event.") var groups = 3
    @Option(help: "Publishers at once.") var publishers = 4
    @Option(help: "Events in a bulk publish.") var batch = 50
    @Option(help: "Events a second; as fast as it goes if left out.") var rate: Int?
    @Flag(help: "Deliver one by one.") var single = false
    @Option(help: "Jobs, due within a minute, instead of events.") var jobs = 0
    @Option(help: "The state file; one in the temporary directory if left out.") var state: String?

    func run() async throws {
        var wish = LoadRun.Wish()
        wish.events = events
        wish.groups = groups
        wish.publishers = publishers
        wish.batch = batch
        wish.isBulk = !single
        wish.jobs = jobs
        let folder = FileManager.default.temporaryDirectory.path + "/local-dapr-load-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What stays behind in the temporary directory does no harm.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        wish.stateFile = state ?? folder + "/state.sqlite"
        let report = jobs > 0 ? try await LoadRun.jobs(wish, over: 60) : try await LoadRun.events(wish, rate: rate)
        func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
        print(
            "\(jobs > 0 ? jobs : events) \(jobs > 0 ? "jobs" : "events") in \(text(report.seconds)) s, \(text(report.eventsPerSecond))/s; "
                + "\(report.delivered) deliveries, late by median \(text(report.median)) ms, p99 \(text(report.p99)) ms, at most \(text(report.worst)) ms"
        )
    }
}
