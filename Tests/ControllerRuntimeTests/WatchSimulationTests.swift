import KubernetesModel
import TestSupport
import Testing

@testable import ControllerRuntime

/// A collection on a server, its history, and what a client's requests get: the pure state against all that may happen,
/// without tasks and without waiting.
private struct SimulatedCollection {
    var version = 1
    var objects: [String: JSON] = [:]
    /// In order; those up to `compacted` are forgotten.
    var history: [(version: Int, type: String, object: JSON)] = []
    var compacted = 0

    mutating func change(_ random: inout SeededGenerator) {
        version += 1
        let name = "object-\(random.below(12))"
        if let present = objects[name], random.chance(0.4) {
            objects[name] = nil
            var last = present
            last["metadata"]?["resourceVersion"] = .string(String(version))
            history.append((version, "DELETED", last))
            return
        }
        let uid = objects[name]?["metadata"]?["uid"]?.string ?? "uid-\(version)"
        let object = Fixture.configMap(name, uid: uid, version: version)
        history.append((version, objects[name] == nil ? "ADDED" : "MODIFIED", object))
        objects[name] = object
    }
}

/// Performs what `WatchState` decides against a `SimulatedCollection`, one small step at a time.
private struct SimulatedClient {
    private enum Work {
        case nothing
        case list(items: [JSON], version: Int, next: Int)
        /// The rest of the initial events of a streaming list, then the history after `version`.
        case watch(initial: [JSON], endsWith: Int?, version: Int)
        case wait
        case ended
    }

    var state: WatchState
    let store: ObjectStore
    let knowsStreamingLists: Bool
    var now: Duration = .zero
    private var work = Work.nothing
    private var collected: [NamespacedName: CachedObject] = [:]
    private var began: UInt64 = 0
    private(set) var lists = 0

    init(store: ObjectStore, streamingLists: Bool, serverKnowsThem: Bool) {
        self.store = store
        state = WatchState(streamingLists: streamingLists)
        knowsStreamingLists = serverKnowsThem
    }

    var isLevel: Bool { if case .watch(let initial, nil, _) = work { initial.isEmpty } else { false } }

    mutating func start(_ server: SimulatedCollection, _ random: inout SeededGenerator) throws {
        try handle(.start, server, &random)
    }

    mutating func fail(_ code: KubernetesError.Code, _ server: SimulatedCollection, _ random: inout SeededGenerator)
        throws
    {
        switch work {
        case .list, .watch: try handle(.failed(KubernetesError(code, "simulated")), server, &random)
        case .nothing, .wait, .ended: break
        }
    }

    mutating func close(_ server: SimulatedCollection, _ random: inout SeededGenerator) throws {
        if case .watch = work { try handle(.closed, server, &random) }
    }

    mutating func bookmark(_ server: SimulatedCollection, _ random: inout SeededGenerator) throws {
        guard case .watch(let initial, nil, let version) = work, initial.isEmpty, version == server.version else {
            return
        }
        try handle(.bookmark(resourceVersion: String(version), endsInitialEvents: false), server, &random)
    }

    /// One page, one event, or the end of a wait. Returns false when there is nothing to do.
    mutating func step(_ server: SimulatedCollection, _ random: inout SeededGenerator) throws -> Bool {
        switch work {
        case .nothing, .ended: return false
        case .wait:
            now += .seconds(60)
            try handle(.waited, server, &random)
        case .list(let items, let version, let next):
            let end = min(items.count, next + 4)
            for json in items[next..<end] {
                let object = try store.entry(json, type: Fixture.configMaps)
                collected[object.namespacedName] = object
            }
            work = .list(items: items, version: version, next: end)
            try handle(
                .page(resourceVersion: String(version), continueToken: end < items.count ? "next" : nil), server,
                &random)
        case .watch(let initial, let ends, let version):
            if let first = initial.first {
                work = .watch(initial: Array(initial.dropFirst()), endsWith: ends, version: version)
                try deliver("ADDED", first, server, &random)
            } else if let ends {
                work = .watch(initial: [], endsWith: nil, version: version)
                try handle(.bookmark(resourceVersion: String(ends), endsInitialEvents: true), server, &random)
            } else if let event = server.history.first(where: { $0.version > version }) {
                work = .watch(initial: [], endsWith: nil, version: event.version)
                try deliver(event.type, event.object, server, &random)
            } else {
                return false
            }
        }
        return true
    }

    private mutating func deliver(
        _ type: String, _ json: JSON, _ server: SimulatedCollection, _ random: inout SeededGenerator
    ) throws {
        let version = json["metadata"]?["resourceVersion"]?.string
        try handle(.object(resourceVersion: version), server, &random, event: (type, json))
    }

    private mutating func handle(
        _ input: WatchState.Input, _ server: SimulatedCollection, _ random: inout SeededGenerator,
        event: (type: String, json: JSON)? = nil
    ) throws {
        now += .milliseconds(10)
        for effect in state.handle(input, now: now, random: random.unit()) {
            switch effect {
            case .beginCollecting:
                collected = [:]
                began = store.writeSequence
                lists += 1
            case .collect, .apply:
                guard let event else {
                    Issue.record("nothing to apply")
                    continue
                }
                let object = try store.entry(event.json, type: Fixture.configMaps)
                if case .collect = effect {
                    collected[object.namespacedName] = event.type == "DELETED" ? nil : object
                } else if event.type == "DELETED" {
                    store.serverDeleted(object.key, uid: object.uid)
                } else {
                    store.serverSent(object)
                }
            case .commit:
                store.replace(Fixture.configMaps.groupKind, namespace: nil, with: collected, began: began)
            case .level, .streamingListRefused, .report: break
            case .list(nil):
                work = .list(
                    items: server.objects.sorted { $0.key < $1.key }.map(\.value), version: server.version, next: 0)
            case .list: break  // the pages of one list show one moment
            case .watch(let version, true, _):
                #expect(version == nil)
                guard knowsStreamingLists else {
                    try handle(.failed(KubernetesError(.invalid, "sendInitialEvents is forbidden")), server, &random)
                    return
                }
                work = .watch(
                    initial: Array(server.objects.values), endsWith: server.version, version: server.version)
                try handle(.opened, server, &random)
            case .watch(let version, false, _):
                let from = version.flatMap { Int($0) } ?? -1
                guard from >= server.compacted else {
                    try handle(.failed(KubernetesError(.expired, "too old")), server, &random)
                    return
                }
                work = .watch(initial: [], endsWith: nil, version: from)
                try handle(.opened, server, &random)
            case .wait: work = .wait
            case .end: work = .ended
            }
        }
    }
}

@Suite struct WatchSimulationTests {
    @Test(arguments: Seeds.some(300))
    func `whatever happens on the way, the cache ends equal to the server`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var server = SimulatedCollection()
        let store = ObjectStore(ownerLabel: Fixture.ownerLabel)
        let mirror = Mirror()
        store.onChange { mirror.take($0) }
        var client = SimulatedClient(
            store: store, streamingLists: random.chance(0.5), serverKnowsThem: random.chance(0.7))
        for _ in 0..<random.below(20) { server.change(&random) }
        try client.start(server, &random)
        for _ in 0..<400 {
            switch random.below(20) {
            case 0..<6: server.change(&random)
            case 6: try client.fail(.transport, server, &random)
            case 7: try client.fail(random.chance(0.5) ? .unavailable : .throttled, server, &random)
            case 8:
                if random.chance(0.4) {
                    server.compacted = server.version
                    server.history = []
                    // Only a watch that was cut meets what is forgotten.
                    try client.fail(.transport, server, &random)
                }
            case 9: if random.chance(0.3) { try client.fail(.expired, server, &random) }
            case 10: try client.close(server, &random)
            case 11: try client.bookmark(server, &random)
            default: _ = try client.step(server, &random)
            }
        }
        var steps = 0
        while try client.step(server, &random) {
            steps += 1
            #expect(steps < 2_000, "never level, seed \(seed)")
            if steps >= 2_000 { break }
        }
        #expect(client.isLevel)
        let expected = server.objects.mapValues { $0["metadata"]?["resourceVersion"]?.string ?? "" }
        let found = Dictionary(
            uniqueKeysWithValues: store.objects(kind: Fixture.configMaps.groupKind).map {
                ($0.key.name, $0.resourceVersion)
            })
        #expect(found == expected, "seed \(seed)")
        // Whoever followed the changes knows the same.
        #expect(mirror.versions == expected, "seed \(seed)")
    }

    @Test func `resuming costs no list`() throws {
        var random = SeededGenerator(seed: 7)
        var server = SimulatedCollection()
        let store = ObjectStore(ownerLabel: Fixture.ownerLabel)
        var client = SimulatedClient(store: store, streamingLists: false, serverKnowsThem: false)
        try client.start(server, &random)
        for _ in 0..<200 {
            server.change(&random)
            if random.chance(0.3) { try client.fail(.transport, server, &random) }
            if random.chance(0.3) { try client.close(server, &random) }
            while try client.step(server, &random) {}
        }
        #expect(client.lists == 1)
        #expect(store.count == server.objects.count)
    }
}
