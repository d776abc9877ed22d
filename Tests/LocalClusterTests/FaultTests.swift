import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// The transport that fails as it is told.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    private let cluster = LocalCluster()
    private let transport: FaultyTransport

    init() { transport = FaultyTransport(InProcessTransport(cluster)) }

    private func map(_ name: String) -> KubernetesRequest {
        .create(KubernetesObject(Kinds.configMaps, namespace: "default", name: name), Kinds.configMaps)
    }

    private func exists(_ name: String) -> Bool {
        cluster.object(ObjectKey(group: "", kind: "ConfigMap", namespace: "default", name: name)) != nil
    }

    private var watch: KubernetesRequest {
        .watch(Kinds.configMaps, namespace: "default", resourceVersion: nil, timeoutSeconds: 300)
    }

    @Test func `a rule answers for the server, the nth time only`() async throws {
        transport.add(FaultRule(RequestMatch(verb: .create, kind: "ConfigMap"), .nth(2), .throttled(retryAfter: 3)))
        #expect(try await transport.send(map("a")).status == 201)
        let refused = try await transport.send(map("b"))
        #expect(refused.status == 429)
        #expect(refused.header("Retry-After") == "3")
        #expect(try await transport.send(map("c")).status == 201)
        #expect(!exists("b"))
        #expect(transport.log.writes.map(\.status) == [201, 429, 201])
        #expect(transport.log.writes.map(\.name).count == 3)
    }

    @Test func `a lost answer is committed, a refused connection is not`() async throws {
        transport.add(FaultRule(.writes, .first, .loseAnswer))
        await #expect(throws: KubernetesError.self) { try await transport.send(map("a")) }
        #expect(exists("a"))
        transport.clearFaults()
        transport.add(FaultRule(.writes, .first, .refuseConnection))
        await #expect(throws: KubernetesError.self) { try await transport.send(map("b")) }
        #expect(!exists("b"))
    }

    @Test func `a watch is cut in mid-line`() async throws {
        _ = try await transport.send(map("a"))
        transport.add(FaultRule(.watches, .first, .cutStream(afterBytes: 20)))
        var bytes: [UInt8] = []
        for try await chunk in try await transport.open(watch).body { bytes += chunk }
        #expect(bytes.count == 20)
    }

    @Test func `cut watches end with an error, idle or not`() async throws {
        var iterator = try await transport.open(watch).body.makeAsyncIterator()
        _ = try await transport.send(map("a"))
        #expect(try await iterator.next(isolation: nil) != nil)
        transport.cutWatches()
        await #expect(throws: KubernetesError.self) { try await iterator.next(isolation: nil) }
    }

    @Test func `a held watch shows the past until it is released`() async throws {
        transport.holdWatches()
        let stream = try await transport.open(watch)
        _ = try await transport.send(map("a"))
        let transport = transport
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                for try await chunk in stream.body { return String(decoding: chunk, as: UTF8.self) }
                return ""
            }
            group.addTask {
                // The write is answered while the watch still shows nothing.
                let name = Kinds.configMaps
                let answer = try await transport.send(.get(name, namespace: "default", name: "a"))
                transport.releaseWatches()
                return "\(answer.status)"
            }
            let first = try await group.next()
            #expect(first == "200")
            let second = try await group.next()
            #expect(second?.hasPrefix("{\"type\":\"ADDED\"") == true)
        }
    }

    @Test func `an expired watch says so in its stream`() async throws {
        transport.add(FaultRule(.watches, .first, .expiredEvent))
        var bytes: [UInt8] = []
        for try await chunk in try await transport.open(watch).body { bytes += chunk }
        #expect(try JSON(parsing: bytes)["object"]?["code"] == 410)
    }
}
