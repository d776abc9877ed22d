import KubernetesModel

/// Plays Strimzi's cluster operator, topic operator and user operator.
struct StrimziActor: Sendable {
    let scene: ActorScene

    private static let finalizer = "strimzi.io/topic-operator"
    private static let clusterLabel = "strimzi.io/cluster"

    private static func types(_ kind: String, _ plural: String) -> [ResourceType] {
        ["v1", "v1beta2"].map { ResourceType(group: "kafka.strimzi.io", version: $0, kind: kind, plural: plural) }
    }

    private static let kafkas = types("Kafka", "kafkas")
    private static let pools = types("KafkaNodePool", "kafkanodepools")
    private static let topics = types("KafkaTopic", "kafkatopics")
    private static let users = types("KafkaUser", "kafkausers")
    private static let secrets = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    var loops: [ActorLoop] {
        [
            ActorLoop(
                scene: scene, types: Self.kafkas,
                handle: { object, type, isGone in if !isGone { try await kafka(object, type) } }),
            ActorLoop(
                scene: scene, types: Self.pools,
                handle: { object, type, isGone in if !isGone { try await pool(object, type) } }),
            ActorLoop(
                scene: scene, types: Self.topics,
                handle: { object, type, isGone in if !isGone { try await topic(object, type) } }),
            ActorLoop(
                scene: scene, types: Self.users,
                handle: { object, type, isGone in if !isGone { try await user(object, type) } }),
        ]
    }

    private func ready(_ generation: JSON, _ more: JSONObject) -> JSON {
        var status: JSON = [
            "observedGeneration": generation, "conditions": [["type": "Ready", "status": "True"]],
        ]
        for (key, value) in more { status[key] = value }
        return status
    }

    private func owner(_ object: KubernetesObject) -> OwnerReference {
        OwnerReference(
            apiVersion: object.apiVersion, kind: object.kind, name: object.name, uid: object.uid ?? "",
            isController: false, blocksOwnerDeletion: false)
    }

    /// The Kafka that a topic, user or pool belongs to; nil when it is gone or going.
    private func cluster(of object: KubernetesObject, version: String) async throws -> KubernetesObject? {
        guard let name = object.labels[Self.clusterLabel],
            let type = Self.kafkas.first(where: { $0.version == version })
        else { return nil }
        let kafka = try await scene.get(type, namespace: object.namespace ?? "", name: name)
        return kafka?.isDeleting == true ? nil : kafka
    }

    // MARK: Cluster operator

    private func kafka(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting else { return }
        let namespace = object.namespace ?? ""
        var secret = KubernetesObject(
            Self.secrets, namespace: namespace, name: "\(object.name)-cluster-ca-cert",
            labels: [Self.clusterLabel: object.name, "strimzi.io/kind": "Kafka"],
            body: ActorScene.secretBody(["ca.crt": "dGVzdA==", "ca.p12": "dGVzdA==", "ca.password": "dGVzdA=="]))
        secret.ownerReferences = [owner(object)]
        try await scene.createIfMissing(secret, Self.secrets)

        let listeners = (object.spec?["kafka"]?["listeners"]?.array ?? []).map { listener -> JSON in
            let host = "\(object.name)-kafka-bootstrap.\(namespace).svc"
            let port = listener["port"]?.int ?? 9092
            return [
                "name": listener["name"] ?? "plain", "bootstrapServers": .string("\(host):\(port)"),
                "addresses": [["host": .string(host), "port": JSON(port)]],
            ]
        }
        try await scene.writeStatus(
            ready(
                JSON(object.generation ?? 0),
                JSONObject([
                    ("clusterId", object.status?["clusterId"] ?? .string("id-\(object.uid?.prefix(8) ?? "")")),
                    ("listeners", .array(listeners)),
                    ("operatorLastSuccessfulVersion", "1.2.0"),
                ])), of: object, type)
        // What waited for this cluster.
        try await revisit(object, Self.pools, type.version) { try await pool($0, $1) }
        try await revisit(object, Self.topics, type.version) { try await topic($0, $1) }
        try await revisit(object, Self.users, type.version) { try await user($0, $1) }
    }

    private func revisit(
        _ kafka: KubernetesObject, _ types: [ResourceType], _ version: String,
        _ handle: (KubernetesObject, ResourceType) async throws -> Void
    ) async throws {
        guard let type = types.first(where: { $0.version == version }) else { return }
        do {
            let members = try await scene.list(
                type, namespace: kafka.namespace, labelSelector: "\(Self.clusterLabel)=\(kafka.name)")
            for object in members where !scene.options.ignores(object) { try await handle(object, type) }
        } catch let error as KubernetesError where error.code == .notFound {
            // The kind is not served.
        }
    }

    private func pool(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting, let kafka = try await cluster(of: object, version: type.version) else { return }
        let count = object.spec?["replicas"]?.int ?? 0
        try await scene.writeStatus(
            [
                "observedGeneration": JSON(object.generation ?? 0), "replicas": JSON(count),
                "nodeIds": .array((0..<count).map { JSON($0) }), "roles": object.spec?["roles"] ?? [],
                "clusterId": kafka.status?["clusterId"] ?? .string("id-\(kafka.uid?.prefix(8) ?? "")"),
            ], of: object, type)
    }

    // MARK: Topic operator

    /// It lives in the pods of the Kafka: without Kafka nobody takes its finalizer away.
    private func topic(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard try await cluster(of: object, version: type.version) != nil else { return }
        if object.isDeleting {
            guard let index = object.finalizers.firstIndex(of: Self.finalizer) else { return }
            let path = "/metadata/finalizers/\(index)"
            return try await patch(
                object, type,
                [
                    ["op": "test", "path": .string(path), "value": .string(Self.finalizer)],
                    ["op": "remove", "path": .string(path)],
                ])
        }
        if !object.finalizers.contains(Self.finalizer) {
            let all = JSON(object.finalizers + [Self.finalizer])
            try await patch(object, type, [["op": "add", "path": "/metadata/finalizers", "value": all]])
        }
        let name = object.status?["topicName"] ?? object.spec?["topicName"] ?? .string(object.name)
        try await scene.writeStatus(
            ready(
                JSON(object.generation ?? 0),
                JSONObject([("topicName", name), ("topicId", .string("topic-\(object.uid?.prefix(8) ?? "")"))])),
            of: object, type)
    }

    private func patch(_ object: KubernetesObject, _ type: ResourceType, _ operations: [JSON]) async throws {
        do {
            _ = try await scene.send(
                .jsonPatch(
                    operations, type, namespace: object.namespace, name: object.name,
                    fieldManager: ActorScene.fieldManager))
        } catch let error as KubernetesError where error.code == .notFound || error.code == .invalid {
            // Gone or changed meanwhile: its own event comes.
        }
    }

    // MARK: User operator

    private func user(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting, let kafka = try await cluster(of: object, version: type.version) else { return }
        let secretName =
            (kafka.spec?["entityOperator"]?["userOperator"]?["secretPrefix"]?.string ?? "") + object.name
        var status = JSONObject([("username", .string(object.name))])
        switch object.spec?["authentication"]?["type"]?.string {
        case "tls"?: status["username"] = .string("CN=\(object.name)")
        case nil, "tls-external"?:
            return try await scene.writeStatus(
                ready(JSON(object.generation ?? 0), status), of: object, type)
        default: break
        }
        var secret = KubernetesObject(
            Self.secrets, namespace: object.namespace, name: secretName,
            labels: [
                Self.clusterLabel: kafka.name, "strimzi.io/kind": "KafkaUser",
                "app.kubernetes.io/managed-by": "strimzi-user-operator",
            ],
            body: ActorScene.secretBody(["password": "dGVzdA==", "sasl.jaas.config": "dGVzdA=="]))
        secret.ownerReferences = [owner(object)]
        try await scene.createIfMissing(secret, Self.secrets)
        status["secret"] = .string(secretName)
        try await scene.writeStatus(ready(JSON(object.generation ?? 0), status), of: object, type)
    }
}
