import KubernetesModel
import TodoPlatformAPI

/// What sidecars read beside components: subscriptions, resiliency, configuration.
extension PlanContext {
    var configurationName: String { names.object("dapr") }

    /// One subscription for each service, declared here and not by the service: a sidecar asks the service only once,
    /// and a service that was slow then would never hear anything.
    var subscriptions: [DesiredObject] {
        ServiceName.allCases.map { service in
            object(
                .daprSubscription, name: names.object("\(service.rawValue)-\(service.consumes.part)"),
                component: service.rawValue, stage: .components,
                body: [
                    "spec": .members([
                        "pubsubname": .string(pubsubName(service)),
                        "topic": .string(topic(service.consumes)),
                        "routes": ["default": .string(service.consumes.route)],
                        "deadLetterTopic": deadLetters(service.consumes).map { .string($0) },
                        "bulkSubscribe": service.bulkPatience.map { Self.bulk(patience: $0) },
                    ]),
                    "scopes": [.string(appID(service))],
                ])
        }
    }

    /// A partition's order stays within a delivery.
    private static func bulk(patience: Int) -> JSON {
        ["enabled": true, "maxMessagesCount": 100, "maxAwaitDurationMs": JSON(patience)]
    }

    /// What sidecars do when a call fails. Without an inbound policy the first failure of a delivery would send the
    /// event to the dead letters.
    func resiliency(_ pubsubs: [DaprComponent], _ others: [DaprComponent]) -> DesiredObject {
        let resiliency = spec.dapr.resiliency
        let breaker = resiliency.circuitBreaker.enabled ? JSON.string("breaker") : nil
        var targets: [(String, JSON)] = []
        let outbound: JSON = .members(["timeout": "call", "retry": "call", "circuitBreaker": breaker])
        for component in pubsubs {
            targets.append(
                (
                    component.name,
                    [
                        "outbound": outbound,
                        // No breaker here: inbound and outbound would share it, and a service that fails would keep
                        // itself from publishing.
                        "inbound": ["timeout": "call", "retry": "delivery"],
                    ]
                ))
        }
        for component in others {
            // A mail that was sent and not acknowledged in time would be sent twice; the service decides that.
            let isMail = component.type == "bindings.smtp"
            let mail: JSON = .members(["timeout": "call", "circuitBreaker": breaker])
            targets.append((component.name, ["outbound": isMail ? mail : outbound]))
        }
        return object(
            .daprResiliency, name: names.object("resiliency"), component: "dapr", stage: .foundation,
            body: [
                "spec": [
                    // The breaker is there even if nothing refers to it: see `tracing` about objects that come and go.
                    "policies": [
                        "timeouts": ["call": .string(resiliency.timeout.singleUnit)],
                        "retries": ["call": resiliency.outbound.json, "delivery": resiliency.inbound.json],
                        "circuitBreakers": ["breaker": resiliency.circuitBreaker.json],
                    ],
                    "targets": ["components": .object(JSONObject(targets))],
                ],
                "scopes": JSON(ServiceName.allCases.map(appID)),
            ])
    }

    var configuration: DesiredObject {
        let names = Set(ServiceName.allCases.flatMap(secretsRead).map(\.secret.name)).sorted()
        // The store that every sidecar has by itself would read whatever the ServiceAccount may.
        var stores = ["kubernetes"]
        if !stores.contains(secretStoreName) { stores.append(secretStoreName) }
        let scopes = stores.map { store -> JSON in
            .members([
                "storeName": .string(store), "defaultAccess": "deny",
                "allowedSecrets": names.isEmpty || store == "kubernetes" && secretStoreName != store
                    ? nil : JSON(names),
            ])
        }
        return object(
            .daprConfiguration, name: configurationName, component: "dapr", stage: .foundation,
            body: [
                "spec": .members([
                    "tracing": tracing,
                    "metric": ["enabled": true],
                    "metrics": ["enabled": true],
                    "secrets": ["scopes": .array(scopes)],
                ])
            ])
    }

    /// Both exporters are always there, those without an address switched off: an API server before 1.21 leaves a null
    /// where server-side apply takes away a whole object, and then refuses that null.
    private var tracing: JSON {
        let tracing = spec.dapr.tracing
        let endpoint = JSON.string(tracing.endpoint ?? "")
        let isZipkin = tracing.protocol == .zipkin
        return [
            "samplingRate": .string(tracing.samplingRate),
            "otel": [
                "endpointAddress": isZipkin ? "" : endpoint, "isSecure": JSON(tracing.secure),
                "protocol": tracing.protocol == .otlpHTTP ? "http" : "grpc",
            ],
            "zipkin": ["endpointAddress": isZipkin ? endpoint : ""],
        ]
    }
}

extension RetrySpec {
    fileprivate var json: JSON {
        switch policy {
        case .constant:
            ["policy": "constant", "duration": .string(interval.singleUnit), "maxRetries": JSON(maxRetries)]
        case .exponential:
            ["policy": "exponential", "maxInterval": .string(maxInterval.singleUnit), "maxRetries": JSON(maxRetries)]
        }
    }
}

extension CircuitBreakerSpec {
    fileprivate var json: JSON {
        [
            "maxRequests": JSON(maxRequests), "timeout": .string(timeout.singleUnit),
            "trip": .string("consecutiveFailures >= \(consecutiveFailures)"),
        ]
    }
}
