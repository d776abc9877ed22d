package import KubernetesModel
import PlatformPlan
package import TodoPlatformAPI

/// All objects of a platform as manifests, made without a cluster.
package struct Rendering: Sendable {
    /// In the order of stages.
    package let objects: [KubernetesObject]
    /// What the user should know: missing systems, Secrets to create, warnings.
    package let notes: [String]
    /// The Secrets that somebody has to bring, one each: its name and its keys, parted by spaces.
    package let secretLines: [String]

    package init(_ platform: TodoPlatform, apis: ServedAPIs) {
        let desired = DesiredState.build(
            PlanInput(platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version))
        objects = desired.objects.map { desired in
            var object = desired.object
            // The API server refuses an owner without uid, and only a resource from a cluster has one.
            if platform.uid.isEmpty { object.ownerReferences = [] }
            return object
        }
        let needed = desired.secrets.filter { !$0.isProvided }
        secretLines = Dictionary(grouping: Set(needed.map(\.key)), by: \.secret.name).sorted { $0.key < $1.key }
            .map { name, keys in ([name] + keys.sorted().map(\.key)).joined(separator: " ") }
        notes = desired.missing.map(\.message) + desired.warnings + Self.describe(needed)
    }

    /// `objects` as a stream of YAML documents, for `kubectl apply -f -`.
    package static func yaml(_ objects: [KubernetesObject]) -> String { JSON.yaml(documents: objects.map(\.json)) }

    /// `objects` as one `List`, which kubectl applies as well.
    package static func json(_ objects: [KubernetesObject]) -> String {
        let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(objects.map(\.json))]
        return list.prettyText + "\n"
    }

    /// One line for each value, with all its purposes.
    private static func describe(_ uses: [SecretUse]) -> [String] {
        var purposes: [SecretKey: [String]] = [:]
        for use in uses { purposes[use.key, default: []].append("\(use.purpose) (\(use.field))") }
        return purposes.sorted { $0.key < $1.key }.map { key, purposes in
            "needs Secret \(key.secret.name) with key \(key.key): \(purposes.joined(separator: ", "))"
        }
    }
}
