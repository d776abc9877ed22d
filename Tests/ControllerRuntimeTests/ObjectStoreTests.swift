import KubernetesModel
import Synchronization
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite struct ObjectStoreTests {
    private typealias F = Fixture

    @Test func `objects are kept compact, with kind and version, without managed fields`() throws {
        let store = ObjectStore.listed()
        var json = F.configMap("a", version: 1, value: "x")
        json["metadata"]?["managedFields"] = [["manager": "kubectl"]]
        // As items of lists come.
        json["apiVersion"] = nil
        json["kind"] = nil
        try store.send(json)
        let object = try #require(store.object(F.key("a")))
        let decoded = try object.decoded()
        #expect(decoded.apiVersion == "v1" && decoded.kind == "ConfigMap")
        #expect(decoded.metadata["managedFields"] == nil)
        #expect(decoded.json["data"]?["value"]?.string == "x")
        #expect(object.uid == "uid-a" && object.resourceVersion == "1" && !object.isDeleting)
        #expect(object.bytes.capacity < object.bytes.count + 32, "spare room for thousands of objects adds up")
    }

    @Test func `objects are found by owner, in other namespaces too`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("b", version: 1))
        try store.send(F.configMap("a", version: 2))
        try store.send(F.configMap("other", version: 3, owner: "second"))
        try store.send(F.configMap("none", version: 4, owner: nil))
        var dashboard = F.configMap("dashboard", namespace: "monitoring", version: 5)
        dashboard["metadata"]?["labels"]?["example.dev/namespace"] = "shop"
        try store.send(dashboard)
        let owner = NamespacedName(namespace: "shop", name: "main")
        #expect(store.objects(of: owner).map(\.key.name).sorted() == ["a", "b", "dashboard"])
        #expect(
            store.objects(kind: F.configMaps.groupKind, namespace: "shop").map(\.key.name) == [
                "a", "b", "none", "other",
            ])
        // The label moves the object to another owner; both have something to look at.
        let changes = Mutex<[ObjectStoreChange]>([])
        store.onChange { change in changes.withLock { $0.append(change) } }
        try store.send(F.configMap("a", version: 6, owner: "second"))
        #expect(store.objects(of: owner).map(\.key.name).sorted() == ["b", "dashboard"])
        #expect(
            changes.withLock { $0.first?.owners }
                == [NamespacedName(namespace: "shop", name: "second"), owner])
        store.send(deleted: "a")
        #expect(store.objects(of: NamespacedName(namespace: "shop", name: "second")).map(\.key.name) == ["other"])
        #expect(changes.withLock { $0.map(\.action) } == [.updated, .deleted])
    }

    @Test func `an own write shows at once and hides older news until the watch has caught up`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("a", version: 1))
        store.recordWrite(KubernetesObject(F.configMap("a", version: 5)))
        #expect(store.version("a") == "5")
        try store.send(F.configMap("a", version: 3))  // somebody else, before our write
        #expect(store.version("a") == "5")
        try store.send(F.configMap("a", version: 5))
        #expect(store.unconfirmedWriteCount == 0)
        try store.send(F.configMap("a", version: 8))
        #expect(store.version("a") == "8")
    }

    @Test func `an answer that comes later than the watch is history`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("a", version: 1))
        try store.send(F.configMap("a", version: 2))  // our write …
        try store.send(F.configMap("a", version: 3))  // … and somebody else's after it
        store.recordWrite(KubernetesObject(F.configMap("a", version: 2)))
        #expect(store.version("a") == "3")
        store.send(deleted: "a")
        store.recordWrite(KubernetesObject(F.configMap("a", version: 3)))
        #expect(store.version("a") == nil)
        #expect(store.unconfirmedWriteCount == 0)
    }

    @Test func `an answer for an unchanged object is no write`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("a", version: 1))
        store.recordWrite(KubernetesObject(F.configMap("a", version: 1)))
        #expect(store.unconfirmedWriteCount == 0)
    }

    @Test func `a deleted object is gone at once unless a finalizer holds it`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("a", version: 1))
        try store.send(F.configMap("b", version: 2))
        store.recordDelete(F.key("a"), uid: "uid-a")
        store.recordDelete(F.key("b"), uid: "uid-b")
        #expect(store.count == 0)
        try store.send(F.configMap("a", version: 3))  // from before the delete
        #expect(store.version("a") == nil)
        try store.send(F.configMap("a", version: 4, isDeleting: true))
        #expect(store.object(F.key("a"))?.isDeleting == true)
        store.send(deleted: "a")
        #expect(store.version("a") == nil)
        // The next one of that name comes after the end of this one.
        store.send(deleted: "b")
        try store.send(F.configMap("b", uid: "uid-new", version: 6))
        #expect(store.version("b") == "6")
        #expect(store.unconfirmedWriteCount == 0)
    }

    @Test func `the end of an earlier object of the same name does not take ours away`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("a", uid: "old", version: 1))
        store.recordWrite(KubernetesObject(F.configMap("a", uid: "new", version: 3)))
        store.send(deleted: "a", uid: "old")
        #expect(store.version("a") == "3")
        store.send(deleted: "a", uid: "new")
        #expect(store.version("a") == nil)
    }

    @Test func `a list replaces what was there at once, but for what was written meanwhile`() throws {
        let store = ObjectStore.listed()
        for (index, name) in ["kept", "changed", "gone", "written"].enumerated() {
            try store.send(F.configMap(name, version: index + 1))
        }
        try store.send(F.configMap("elsewhere", namespace: "other", version: 9))
        let changes = Mutex<[String]>([])
        store.onChange { change in changes.withLock { $0.append("\(change.action) \(change.key.name)") } }
        let began = store.writeSequence
        store.recordWrite(KubernetesObject(F.configMap("written", version: 20)))
        store.recordWrite(KubernetesObject(F.configMap("created", version: 21)))
        var listed: [NamespacedName: CachedObject] = [:]
        for json in [
            F.configMap("kept", version: 1), F.configMap("changed", version: 12), F.configMap("written", version: 4),
        ] {
            let object = try store.entry(json, type: F.configMaps)
            listed[object.namespacedName] = object
        }
        store.replace(F.configMaps.groupKind, namespace: "shop", with: listed, began: began)
        #expect(changes.withLock { $0.sorted() } == ["deleted gone", "updated changed"])
        #expect(store.version("written") == "20" && store.version("created") == "21")
        #expect(store.object(F.key("elsewhere", namespace: "other")) != nil)
        // A list that began after the writes knows them.
        store.replace(F.configMaps.groupKind, namespace: "shop", with: listed, began: store.writeSequence)
        #expect(store.version("written") == "4" && store.version("created") == nil)
        #expect(store.unconfirmedWriteCount == 0)
    }

    @Test func `a write that no watch will ever confirm is settled when the watch is level`() throws {
        let clock = ManualClock()
        let store = ObjectStore.listed(surroundings: Surroundings(clock: clock, wallTime: { F.wallTime }))
        let began = store.writeSequence
        store.recordWrite(KubernetesObject(F.configMap("a", version: 5)))
        // The list already holds a later change, so version 5 does not come by any more.
        let object = try store.entry(F.configMap("a", version: 7), type: F.configMaps)
        store.replace(
            F.configMaps.groupKind, namespace: nil, with: [object.namespacedName: object], began: began)
        #expect(store.version("a") == "5")
        clock.advance(by: .seconds(29))
        store.settle(F.configMaps.groupKind, namespace: nil)
        #expect(store.version("a") == "5")
        clock.advance(by: .seconds(2))
        store.settle(F.configMaps.groupKind, namespace: nil)
        #expect(store.version("a") == "7")
    }

    @Test func `kinds that are not watched are not filled by writes`() {
        let store = ObjectStore(ownerLabel: F.ownerLabel)
        store.recordWrite(KubernetesObject(F.configMap("a", version: 1)))
        #expect(store.count == 0)
    }

    @Test func `own writes are no news`() throws {
        let store = ObjectStore.listed()
        let count = Mutex(0)
        store.onChange { _ in count.withLock { $0 += 1 } }
        store.recordWrite(KubernetesObject(F.configMap("a", version: 1)))
        try store.send(F.configMap("a", version: 1))
        #expect(count.withLock { $0 } == 0)
    }

    @Test func `what others did between our read and our write is news`() throws {
        let store = ObjectStore.listed()
        try store.send(F.configMap("a", version: 1))
        let changes = Mutex<[String]>([])
        store.onChange { change in
            changes.withLock { $0.append("\(change.action) \(change.new?.resourceVersion ?? "")") }
        }
        // Version 2 is somebody else's, and part of what our write 3 was answered with.
        store.recordWrite(KubernetesObject(F.configMap("a", version: 3)))
        try store.send(F.configMap("a", version: 2))
        #expect(changes.withLock { $0 } == [])
        try store.send(F.configMap("a", version: 3))
        #expect(changes.withLock { $0 } == ["updated 3"])
        // Two writes of our own in a row are none.
        store.recordWrite(KubernetesObject(F.configMap("a", version: 4)))
        store.recordWrite(KubernetesObject(F.configMap("a", version: 5)))
        try store.send(F.configMap("a", version: 4))
        try store.send(F.configMap("a", version: 5))
        #expect(changes.withLock { $0 } == ["updated 3"])
    }

    @Test func `what is no object is refused by name`() throws {
        let store = ObjectStore.listed()
        var nameless = F.configMap("a", version: 1)
        nameless["metadata"]?["name"] = nil
        var versionless = F.configMap("a", version: 1)
        versionless["metadata"]?["resourceVersion"] = nil
        for json in [nameless, versionless, [], "text", JSON.null] {
            #expect(throws: UndecodableObject.self) { try store.entry(json, type: F.configMaps) }
        }
    }

    /// One object, written by us and by others; the watch lags, answers come at any time, lists run in between. The
    /// order in which the server did things is known to the test alone.
    @Test(arguments: Seeds.some(400))
    func `no interleaving of writes and late news shows anything older than our last write`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let clock = ManualClock()
        let store = ObjectStore.listed(surroundings: Surroundings(clock: clock, wallTime: { F.wallTime }))
        enum Event {
            case present(JSON)
            case deleted(uid: String)
        }
        var version = 10
        var incarnation = 0
        var object: JSON?
        // What the watch has yet to say; answers that are under way, in the order in which the server gave them.
        var watch: [Event] = []
        var answers: [(version: Int, write: JSON?, uid: String)] = []
        /// Asked for, and seen by the server once there is a snapshot.
        var list: (began: UInt64, snapshot: JSON??)?
        var confirmed = 0

        func shown() -> Int { store.version("a").flatMap { Int($0) } ?? .max }
        func check(_ doing: String) {
            // Versions are opaque to the store. Here they are numbers: later writes have higher ones.
            #expect(shown() >= confirmed, "\(doing): shows \(shown()), written \(confirmed), seed \(seed)")
        }
        func write(own: Bool) {
            version += 1
            if object == nil { incarnation += 1 }
            let json = F.configMap("a", uid: "uid-\(incarnation)", version: version)
            object = json
            watch.append(.present(json))
            if own { answers.append((version, json, "uid-\(incarnation)")) }
        }
        func delete(own: Bool) {
            guard object != nil else { return }
            version += 1
            object = nil
            watch.append(.deleted(uid: "uid-\(incarnation)"))
            if own { answers.append((version, nil, "uid-\(incarnation)")) }
        }
        func deliver() throws {
            guard !watch.isEmpty else { return }
            switch watch.removeFirst() {
            case .present(let json): try store.send(json)
            case .deleted(let uid): store.send(deleted: "a", uid: uid)
            }
        }
        func answer() {
            guard !answers.isEmpty else { return }
            let (number, json, uid) = answers.removeFirst()
            if let json {
                store.recordWrite(KubernetesObject(json))
            } else {
                store.recordDelete(F.key("a"), uid: uid)
            }
            confirmed = max(confirmed, number)
        }
        func takeSnapshot() {
            guard list != nil, list?.snapshot == nil else { return }
            list?.snapshot = .some(object)
            // The new watch begins here; the old one is gone.
            watch = []
        }
        func endList() throws {
            guard let (began, snapshot) = list, let snapshot else { return }
            list = nil
            var listed: [NamespacedName: CachedObject] = [:]
            if let json = snapshot {
                let entry = try store.entry(json, type: F.configMaps)
                listed[entry.namespacedName] = entry
            }
            store.replace(F.configMaps.groupKind, namespace: nil, with: listed, began: began)
        }
        for _ in 0..<300 {
            switch random.below(14) {
            // We wait for one answer before the next write, and delete what we see (the server checks the uid).
            case 0, 1: if answers.isEmpty { write(own: true) }
            case 2: write(own: false)
            case 3:
                if random.chance(0.5) {
                    delete(own: false)
                } else if answers.isEmpty, store.object(F.key("a"))?.uid == "uid-\(incarnation)" {
                    delete(own: true)
                }
            case 4, 5, 6: if list == nil { try deliver() }
            case 7, 8, 9: answer()
            case 10: if list == nil, random.chance(0.5) { list = (store.writeSequence, nil) }
            case 11: takeSnapshot()
            default: try endList()
            }
            check("in between")
        }
        while !answers.isEmpty { answer() }
        takeSnapshot()
        try endList()
        while !watch.isEmpty { try deliver() }
        clock.advance(by: .seconds(60))
        store.settle(F.configMaps.groupKind, namespace: nil)
        #expect(store.version("a") == object?["metadata"]?["resourceVersion"]?.string, "at the end, seed \(seed)")
        #expect(store.unconfirmedWriteCount == 0)
    }
}
