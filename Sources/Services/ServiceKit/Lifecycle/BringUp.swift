import AsyncHTTPClient
import Crypto
import DaprClient
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TaskDomain
import TaskStorage
import Telemetry
import WireValues

/// Brings a service up, step by step, and runs its background work. Until it is up, its readiness says what it waits for.
struct BringUp<S: TodoService>: Service {
    let host: ServiceHost<S>

    private var state: HostState<S> { host.state }
    private var configuration: ServiceConfiguration { host.configuration }
    private var clock: any Clock<Duration> { host.parts.clock }

    func run() async throws {
        let up: Up?
        do {
            up = try await cancelWhenGracefulShutdown { try await self.start() }
        } catch is CancellationError {
            up = nil
        }
        guard let up else { return }
        do {
            try await runBackground(up)
        } catch {
            await up.context.storage?.close()
            throw error
        }
        await up.context.storage?.close()
    }

    private struct Up: Sendable {
        let service: S
        let context: ServiceContext
        let keys: KeySource?
    }

    private func start() async throws -> Up {
        var settings = DaprClient.Configuration()
        settings.port = configuration.daprPort
        settings.apiToken = configuration.daprToken
        let dapr = DaprClient(settings, http: host.http, clock: clock, logger: host.logger)
        state.waits(for: "the Dapr sidecar at port \(configuration.daprPort)")
        try await dapr.waitUntilOutboundHealthy()

        let secrets = try await SecretReading(
            dapr: dapr, store: configuration.secretStore ?? "", clock: clock,
            waits: { state.waits(for: $0) }
        ).read(
            configuration: configuration, authentication: host.authentication, own: S.secretName(host.reader))
        let database = try await openDatabase(url: secrets.databaseURL)
        let keys = host.authentication?.keySetURL.map { keySource($0) }
        let context = ServiceContext(
            configuration: configuration, settings: host.reader, secret: secrets.members, dapr: dapr, http: host.http,
            metrics: host.parts.metrics, logger: host.logger, now: host.parts.now, clock: clock,
            authenticator: Authenticator(trust(secrets.hmacSecret, keys), now: host.parts.now), storage: database,
            serviceName: S.name)
        let service = try S(context: context)
        let problems = host.reader.problems
        guard problems.isEmpty else { throw SettingsRefused(problems: problems) }
        let routes = Routes(
            authenticator: context.authenticator, gate: SidecarGate(token: configuration.appToken),
            consumers: EventConsumers(
                topics: configuration.topics, maximumBytes: configuration.limits.maximumDeliveryBytes,
                metrics: host.parts.metrics, now: host.parts.now, logger: host.logger))
        service.routes(routes)
        let port = try await state.waitUntilListening()
        state.runs(service, routes.built)
        host.logger.info("ready", metadata: ["port": "\(port)", "platform": "\(configuration.platform)"])
        return Up(service: service, context: context, keys: keys)
    }

    private func trust(_ secret: [UInt8]?, _ keys: KeySource?) -> Authenticator.Trust {
        guard let authentication = host.authentication, !authentication.trustsAnybody else {
            if host.authentication != nil {
                host.logger.critical(
                    "no tokens are checked: everybody is whoever they say; never use this outside of your own machine",
                    metadata: ["setting": "\(AuthenticationSettings.developmentVariable)"])
                return .anybody
            }
            // No route asks who somebody is; if one did, nobody would be anybody.
            return .tokens(TokenRules(issuer: nil, audience: ""), secret: nil, keys: nil)
        }
        return .tokens(
            authentication.rules, secret: secret.map { .hmac(SymmetricKey(data: $0)) }, keys: keys)
    }

    private func keySource(_ url: String) -> KeySource {
        let http = host.http
        return KeySource(clock: clock, logger: host.logger) {
            let answer = try await http.execute(HTTPClientRequest(url: url), timeout: .seconds(5))
            guard answer.status == .ok else {
                throw KeySet.Unreadable(description: "the issuer answered \(answer.status.code)")
            }
            return Array(try await answer.body.collect(upTo: KeySet.maximumBytes).readableBytesView)
        }
    }

    // MARK: Database

    private func openDatabase(url: String?) async throws -> (any Database)? {
        guard S.usesDatabase else { return nil }
        let database: any Database
        if let given = host.parts.database {
            database = given
        } else {
            var options = DatabaseOptions()
            options.applicationName = "todo-\(S.name)"
            do throws(DatabaseError) {
                database = try await TaskStorage.openDatabase(url: url ?? "", options: options, logger: host.logger)
            } catch {
                throw SettingsRefused(problems: [
                    SettingProblem(
                        name: "the database's URL", what: "is not usable: \(error.message)", remedy: error.remedy)
                ])
            }
        }
        try await waiting {
            "the database (\(reason($0)))"
        } for: {
            try await database.ping()
        }
        let migrates = configuration.migrates ?? (database.dialect == .sqlite)
        try await waiting {
            "the database's tables (\(reason($0)))"
        } for: {
            if migrates {
                for step in try await Migrations.run(S.allMigrations, on: database) {
                    host.logger.notice("migrated", metadata: ["migration": "\(step)"])
                }
            } else {
                let pending = try await Migrations.pending(S.allMigrations, on: database)
                guard pending.isEmpty else { throw NotMigrated(pending: pending) }
            }
        }
        state.opened(database)
        return database
    }

    /// Tries again, with pauses from 100 ms to 5 s, until it works.
    private func waiting(
        _ description: (any Error) -> String, for attempt: () async throws -> Void
    ) async throws {
        var pause = Duration.milliseconds(100)
        while true {
            do {
                return try await attempt()
            } catch let error as CancellationError {
                throw error
            } catch {
                state.waits(for: description(error))
                host.logger.notice("waiting at the start", metadata: ["error": "\(error)"])
            }
            try await clock.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
    }

    private func reason(_ error: any Error) -> String { "\(error)" }

    private struct NotMigrated: Error, CustomStringConvertible {
        let pending: [String]
        var description: String { "not migrated yet: \(pending.joined(separator: ", ")); run todo-services migrate" }
    }

    // MARK: Background

    private func runBackground(_ up: Up) async throws {
        var services: [any Service] = []
        if let keys = up.keys { services.append(keys) }
        if S.usesDatabase {
            services.append(
                Housekeeping(
                    outbox: S.usesOutbox ? up.context.outbox : nil, hasInbox: S.usesInbox, own: up.service.tidy,
                    database: up.context.database, clock: clock, now: host.parts.now, logger: host.logger))
        }
        if S.usesOutbox { services.append(relay(up)) }
        // Ended first, so that what they still commit finds the relay at work.
        services += up.service.backgroundTasks
        guard !services.isEmpty else {
            try await gracefulShutdown()
            return
        }
        try await ServiceGroup(configuration: .init(services: services, logger: host.logger)).run()
    }

    private func relay(_ up: Up) -> OutboxRelay {
        let standard = DaprPublisher(
            dapr: up.context.dapr, pubsub: configuration.pubsub,
            topics: Dictionary(uniqueKeysWithValues: configuration.topics.map { ($0.rawValue, $1) }),
            logger: host.logger)
        return OutboxRelay(
            source: DatabaseRelaySource(
                outbox: up.context.outbox, database: up.context.database,
                relay: "\(configuration.podName)-\(RandomText.hexadecimal(digits: 8))"),
            publisher: up.service.publisher(standard), clock: clock, now: host.parts.now, metrics: host.parts.metrics,
            logger: host.logger)
    }
}
