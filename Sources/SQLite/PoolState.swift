/// Who of a pool's workers is idle and which jobs wait. Pure state: no thread, no lock, no clock.
struct PoolState<Worker, Job> {
    enum Admission {
        /// Give it to this idle worker.
        case wake(Worker)
        /// Start one more worker with it.
        case start
        /// It waits under its number.
        case waits
        /// Too many wait already.
        case full
        case closed
    }

    let size: Int
    let waitingLimit: Int
    /// Those that take jobs.
    private(set) var workers = 0
    /// These and those that are closing their connections.
    private(set) var alive = 0
    /// The one that became idle last comes first, so that connections not needed grow old and end.
    private(set) var idle: [(id: UInt64, worker: Worker)] = []
    private(set) var isClosed = false
    private var waiting: [UInt64: Job] = [:]
    /// The numbers of what waits, in order; of those before `first` and of the withdrawn nothing is in `waiting`.
    private var order: [UInt64] = []
    private var first = 0

    init(size: Int, waitingLimit: Int) {
        self.size = size
        self.waitingLimit = waitingLimit
    }

    var waitingCount: Int { waiting.count }
    var busy: Int { workers - idle.count }

    mutating func admit(_ job: Job, number: UInt64) -> Admission {
        if isClosed { return .closed }
        if let next = idle.popLast() { return .wake(next.worker) }
        if workers < size {
            workers += 1
            alive += 1
            return .start
        }
        guard waiting.count < waitingLimit else { return .full }
        waiting[number] = job
        order.append(number)
        return .waits
    }

    /// Takes a job out that still waits; nil when it runs or ran.
    mutating func withdraw(_ number: UInt64) -> Job? { waiting.removeValue(forKey: number) }

    /// The job that has waited longest; it goes on waiting.
    mutating func longestWaiting() -> Job? {
        while first < order.count {
            if let job = waiting[order[first]] { return job }
            first += 1
        }
        return nil
    }

    /// Takes the job that has waited longest.
    mutating func next() -> Job? {
        while first < order.count {
            let job = waiting.removeValue(forKey: order[first])
            first += 1
            if first > 64, first * 2 > order.count {
                order.removeFirst(first)
                first = 0
            }
            if let job { return job }
        }
        order.removeAll(keepingCapacity: true)
        first = 0
        return nil
    }

    /// A worker found no job that waits. False with a closed pool: it ends.
    mutating func becomeIdle(_ worker: Worker, id: UInt64) -> Bool {
        guard !isClosed else {
            workers -= 1
            return false
        }
        idle.append((id, worker))
        return true
    }

    /// A worker was idle for long. False when it has got a job in the meantime.
    mutating func retire(id: UInt64) -> Bool {
        guard let index = idle.firstIndex(where: { $0.id == id }) else { return false }
        idle.remove(at: index)
        workers -= 1
        return true
    }

    /// The worker that was to start does not.
    mutating func startFailed() {
        workers -= 1
        alive -= 1
    }

    /// The connection of a worker that takes no more jobs is closed.
    mutating func ended() { alive -= 1 }

    /// No job is taken any more. Returns what waited and who is idle; these take no more jobs.
    mutating func close() -> (waiting: [Job], idle: [Worker]) {
        isClosed = true
        let jobs = order[first...].compactMap { waiting[$0] }
        waiting = [:]
        order = []
        first = 0
        let workers = idle.map(\.worker)
        self.workers -= workers.count
        idle = []
        return (jobs, workers)
    }
}
