import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// What only the cluster in memory can do.
@Suite(.timeLimit(.minutes(1))) struct LocalClusterTests {
    private func session(_ change: (inout LocalCluster.Options) -> Void) async throws -> Session {
        var options = LocalCluster.Options()
        change(&options)
        return try await Session(.local, cluster: LocalCluster(options))
    }

    @Test func `a slow watch falls behind the kept history and is told so`() async throws {
        let session = try await session { $0.historyLimit = 10 }
        var reader = try await EventReader(
            session, .watch(Kinds.configMaps, namespace: nil, resourceVersion: nil, timeoutSeconds: 300))
        for number in 1...50 {
            _ = try await session.create(session.object(Kinds.configMaps, "c-\(number)"), Kinds.configMaps)
        }
        #expect(try await reader.next()?.object.json["code"] == 410)
    }

    @Test func `a watch ends after its timeout, with a bookmark shortly before`() async throws {
        let clock = ManualClock()
        let session = try await session { $0.clock = clock }
        async let types = events(session, timeoutSeconds: 100)
        // A bookmark after 60 s, another two seconds before the end.
        for step in [60, 38, 2] {
            await clock.waitForSleepers(1)
            clock.advance(by: .seconds(step))
        }
        #expect(try await types == ["BOOKMARK", "BOOKMARK"])
    }

    private func events(_ session: Session, timeoutSeconds: Int) async throws -> [String] {
        var reader = try await EventReader(
            session,
            .watch(Kinds.configMaps, namespace: nil, resourceVersion: nil, timeoutSeconds: timeoutSeconds))
        var types: [String] = []
        while let event = try await reader.next() { types.append(event.type) }
        return types
    }

    @Test func `watches can be ended from outside`() async throws {
        let session = try await session { _ in }
        var reader = try await EventReader(
            session, .watch(Kinds.configMaps, namespace: nil, resourceVersion: nil, timeoutSeconds: 300))
        session.cluster?.endWatches()
        #expect(try await reader.next() == nil)
    }

    @Test func `equal requests lead to equal states, whatever chance gave them`() async throws {
        var texts: [String] = []
        for seed in [1, 2] as [UInt64] {
            let session = try await session { $0.seed = seed }
            let owner = try await session.create(session.object(Kinds.secrets, "owner"), Kinds.secrets)
            _ = try await session.apply(Kinds.deployment(session, "api"), Kinds.deployments)
            #expect(owner.object.uid != nil)
            let text = try #require(session.cluster?.stateText())
            texts.append(text.replacing(session.namespace, with: "test"))
        }
        #expect(texts[0] == texts[1])
        #expect(texts[0].contains("\"kind\":\"Deployment\""))
    }

    @Test func `reads are no writes, and neither are no-ops`() async throws {
        let session = try await session { _ in }
        let cluster = try #require(session.cluster)
        let map = session.object(Kinds.configMaps, "c", ["data": ["a": "1"]])
        _ = try await session.apply(map, Kinds.configMaps)
        let (writes, version) = (cluster.writeCount, cluster.resourceVersion)
        _ = try await session.apply(map, Kinds.configMaps)
        _ = try await session.get(Kinds.configMaps, "c")
        _ = try await session.create(map, Kinds.configMaps)
        #expect(cluster.writeCount == writes)
        #expect(cluster.resourceVersion == version)
    }

    @Test func `the kinds of newer servers are as those want them`() async throws {
        let session = try await session { _ in }
        let budget = ResourceType(
            group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets")
        let both = try await session.create(
            session.object(budget, "b", ["spec": ["minAvailable": 1, "maxUnavailable": 1]]), budget)
        #expect(both.status == 422)
        let type = Kinds.autoscalers(.local)
        let small = try await session.create(
            session.object(
                type, "h",
                [
                    "spec": [
                        "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "api"],
                        "minReplicas": 5, "maxReplicas": 2,
                    ]
                ]), type)
        #expect(small.status == 422)
        #expect(small.message.contains("must be greater than or equal to `minReplicas`"))
    }
}
