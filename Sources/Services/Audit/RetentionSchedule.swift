import DaprClient
import Logging
import ServiceKit
import ServiceLifecycle

/// Has the sidecar call once a day, when there is something that may go. No timer of ours: the job outlives the process,
/// and of several replicas one is called.
struct RetentionSchedule: Service {
    static let job = "audit-retention"

    let retention: Retention
    let dapr: DaprClient
    let clock: any Clock<Duration>
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Duration.milliseconds(500)
            while !Task.isCancelled {
                do {
                    try await self.set()
                    break
                } catch {
                    logger.notice("daily job not set yet", metadata: ["job": "\(Self.job)", "error": "\(error)"])
                }
                // Ends early when cancelled, and then so does the loop.
                try? await clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(60))
            }
        }
        // A service that ends would end the others. Fails only when cancelled, which is an end, too.
        try? await gracefulShutdown()
    }

    private func set() async throws {
        switch retention {
        case .forever: try await dapr.deleteJob(Self.job)
        case .limited: try await dapr.setJob(DaprClient.Job(name: Self.job, schedule: "@daily"))
        }
    }
}
