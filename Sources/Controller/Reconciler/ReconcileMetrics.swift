import KubernetesModel
import PlatformPlan
package import Telemetry

/// Counters of what reconciling wrote.
package struct ReconcileMetrics: Sendable {
    private let writes: Counter
    private let refused: Counter
    private let drift: Counter

    package init(_ registry: MetricRegistry) {
        writes = registry.counter(
            "todo_reconcile_writes_total", help: "Writes to children, by kind and cause.", labels: ["kind", "cause"])
        refused = registry.counter(
            "todo_reconcile_failed_writes_total", help: "Writes that the API server refused or lost, by kind and code.",
            labels: ["kind", "code"])
        drift = registry.counter(
            "todo_drift_corrections_total", help: "Children set back after somebody changed them.", labels: ["kind"])
    }

    func count(_ action: Action, _ result: ActionResult) {
        let (kind, cause) = Self.labels(action)
        switch result {
        case .done:
            writes.increment(kind, cause)
            if cause == "drift" { drift.increment(kind) }
        case .failed(let error): refused.increment(kind, error.code.rawValue)
        }
    }

    private static func labels(_ action: Action) -> (kind: String, cause: String) {
        switch action {
        case .apply(let apply):
            let cause =
                switch apply.cause {
                case .missing: "missing"
                case .changed: "changed"
                case .drifted: "drift"
                }
            return (apply.key.kind.kind, cause)
        case .handOverReplicas(let key, _, _): return (key.kind.kind, "hand-over")
        case .delete(let key, _, _, let cause): return (key.kind.kind, "delete-\(cause.rawValue)")
        case .release(let key, _, _): return (key.kind.kind, "release")
        case .setFinalizer: return ("TodoPlatform", "finalizer")
        }
    }
}
