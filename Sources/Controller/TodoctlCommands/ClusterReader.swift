package import KubernetesClient
package import KubernetesModel
package import PlatformPlan
import TodoPlatformAPI

/// Reads from a cluster what commands look at. Only gets and lists; of Secrets only what is named, and of their values
/// only digests leave this type.
package struct ClusterReader: Sendable {
    let client: KubernetesClient

    package init(client: KubernetesClient) { self.client = client }

    // MARK: - Platforms

    /// - Throws: also when there is none of this name; then says whether the kind itself is missing.
    package func platform(_ name: NamespacedName) async throws(CommandError) -> KubernetesObject {
        do throws(KubernetesError) {
            return try await client.get(TodoPlatform.type, namespace: name.namespace, name: name.name)
        } catch {
            throw explained(error, name)
        }
    }

    /// The platform, or nil when there is none.
    package func platformIfPresent(_ name: NamespacedName) async throws(CommandError) -> KubernetesObject? {
        do throws(KubernetesError) {
            return try await client.get(TodoPlatform.type, namespace: name.namespace, name: name.name)
        } catch {
            if error.code == .notFound { return nil }
            throw CommandError(error)
        }
    }

    /// Ordered by namespace and name. - Parameter namespace: nil for all.
    package func platforms(namespace: String?) async throws(CommandError) -> [KubernetesObject] {
        do throws(KubernetesError) {
            return try await client.list(TodoPlatform.type, namespace: namespace)
                .sorted { $0.namespacedName < $1.namespacedName }
        } catch {
            throw explained(error, nil)
        }
    }

    private func explained(_ error: KubernetesError, _ name: NamespacedName?) -> CommandError {
        guard error.code == .notFound else { return CommandError(error) }
        // Without the kind, the server has no Status object to answer with.
        if error.reason == nil || name == nil {
            return CommandError(
                "the cluster does not know the kind \(TodoPlatform.type.kind)",
                remedy: "install it: kubectl apply -k config/crd")
        }
        return CommandError(
            "there is no \(TodoPlatform.type.kind) \(name?.description ?? "")",
            remedy: "\"todoctl status -A\" lists those that there are")
    }

    // MARK: - Children

    package func servedAPIs() async throws(CommandError) -> ServedAPIs {
        do throws(KubernetesError) {
            return try await Discovery(client: client).servedAPIs(groups: Set(ResourceType.platformKinds.map(\.group)))
        } catch {
            throw CommandError(error)
        }
    }

    /// The objects of a platform, `managedFields` included, and the kinds that may not be listed.
    package func children(of platform: NamespacedName, _ apis: ServedAPIs) async throws(CommandError)
        -> (objects: [KubernetesObject], forbidden: [GroupKind])
    {
        let selector =
            "\(PlatformLabels.managedBy)=\(PlatformLabels.managedByValue),"
            + "\(PlatformLabels.platform)=\(Naming.labelValue(platform.name))"
        let types = ResourceType.platformKinds.compactMap { apis.newest($0) }
        let answers = await withTaskGroup(of: (Int, Result<[KubernetesObject], KubernetesError>).self) { group in
            for (index, type) in types.enumerated() {
                group.addTask { (index, await list(type, platform.namespace, selector)) }
            }
            var answers: [Int: Result<[KubernetesObject], KubernetesError>] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
        var objects: [KubernetesObject] = []
        var forbidden: [GroupKind] = []
        for (index, type) in types.enumerated() {
            switch answers[index] {
            case .success(let found)?: objects += found
            case .failure(let error)? where error.code == .forbidden: forbidden.append(type.groupKind)
            // The kind went away since discovery.
            case .failure(let error)? where error.code == .notFound: continue
            case .failure(let error)?: throw CommandError(error)
            case nil: continue
            }
        }
        return (objects, forbidden)
    }

    private func list(_ type: ResourceType, _ namespace: String, _ selector: String) async
        -> Result<[KubernetesObject], KubernetesError>
    {
        var objects: [KubernetesObject] = []
        do throws(KubernetesError) {
            try await client.list(type, namespace: namespace, labelSelector: selector, skipping: []) { page in
                if page.isFirst { objects = [] }
                objects += page.objects
            }
            return .success(objects)
        } catch {
            return .failure(error)
        }
    }

    // MARK: - Secrets

    /// Digests of the values that `keys` name, of those that are there, computed as the operator does; and the Secrets
    /// that may not be read.
    package func secretDigests(_ keys: [SecretKey]) async throws(CommandError)
        -> (digests: [SecretKey: String], unreadable: Set<NamespacedName>)
    {
        let type = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")
        var digests: [SecretKey: String] = [:]
        var unreadable: Set<NamespacedName> = []
        for secret in Set(keys.map(\.secret)).sorted() {
            do throws(KubernetesError) {
                let data = try await client.get(type, namespace: secret.namespace, name: secret.name).json["data"]
                for key in keys where key.secret == secret {
                    guard let value = data?[key.key]?.string else { continue }
                    digests[key] = IntentDigest(ofBytes: Array(value.utf8)).description
                }
            } catch {
                switch error.code {
                case .notFound: continue
                case .forbidden: unreadable.insert(secret)
                default: throw CommandError(error)
                }
            }
        }
        return (digests, unreadable)
    }

    /// What can be known of a Kafka that a platform uses and does not own.
    package func existingKafka(_ key: ObjectKey, _ type: ResourceType) async throws(CommandError) -> ExistingKafka {
        do throws(KubernetesError) {
            let kafka = try await client.get(type, namespace: key.namespace, name: key.name)
            return .present(listeners: ExistingKafka.listeners(of: kafka))
        } catch {
            switch error.code {
            case .notFound: return .missing
            case .forbidden: return .forbidden
            default: throw CommandError(error)
            }
        }
    }

    // MARK: - Things to look at

    /// Events about one object, oldest first; none when they may not be read.
    func events(about kind: String, namespace: String, name: String) async -> [EventLine] {
        let type = ResourceType(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")
        do throws(KubernetesError) {
            return try await client.list(type, namespace: namespace, fieldSelector: "regarding.name=\(name)")
                .filter { $0.json["regarding"]?["kind"]?.string == kind }
                .map(EventLine.init).sorted { $0.time < $1.time }
        } catch {
            // Events are an extra: what they tell is told less well by the conditions.
            return []
        }
    }

    /// Pods with these labels; none when they may not be read.
    func pods(namespace: String, labels: [String: String]) async -> [KubernetesObject] {
        guard !labels.isEmpty else { return [] }
        let type = ResourceType(group: "", version: "v1", kind: "Pod", plural: "pods")
        let selector = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        do throws(KubernetesError) {
            return try await client.list(type, namespace: namespace, labelSelector: selector)
                .sorted { $0.name < $1.name }
        } catch {
            // As with events.
            return []
        }
    }

    // MARK: - Dry run

    /// What the API server would make of `object` if the operator sent it, without making it.
    func dryRun(_ object: KubernetesObject, _ type: ResourceType, force: Bool) async throws(KubernetesError)
        -> KubernetesObject
    {
        try await client.apply(
            object, type, fieldManager: FieldManager.objects, force: force, dryRun: true)
    }

    /// What the API server says against a platform that somebody is going to apply; nil when it would take it.
    func refusal(of platform: KubernetesObject) async -> String? {
        do throws(KubernetesError) {
            _ = try await client.apply(platform, TodoPlatform.type, fieldManager: "todoctl", dryRun: true)
            return nil
        } catch {
            return error.message
        }
    }
}

extension ServedAPIs {
    /// The kind of `key` in the version that we prefer if that is served, else in the newest one.
    func newest(_ key: ObjectKey) -> ResourceType? {
        ResourceType.platformKinds.first { $0.groupKind == key.kind }.flatMap(newest)
    }

    /// `type` in its own version if that is served, else in the newest one that is; nil when the kind is not served.
    func newest(_ type: ResourceType) -> ResourceType? {
        guard let entry = entries[type.groupKind] else { return nil }
        return entry.versions.contains(type.version) ? type : entry.versions.max().map { type.at(version: $0) }
    }
}
