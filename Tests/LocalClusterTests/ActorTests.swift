import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// The stand-ins for a cluster's controllers.
@Suite(.timeLimit(.minutes(3))) struct ActorTests {
    private static let kafkas = kind("kafka.strimzi.io", "Kafka", "kafkas")
    private static let topics = kind("kafka.strimzi.io", "KafkaTopic", "kafkatopics")
    private static let users = kind("kafka.strimzi.io", "KafkaUser", "kafkausers")
    private static let pools = kind("kafka.strimzi.io", "KafkaNodePool", "kafkanodepools")
    private static let certificates = kind("cert-manager.io", "Certificate", "certificates")
    private static let routes = kind("gateway.networking.k8s.io", "HTTPRoute", "httproutes")

    private static func kind(_ group: String, _ kind: String, _ plural: String) -> ResourceType {
        ResourceType(group: group, version: "v1", kind: kind, plural: plural)
    }

    /// Runs `body` while the actors play on the session's server, in its namespace: other tests may be at work in others.
    private func withActors(
        _ session: Session, options: ClusterActors.Options = ClusterActors.Options(),
        _ body: (ClusterActors) async throws -> Void
    ) async throws {
        var options = options
        options.ignores = { [namespace = session.namespace] in $0.namespace != namespace }
        let actors = ClusterActors(session.transport, options: options)
        try await withThrowingTaskGroup { group in
            group.addTask { await actors.run() }
            defer { group.cancelAll() }
            try await body(actors)
        }
    }

    /// Follows one object until it is as wanted; nil stands for deleted.
    private func wait(
        _ session: Session, _ type: ResourceType, _ name: String, until isDone: (KubernetesObject?) -> Bool
    ) async throws {
        var reader = try await EventReader(
            session,
            .watch(
                type, namespace: session.namespace, fieldSelector: "metadata.name=\(name)", resourceVersion: nil,
                timeoutSeconds: 120))
        while let event = try await reader.next() {
            if event.type == "BOOKMARK" { continue }
            if isDone(event.type == "DELETED" ? nil : event.object) { return }
        }
        Issue.record("\(type.kind) \(name) did not become what was waited for")
    }

    @Test(arguments: TestServer.available)
    func `a Deployment becomes available, follows its replicas, and keeps the old pods of a broken image`(
        server: TestServer
    ) async throws {
        let session = try await Session(server)
        var options = ClusterActors.Options()
        options.progressDeadline = .onCommand
        try await withActors(session, options: options) { actors in
            _ = try await session.apply(Kinds.deployment(session, "api", spec: ["replicas": 2]), Kinds.deployments)
            try await wait(session, Kinds.deployments, "api") {
                $0?.status?["availableReplicas"] == 2
                    && $0?.condition("Progressing")?.reason == "NewReplicaSetAvailable"
                    && $0?.status?["observedGeneration"]?.int == $0?.generation
            }
            _ = try await session.apply(
                Kinds.deployment(session, "api", container: ["image": "example.com/broken:2"], spec: ["replicas": 2]),
                Kinds.deployments)
            try await wait(session, Kinds.deployments, "api") {
                $0?.status?["updatedReplicas"] == 1 && $0?.status?["availableReplicas"] == 2
                    && $0?.condition("Progressing")?.reason == "ReplicaSetUpdated"
            }
            actors.exceedProgressDeadlines()
            try await wait(session, Kinds.deployments, "api") {
                $0?.condition("Progressing")?.reason == "ProgressDeadlineExceeded"
                    && $0?.condition("Available")?.isTrue == true
            }
        }
    }

    @Test(arguments: TestServer.available)
    func `a Job completes, or fails with a broken migration`(server: TestServer) async throws {
        let session = try await Session(server)
        func job(_ image: JSON) -> JSON {
            [
                "spec": [
                    "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "m", "image": image]]]]
                ]
            ]
        }
        try await withActors(session) { _ in
            _ = try await session.apply(session.object(Kinds.jobs, "good", job("example.com/m:1")), Kinds.jobs)
            _ = try await session.apply(
                session.object(Kinds.jobs, "bad", job("example.com/broken-migration:1")), Kinds.jobs)
            try await wait(session, Kinds.jobs, "good") { $0?.condition("Complete")?.isTrue == true }
            try await wait(session, Kinds.jobs, "bad") { $0?.condition("Failed")?.reason == "BackoffLimitExceeded" }
        }
    }

    @Test(arguments: TestServer.available)
    func `an autoscaler brings its target between the bounds`(server: TestServer) async throws {
        let session = try await Session(server)
        let type = Kinds.autoscalers(server)
        try await withActors(session) { _ in
            _ = try await session.apply(Kinds.deployment(session, "api"), Kinds.deployments)
            _ = try await session.apply(
                session.object(
                    type, "api",
                    [
                        "spec": [
                            "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "api"],
                            "minReplicas": 3, "maxReplicas": 5,
                        ]
                    ]), type)
            try await wait(session, Kinds.deployments, "api") { $0?.spec?["replicas"] == 3 }
            try await wait(session, type, "api") { $0?.condition("ScalingActive")?.isTrue == true }
        }
    }

    @Test(arguments: [TestServer.local, .local120])
    func `Strimzi's objects become ready, and a topic goes while its Kafka is there`(server: TestServer) async throws {
        let session = try await Session(server)
        try await withActors(session) { _ in
            // The actors are there first, as in a cluster where Strimzi's kinds come later.
            try await TestCRDs.install(try TestCRDs.load(["Tests/Data/crds/strimzi"]), on: session.transport)
            let labels = ["strimzi.io/cluster": "todo"]
            let topic = session.object(
                Self.topics, "events", ["spec": ["partitions": 6, "replicas": 1]], labels: labels)
            let user = session.object(
                Self.users, "app", ["spec": ["authentication": ["type": "scram-sha-512"]]], labels: labels)
            let pool = session.object(
                Self.pools, "main",
                [
                    "spec": [
                        "replicas": 1, "roles": ["controller", "broker"],
                        "storage": ["type": "jbod", "volumes": [["id": 0, "type": "ephemeral"]]],
                    ]
                ], labels: labels)
            let kafka = session.object(
                Self.kafkas, "todo",
                ["spec": ["kafka": ["listeners": [["name": "tls", "port": 9093, "type": "internal", "tls": true]]]]])
            for (object, type) in [(topic, Self.topics), (user, Self.users), (pool, Self.pools), (kafka, Self.kafkas)] {
                let answer = try await session.apply(object, type)
                #expect(answer.status == 201, "\(answer.message)")
            }
            try await wait(session, Self.kafkas, "todo") {
                $0?.condition("Ready")?.isTrue == true
                    && $0?.status?["listeners"]?[0]?["bootstrapServers"]?.string
                        == "todo-kafka-bootstrap.\(session.namespace).svc:9093"
            }
            try await wait(session, Self.pools, "main") { $0?.status?["nodeIds"] == [0] }
            try await wait(session, Self.users, "app") { $0?.status?["secret"] == "app" }
            let password = try await session.get(Kinds.secrets, "app")
            #expect(password.json["data"]?["password"] != nil)
            let authority = try await session.get(Kinds.secrets, "todo-cluster-ca-cert")
            #expect(authority.json["data"]?["ca.crt"] != nil)
            try await wait(session, Self.topics, "events") {
                $0?.condition("Ready")?.isTrue == true && $0?.finalizers == ["strimzi.io/topic-operator"]
            }
            _ = try await session.delete(Self.topics, "events")
            if try await session.get(Self.topics, "events").status == 200 {
                try await wait(session, Self.topics, "events") { $0 == nil }
            }
        }
    }

    @Test func `without its Kafka a topic keeps its finalizer`() async throws {
        let session = try await Session(.local)
        try await TestCRDs.install(try TestCRDs.load(["Tests/Data/crds/strimzi"]), on: session.transport)
        var topic = session.object(
            Self.topics, "events", ["spec": ["partitions": 6]], labels: ["strimzi.io/cluster": "gone"])
        topic.json[path: ["metadata", "finalizers"]] = ["strimzi.io/topic-operator"]
        _ = try await session.create(topic, Self.topics)
        _ = try await session.delete(Self.topics, "events")
        try await withActors(session) { _ in
            // Once this later Job is done, the actors have long seen the topic.
            let job: JSON = [
                "spec": [
                    "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "m", "image": "m:1"]]]]
                ]
            ]
            _ = try await session.apply(session.object(Kinds.jobs, "later", job), Kinds.jobs)
            try await wait(session, Kinds.jobs, "later") { $0?.condition("Complete")?.isTrue == true }
            let kept = try await session.get(Self.topics, "events")
            #expect(kept.status == 200)
        }
    }

    @Test func `certificates are issued and routes accepted`() async throws {
        let session = try await Session(.local)
        try await TestCRDs.install(
            try TestCRDs.load([
                "Tests/Data/crds/cert-manager/cert-manager.io_certificates.yaml",
                "Tests/Data/crds/gateway-api/gateway.networking.k8s.io_httproutes.yaml",
            ]), on: session.transport)
        try await withActors(session) { _ in
            let certificate = try await session.apply(
                session.object(
                    Self.certificates, "web",
                    [
                        "spec": [
                            "secretName": "web-tls", "dnsNames": ["todo.example.com"],
                            "issuerRef": ["name": "letsencrypt"],
                        ]
                    ]), Self.certificates)
            #expect(certificate.status == 201, "\(certificate.message)")
            let route = try await session.apply(
                session.object(
                    Self.routes, "web",
                    [
                        "spec": [
                            "parentRefs": [["name": "public"]], "hostnames": ["todo.example.com"],
                            "rules": [["backendRefs": [["name": "api", "port": 80]]]],
                        ]
                    ]), Self.routes)
            #expect(route.status == 201, "\(route.message)")
            try await wait(session, Self.certificates, "web") { $0?.condition("Ready")?.isTrue == true }
            let secret = try await session.get(Kinds.secrets, "web-tls")
            #expect(secret.json["type"] == "kubernetes.io/tls")
            try await wait(session, Self.routes, "web") {
                $0?.status?["parents"]?[0]?["conditions"]?.array?.allSatisfy { $0["status"] == "True" } == true
            }
        }
    }

    /// The failures are those of this seed.
    @Test(arguments: [7, 8] as [UInt64])
    func `chance failures and cut watches delay the actors only`(seed: UInt64) async throws {
        let cluster = LocalCluster()
        let transport = FaultyTransport(InProcessTransport(cluster))
        var options = ClusterActors.Options()
        options.failureRate = 0.5
        options.seed = seed
        options.retryInterval = .milliseconds(1)
        let actors = ClusterActors(transport, options: options)
        let session = try await Session(.local, cluster: cluster)
        try await withThrowingTaskGroup { group in
            group.addTask { await actors.run() }
            defer { group.cancelAll() }
            for number in 1...5 {
                _ = try await session.apply(Kinds.deployment(session, "api-\(number)"), Kinds.deployments)
                transport.cutWatches()
            }
            for number in 1...5 {
                try await wait(session, Kinds.deployments, "api-\(number)") { $0?.status?["availableReplicas"] == 1 }
            }
        }
    }

    @Test func `actors that are through write nothing more`() async throws {
        let session = try await Session(.local)
        let cluster = try #require(session.cluster)
        try await withActors(session) { actors in
            _ = try await session.apply(Kinds.deployment(session, "api"), Kinds.deployments)
            try await wait(session, Kinds.deployments, "api") { $0?.status?["availableReplicas"] == 1 }
            let writes = cluster.writeCount
            // Every Deployment is handled once more.
            actors.exceedProgressDeadlines()
            _ = try await session.apply(Kinds.deployment(session, "next"), Kinds.deployments)
            try await wait(session, Kinds.deployments, "next") { $0?.status?["availableReplicas"] == 1 }
            #expect(cluster.writeCount == writes + 2)
        }
    }
}
