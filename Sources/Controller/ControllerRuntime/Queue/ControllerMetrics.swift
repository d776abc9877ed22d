import Telemetry

/// The metrics of one controller and its queue, by the names that dashboards for controllers expect.
struct ControllerMetrics: Sendable {
    /// What is read when somebody asks for the metrics.
    struct Snapshot {
        var depth = 0
        /// How long each running key has run.
        var runningTimes: [Duration] = []
    }

    enum Result: String, CaseIterable {
        case success, error
        case again = "requeue_after"
        case terminal = "terminal_error"
    }

    let name: String
    private let adds: Counter
    private let queueDuration: Histogram
    private let workDuration: Histogram
    private let retries: Counter
    private let reconciles: Counter
    private let errors: Counter
    private let terminalErrors: Counter
    private let reconcileTime: Histogram

    init(
        _ registry: MetricRegistry, name: String, maximumRunning: Int,
        snapshot: @escaping @Sendable () -> Snapshot
    ) {
        self.name = name
        let name = name
        let depth = registry.gauge("workqueue_depth", help: "Keys that wait to be reconciled.", labels: ["name"])
        adds = registry.counter("workqueue_adds_total", help: "Keys put on the queue.", labels: ["name"])
        queueDuration = registry.histogram(
            "workqueue_queue_duration_seconds", help: "How long keys wait before they are reconciled.", labels: ["name"]
        )
        workDuration = registry.histogram(
            "workqueue_work_duration_seconds", help: "How long it takes to process a key.", labels: ["name"])
        retries = registry.counter(
            "workqueue_retries_total", help: "Keys put on the queue again after a failure.", labels: ["name"])
        reconciles = registry.counter(
            "controller_runtime_reconcile_total", help: "Reconciles by result.", labels: ["controller", "result"])
        errors = registry.counter(
            "controller_runtime_reconcile_errors_total", help: "Reconciles that failed.", labels: ["controller"])
        terminalErrors = registry.counter(
            "controller_runtime_terminal_reconcile_errors_total",
            help: "Reconciles that failed and are not tried again.", labels: ["controller"])
        reconcileTime = registry.histogram(
            "controller_runtime_reconcile_time_seconds", help: "How long a reconcile takes.", labels: ["controller"])
        let activeWorkers = registry.gauge(
            "controller_runtime_active_workers", help: "Reconciles that run now.", labels: ["controller"])
        let unfinished = registry.gauge(
            "workqueue_unfinished_work_seconds", help: "Time spent so far by the reconciles that run.", labels: ["name"]
        )
        let longest = registry.gauge(
            "workqueue_longest_running_processor_seconds", help: "How long the longest reconcile has run.",
            labels: ["name"])
        registry.gauge(
            "controller_runtime_max_concurrent_reconciles", help: "How many reconciles may run at once.",
            labels: ["controller"]
        ).set(Double(maximumRunning), name)
        registry.onCollect {
            let snapshot = snapshot()
            let seconds = snapshot.runningTimes.map { $0 / .seconds(1) }
            depth.set(Double(snapshot.depth), name)
            activeWorkers.set(Double(seconds.count), name)
            unfinished.set(seconds.reduce(0, +), name)
            longest.set(seconds.max() ?? 0, name)
        }
        // Present from the start, so that rates have a beginning.
        adds.declare(name)
        retries.declare(name)
        queueDuration.declare(name)
        workDuration.declare(name)
        for result in Result.allCases { reconciles.declare(name, result.rawValue) }
        errors.declare(name)
        terminalErrors.declare(name)
        reconcileTime.declare(name)
    }

    func added(_ count: Int) { if count > 0 { adds.increment(by: Double(count), name) } }

    func started(waited: Duration) { queueDuration.observe(waited, name) }

    func ended(_ result: Result, after duration: Duration) {
        workDuration.observe(duration, name)
        reconcileTime.observe(duration, name)
        reconciles.increment(name, result.rawValue)
        if result == .error || result == .terminal { errors.increment(name) }
        if result == .terminal { terminalErrors.increment(name) }
    }

    func retried() { retries.increment(name) }
}
