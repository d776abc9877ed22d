import Logging

/// Log lines for a terminal: `local-dapr | warning  an event was not delivered  topic=task-events`.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let details = all.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        let level = event.level == .info ? "" : "\(event.level.rawValue): "
        Console.line("local-dapr", level + "\(event.message)" + (details.isEmpty ? "" : "  " + details))
    }
}
