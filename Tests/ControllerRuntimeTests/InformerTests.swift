import KubernetesClient
import KubernetesModel
import LocalCluster
import Synchronization
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(2))) struct InformerTests {
    private typealias F = Fixture

    private func text(_ event: InformerEvent) -> String {
        switch event {
        case .synced(let kind): "synced \(kind)"
        case .missing(let kind): "missing \(kind)"
        case .forbidden(let kind, _, let verb, _): "forbidden \(verb) \(kind)"
        case .recovered(let kind, _): "recovered \(kind)"
        case .undecodable(let kind, _): "undecodable \(kind)"
        }
    }

    private func informers(
        _ world: World, _ store: ObjectStore, streamingLists: Bool = false, notes: Notes<String> = Notes()
    ) -> Informers {
        Informers(
            client: world.client, store: store, streamingLists: streamingLists, surroundings: world.surroundings,
            logger: world.logger, onEvent: { notes.add(text($0)) })
    }

    @Test func `what is there and what happens later comes into the cache, with two requests`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        try await world.put("a")
        try await world.put("b")
        try await world.running([informers.run]) {
            #expect(!informers.isSynced(F.configMaps.groupKind))
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            #expect(informers.isSynced(F.configMaps.groupKind))
            #expect(world.isLevel(store))
            try await world.put("c")
            try await world.put("a", value: "new")
            try await world.remove("b")
            try await expectEventually("level") { world.isLevel(store) }
            #expect(world.transport.log.entries.map(\.verb) == [.list, .watch])
        }
    }

    @Test func `one streaming list is all it takes where the server can`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store, streamingLists: true)
        for index in 0..<20 { try await world.put("object-\(index)") }
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            #expect(world.isLevel(store))
            try await world.put("later")
            try await expectEventually("level") { world.isLevel(store) }
            #expect(world.transport.log.entries.map(\.verb) == [.watch])
        }
    }

    @Test func `an older server is listed instead`() async throws {
        let world = World(release: .kubernetes120)
        let store = world.store()
        let informers = informers(world, store, streamingLists: true)
        try await world.put("a")
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            #expect(world.isLevel(store))
            try await expectEventually("watching") {
                world.transport.log.entries.map(\.verb) == [.watch, .list, .watch]
            }
            // What one watch found out, the next one knows.
            world.transport.log.reset()
            informers.watch([WatchedKind(F.configMaps), WatchedKind(F.deployments)])
            await informers.waitUntilSynced()
            #expect(world.transport.log.entries.first?.verb == .list)
        }
    }

    @Test func `a large collection comes in pages`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        for index in 0..<1_100 { try await world.put("object-\(index)") }
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            #expect(world.isLevel(store))
            try await expectEventually("watching") {
                world.transport.log.entries.map(\.verb) == [.list, .list, .list, .watch]
            }
        }
    }

    @Test func `only what the selector names, and metadata alone if wanted`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        try await world.put("mine", value: "big", labels: [F.ownerLabel: "main"])
        try await world.put("foreign")
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps, labelSelector: F.ownerLabel, metadataOnly: true)])
            await informers.waitUntilSynced()
            #expect(store.count == 1)
            let object = try #require(store.object(F.key("mine", namespace: "default")))
            let decoded = try object.decoded()
            #expect(decoded.kind == "ConfigMap" && decoded.json["data"] == nil)
            #expect(object.owner == NamespacedName(namespace: "default", name: "main"))
        }
    }

    @Test func `namespaces and kinds come and go while it runs`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        try await world.put("a", namespace: "default")
        try await world.put("b", namespace: "kube-system")
        @Sendable func names() -> [String] { store.objects(kind: F.configMaps.groupKind).map(\.key.name) }
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps, namespaces: ["default"])])
            await informers.waitUntilSynced()
            #expect(names() == ["a"])
            informers.watch([WatchedKind(F.configMaps, namespaces: ["default", "kube-system"])])
            await informers.waitUntilSynced()
            #expect(names() == ["a", "b"])
            informers.watch([WatchedKind(F.configMaps, namespaces: ["kube-system"])])
            try await expectEventually("only the other namespace") { names() == ["b"] }
            // From one to all namespaces without ever forgetting what stays.
            let deleted = Notes<String>()
            store.onChange { if $0.action == .deleted { deleted.add($0.key.name) } }
            informers.watch([WatchedKind(F.configMaps)])
            try await expectEventually("all namespaces") { informers.isSynced && names() == ["a", "b"] }
            #expect(deleted.all == [])
            informers.watch([])
            try await expectEventually("nothing") { names() == [] }
            #expect(!informers.isSynced(F.configMaps.groupKind))
            #expect(informers.oldestHeartbeat == .zero)
        }
    }

    @Test func `a kind that vanishes leaves the cache, and comes back when it is there again`() async throws {
        let world = World()
        let store = world.store()
        let notes = Notes<String>()
        let informers = informers(world, store, notes: notes)
        try await world.put("a")
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps), WatchedKind(F.deployments)])
            await informers.waitUntilSynced()
            world.transport.add(FaultRule(RequestMatch(kind: "ConfigMap"), .always, .notFound))
            world.transport.cutWatches()
            try await world.passTime(until: "missing") { notes.all.contains("missing ConfigMap") }
            #expect(store.count == 0)
            #expect(!informers.isSynced(F.configMaps.groupKind))
            try await world.passTime(until: "the others go on") { informers.isSynced }
            world.transport.clearFaults()
            informers.watch([WatchedKind(F.configMaps), WatchedKind(F.deployments)])
            try await world.passTime(until: "back") { informers.isSynced(F.configMaps.groupKind) && store.count == 1 }
        }
    }

    @Test func `missing rights are reported with what is missing, and heal by themselves`() async throws {
        let world = World()
        let store = world.store()
        let notes = Notes<String>()
        let informers = informers(world, store, notes: notes)
        try await world.put("a")
        world.transport.add(FaultRule(RequestMatch(verb: .watch), .always, .forbidden))
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            try await expectEventually("told") { notes.all.contains("forbidden watch ConfigMap") }
            await informers.waitUntilSynced()
            // What is no longer followed is not to be relied on.
            #expect(!informers.isSynced(F.configMaps.groupKind))
            world.transport.clearFaults()
            try await world.passTime(until: "recovered") { notes.all.contains("recovered ConfigMap") }
            #expect(informers.isSynced(F.configMaps.groupKind))
            try await world.put("b")
            try await expectEventually("level") { world.isLevel(store) }
        }
    }

    @Test func `rights that are missing from the start do not hold up the rest`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        world.transport.add(FaultRule(RequestMatch(kind: "ConfigMap"), .always, .forbidden))
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps), WatchedKind(F.deployments)])
            await informers.waitUntilSynced()
            #expect(!informers.isSynced(F.configMaps.groupKind))
            #expect(informers.isSynced(F.deployments.groupKind))
        }
    }

    @Test func `what is deleted while nobody watches and history is lost is noticed`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        for name in ["a", "b", "c"] { try await world.put(name) }
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            try await expectEventually("watching") { world.transport.log.count(.watches) == 1 }
            world.transport.holdWatches()
            try await world.remove("b")
            try await world.put("c", value: "new")
            world.cluster.compact()
            world.transport.cutWatches()
            world.transport.releaseWatches()
            try await world.passTime(until: "level") { world.isLevel(store) }
            #expect(world.transport.log.count(RequestMatch(verb: .list)) == 2)
        }
    }

    @Test(arguments: [1, 17, 250, 1_000])
    func `a watch that is cut in mid-line is resumed without a list`(bytes: Int) async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        world.transport.add(FaultRule(.watches, .range(1...3), .cutStream(afterBytes: bytes)))
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            for index in 0..<10 { try await world.put("object-\(index)", value: "ü😀") }
            try await world.passTime(until: "level") { world.isLevel(store) }
            #expect(world.transport.log.count(RequestMatch(verb: .list)) == 1)
        }
    }

    @Test func `a connection that is dead without a word is replaced after 90 seconds`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            try await expectEventually("watching") { world.transport.log.count(.watches) == 1 }
            world.transport.holdWatches()
            try await world.put("unseen")
            try await world.passTime(until: "reconnected", step: .seconds(1)) {
                world.transport.log.count(.watches) >= 2
            }
            #expect(world.clock.now.offset >= .seconds(90))
            world.transport.releaseWatches()
            try await world.passTime(until: "level") { world.isLevel(store) }
            #expect(world.transport.log.count(RequestMatch(verb: .list)) == 1)
        }
    }

    @Test func `a server that hangs while it lists is left after a while`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        world.transport.add(FaultRule(RequestMatch(verb: .list), .first, .hang))
        try await world.put("a")
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            try await world.passTime(until: "synced", step: .seconds(1)) { informers.isSynced }
            #expect(world.clock.now.offset >= .seconds(30))
            #expect(world.isLevel(store))
        }
    }

    @Test func `an outage of minutes is no sign of death`() async throws {
        let world = World()
        let store = world.store()
        let informers = informers(world, store)
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            world.transport.add(FaultRule(.any, .always, .refuseConnection))
            world.transport.cutWatches()
            let oldest = Mutex(Duration.zero)
            try await world.passTime(until: "ten minutes have passed", step: .seconds(1)) {
                let age = informers.oldestHeartbeat
                oldest.withLock { $0 = max($0, age) }
                return world.clock.now.offset >= .seconds(600)
            }
            #expect(oldest.withLock { $0 } < .seconds(120))
            let attempts = world.transport.log.count(.watches)
            #expect((10...200).contains(attempts), "\(attempts) attempts in ten minutes")
            world.transport.clearFaults()
            try await world.put("a")
            try await world.passTime(until: "level") { world.isLevel(store) }
        }
    }

    @Test func `one object that cannot be read does not stop the rest`() async throws {
        let world = World()
        let store = world.store()
        let notes = Notes<String>()
        let nameless: JSON = ["metadata": ["resourceVersion": "1"]]
        let good: JSON = ["metadata": ["name": "good", "namespace": "default", "resourceVersion": "1", "uid": "u"]]
        let broken: JSON = ["metadata": ["resourceVersion": "1"], "items": .array([nameless, good])]
        world.transport.add(
            FaultRule(RequestMatch(verb: .list), .first, .answer(KubernetesResponse(status: 200, body: broken.bytes))))
        let informers = informers(world, store, notes: notes)
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            await informers.waitUntilSynced()
            #expect(store.objects(kind: F.configMaps.groupKind).map(\.key.name) == ["good"])
            #expect(notes.all.first == "undecodable ConfigMap")
        }
    }

    @Test(arguments: Seeds.some(12))
    func `through any weather the cache ends equal to the cluster`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let world = World()
        let store = world.store()
        let mirror = Mirror()
        store.onChange { mirror.take($0) }
        let informers = informers(world, store, streamingLists: seed.isMultiple(of: 2))
        let faults: [FaultRule] = [
            FaultRule(.watches, .range(2...3), .cutStream(afterBytes: 1 + random.below(2_000))),
            FaultRule(.any, .nth(5 + random.below(5)), .unavailable),
            FaultRule(.any, .nth(8 + random.below(5)), .throttled(retryAfter: 2)),
            FaultRule(.watches, .nth(4 + random.below(4)), .expiredEvent),
            FaultRule(.watches, .nth(9), .gone),
            FaultRule(.any, .nth(12), .unauthorized),
            FaultRule(.any, .nth(14), .refuseConnection),
        ]
        for fault in faults { world.transport.add(fault) }
        let script = (0..<120).map { _ in (random.below(10), random.below(15)) }
        try await world.running([informers.run]) {
            informers.watch([WatchedKind(F.configMaps)])
            for (action, index) in script {
                switch action {
                case 0..<5: try await world.put("object-\(index)", value: "\(action)-\(world.cluster.resourceVersion)")
                case 5, 6: try await world.remove("object-\(index)")
                case 7: world.transport.cutWatches()
                case 8: world.clock.advance(by: .seconds(index))
                default: if index == 0 { world.cluster.compact() } else { world.cluster.endWatches() }
                }
            }
            try await world.passTime(until: "level, seed \(seed)", step: .seconds(1)) {
                informers.isSynced && world.isLevel(store)
            }
            #expect(mirror.versions.count == store.count)
        }
    }
}
