/// The sidecars, and the building blocks behind them.
package struct DaprSpec: Hashable, Sendable {
    package var sidecar = SidecarSpec()
    package var tracing = TracingSpec()
    package var apiTokenSecretRef: NameReference?
    package var appTokenSecretRef: NameReference?
    package var resiliency = ResiliencySpec()
    package var stateStore = StateStoreSpec()
    package var secretStore = SecretStoreSpec()
    package var smtp: SMTPSpec?

    package init() {}
}

package struct SidecarSpec: Hashable, Sendable {
    package var logLevel = LogLevel.info
    package var resources = ResourcesSpec()
    package var native = false

    package init() {}
}

package enum LogLevel: String, CaseIterable, Sendable {
    case debug, info, warn, error
}

package struct TracingSpec: Hashable, Sendable {
    package var samplingRate = "0.01"
    package var endpoint: String?
    package var `protocol` = TracingProtocol.otlpGRPC
    package var secure = false

    package init() {}
}

package enum TracingProtocol: String, CaseIterable, Sendable {
    case otlpGRPC = "otlp-grpc"
    case otlpHTTP = "otlp-http"
    case zipkin
}

/// One of Dapr's Resiliency objects: what sidecars do when a call fails.
package struct ResiliencySpec: Hashable, Sendable {
    package var outbound = RetrySpec(policy: .exponential, maxRetries: -1)
    /// Dapr gives a delivery up 15 minutes after its first attempt; the number of attempts need not end it earlier.
    package var inbound = RetrySpec(policy: .exponential, maxInterval: TimeSpan(seconds: 30), maxRetries: -1)
    package var timeout = TimeSpan(seconds: 30)
    package var circuitBreaker = CircuitBreakerSpec()

    package init() {}
}

package struct RetrySpec: Hashable, Sendable {
    package var policy = RetryPolicyWord.exponential
    package var interval = TimeSpan(seconds: 5)
    package var maxInterval = TimeSpan(seconds: 60)
    package var maxRetries = -1

    package init() {}
    package init(
        policy: RetryPolicyWord, maxInterval: TimeSpan = TimeSpan(seconds: 60), maxRetries: Int
    ) {
        self.policy = policy
        self.maxInterval = maxInterval
        self.maxRetries = maxRetries
    }
}

package enum RetryPolicyWord: String, CaseIterable, Sendable {
    case constant, exponential
}

package struct CircuitBreakerSpec: Hashable, Sendable {
    package var enabled = true
    package var consecutiveFailures = 5
    /// Short: a broker that is back is asked within it, and what waits for it are people.
    package var timeout = TimeSpan(seconds: 10)
    package var maxRequests = 1

    package init() {}
}

package struct StateStoreSpec: Hashable, Sendable {
    package var type = StateStoreType.postgresql
    package var secretRef: SecretKeyReference?
    package var redis: RedisSpec?

    package init() {}
}

package enum StateStoreType: String, CaseIterable, Sendable {
    case postgresql, redis
    case inMemory = "in-memory"
    case none
}

package struct SecretStoreSpec: Hashable, Sendable {
    package var type = SecretStoreType.kubernetes
    package var componentName: String?

    package init() {}
}

package enum SecretStoreType: String, CaseIterable, Sendable {
    case kubernetes, existing
}

package struct SMTPSpec: Hashable, Sendable {
    package var host = ""
    package var port = 587
    package var from = ""
    package var secretRef: CredentialsReference?
    package var skipTLSVerify = false

    package init() {}
}
