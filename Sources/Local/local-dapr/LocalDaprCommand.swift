import ArgumentParser
import Logging

/// Dapr's sidecar API on one machine: alone (`serve`), or with the apps (`run`).
@main
struct LocalDaprCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "local-dapr",
        abstract: "Dapr's sidecar API for one machine: development and tests, not production.",
        subcommands: [ServeCommand.self, RunCommand.self, LoadCommand.self])
}

/// What both commands take.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .customLong("resources"), parsing: .upToNextOption,
        help:
            "Files or directories with Component, Subscription, Resiliency, Configuration, KafkaTopic and Secret resources."
    )
    var resources: [String] = []

    @Option(name: .customLong("state"), help: "The file in which everything durable is kept; in memory if left out.")
    var state: String?

    @Option(help: "normal: what was answered survives a killed process; full: a power failure, too.")
    var synchronous = "normal"

    @Option(help: "The namespace that components use in names and secrets.")
    var namespace: String?

    @Option(help: "Port of the admin side on 127.0.0.1 (dead letters, jobs, faults); 0 takes a free one.")
    var adminPort: Int?

    @Flag(help: "Let the admin side make publishing fail, repeat and reorder deliveries.")
    var allowFaults = false

    @Option(help: "A directory for e-mails; they are sent to their servers if left out.")
    var mailOutbox: String?

    @Option(help: "An API server by plain URL (such as that of kubectl proxy) for secretstores.kubernetes.")
    var kubernetesAPI: String?

    @Option(
        name: .customLong("topic"), parsing: .upToNextOption,
        help: "NAME,partitions=6,retention=168h: overrides what resources say of a topic.")
    var topics: [String] = []

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    @Flag(help: "Log JSON lines.")
    var jsonLogs = false

    func validate() throws {
        guard synchronous == "normal" || synchronous == "full" else {
            throw ValidationError("--synchronous is normal or full.")
        }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level \(logLevel) is unknown.")
        }
    }
}
