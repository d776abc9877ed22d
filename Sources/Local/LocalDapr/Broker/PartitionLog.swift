import DequeModule
import Synchronization

/// One partition: which offsets it has, its newest records in memory, and who waits for more.
final class PartitionLog: Sendable {
    enum Reading: Sendable {
        case records([Record])
        /// They are older than what is in memory.
        case onDisk
        case atEnd
    }

    private struct State {
        /// The offset that the next record gets.
        var end: Int64
        /// The offset of the first record in memory; `end` when there is none.
        var memoryStart: Int64
        var tail = Deque<Record>()
        var tailBytes = 0
        var waiters: [Int: (offset: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter = 0
    }

    /// What one partition may hold in memory.
    static let maximumTailBytes = 4 << 20
    /// The same of one that is nowhere else.
    static let maximumVolatileRecords = 100_000

    let number: Int
    private let isDurable: Bool
    private let state: Mutex<State>

    init(number: Int, end: Int64, isDurable: Bool) {
        self.number = number
        self.isDurable = isDurable
        state = Mutex(State(end: end, memoryStart: end))
    }

    var end: Int64 { state.withLock { $0.end } }

    /// Adds records whose offsets begin at `end`, in order, and wakes who waits.
    func append(_ records: [Record]) {
        let ready = state.withLock { state in
            for record in records {
                precondition(record.offset == state.end, "records come in the order of their offsets")
                state.tail.append(record)
                state.tailBytes += record.size
                state.end += 1
            }
            let isFull: (borrowing State) -> Bool = { [isDurable] state in
                isDurable ? state.tailBytes > Self.maximumTailBytes : state.tail.count > Self.maximumVolatileRecords
            }
            while isFull(state), let first = state.tail.popFirst() {
                state.tailBytes -= first.size
                state.memoryStart = first.offset + 1
            }
            return Self.ready(&state)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Up to `maximumCount` records from `offset` on, not more than `maximumBytes` unless the first alone is larger.
    func read(from offset: Int64, maximumCount: Int, maximumBytes: Int) -> Reading {
        state.withLock { state in
            guard offset < state.end else { return .atEnd }
            var index = Int(offset - state.memoryStart)
            if index < 0 {
                guard !isDurable else { return .onDisk }
                index = 0  // What was pushed out of memory is lost.
            }
            var records: [Record] = []
            var bytes = 0
            while index < state.tail.count, records.count < maximumCount {
                let record = state.tail[index]
                bytes += record.value.count
                if bytes > maximumBytes, !records.isEmpty { break }
                records.append(record)
                index += 1
            }
            return .records(records)
        }
    }

    /// Returns when there is a record at `offset`, or the task is cancelled.
    func wait(for offset: Int64) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if Task.isCancelled || offset < state.end { return true }
                    state.waiters[id] = (offset, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
        }
    }

    private static func ready(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        guard !state.waiters.isEmpty else { return [] }
        let end = state.end
        let ready = state.waiters.filter { $0.value.offset < end }
        for id in ready.keys { state.waiters[id] = nil }
        return ready.values.map(\.continuation)
    }
}
