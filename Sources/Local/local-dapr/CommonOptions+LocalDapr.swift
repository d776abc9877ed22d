import ArgumentParser
import FoundationEssentials
import LocalDapr
import Logging
import Telemetry

extension CommonOptions {
    /// - Parameter template: what the options do not say.
    func options(apps: [LocalDapr.App], template: RunTemplate? = nil) throws -> LocalDapr.Options {
        let paths = (template?.resources ?? []) + resources
        var options = LocalDapr.Options(
            apps: apps, resources: paths.map { .path($0) }, stateFile: state ?? template?.stateFile,
            synchronous: LocalDapr.Synchronous(rawValue: synchronous) ?? .normal,
            adminPort: adminPort ?? template?.adminPort,
            allowFaults: allowFaults)
        options.namespace = namespace ?? template?.namespace ?? "default"
        options.mailOutbox = mailOutbox ?? template?.mailOutbox
        options.kubernetesAPIServer = kubernetesAPI ?? template?.kubernetesAPIServer
        options.environment = ProcessInfo.processInfo.environment
        options.topics = template?.topics ?? [:]
        for text in topics {
            let (name, settings) = try Self.topic(text)
            options.topics[name] = settings
        }
        return options
    }

    private static func topic(_ text: String) throws -> (String, TopicSettings) {
        var settings = TopicSettings()
        let parts = text.split(separator: ",").map(String.init)
        guard let name = parts.first else { throw ValidationError("--topic needs a name.") }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            switch (pair.first, pair.last) {
            case ("partitions", let value?):
                guard let count = Int(value), count > 0 else {
                    throw ValidationError("--topic \(text): partitions is no number.")
                }
                settings.partitions = count
            case ("retention", let value?):
                guard let duration = RunTemplate.duration(value) else {
                    throw ValidationError("--topic \(text): retention is no duration such as 168h.")
                }
                settings.retention = duration
            default: throw ValidationError("--topic \(text): \(part) is unknown; use partitions= and retention=.")
            }
        }
        return (name, settings)
    }

    func logger() -> Logger {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        if jsonLogs {
            JSONLogHandler.bootstrap(levels: LogLevels(level))
            return Logger(label: "local-dapr")
        }
        return Logger(label: "local-dapr") { _ in LineLogHandler(logLevel: level) }
    }
}
