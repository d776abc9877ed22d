import KubernetesModel
import TestSupport
import Testing

@testable import ControllerRuntime

/// A Lease on a server and some candidates, on one timeline: messages take their time, get lost, answers too.
private struct LeaseSimulation {
    private enum Delivery {
        case input(candidate: Int, LeaderState.Input)
        /// A write reaches the server.
        case write(candidate: Int, LeaseRecord)
        case read(candidate: Int)
    }

    struct Candidate {
        var state: LeaderState
        /// Clocks start anywhere and run at the same rate.
        let clockOffset: Duration
        var isFollowing = false
        var isWatchDead = false
        var isCut = false
        var isFinished = false
        var isAlive = true
        var leads = false
    }

    var random: SeededGenerator
    var now: Duration = .zero
    var candidates: [Candidate] = []
    var lease: LeaseRecord?
    var version = 0
    var writes: [Duration] = []
    var longestDelay = 400
    /// Candidates read the lease's duration divided by this.
    var misreadBy = 1
    private var agenda: [(time: Duration, serial: Int, Delivery)] = []
    private var serial = 0
    private(set) var changes: [String] = []

    init(seed: UInt64, count: Int) {
        random = SeededGenerator(seed: seed)
        for index in 0..<count { add("candidate-\(index)") }
    }

    mutating func add(_ identity: String) {
        candidates.append(
            Candidate(
                state: LeaderState(identity: identity), clockOffset: .seconds(Double(random.below(100_000)))))
        handle(candidates.count - 1, .start)
    }

    /// Who believes to lead now, going by its own clock.
    var leaders: [Int] {
        candidates.indices.filter { index in
            let candidate = candidates[index]
            guard candidate.isAlive, let until = candidate.state.leadsUntil else { return false }
            return now + candidate.clockOffset < until
        }
    }

    /// The lease as candidates get to see it.
    private var shown: LeaseRecord? {
        var record = lease
        record?.durationSeconds /= misreadBy
        return record
    }

    /// Moves on to the next thing that happens, at most to `limit`. Returns false when `limit` is reached.
    mutating func step(until limit: Duration) -> Bool {
        let message = agenda.min { ($0.time, $0.serial) < ($1.time, $1.serial) }
        var next = message?.time ?? limit
        var ticking: Int?
        for index in candidates.indices where candidates[index].isAlive {
            guard let due = candidates[index].state.nextTime else { continue }
            let time = max(now, due - candidates[index].clockOffset)
            if time < next {
                next = time
                ticking = index
            }
        }
        guard next < limit else {
            now = limit
            return false
        }
        now = next
        if let ticking {
            handle(ticking, .tick)
        } else if let message {
            agenda.removeAll { $0.serial == message.serial }
            deliver(message.2)
        }
        return true
    }

    mutating func handle(_ index: Int, _ input: LeaderState.Input) {
        guard candidates[index].isAlive, !candidates[index].isFinished else { return }
        let effects = candidates[index].state.handle(
            input, now: now + candidates[index].clockOffset,
            wallTime: Fixture.wallTime.advanced(by: now), random: random.unit())
        for effect in effects {
            switch effect {
            case .read: send(.read(candidate: index), from: index)
            case .write(let record): send(.write(candidate: index, record), from: index)
            case .lead:
                candidates[index].leads = true
                changes.append("\(index) leads")
            case .stepDown:
                candidates[index].leads = false
                changes.append("\(index) steps down")
            case .follow(let follows):
                candidates[index].isFollowing = follows
                if follows, !candidates[index].isWatchDead { later(.input(candidate: index, .seen(shown))) }
            case .finish: candidates[index].isFinished = true
            }
        }
    }

    private mutating func later(_ delivery: Delivery) {
        serial += 1
        agenda.append((now + .milliseconds(1 + random.below(longestDelay)), serial, delivery))
    }

    private mutating func send(_ delivery: Delivery, from index: Int) {
        guard !candidates[index].isCut else { return fail(index) }
        later(delivery)
    }

    /// No answer: known after the request's own limit.
    private mutating func fail(_ index: Int) {
        serial += 1
        agenda.append(
            (now + .seconds(5), serial, .input(candidate: index, .failed(KubernetesError(.transport, "no answer")))))
    }

    private mutating func deliver(_ delivery: Delivery) {
        switch delivery {
        case .input(let index, let input): handle(index, input)
        case .read(let index):
            if candidates[index].isCut { return fail(index) }
            later(.input(candidate: index, .read(shown)))
        case .write(let index, let record):
            if candidates[index].isCut, random.chance(0.5) { return fail(index) }
            guard record.resourceVersion == lease?.resourceVersion else {
                later(.input(candidate: index, .failed(KubernetesError(.conflict, "changed"))))
                return
            }
            version += 1
            var stored = record
            stored.resourceVersion = String(version)
            lease = stored
            writes.append(now)
            for other in candidates.indices where candidates[other].isFollowing && !candidates[other].isWatchDead {
                later(.input(candidate: other, .seen(shown)))
            }
            // Carried out, but the answer may be lost.
            if candidates[index].isCut { fail(index) } else { later(.input(candidate: index, .wrote(stored))) }
        }
    }
}

@Suite struct LeaderStateTests {
    private func run(_ simulation: inout LeaseSimulation, for duration: Duration) {
        let limit = simulation.now + duration
        while simulation.step(until: limit) {
            #expect(simulation.leaders.count <= 1, "two leaders at \(simulation.now)")
            if simulation.leaders.count > 1 { return }
        }
    }

    @Test func `candidates who do not respect the lease's duration are found out here`() {
        var found = 0
        for seed in 0..<20 as Range<UInt64> {
            var simulation = LeaseSimulation(seed: seed, count: 2)
            simulation.misreadBy = 3
            while simulation.step(until: .seconds(15)) {}
            if let leader = simulation.leaders.first { simulation.candidates[leader].isCut = true }
            while simulation.step(until: .seconds(60)) {
                if simulation.leaders.count > 1 { found += 1 }
            }
        }
        #expect(found > 0)
    }

    @Test func `the first candidate leads, and renews less than six times a minute`() {
        var simulation = LeaseSimulation(seed: 1, count: 1)
        run(&simulation, for: .seconds(2))
        #expect(simulation.leaders == [0])
        simulation.writes = []
        run(&simulation, for: .seconds(600))
        #expect(simulation.leaders == [0])
        #expect((50...60).contains(simulation.writes.count))
        #expect(simulation.lease?.transitions == 0)
    }

    @Test func `a standby asks for nothing while the leader renews`() {
        var simulation = LeaseSimulation(seed: 2, count: 2)
        run(&simulation, for: .seconds(10))
        let leader = simulation.leaders
        simulation.writes = []
        run(&simulation, for: .seconds(600))
        #expect(simulation.leaders == leader)
        #expect(simulation.writes.count <= 60)
        #expect(simulation.changes.count == 1)
    }

    @Test func `a release is taken over within two seconds`() throws {
        var simulation = LeaseSimulation(seed: 3, count: 3)
        run(&simulation, for: .seconds(30))
        let leader = try #require(simulation.leaders.first)
        simulation.handle(leader, .release)
        run(&simulation, for: .seconds(2))
        #expect(simulation.candidates[leader].isFinished)
        #expect(simulation.leaders.count == 1 && simulation.leaders != [leader])
        #expect(simulation.lease?.transitions == 1)
    }

    @Test func `a leader that is killed is followed when its lease has expired, not before`() throws {
        var simulation = LeaseSimulation(seed: 4, count: 2)
        run(&simulation, for: .seconds(60))
        let leader = try #require(simulation.leaders.first)
        simulation.candidates[leader].isAlive = false
        let last = try #require(simulation.writes.last)
        let rest = last + .seconds(30) - simulation.now
        run(&simulation, for: rest)
        #expect(simulation.leaders.isEmpty)
        run(&simulation, for: .seconds(3))
        #expect(simulation.leaders == [1 - leader])
    }

    @Test func `a leader that is cut off steps down by itself and comes back without a restart`() throws {
        var simulation = LeaseSimulation(seed: 5, count: 1)
        run(&simulation, for: .seconds(15))
        simulation.candidates[0].isCut = true
        run(&simulation, for: .seconds(25))
        #expect(simulation.leaders.isEmpty && !simulation.candidates[0].leads)
        run(&simulation, for: .seconds(300))
        simulation.candidates[0].isCut = false
        run(&simulation, for: .seconds(15))
        #expect(simulation.leaders == [0])
    }

    @Test func `a lease that somebody deletes is made anew by its leader`() {
        var simulation = LeaseSimulation(seed: 6, count: 1)
        run(&simulation, for: .seconds(15))
        simulation.lease = nil
        run(&simulation, for: .seconds(25))
        #expect(simulation.leaders == [0])
        #expect(simulation.lease?.holder == "candidate-0")
        #expect(simulation.changes == ["0 leads"])
    }

    @Test func `who finds another holder steps down at once`() {
        var state = LeaderState(identity: "me")
        let wallTime = Fixture.wallTime
        func record(_ holder: String, _ version: String) -> LeaseRecord {
            LeaseRecord(
                holder: holder, durationSeconds: 30, acquireTime: wallTime, renewTime: wallTime, transitions: 4,
                resourceVersion: version)
        }
        _ = state.handle(.start, now: .zero, wallTime: wallTime, random: 0)
        let first = state.handle(.read(record("", "1")), now: .zero, wallTime: wallTime, random: 0)
        guard case .write(let written) = first.last else {
            Issue.record("nothing was written")
            return
        }
        #expect(written.transitions == 5 && written.holder == "me" && written.resourceVersion == "1")
        _ = state.handle(.wrote(record("me", "2")), now: .seconds(1), wallTime: wallTime, random: 0)
        #expect(state.leadsUntil == .seconds(20), "counted from when the write was sent")
        _ = state.handle(.tick, now: .seconds(10), wallTime: wallTime, random: 0)
        let conflict = KubernetesError(.conflict, "changed")
        _ = state.handle(.failed(conflict), now: .seconds(10), wallTime: wallTime, random: 0)
        let effects = state.handle(.read(record("other", "3")), now: .seconds(10), wallTime: wallTime, random: 0)
        guard case .stepDown = effects.first else {
            Issue.record("still leading")
            return
        }
        #expect(state.leadsUntil == nil)
    }

    @Test(arguments: Seeds.some(150))
    func `never two leaders, whatever the network does, and one again when it works`(seed: UInt64) {
        var simulation = LeaseSimulation(seed: seed, count: 2 + Int(seed % 2))
        simulation.longestDelay = [50, 1_000, 4_000][Int(seed % 3)]
        var random = SeededGenerator(seed: seed &+ 99)
        for _ in 0..<60 {
            let index = random.below(simulation.candidates.count)
            switch random.below(6) {
            case 0: simulation.candidates[index].isCut = true
            case 1, 2: simulation.candidates[index].isCut = false
            case 3: simulation.candidates[index].isWatchDead.toggle()
            case 4: if random.chance(0.2) { simulation.lease?.resourceVersion = "edited-\(random.below(1_000))" }
            default:
                // A process ends in good order or is killed, and another one takes its place.
                if random.chance(0.5) {
                    simulation.handle(index, .release)
                } else {
                    simulation.candidates[index].isAlive = false
                }
                if simulation.candidates.count < 12 { simulation.add("candidate-\(simulation.candidates.count)") }
            }
            run(&simulation, for: .milliseconds(random.below(20_000)))
        }
        simulation.longestDelay = 400
        for index in simulation.candidates.indices {
            simulation.candidates[index].isCut = false
            simulation.candidates[index].isWatchDead = false
        }
        simulation.add("last")
        run(&simulation, for: .seconds(90))
        #expect(simulation.leaders.count == 1, "nobody leads, seed \(seed)")
        // What the callbacks said is what the state says.
        for index in simulation.candidates.indices where simulation.candidates[index].isAlive {
            #expect(simulation.candidates[index].leads == (simulation.candidates[index].state.leadsUntil != nil))
        }
    }
}
