import KubernetesClient
import KubernetesModel
import LocalCluster
import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(2))) struct LeaderElectionTests {
    private let leaseKey = ObjectKey(
        group: "coordination.k8s.io", kind: "Lease", namespace: "default", name: "operator")

    private func election(_ world: World, _ identity: String, metrics: MetricRegistry? = nil) -> LeaderElection {
        LeaderElection(
            client: world.client,
            configuration: .init(namespace: "default", name: "operator", identity: identity),
            surroundings: world.surroundings, metrics: metrics, logger: world.logger)
    }

    @Test func `one leads, the other takes over at once when it gives up`() async throws {
        let world = World()
        let (first, second) = (election(world, "first"), election(world, "second"))
        let (firstNotes, secondNotes) = (Notes<Bool>(), Notes<Bool>())
        try await world.running([{ await first.run { firstNotes.add($0) } }]) {
            try await expectEventually("first leads") { first.isLeader }
            try await world.running([{ await second.run { secondNotes.add($0) } }]) {
                try await expectEventually("second knows") { second.holder == "first" }
                #expect(!second.isLeader)
                let lease = try #require(world.cluster.object(leaseKey))
                #expect(lease.spec?["holderIdentity"]?.string == "first")
                #expect(lease.spec?["leaseDurationSeconds"]?.int == 30)
                #expect(lease.spec?["acquireTime"]?.string?.hasSuffix(".000000Z") == true)
                await first.release()
                // No time passes: the standby sees the release by its watch.
                try await expectEventually("second leads") { second.isLeader }
                #expect(!first.isLeader)
                #expect(firstNotes.all == [true, false] && secondNotes.all == [true])
                #expect(world.cluster.object(leaseKey)?.spec?["leaseTransitions"]?.int == 1)
            }
        }
    }

    @Test func `a leader writes at most six times a minute, a standby asks for nothing`() async throws {
        let world = World()
        let (first, second) = (election(world, "first"), election(world, "second"))
        try await world.running([{ await first.run { _ in } }]) {
            try await expectEventually("first leads") { first.isLeader }
            try await world.running([{ await second.run { _ in } }]) {
                try await expectEventually("second knows") { second.holder == "first" }
                world.transport.log.reset()
                let start = world.clock.now
                for _ in 0..<240 {  // shorter than a watch lives, so that none is begun anew

                    world.clock.advance(by: .seconds(1))
                    // The renewal that is due is carried out, and the standby has seen it, before time goes on.
                    try await expectEventually("renewed") {
                        let lease = world.cluster.object(leaseKey)
                        let renewed = (lease?.spec?["renewTime"]?.string).flatMap { Timestamp($0) }
                        return renewed.map { world.surroundings.wallTime().since($0) <= .seconds(11) } == true
                            && first.seenVersion == lease?.resourceVersion
                            && second.seenVersion == lease?.resourceVersion
                    }
                }
                #expect(start.duration(to: world.clock.now) == .seconds(240))
                #expect((20...25).contains(world.transport.log.writes.count))
                let others = world.transport.log.entries.filter { $0.verb != .update && $0.verb != .watch }
                // The standby's very first reading may come after the reset of the log.
                #expect(others.count <= 1, "\(others)")
                #expect(!world.transport.log.entries.contains { $0.status == 409 })
            }
        }
    }

    /// A leader that is slow to fall asleep renews in time all the same.
    @Test func `a wait ends at its time, however late it begins`() async throws {
        let world = World()
        let signal = ControllerRuntime.Signal()
        let time = world.surroundings.now() + .seconds(10)
        world.clock.advance(by: .seconds(4))
        let (clock, surroundings) = (world.clock, world.surroundings)
        async let waited: Void = surroundings.wait(until: time, or: signal)
        await clock.waitForSleeper(of: .seconds(6))
        clock.advance(by: .seconds(6))
        await waited
        // Already over: returns without the clock.
        await surroundings.wait(until: time, or: signal)
    }

    @Test func `a leader that is cut off is demoted, and leads again without a restart`() async throws {
        let world = World()
        let registry = MetricRegistry()
        let election = election(world, "only", metrics: registry)
        let notes = Notes<Bool>()
        let gauge = registry.gauge(
            "leader_election_master_status", help: "1 while this process leads, else 0.", labels: ["name"])
        try await world.running([{ await election.run { notes.add($0) } }]) {
            try await expectEventually("leads") { election.isLeader && gauge.value("operator") == 1 }
            world.transport.add(FaultRule(.any, .always, .refuseConnection))
            world.transport.cutWatches()
            try await world.passTime(until: "demoted") { notes.all == [true, false] }
            #expect(!election.isLeader && gauge.value("operator") == 0)
            #expect(world.clock.now.offset < .seconds(30), "before anybody else may lead")
            world.transport.clearFaults()
            try await world.passTime(until: "leads again") { notes.all == [true, false, true] }
            #expect(election.isLeader)
        }
        #expect(notes.all == [true, false, true, false], "a cancelled candidate does not lead")
    }

    @Test func `an answer that never comes does not keep a leader in office`() async throws {
        let world = World()
        let election = election(world, "only")
        let notes = Notes<Bool>()
        try await world.running([{ await election.run { notes.add($0) } }]) {
            try await expectEventually("leads") { election.isLeader }
            world.transport.add(FaultRule(RequestMatch(verb: .update), .always, .hang))
            world.transport.add(FaultRule(RequestMatch(verb: .get), .always, .hang))
            try await world.passTime(until: "demoted") { notes.all == [true, false] }
            #expect(world.clock.now.offset < .seconds(30))
        }
    }

    @Test func `other fields of the lease stay as they are`() async throws {
        let world = World()
        var lease = KubernetesObject(
            LeaseRecord.type, namespace: "default", name: "operator", labels: ["team": "platform"])
        lease.json["spec"] = ["holderIdentity": "", "leaseTransitions": 7]
        _ = try await world.other.create(lease, LeaseRecord.type)
        let election = election(world, "only")
        try await world.running([{ await election.run { _ in } }]) {
            try await expectEventually("leads") { election.isLeader }
            let written = try #require(world.cluster.object(leaseKey))
            #expect(written.labels == ["team": "platform"])
            #expect(written.spec?["leaseTransitions"]?.int == 8)
            await election.release()
            #expect(world.cluster.object(leaseKey)?.spec?["holderIdentity"]?.string == "")
            #expect(world.cluster.object(leaseKey)?.spec?["leaseDurationSeconds"]?.int == 1)
        }
    }
}
