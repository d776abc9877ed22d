package import KubernetesClient
import KubernetesModel
package import Telemetry

/// Counts and times requests to the API server by the names that dashboards for clients of Kubernetes expect. Its
/// `observe` is for `KubernetesClient`.
package struct RestClientMetrics: Sendable {
    private let host: String
    private let requests: Counter
    private let durations: Histogram

    /// - Parameter host: of the API server, with its port.
    package init(_ registry: MetricRegistry, host: String) {
        self.host = host
        requests = registry.counter(
            "rest_client_requests_total", help: "Requests to the API server by status code, method and host.",
            labels: ["code", "method", "host"])
        durations = registry.histogram(
            "rest_client_request_duration_seconds",
            help: "How long the API server takes to answer, for watches until the answer begins.",
            labels: ["verb", "host"])
    }

    package func observe(_ observation: RequestObservation) {
        let method: KubernetesRequest.Method =
            switch observation.verb {
            case .get, .list, .watch: .get
            case .create: .post
            case .update: .put
            case .patch: .patch
            case .delete: .delete
            }
        requests.increment(observation.status.map(String.init) ?? "<error>", method.rawValue, host)
        durations.observe(observation.duration, observation.verb.rawValue, host)
    }
}
