import AsyncHTTPClient
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Dapr's HTTP API for one machine: a sidecar for each instance of an app, one broker, one store for what must last.
///
/// It is for development and tests. It keeps to the statuses, bodies and habits of the real sidecar where services can see
/// them, holds everything in one process and one file, and is no cluster: it dies with its machine.
///
///     try await LocalDapr.running(options, logger: logger) { dapr in
///         try await dapr.waitUntilReady()
///         … http://127.0.0.1:\(dapr.port(of: "todo-api"))/v1.0/…
///     }
package final class LocalDapr: Service {
    /// What `GET /v1.0/metadata` says of itself.
    static let runtimeVersion = "1.18.3"

    let machine: Machine
    private let logger: Logger
    private let started = Pulse()
    private let shutdown = Pulse()
    let adminPortFound = Mutex(0)

    /// Reads the resources and opens the state file.
    ///
    /// - Throws: `ResourceError` for what is wrong with a resource; `SQLiteError` for the state file.
    package init(_ options: Options, logger: Logger) throws {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.timeout.connect = .seconds(5)
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.logger = logger
        do {
            machine = try Machine(options, client: client, logger: logger)
        } catch {
            // Nothing was sent yet, so nothing can go wrong here that matters.
            try? client.syncShutdown()
            throw error
        }
    }

    /// Serves until cancelled or asked to stop by graceful shutdown; then no more events and jobs are given out, and
    /// everything is stored.
    package func run() async throws {
        let result: Result<Void, any Error>
        do {
            try await cancelWhenGracefulShutdown { try await self.serve() }
            result = .success(())
        } catch is CancellationError {
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for sidecar in machine.sidecars { sidecar.stopDelivery() }
        // None of these heeds the cancellation that may have brought the end.
        try await machine.groups.storePositions()
        try await machine.store.close()
        try await machine.client.shutdown()
        try result.get()
    }

    private func serve() async throws {
        let machine = machine
        logger.notice(
            "LocalDapr serves one machine only: for development and tests, not for production",
            metadata: [
                "state": "\(machine.options.stateFile ?? "in memory")",
                "apps": "\(machine.sidecars.map(\.name).joined(separator: ","))",
            ])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await machine.work.run() }
            group.addTask { await machine.jobs.run() }
            group.addTask { await machine.groups.keepPositions() }
            group.addTask { try await self.purgeNowAndThen() }
            group.addTask { await self.shutdown.wait(beyond: 0) }
            for sidecar in machine.sidecars {
                let api = SidecarAPI(sidecar: sidecar)
                let door = HTTPDoor(
                    host: "127.0.0.1", port: sidecar.settings.daprPort, logger: machine.logger,
                    onListening: { [started] port in
                        sidecar.listening(on: port)
                        started.raise()
                    }, answer: { await api.answer($0) })
                group.addTask { try await door.run() }
                group.addTask {
                    try await sidecar.run()
                    try await Self.untilCancelled()
                }
                group.addTask {
                    await sidecar.shutdownRequest.wait(beyond: 0)
                    // One sidecar's end: its app gets nothing more. The others go on.
                    sidecar.stopDelivery()
                    try await Self.untilCancelled()
                }
            }
            if let port = machine.options.adminPort {
                let admin = AdminAPI(dapr: self)
                let door = HTTPDoor(
                    host: "127.0.0.1", port: port, logger: machine.logger,
                    onListening: { [self] port in
                        adminPortFound.withLock { $0 = port }
                        started.raise()
                    }, answer: { await admin.answer($0) })
                group.addTask { try await door.run() }
            }
            defer { group.cancelAll() }
            // The first that ends, ends all: a port that cannot be had, for one.
            try await group.next()
        }
    }

    private func purgeNowAndThen() async throws {
        while true {
            do {
                try await machine.broker.purge()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.error("old records cannot be dropped", metadata: ["error": "\(error)"])
            }
            try await machine.time.sleep(.seconds(3_600))
        }
    }

    private static func untilCancelled() async throws {
        let never = Pulse()
        await never.wait(beyond: 0)
        try Task.checkCancellation()
    }

    /// Runs it while `body` runs.
    package static func running<R: Sendable>(
        _ options: Options, logger: Logger, _ body: @escaping @Sendable (LocalDapr) async throws -> R
    ) async throws -> R {
        let dapr = try LocalDapr(options, logger: logger)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                try await dapr.run()
                return nil
            }
            group.addTask {
                do {
                    try await dapr.waitUntilListening()
                    let result = try await body(dapr)
                    dapr.stop()
                    return result
                } catch {
                    dapr.stop()
                    throw error
                }
            }
            var result: R?
            var failure: (any Error)?
            while let next = await group.nextResult() {
                switch next {
                case .success(let value): result = value ?? result
                case .failure(let error):
                    failure = failure ?? error
                    group.cancelAll()
                }
            }
            if let failure { throw failure }
            guard let result else { throw CancellationError() }
            return result
        }
    }

    /// Ends `run`.
    package func stop() { shutdown.raise() }
}
