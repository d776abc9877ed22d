package import KubernetesModel
import PlatformPlan
package import TodoPlatformAPI

/// What the operator says of one platform, gathered for people. Reads nothing but the resource itself.
package struct StatusReport: Sendable {
    package let name: NamespacedName
    package let age: String
    package let ready: Condition?
    /// Everything but `Ready`, in the operator's order, without what is merely `False` because nothing is wrong.
    package let conditions: [Condition]
    package let version: String
    package let url: String?
    package let services: [ServiceStatus]
    package let topics: [TopicStatus]
    package let resources: ResourcesStatus?
    /// What keeps it from being ready, one sentence; nil when nothing does.
    package let blockedBy: String?
    /// Why the status may be out of date; nil when it is current.
    package let staleness: String?
    package let isDeleting: Bool

    package init(_ object: KubernetesObject, now: Timestamp) {
        let platform = TodoPlatform.decode(object).platform
        let status = platform.status
        name = platform.namespacedName
        age = Age.text(since: platform.creationTimestamp, now: now)
        ready = status.condition("Ready")
        conditions = status.conditions.filter { condition in
            switch condition.type {
            case "Ready", "Progressing", "Degraded", "Reconciling", "Stalled": false
            default: true
            }
        }
        version = Self.version(platform)
        url = status.url
        services = status.services
        topics = status.topics
        resources = status.resources
        isDeleting = platform.isDeleting
        blockedBy = Self.blocker(ready, conditions)
        if status.observedGeneration < 0 {
            staleness = "No operator has looked at it yet; is todo-operator running?"
        } else if status.observedGeneration < platform.generation {
            staleness = "The operator has not looked at the latest change yet."
        } else {
            staleness = nil
        }
    }

    package var isReady: Bool { ready?.isTrue == true && staleness == nil }

    private static func version(_ platform: TodoPlatform) -> String {
        let version = platform.status.version
        guard let current = version.current else { return "\(platform.spec.version) (not running yet)" }
        if let failed = version.failed, failed == platform.spec.version {
            // Another image of the same version may be what failed.
            return "\(current) (\(failed == current ? version.failedImage ?? failed : failed) failed)"
        }
        return current == platform.spec.version ? current : "\(current) → \(platform.spec.version)"
    }

    /// The parts that only add to a platform and keep nobody from using it.
    private static let optional: Set<String> = ["AutoscalingReady", "MonitoringReady"]

    private static func blocker(_ ready: Condition?, _ conditions: [Condition]) -> String? {
        guard let ready, !ready.isTrue else { return nil }
        let blocked = conditions.first { $0.type == "DeletionBlocked" && $0.isTrue }
        let parts = conditions.filter {
            $0.type.hasSuffix("Ready") && $0.status == .isFalse && !optional.contains($0.type)
        }
        // The one that the summary speaks of, if it speaks of one.
        let part = parts.first { $0.reason == ready.reason || $0.message == ready.message } ?? parts.first
        return (blocked ?? part).map { "\($0.type): \($0.message)" } ?? ready.message
    }
}

extension StatusReport {
    /// For programs. Absent values are left out.
    package var json: JSON {
        var json: JSON = [
            "namespace": .string(name.namespace), "name": .string(name.name), "ready": .bool(isReady),
            "reason": .string(ready?.reason ?? ""), "message": .string(Redaction.scrubbed(ready?.message ?? "")),
            "version": .string(version),
        ]
        if let url { json["url"] = .string(url) }
        if let blockedBy, !blockedBy.isEmpty { json["blockedBy"] = .string(Redaction.scrubbed(blockedBy)) }
        if let staleness { json["stale"] = .string(staleness) }
        json["conditions"] = .array(
            conditions.map {
                [
                    "type": .string($0.type), "status": .string($0.status.rawValue), "reason": .string($0.reason),
                    "message": .string(Redaction.scrubbed($0.message)),
                ]
            })
        json["services"] = .array(
            services.map {
                [
                    "name": .string($0.name), "state": .string($0.state.rawValue), "ready": JSON($0.ready),
                    "desired": JSON($0.desired), "message": .string(Redaction.scrubbed($0.message ?? "")),
                ]
            })
        json["topics"] = .array(
            topics.map {
                [
                    "name": .string($0.name), "ready": .bool($0.ready),
                    "message": .string(Redaction.scrubbed($0.message ?? "")),
                ]
            })
        return json
    }
}
