import KubernetesModel
import Testing

@testable import KubernetesClient

/// A cluster as tests describe it: group → version → kinds.
private typealias Groups = [(group: String, versions: [(version: String, kinds: [String])])]

private func plural(_ kind: String) -> String { kind.lowercased() + "s" }

private func aggregated(_ groups: Groups, stale: Set<String> = []) -> String {
    let items = groups.map { group -> JSON in
        let versions = group.versions.map { version -> JSON in
            let resources = version.kinds.map { kind -> JSON in
                [
                    "resource": .string(plural(kind)), "scope": kind == "ClusterRole" ? "Cluster" : "Namespaced",
                    "responseKind": ["group": "", "version": "", "kind": .string(kind)], "verbs": ["get", "list"],
                    "subresources": [["subresource": "status", "responseKind": ["kind": .string(kind)]]],
                ]
            }
            return [
                "version": .string(version.version), "resources": .array(resources),
                "freshness": stale.contains("\(group.group)/\(version.version)") ? "Stale" : "Current",
            ]
        }
        return ["metadata": ["name": .string(group.group)], "versions": .array(versions)]
    }
    return (["kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": .array(items)] as JSON)
        .text
}

private func resources(_ kinds: [String]) -> String {
    let list = kinds.flatMap { kind -> [JSON] in
        [
            ["name": .string(plural(kind)), "kind": .string(kind), "namespaced": .bool(kind != "ClusterRole")],
            ["name": .string(plural(kind) + "/status"), "kind": .string(kind), "namespaced": true],
        ]
    }
    return (["kind": "APIResourceList", "resources": .array(list)] as JSON).text
}

private func survey(_ steps: [ScriptedTransport.Step], _ groups: Set<String>) async throws -> (
    Discovery.Survey, [String]
) {
    let transport = ScriptedTransport(steps)
    let client = KubernetesClient(transport: transport, retry: .never)
    return (try await Discovery(client: client).survey(groups: groups), transport.log)
}

@Suite struct DiscoveryTests {
    @Test func `one aggregated document tells the kinds of all needed groups`() async throws {
        let core = aggregated([("", [("v1", ["Pod", "Secret"])])])
        let named = aggregated([
            ("apps", [("v1", ["Deployment"])]), ("rbac.authorization.k8s.io", [("v1", ["ClusterRole"])]),
            ("other.example", [("v1", ["Thing"])]),
        ])
        let (found, log) = try await survey(
            [.answer(200, core), .answer(200, named)], ["", "apps", "rbac.authorization.k8s.io", "keda.sh"])
        #expect(log == ["GET /api", "GET /apis"])
        #expect(
            found.apis
                == ServedAPIs(serving: [
                    ResourceType(group: "", version: "v1", kind: "Pod", plural: "pods"),
                    ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets"),
                    ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments"),
                    ResourceType(
                        group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole", plural: "clusterroles",
                        isNamespaced: false),
                ]))
        #expect(found.unknown.isEmpty)
    }

    @Test func `older servers are asked group by group, and only for what is needed`() async throws {
        let groups = """
            {"kind":"APIGroupList","groups":[
              {"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}]},
              {"name":"autoscaling","versions":[{"version":"v1"},{"version":"v2beta2"}]},
              {"name":"other.example","versions":[{"version":"v1"}]}]}
            """
        let (found, log) = try await survey(
            [
                .answer(200, #"{"kind":"APIVersions","versions":["v1"]}"#), .answer(200, resources(["Pod"])),
                .answer(200, groups), .answer(200, resources(["Deployment"])),
                .answer(200, resources(["HorizontalPodAutoscaler"])),
                .answer(200, resources(["HorizontalPodAutoscaler"])),
            ], ["", "apps", "autoscaling"])
        #expect(
            log == [
                "GET /api", "GET /api/v1", "GET /apis", "GET /apis/apps/v1", "GET /apis/autoscaling/v1",
                "GET /apis/autoscaling/v2beta2",
            ])
        let scaler = GroupKind(group: "autoscaling", kind: "HorizontalPodAutoscaler")
        #expect(found.apis.type(scaler, preferring: ["v2", "v2beta2"])?.version == "v2beta2")
        #expect(found.apis.serves(GroupKind(group: "", kind: "Pod")))
        // Subresources are no kinds of their own.
        #expect(found.apis.entries[GroupKind(group: "", kind: "Pod")]?.plural == "pods")
    }

    private static let strimzi = ["Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"]

    @Test func `Strimzi's v1 is used when all four kinds have it`() async throws {
        let (found, _) = try await survey(
            [.answer(200, aggregated([("kafka.strimzi.io", [("v1", Self.strimzi), ("v1beta2", Self.strimzi)])]))],
            ["kafka.strimzi.io"])
        for kind in Self.strimzi {
            let type = found.apis.type(GroupKind(group: "kafka.strimzi.io", kind: kind), preferring: ["v1", "v1beta2"])
            #expect(type?.version == "v1")
        }
    }

    @Test(arguments: 0..<4)
    func `a half-upgraded Strimzi is used through v1beta2 alone`(missing: Int) async throws {
        var upgraded = Self.strimzi
        upgraded.remove(at: missing)
        let (found, _) = try await survey(
            [.answer(200, aggregated([("kafka.strimzi.io", [("v1", upgraded), ("v1beta2", Self.strimzi)])]))],
            ["kafka.strimzi.io"])
        for kind in Self.strimzi {
            #expect(found.apis.entries[GroupKind(group: "kafka.strimzi.io", kind: kind)]?.versions == ["v1beta2"])
        }
    }

    @Test func `a stale group is asked itself, and its silence is not taken for absence`() async throws {
        let document = aggregated(
            [("apps", [("v1", ["Deployment"])]), ("keda.sh", [("v1alpha1", [])])], stale: ["keda.sh/v1alpha1"])
        let (found, log) = try await survey(
            [.answer(200, document), .answer(503, "unavailable")], ["apps", "keda.sh"])
        #expect(log == ["GET /apis", "GET /apis/keda.sh/v1alpha1"])
        #expect(found.unknown.keys.sorted() == ["keda.sh"])
        #expect(found.unknown["keda.sh"]?.code == .unavailable)
        #expect(found.apis.serves(GroupKind(group: "apps", kind: "Deployment")))

        let transport = ScriptedTransport([.answer(200, document), .answer(503, "unavailable")])
        let error = await #expect(throws: KubernetesError.self) {
            try await Discovery(client: KubernetesClient(transport: transport, retry: .never))
                .servedAPIs(groups: ["apps", "keda.sh"])
        }
        #expect(error?.code == .unavailable)
    }

    @Test func `a stale group that answers is believed`() async throws {
        let document = aggregated([("keda.sh", [("v1alpha1", [])])], stale: ["keda.sh/v1alpha1"])
        let (found, _) = try await survey(
            [.answer(200, document), .answer(200, resources(["ScaledObject"]))], ["keda.sh"])
        #expect(found.apis.serves(GroupKind(group: "keda.sh", kind: "ScaledObject")))
    }

    @Test func `a group that goes away while it is read is absent`() async throws {
        let groups = #"{"kind":"APIGroupList","groups":[{"name":"keda.sh","versions":[{"version":"v1alpha1"}]}]}"#
        let (found, _) = try await survey([.answer(200, groups), .answer(404, "404 page not found")], ["keda.sh"])
        #expect(found.apis == ServedAPIs())
        #expect(found.unknown.isEmpty)
    }

    @Test func `both forms are asked for, the newest first`() async throws {
        let transport = ScriptedTransport([.answer(200, aggregated([]))])
        _ = try await Discovery(client: KubernetesClient(transport: transport)).servedAPIs(groups: ["apps"])
        #expect(
            transport.requests.first?.accept
                == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
        )
    }
}
