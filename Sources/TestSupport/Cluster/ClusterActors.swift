package import KubernetesClient
package import KubernetesModel
import LocalCluster

/// Stand-ins for the controllers that a bare API server lacks: Deployments become available, Jobs complete, Strimzi,
/// cert-manager and a gateway report Ready. Nothing runs; they only write the status, Secrets and finalizers that the
/// real ones write.
///
/// Level-triggered, on any transport: `LocalCluster` or a real API server. `run` goes on until its task is cancelled and
/// outlives errors and disconnections. Kinds that are not served yet are waited for.
///
/// - An image whose name contains `broken` never becomes available.
/// - A Job's image that contains `broken-migration` makes the Job fail.
package struct ClusterActors: Sendable {
    /// When a Deployment that makes no progress gets the reason ProgressDeadlineExceeded.
    package enum ProgressDeadline: Sendable {
        case immediately
        case after(Duration)
        /// At the first call of `exceedProgressDeadlines`, and at once from then on.
        case onCommand
    }

    package struct Options: Sendable {
        /// How long each actor takes before it writes, at most; chance decides within.
        package var latency = Duration.zero
        /// The share of handlings, 0 to 1, that fail at first and are tried again.
        package var failureRate = 0.0
        /// Of latency and failures.
        package var seed: UInt64 = 0
        /// For latency, retries and waiting for kinds.
        package var clock: any Clock<Duration> = ContinuousClock()
        /// For times in statuses.
        package var now: @Sendable () -> Timestamp = { LocalCluster.systemTime() }
        /// How long until a kind that is not served is asked for again, and a failed handling repeated.
        package var retryInterval = Duration.milliseconds(200)
        package var progressDeadline = ProgressDeadline.immediately
        package var workloads = true
        package var strimzi = true
        package var certManager = true
        package var gateway = true
        /// Objects that no actor touches: their systems are silent.
        package var ignores: @Sendable (KubernetesObject) -> Bool = { _ in false }
        /// Told about errors, one line each.
        package var log: @Sendable (String) -> Void = { _ in }

        package init() {}
    }

    private let scene: ActorScene

    package init(_ transport: any KubernetesTransport, options: Options = Options()) {
        scene = ActorScene(transport: transport, options: options)
    }

    /// Plays all parts until the task is cancelled.
    package func run() async {
        let scene = scene
        var loops: [ActorLoop] = []
        if scene.options.workloads { loops += WorkloadActor(scene: scene).loops }
        if scene.options.strimzi { loops += StrimziActor(scene: scene).loops }
        if scene.options.certManager { loops += CertManagerActor(scene: scene).loops }
        if scene.options.gateway { loops += GatewayActor(scene: scene).loops }
        await withDiscardingTaskGroup { group in
            for loop in loops { group.addTask { await loop.run() } }
        }
    }

    /// Plays all parts on `transport` until the task is cancelled.
    package static func run(transport: any KubernetesTransport, options: Options = Options()) async {
        await ClusterActors(transport, options: options).run()
    }

    /// Deployments that make no progress miss their deadline, those of now and those to come.
    package func exceedProgressDeadlines() { scene.deadlines.raise() }
}
