import KubernetesModel

/// A span of time in its largest unit, as kubectl writes ages: `45s`, `12m`, `5h`, `3d`.
enum Age {
    /// The time from `start` (RFC 3339) to `now`; empty when `start` is no time.
    static func text(since start: String?, now: Timestamp) -> String {
        guard let start = start.flatMap(Timestamp.init) else { return "" }
        let seconds = max(0, now.since(start).components.seconds)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7_200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }
}
