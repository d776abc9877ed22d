import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(2))) struct ReferenceWatchTests {
    private let database = NamespacedName(namespace: "default", name: "database")
    private let first = NamespacedName(namespace: "default", name: "first")
    private let second = NamespacedName(namespace: "default", name: "second")

    private func secret(_ name: String, _ data: [String: String], labels: [String: String] = [:]) -> KubernetesObject {
        KubernetesObject(
            ReferenceWatch.secretType, namespace: "default", name: name, labels: labels,
            body: JSONObject([("data", .strings(data)), ("type", "Opaque")]))
    }

    private func write(_ world: World, _ object: KubernetesObject) async throws {
        _ = try await world.other.apply(object, ReferenceWatch.secretType, fieldManager: "test")
    }

    private func watch(_ world: World, _ notes: Notes<String>, streams: Bool = true) -> ReferenceWatch {
        .secrets(
            client: world.client, digest: { "digest-\($0.count)" }, streamsLists: { streams },
            surroundings: world.surroundings, logger: world.logger,
            onChange: { secret, platforms in
                notes.add("\(secret.name): \(platforms.sorted().map(\.name).joined(separator: " "))")
            })
    }

    @Test(arguments: [LocalCluster.Release.current, .kubernetes120])
    func `a secret is followed from before it exists until after it is gone`(release: LocalCluster.Release) async throws
    {
        let world = World(release: release)
        let notes = Notes<String>()
        let watch = watch(world, notes, streams: release == .current)
        try await world.running([watch.run]) {
            #expect(watch.state(of: database) == .unknown)
            watch.setReferences([database], of: first)
            try await world.passTime(until: "known as missing") { watch.state(of: database) == .missing }
            try await write(world, secret("database", ["url": "c2VjcmV0"]))
            try await expectEventually("present") {
                watch.state(of: database).hasSameContent(
                    as: .present(resourceVersion: "", content: ["url": "digest-8"]))
            }
            try await write(world, secret("database", ["url": "c2VjcmV0LTI="]))
            try await expectEventually("rotated") {
                watch.state(of: database).hasSameContent(
                    as: .present(resourceVersion: "", content: ["url": "digest-12"]))
            }
            try await world.other.delete(ReferenceWatch.secretType, namespace: "default", name: "database")
            try await expectEventually("gone") { watch.state(of: database) == .missing }
            #expect(notes.all == Array(repeating: "database: first", count: 4))
        }
        // No right to read or list, and nothing but this one name.
        #expect(Set(world.transport.log.entries.map(\.verb)) == [.watch])
        #expect(
            world.transport.log.entries(.watches).allSatisfy { entry in
                entry.request.query.contains { $0.name == "fieldSelector" && $0.value == "metadata.name=database" }
            })
    }

    @Test(arguments: [false, true])
    func `a secret that is there is known at once, by its watch alone`(streams: Bool) async throws {
        let world = World(release: streams ? .current : .kubernetes120)
        let watch = watch(world, Notes<String>(), streams: streams)
        try await write(world, secret("database", ["url": "YQ=="]))
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            // Time stands still: nothing is waited for.
            try await expectEventually("present") {
                watch.state(of: database).hasSameContent(
                    as: .present(resourceVersion: "", content: ["url": "digest-4"]))
            }
            #expect(world.transport.log.entries.count == 1)
        }
    }

    @Test func `a secret older than the history is watched, not asked for again and again`() async throws {
        let world = World(release: .kubernetes120)
        let watch = watch(world, Notes<String>(), streams: false)
        try await write(world, secret("database", ["url": "YQ=="]))
        try await write(world, secret("other", ["url": "YQ=="]))
        world.cluster.compact()
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            var passed = Duration.zero
            try await world.passTime(until: "half a minute is over") {
                passed += .milliseconds(500)
                return passed > .seconds(30)
            }
            // The short one, the one that is refused, and one that lasts.
            #expect(world.transport.log.count(.watches) <= 4)
            try await write(world, secret("database", ["url": "YWJjZA=="]))
            try await world.passTime(until: "still followed") {
                watch.state(of: database).hasSameContent(
                    as: .present(resourceVersion: "", content: ["url": "digest-8"]))
            }
        }
    }

    @Test(arguments: [LocalCluster.Release.current, .kubernetes120])
    func `a right that was away for a while is back, though the secret did not change`(
        release: LocalCluster.Release
    ) async throws {
        let world = World(release: release)
        let watch = watch(world, Notes<String>(), streams: release == .current)
        try await write(world, secret("database", ["url": "YQ=="]))
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            let known = ReferenceState.present(resourceVersion: "", content: ["url": "digest-4"])
            try await world.passTime(until: "known") { watch.state(of: database).hasSameContent(as: known) }
            world.transport.add(FaultRule(.any, .first, .forbidden))
            world.transport.cutWatches()
            try await world.passTime(until: "forbidden") { watch.state(of: database) == .forbidden }
            try await world.passTime(until: "allowed again") {
                watch.state(of: database).hasSameContent(as: known)
            }
        }
    }

    @Test func `a server that refuses the streaming form is asked in the old way, and so for the next secret`()
        async throws
    {
        let world = World(release: .kubernetes120)
        let watch = watch(world, Notes<String>(), streams: true)
        try await world.running([watch.run]) {
            for name in ["database", "other"] {
                let secret = NamespacedName(namespace: "default", name: name)
                watch.setReferences([secret], of: NamespacedName(namespace: "default", name: "of-\(name)"))
                try await world.passTime(until: "known as missing") { watch.state(of: secret) == .missing }
            }
        }
        let refused = world.transport.log.entries.filter { $0.status == 422 }
        #expect(refused.map(\.verb) == [.watch])
    }

    @Test func `a watch that is closed before it can have told anything tells nothing`() async throws {
        let world = World(release: .kubernetes120)
        let notes = Notes<String>()
        let watch = watch(world, notes, streams: false)
        try await write(world, secret("database", ["url": "YQ=="]))
        world.transport.add(FaultRule(.watches, .range(1...3), .cutStream(afterBytes: 0)))
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            try await world.passTime(until: "known", step: .milliseconds(100)) { watch.state(of: database) != .unknown }
            #expect(watch.state(of: database) != .missing)
            #expect(notes.all == ["database: first"])
        }
    }

    @Test func `platforms share the watch of one secret, and all hear of it`() async throws {
        let world = World()
        let notes = Notes<String>()
        let watch = watch(world, notes)
        try await write(world, secret("database", ["url": "YQ=="]))
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            watch.setReferences([database], of: second)
            try await expectEventually("told") { notes.all == ["database: first second"] }
            try await expectEventually("watching") { world.transport.log.count(.watches) == 1 }
            // The first platform is gone; the second still wants it.
            watch.setReferences([], of: first)
            try await write(world, secret("database", ["url": "YWJjZA=="]))
            try await expectEventually("told") { notes.all.last == "database: second" }
            watch.setReferences([], of: second)
            #expect(watch.state(of: database) == .unknown)
            #expect(watch.oldestHeartbeat == .zero)
            #expect(world.transport.log.count(.watches) == 1)
        }
    }

    @Test func `changes that pods do not see are no news`() async throws {
        let world = World()
        let notes = Notes<String>()
        let watch = watch(world, notes)
        try await write(world, secret("database", ["url": "YQ=="]))
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            try await expectEventually("told") { notes.all.count == 1 }
            try await write(world, secret("database", ["url": "YQ=="], labels: ["a": "b"]))
            let version = world.cluster.resourceVersion
            try await expectEventually("seen") {
                if case .present("\(version)", _) = watch.state(of: database) { true } else { false }
            }
            #expect(notes.all.count == 1)
        }
    }

    @Test func `lost history, cuts and missing rights heal`() async throws {
        let world = World()
        let notes = Notes<String>()
        let watch = watch(world, notes)
        try await write(world, secret("database", ["url": "YQ=="]))
        world.transport.add(FaultRule(.any, .range(1...2), .forbidden))
        try await world.running([watch.run]) {
            watch.setReferences([database], of: first)
            try await expectEventually("forbidden") { watch.state(of: database) == .forbidden }
            try await world.passTime(until: "allowed") { watch.state(of: database) != .forbidden }
            world.transport.holdWatches()
            try await world.other.delete(ReferenceWatch.secretType, namespace: "default", name: "database")
            world.cluster.compact()
            world.transport.cutWatches()
            world.transport.releaseWatches()
            try await world.passTime(until: "gone") { watch.state(of: database) == .missing }
        }
    }
}
