import AsyncHTTPClient
import Logging
import Synchronization
import WireValues

/// What stands beside one instance of an app: its components, its subscriptions, the way to it and whether it is well.
final class Sidecar: Sendable {
    private struct State {
        /// Whether the HTTP API takes requests: the components are loaded then, too.
        var isListening = false
        var isAppOpen = false
        var isAppHealthy = false
        var hasSubscribed = false
        var isStopping = false
        var port = 0
        var subscriptions: [SubscriptionSpec] = []
        var consumptions: [(Consumption, Subscriber)] = []
        var extended: [String: String] = [:]
    }

    let settings: LocalDapr.App
    let appID: String
    let name: String
    let app: AppChannel
    let components: [String: Component]
    let pubsubs: [String: PubSub]
    let stateStores: [String: StateStore]
    let secretStores: [String: any SecretStore]
    let bindings: [String: any OutputBinding]
    let policies: Policies
    let configuration: ConfigurationSpec
    let machine: Machine
    let logger: Logger
    private let state = Mutex(State())
    /// Raised when the API was told to shut down.
    let shutdownRequest = Pulse()

    var namespace: String { machine.options.namespace }

    /// - Throws: `ResourceError` for a component that cannot work.
    init(_ settings: LocalDapr.App, name: String, machine: Machine) throws {
        self.settings = settings
        self.machine = machine
        self.name = name
        appID = settings.id
        let appID = settings.id
        var logger = machine.logger
        logger[metadataKey: "app"] = "\(name)"
        self.logger = logger
        app = AppChannel(
            host: settings.appHost, port: settings.appPort, maximumConcurrency: settings.maxConcurrency,
            client: machine.client)
        let resources = machine.resources
        var spec = ResiliencySpec()
        for (policy, scopes) in resources.resiliency where scopes.isEmpty || scopes.contains(appID) {
            spec.merge(policy)
        }
        policies = Policies(spec, elapsed: machine.time.elapsed)
        if let wanted = settings.configuration {
            guard let found = resources.configurations.first(where: { $0.name == wanted }) else {
                throw ResourceError("app \(name)", "there is no Configuration named \(wanted)")
            }
            configuration = found
        } else {
            configuration = resources.configurations.count == 1 ? resources.configurations[0] : ConfigurationSpec()
        }
        var components: [String: Component] = [:]
        var pubsubs: [String: PubSub] = [:]
        var stateStores: [String: StateStore] = [:]
        var secretStores: [String: any SecretStore] = [
            // In Kubernetes there always is one with this name.
            "kubernetes": KubernetesSecrets(
                manifests: resources.secrets, apiServer: machine.options.kubernetesAPIServer, client: machine.client)
        ]
        var bindings: [String: any OutputBinding] = [:]
        let namespace = machine.options.namespace
        for component in resources.components where component.isVisible(to: appID) {
            components[component.name] = component
            switch component.block {
            case "pubsub":
                pubsubs[component.name] = try PubSub(component, appID: appID, podName: name, namespace: namespace)
            case "state":
                stateStores[component.name] = StateStore(
                    component: component, appID: appID, namespace: namespace, store: machine.store,
                    now: machine.time.now)
            case "secretstores":
                secretStores[component.name] = try Sidecar.secretStore(component, machine: machine)
            case "bindings":
                bindings[component.name] = try Sidecar.binding(component, machine: machine)
            default: break
            }
        }
        self.components = components
        self.pubsubs = pubsubs
        self.stateStores = stateStores
        self.secretStores = secretStores
        self.bindings = bindings
    }

    private static func secretStore(_ component: Component, machine: Machine) throws -> any SecretStore {
        switch component.type {
        case "secretstores.kubernetes":
            return KubernetesSecrets(
                manifests: machine.resources.secrets, apiServer: machine.options.kubernetesAPIServer,
                client: machine.client)
        case "secretstores.local.file":
            guard let file = component["secretsFile"] else {
                throw ResourceError(component.place, "metadata secretsFile is missing")
            }
            return FileSecrets(
                file: file, separator: component["nestedSeparator"] ?? ":",
                isMultiValued: component["multiValued"]?.lowercased() == "true")
        case "secretstores.local.env":
            return EnvironmentSecrets(prefix: component["prefix"] ?? "", environment: machine.options.environment)
        case let other:
            throw ResourceError(
                component.place,
                "\(other) is not to be had on one machine: use secretstores.local.file, .local.env or .kubernetes")
        }
    }

    private static func binding(_ component: Component, machine: Machine) throws -> any OutputBinding {
        let settings = BindingSettings(component, machine: machine)
        switch component.type {
        case "bindings.smtp": return SMTPBinding(settings, group: machine.client.eventLoopGroup)
        case "bindings.http": return HTTPBinding(settings, client: machine.client)
        case let other:
            throw ResourceError(
                component.place, "\(other) is not to be had on one machine: use bindings.smtp or bindings.http")
        }
    }

    // MARK: How it stands

    var port: Int { state.withLock { $0.port } }
    var isListening: Bool { state.withLock { $0.isListening } }
    var isAppHealthy: Bool { state.withLock { $0.isAppHealthy } }
    var subscriptions: [SubscriptionSpec] { state.withLock { $0.subscriptions } }
    var extended: [String: String] { state.withLock { $0.extended } }
    func setExtended(_ key: String, _ value: String) { state.withLock { $0.extended[key] = value } }

    /// Whether the app was asked for what it wants and gets it.
    var isReady: Bool { state.withLock { $0.isListening && $0.hasSubscribed && $0.isAppHealthy } }

    /// What `GET /v1.0/healthz` waits for; empty when nothing.
    var pending: [String] {
        state.withLock { state in
            var targets: [String] = []
            if !state.isListening { targets.append("api") }
            if !state.isAppOpen, app.appPort != nil { targets.append("app") }
            return targets
        }
    }

    func listening(on port: Int) {
        state.withLock { state in
            state.port = port
            state.isListening = true
        }
    }

    /// No more events and jobs; the API goes on.
    func stopDelivery() {
        state.withLock { $0.isStopping = true }
        setHealthy(false)
    }

    // MARK: Running

    /// Waits for the app, asks it for its subscriptions, and looks after it until cancelled.
    func run() async throws {
        try await waitForApp()
        if settings.healthCheck != nil { try await waitForHealth() }
        await askForConfiguration()
        let specs = await subscriptionsOfApp()
        try await subscribe(specs)
        setHealthy(true)
        if let check = settings.healthCheck { try await keepWatch(check) }
    }

    /// Between two looks whether the app's port takes connections, as in Dapr.
    static let portInterval = Duration.milliseconds(100)

    private func waitForApp() async throws {
        while true {
            if let port = app.appPort,
                await PortProbe.isOpen(host: app.host, port: port, group: machine.client.eventLoopGroup)
            {
                break
            }
            try await machine.time.sleep(Self.portInterval)
        }
        state.withLock { $0.isAppOpen = true }
    }

    private func isWell(_ check: LocalDapr.HealthCheck) async throws -> Bool {
        let policy = CallPolicy(timeout: check.timeout)
        return try await policy.run(machine.time, timedOut: false, refused: false) { [app] in
            do {
                return .done(try await app.send(AppRequest(method: "GET", path: check.path), isProbe: true).isSuccess)
            } catch is AppUnreachable {
                return .done(false)
            }
        }.outcome
    }

    private func waitForHealth() async throws {
        guard let check = settings.healthCheck else { return }
        while !(try await isWell(check)) { try await machine.time.sleep(check.interval) }
    }

    private func keepWatch(_ check: LocalDapr.HealthCheck) async throws {
        var failures = 0
        while true {
            try await machine.time.sleep(check.interval)
            if try await isWell(check) {
                // A success while the app counts as healthy does not forgive failures; only one after a break does.
                if !isAppHealthy {
                    failures = 0
                    logger.info("the app is healthy again")
                    setHealthy(true)
                }
            } else {
                failures += 1
                if failures >= check.threshold, isAppHealthy {
                    logger.warning("the app is not healthy: no events and no jobs until it is")
                    setHealthy(false)
                }
            }
        }
    }

    private func setHealthy(_ isHealthy: Bool) {
        let (consumptions, isWanted) = state.withLock { state in
            let isWanted = isHealthy && !state.isStopping
            state.isAppHealthy = isWanted
            return (state.consumptions, isWanted)
        }
        for (consumption, subscriber) in consumptions {
            if isWanted { consumption.join(subscriber) } else { consumption.leave(subscriber) }
        }
        if isWanted {
            machine.jobs.connect(app: appID, instance: name) { [self] job in try await run(job) }
        } else {
            machine.jobs.disconnect(app: appID, instance: name)
        }
    }

    private var appHeaders: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [("dapr-app-id", appID)]
        if let token = settings.appToken { headers.append(("dapr-api-token", token)) }
        return headers
    }

    private func askForConfiguration() async {
        // Only the question matters: what it answers is about actors.
        _ = try? await app.send(AppRequest(method: "GET", path: "/dapr/config", headers: appHeaders))
    }

    /// Asks once; connection errors get three tries.
    private func programmaticSubscriptions() async throws -> [SubscriptionSpec] {
        guard !pubsubs.isEmpty else { return [] }
        for attempt in 1...3 {
            do {
                let answer = try await app.send(AppRequest(method: "GET", path: "/dapr/subscribe", headers: appHeaders))
                switch answer.status {
                case 404: return []
                case 200:
                    if answer.body.allSatisfy({ $0 <= 0x20 }) { return [] }
                    var dropped: [String] = []
                    let specs = try SubscriptionSpec.programmatic(try JSON(parsing: answer.body), dropped: &dropped)
                    for topic in dropped {
                        logger.warning("a subscription without a route is left out", metadata: ["topic": "\(topic)"])
                    }
                    return specs
                case let status:
                    logger.error(
                        "the app answered \(status) to GET /dapr/subscribe: it gets no programmatic subscriptions until the sidecar starts anew"
                    )
                    return []
                }
            } catch is AppUnreachable where attempt < 3 {
                try await machine.time.sleep(.seconds(3))
            } catch let error as AppUnreachable {
                logger.error("the app cannot be asked for its subscriptions", metadata: ["error": "\(error)"])
                return []
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.error(
                    "the app's list of subscriptions cannot be read: none of it counts", metadata: ["error": "\(error)"]
                )
                return []
            }
        }
        return []
    }

    private func subscriptionsOfApp() async -> [SubscriptionSpec] {
        // Cancelled: nothing begins any more.
        let programmatic = (try? await programmaticSubscriptions()) ?? []
        var specs: [SubscriptionSpec] = []
        for spec in programmatic where !specs.contains(where: { $0.pubsub == spec.pubsub && $0.topic == spec.topic }) {
            specs.append(spec)
        }
        for (spec, scopes) in machine.resources.subscriptions where scopes.isEmpty || scopes.contains(appID) {
            if !specs.contains(where: { $0.pubsub == spec.pubsub && $0.topic == spec.topic }) { specs.append(spec) }
        }
        return specs
    }

    private func subscribe(_ specs: [SubscriptionSpec]) async throws {
        var accepted: [SubscriptionSpec] = []
        var consumptions: [(Consumption, Subscriber)] = []
        for spec in specs {
            guard let pubsub = pubsubs[spec.pubsub] else {
                logger.error(
                    "a subscription names a pubsub that there is not",
                    metadata: ["pubsub": "\(spec.pubsub)", "topic": "\(spec.topic)"])
                continue
            }
            guard pubsub.scopes.maySubscribe(spec.topic, app: appID) else {
                logger.error(
                    "the app may not subscribe to a topic",
                    metadata: ["pubsub": "\(spec.pubsub)", "topic": "\(spec.topic)"])
                continue
            }
            let topic = try await machine.broker.topic(pubsub.topicPrefix + spec.topic, broker: pubsub.broker)
            let consumption = try await machine.groups.consumption(
                of: topic, group: pubsub.group, startsAtOldest: pubsub.startsAtOldest)
            let subscriber = Subscriber(
                name: name, spec: spec, component: pubsub.component, group: pubsub.group, app: app,
                appToken: settings.appToken,
                inbound: policies.component(pubsub.component, .inbound), time: machine.time, logger: logger,
                deadLetter: { [weak self] record, topic, origin in
                    try await self?.publishDeadLetter(record, to: topic, from: pubsub, origin)
                })
            accepted.append(spec)
            consumptions.append((consumption, subscriber))
        }
        state.withLock { state in
            state.subscriptions = accepted
            state.consumptions = consumptions
            state.hasSubscribed = true
        }
    }

    /// Calls the app for a job (section 3.3 of the Dapr contract).
    private func run(_ job: Job) async throws -> JobEngine.Answer {
        var headers: [(name: String, value: String)] = [("Content-Type", "application/json")]
        if let token = settings.appToken { headers.append(("dapr-api-token", token)) }
        do {
            let answer = try await app.send(
                AppRequest(
                    path: "/job/\(PercentText.encode(job.key.name))", headers: headers,
                    body: job.definition.data?.bytes ?? []))
            if answer.isSuccess { return .done }
            if answer.status == 404 {
                logger.error("the app has no route for a job: it counts as done", metadata: ["job": "\(job.key.name)"])
                return .done
            }
            return .failed("the app answered \(answer.status)")
        } catch let error as AppUnreachable {
            return .failed(error.description)
        }
    }
}
