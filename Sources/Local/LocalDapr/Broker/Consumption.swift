import Logging
import Synchronization
import WireValues

/// One consumer group's reading of one topic: which member gets which partition, and how far each partition is.
///
/// One record of a partition is under way at a time (or one batch, for bulk subscriptions), so what has one key arrives in
/// order. A failing record holds up its partition and no other.
final class Consumption: Sendable {
    private struct State {
        /// Ordered by name, so that the partitions fall to the same ones whoever comes first.
        var members: [any Member] = []
        /// The next offset of each partition.
        var positions: [Int64]
        var changed: Set<Int> = []
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    let group: String
    let topic: Topic
    private let broker: Broker
    private let faults: Faults
    private let time: TimeSource
    private let logger: Logger
    private let state: Mutex<State>
    private let onProgress: @Sendable () -> Void

    /// - Parameter positions: the next offset of each partition.
    init(
        group: String, topic: Topic, positions: [Int64], broker: Broker, faults: Faults, time: TimeSource,
        logger: Logger,
        onProgress: @escaping @Sendable () -> Void
    ) {
        self.group = group
        self.topic = topic
        self.broker = broker
        self.faults = faults
        self.time = time
        self.logger = logger
        self.onProgress = onProgress
        state = Mutex(State(positions: positions))
    }

    func join(_ member: any Member) {
        change { members in
            members.removeAll { $0 === member }
            members.append(member)
            members.sort { $0.name < $1.name }
        }
    }

    func leave(_ member: any Member) {
        change { members in members.removeAll { $0 === member } }
    }

    private func change(_ body: (inout [any Member]) -> Void) {
        let waiters = state.withLock { state in
            body(&state.members)
            guard !state.members.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Whether who reads has nothing left to read; also when nobody does.
    var isIdle: Bool {
        state.withLock { state in
            state.members.isEmpty || zip(state.positions, topic.partitions).allSatisfy { $0 >= $1.end }
        }
    }

    /// How many records wait.
    var backlog: Int64 {
        state.withLock { state in zip(state.positions, topic.partitions).reduce(0) { $0 + max(0, $1.1.end - $1.0) } }
    }

    /// The positions that moved since the last call, to be stored.
    func takeChanged() -> [(partition: Int, next: Int64)] {
        state.withLock { state in
            defer { state.changed = [] }
            return state.changed.map { ($0, state.positions[$0]) }
        }
    }

    /// Reads all partitions until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for partition in topic.partitions { group.addTask { await self.read(partition) } }
        }
    }

    private func read(_ log: PartitionLog) async {
        var failures = 0
        var begun: Duration?
        while !Task.isCancelled {
            let position = state.withLock { $0.positions[log.number] }
            await log.wait(for: position)
            guard let member = await member(for: log.number) else { return }
            do {
                try await gather(log, from: position, since: begun, for: member)
                begun = time.elapsed()
                let records = try await records(log, from: position, for: member)
                guard let last = records.last else { continue }
                try await deliverEarly(log, after: last.offset, to: member)
                let handled = try await member.deliver(records, of: topic, partition: log.number)
                if faults.isDuplicateDue() { _ = try await member.deliver(records, of: topic, partition: log.number) }
                if handled >= records.count {
                    failures = 0
                    advance(log.number, to: last.offset + 1)
                    continue
                }
                failures = handled > 0 ? 1 : failures + 1
                advance(log.number, to: records[handled].offset)
                guard
                    let wait = member.redelivery.retry?.wait(
                        beforeRetry: failures, elapsed: .zero, random: .random(in: 0..<1))
                else {
                    logger.warning(
                        "a record is given up after its delivery failed",
                        metadata: place(log.number, records[handled].offset))
                    failures = 0
                    advance(log.number, to: records[handled].offset + 1)
                    continue
                }
                try await time.sleep(wait)
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "records cannot be read from the state file; trying again in 1 s",
                    metadata: place(log.number, position).merging(["error": "\(error)"]) { $1 })
                guard await pause() else { return }
            }
        }
    }

    /// Lets a bulk fill up: on a busy partition one goes out when it is full, or `patience` after the one before. What comes
    /// alone goes at once, where the real sidecar has it wait for its clock's next tick.
    private func gather(
        _ log: PartitionLog, from position: Int64, since last: Duration?, for member: any Member
    ) async throws {
        guard let last, member.patience > .zero, log.end - position < member.batchSize else { return }
        let rest = member.patience - (time.elapsed() - last)
        guard rest > .zero else { return }
        let full = position + Int64(member.batchSize) - 1
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await log.wait(for: full) }
            group.addTask { [time] in try await time.sleep(rest) }
            try await group.next()
            group.cancelAll()
        }
    }

    /// The fault of a wrong order: what follows is delivered first, and later once more in its place.
    private func deliverEarly(_ log: PartitionLog, after offset: Int64, to member: any Member) async throws {
        guard faults.isReordering,
            case .records(let next) = log.read(from: offset + 1, maximumCount: 1, maximumBytes: 1 << 20), !next.isEmpty
        else { return }
        _ = try await member.deliver(next, of: topic, partition: log.number)
    }

    private func pause() async -> Bool {
        do {
            try await time.sleep(.seconds(1))
            return true
        } catch {
            return false
        }
    }

    private func records(_ log: PartitionLog, from position: Int64, for member: any Member) async throws -> [Record] {
        switch log.read(from: position, maximumCount: member.batchSize, maximumBytes: 1 << 20) {
        case .records(let records): return records
        case .atEnd: return []
        case .onDisk:
            let records = try await broker.stored(
                topic, partition: log.number, from: position, maximumCount: member.batchSize)
            // Nothing from here on is on disk any more: the topic's retention has passed it by.
            if records.isEmpty { advance(log.number, to: log.end) }
            return records
        }
    }

    private func advance(_ partition: Int, to position: Int64) {
        let moved = state.withLock { state in
            guard state.positions[partition] != position else { return false }
            state.positions[partition] = position
            state.changed.insert(partition)
            return true
        }
        if moved { onProgress() }
    }

    /// The member that a partition belongs to now; waits while there is none. Nil when the task is cancelled.
    private func member(for partition: Int) async -> (any Member)? {
        while !Task.isCancelled {
            let found = state.withLock { state -> (any Member)? in
                state.members.isEmpty ? nil : state.members[partition % state.members.count]
            }
            if let found { return found }
            await waitForMembers()
        }
        return nil
    }

    private func waitForMembers() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if Task.isCancelled || !state.members.isEmpty { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    private func place(_ partition: Int, _ offset: Int64) -> Logger.Metadata {
        ["topic": "\(topic.name)", "group": "\(group)", "partition": "\(partition)", "offset": "\(offset)"]
    }
}
