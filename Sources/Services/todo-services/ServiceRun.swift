import ArgumentParser
import Logging
import NIOPosix
import ProcessMemory
import ServiceKit
import ServiceLifecycle
import Telemetry
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs one service as this process.
enum ServiceRun {
    /// EX_CONFIG of sysexits.h: starting again changes nothing.
    static let misconfigured: Int32 = 78

    static func run<S: TodoService>(_ type: S.Type) async throws {
        ProcessMemory.limit(heaps: 2, blockingThreads: 2)
        let levels = LogLevels()
        JSONLogHandler.bootstrap(levels: levels)
        let logger = Logger(label: S.name)
        do {
            var parts = ServiceHost<S>.Parts()
            parts.levels = levels
            let host = try ServiceHost(S.self, environment: Environment.all, parts: parts, logger: logger)
            logger.info("starting", metadata: ["service": "\(S.name)"])
            var configuration = ServiceGroupConfiguration(
                services: [.init(service: MemoryKeeper(host: host)), .init(service: host)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            configuration.maximumGracefulShutdownDuration = host.shutdownLimit
            try await ServiceGroup(configuration: configuration).run()
            logger.info("stopped")
        } catch let refused as SettingsRefused {
            report(refused, logger)
            throw ExitCode(misconfigured)
        } catch {
            logger.critical("the service failed", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    /// Everything that is wrong with the settings, each in a line of the log.
    static func report(_ refused: SettingsRefused, _ logger: Logger) {
        for problem in refused.problems {
            logger.critical(
                "setting refused",
                metadata: [
                    "setting": "\(problem.name)", "reason": "\(problem.what)", "remedy": "\(problem.remedy)",
                ])
        }
    }
}

/// Gives back, once the service is up, what only its start needed, and after every load what that needed.
private struct MemoryKeeper<S: TodoService>: Service {
    let host: ServiceHost<S>

    func run() async throws {
        // A host that ends before it is up has nothing to give back; it says itself why it ended.
        guard (try? await host.waitUntilReady()) != nil else { return try await gracefulShutdown() }
        ProcessMemory.giveBack()
        await cancelWhenGracefulShutdown { await ProcessMemory.giveBackWhenQuiet() }
    }
}

/// The process environment.
enum Environment {
    static var all: [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let mark = text.firstIndex(of: "=") {
                values[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
            entry += 1
        }
        return values
    }
}
