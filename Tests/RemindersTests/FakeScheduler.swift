import HTTPTestSupport
import Synchronization
import WireValues

/// The Jobs API of a sidecar, as far as it keeps jobs; time stands still in it.
final class FakeScheduler: Sendable {
    private struct State {
        var jobs: [String: JSON] = [:]
        var isAway = false
        var refusals = 0
    }

    /// A runtime that does not know the stable path.
    let isOld: Bool
    private let state = Mutex(State())

    init(isOld: Bool = false) { self.isOld = isOld }

    /// The bodies that jobs were set with.
    var jobs: [String: JSON] { state.withLock { $0.jobs } }
    var refusals: Int { state.withLock { $0.refusals } }
    func lose(_ name: String) { state.withLock { $0.jobs[name] = nil } }
    func loseAll() { state.withLock { $0.jobs = [:] } }
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    func answer(_ asked: FakeServer.Asked) -> FakeServer.Reply? {
        let parts = asked.path.split(separator: "/")
        guard parts.count == 3, parts[1] == "jobs" else { return nil }
        if isOld, parts[0] == "v1.0" {
            return .json(["errorCode": "ERR_DIRECT_INVOKE", "message": "failed getting app id"], status: 404)
        }
        let name = String(parts[2])
        return state.withLock { state in
            guard !state.isAway else {
                state.refusals += 1
                return .json(["errorCode": "DAPR_SCHEDULER_SCHEDULE_JOB", "message": "scheduler is away"], status: 504)
            }
            switch asked.method {
            case "POST":
                state.jobs[name] = asked.json
                return .init(204)
            case "DELETE":
                state.jobs[name] = nil
                return .init(204)
            default:
                guard var job = state.jobs[name] else {
                    return .json(
                        [
                            "errorCode": "DAPR_SCHEDULER_GET_JOB",
                            "message":
                                "failed to get job due to: rpc error: code = NotFound desc = job not found: \(name)",
                        ], status: 500)
                }
                job["name"] = JSON(name)
                job["data"] = ["@type": "type.googleapis.com/google.protobuf.Value", "value": job["data"] ?? .null]
                return .json(job)
            }
        }
    }
}
