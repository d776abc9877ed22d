package import KubernetesModel
package import PlatformPlan
import TodoPlatformAPI

/// What a preview starts from: one platform and its cluster at one moment.
package struct PlanSnapshot: Sendable {
    package var platform: KubernetesObject
    /// With `managedFields`, which tell what an apply will remove.
    package var children: [KubernetesObject]
    package var apis: ServedAPIs
    package var secretDigests: [SecretKey: String]
    /// Secrets that we may not read.
    package var unreadableSecrets: Set<NamespacedName>
    /// The Kafka of somebody else that the platform uses.
    package var existingKafka: ExistingKafka?
    package var now: Timestamp

    package init(
        platform: KubernetesObject, children: [KubernetesObject] = [], apis: ServedAPIs,
        secretDigests: [SecretKey: String] = [:], unreadableSecrets: Set<NamespacedName> = [], now: Timestamp
    ) {
        self.platform = platform
        self.children = children
        self.apis = apis
        self.secretDigests = secretDigests
        self.unreadableSecrets = unreadableSecrets
        self.now = now
    }

    /// The uid of a platform that is not on the cluster yet.
    private static let placeholderUID = "00000000-0000-0000-0000-000000000000"

    /// Reads the cluster around a platform.
    ///
    /// - Parameters:
    ///   - file: what is going to be applied; nil: the platform as it is.
    ///   - name: which platform.
    /// - Throws: when something that the plan needs cannot be read, and when `file` is invalid.
    package static func read(
        _ name: NamespacedName, file: KubernetesObject?, from cluster: ClusterReader, now: Timestamp
    ) async throws(CommandError) -> PlanSnapshot {
        var platform: KubernetesObject
        if let file {
            if let live = try await cluster.platformIfPresent(name) {
                platform = FileMerge.merged(file, over: live)
                try check(platform, replacing: TodoPlatform.decode(live).platform.spec)
            } else {
                platform = file
                platform.json[path: ["metadata", "uid"]] = .string(placeholderUID)
                platform.json[path: ["metadata", "generation"]] = 1
                platform.json["status"] = nil
                try check(platform, replacing: nil)
            }
        } else {
            platform = try await cluster.platform(name)
            try check(platform, replacing: nil)
        }
        let apis = try await cluster.servedAPIs()
        let (children, forbidden) = try await cluster.children(of: name, apis)
        if let kind = forbidden.first {
            throw CommandError(
                "the right to list \(kind) in namespace \(name.namespace) is missing, so a plan would be wrong",
                remedy: "ask the cluster's administrator for it")
        }
        var snapshot = PlanSnapshot(platform: platform, children: children, apis: apis, now: now)
        let (digests, unreadable) = try await cluster.secretDigests(snapshot.secrets)
        snapshot.secretDigests = digests
        snapshot.unreadableSecrets = unreadable
        snapshot.existingKafka = try await snapshot.kafka(cluster)
        return snapshot
    }

    private static func check(_ object: KubernetesObject, replacing old: TodoPlatformSpec?) throws(CommandError) {
        let problems = TodoPlatform.decode(object, replacing: old).problems.filter { $0.severity == .error }
        guard !problems.isEmpty else { return }
        throw CommandError(
            "\(TodoPlatform.type.kind) \(object.namespacedName) cannot be used: "
                + problems.map(\.description).joined(separator: "; "),
            remedy: "\"todoctl validate\" shows where")
    }

    private func kafka(_ cluster: ClusterReader) async throws(CommandError) -> ExistingKafka? {
        let desired = desired
        guard let kafka = desired.kafka, !desired.ownsKafka, let type = apis.newest(kafka) else { return nil }
        return try await cluster.existingKafka(kafka, type)
    }

    /// The secret values that the platform refers to.
    private var secrets: [SecretKey] { desired.secrets.map(\.key) }

    private var desired: DesiredState {
        let platform = TodoPlatform.decode(platform).platform
        return DesiredState.build(
            PlanInput(platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version))
    }
}
