package import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes each log statement as one JSON object on one line: `ts` (RFC 3339, milliseconds), `level`, `logger`, `msg`,
/// `error` if there is one, then the metadata in the order of its keys. Values under keys that look secret are masked.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let levels: LogLevels
    private let now: @Sendable () -> Int64
    private let write: @Sendable ([UInt8]) -> Void
    private var ownLevel: Logger.Level?

    /// - Parameters:
    ///   - levels: Gives the level, unless one is set on the logger itself.
    ///   - now: The wall clock in milliseconds since 1970.
    ///   - write: Takes one whole line, newline included; called from any thread.
    package init(
        label: String, levels: LogLevels, metadataProvider: Logger.MetadataProvider? = nil,
        now: @escaping @Sendable () -> Int64 = JSONLogHandler.wallClock,
        write: @escaping @Sendable ([UInt8]) -> Void = JSONLogHandler.writeToStandardError
    ) {
        self.label = label
        self.levels = levels
        self.metadataProvider = metadataProvider
        self.now = now
        self.write = write
    }

    /// Makes this the handler of all loggers of the process. To be called once, first thing in `main`.
    package static func bootstrap(levels: LogLevels) {
        LoggingSystem.bootstrap(
            { label, provider in
                JSONLogHandler(label: label, levels: levels, metadataProvider: provider)
            }, metadataProvider: LoggingSystem.metadataProvider)
    }

    package var logLevel: Logger.Level {
        get { ownLevel ?? levels.current }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        // What is nearer to the statement wins.
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine(
            milliseconds: now(), level: event.level, label: label, message: event.message.description, metadata: all)
        write(line.bytes)
    }

    /// Milliseconds since 1970.
    package static let wallClock: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// One line at a time, whole. When standard error is gone or full, the line is lost: logging never stops the work.
    package static let writeToStandardError: @Sendable ([UInt8]) -> Void = { line in
        standardError.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { platformWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }

    private static let standardError = Mutex(())
}

/// The system call, which inside the handler is hidden by its property `write`.
private func platformWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
