import WireValues

/// Which jobs are due when, which run now, which wait for their app. Pure state: no clock, no task.
struct JobQueue: Sendable {
    private struct Entry {
        let due: Timestamp
        let created: Timestamp
        let key: Job.Key
    }

    private var jobs: [Job.Key: Job] = [:]
    /// A binary heap by due time. Entries whose job has changed meanwhile are passed over when they come up.
    private var heap: [Entry] = []
    private var running: Set<Job.Key> = []
    /// Due jobs by app, the oldest first; `head` is where the living ones begin.
    private var ready: [String: (keys: [Job.Key], head: Int)] = [:]
    private var runningByApp: [String: Int] = [:]
    private var activeApps: Set<String> = []

    /// Calls to one app at once.
    static let maximumRunning = 64

    subscript(key: Job.Key) -> Job? { jobs[key] }

    func names(of app: String) -> [String] { jobs.keys.filter { $0.app == app }.map(\.name).sorted() }

    var count: Int { jobs.count }
    var isRunning: Bool { !running.isEmpty }

    /// Adds a job, or puts it in the place of the one before.
    mutating func set(_ job: Job) {
        jobs[job.key] = job
        push(Entry(due: job.due, created: job.created, key: job.key))
    }

    mutating func remove(_ key: Job.Key) { jobs[key] = nil }

    mutating func setActive(_ app: String, _ isActive: Bool) {
        if isActive { activeApps.insert(app) } else { activeApps.remove(app) }
    }

    /// When the next job comes due that does not wait already.
    mutating func nextDue() -> Timestamp? {
        while let first = heap.first {
            if isCurrent(first) { return first.due }
            _ = pop()
        }
        return nil
    }

    /// Takes what may start now. Each job that comes out is to be given back by `finish`.
    mutating func take(at now: Timestamp) -> [Job] {
        while let first = heap.first, first.due <= now {
            _ = pop()
            if isCurrent(first) { ready[first.key.app, default: ([], 0)].keys.append(first.key) }
        }
        var starting: [Job] = []
        for app in ready.keys where activeApps.contains(app) {
            while var line = ready[app], runningByApp[app, default: 0] < Self.maximumRunning {
                guard line.head < line.keys.count else {
                    ready[app] = nil
                    break
                }
                let key = line.keys[line.head]
                line.head += 1
                if line.head > 1_024, line.head * 2 > line.keys.count {
                    line.keys.removeFirst(line.head)
                    line.head = 0
                }
                ready[app] = line
                guard let job = jobs[key], job.due <= now, running.insert(key).inserted else { continue }
                runningByApp[app, default: 0] += 1
                starting.append(job)
            }
        }
        return starting
    }

    /// Gives back a job that ran.
    ///
    /// - Parameter next: what follows: nil when it is done with.
    /// - Returns: whether that counts: not when the job was made anew or deleted meanwhile.
    mutating func finish(_ job: Job, next: Job?) -> Bool {
        running.remove(job.key)
        runningByApp[job.key.app, default: 1] -= 1
        guard let current = jobs[job.key] else { return false }
        guard current.created == job.created else {
            // The new one may have come due while the old one ran.
            push(Entry(due: current.due, created: current.created, key: current.key))
            return false
        }
        if let next { set(next) } else { remove(job.key) }
        return true
    }

    private func isCurrent(_ entry: Entry) -> Bool {
        guard let job = jobs[entry.key] else { return false }
        return job.created == entry.created && job.due == entry.due && !running.contains(entry.key)
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[(index - 1) / 2].due > heap[index].due {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func pop() -> Entry? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].due < heap[smallest].due
            {
                smallest = child
            }
            if smallest == index { return first }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
