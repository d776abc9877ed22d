import DequeModule

/// Which keys run now, which wait and which come later. Pure state: no clock, no task, no lock.
///
/// A key runs at most once at a time and waits at most once, so a key that is asked for a thousand times takes one place
/// like any other. Waiting keys run in the order in which they were first asked for.
struct WorkQueue<Key: Hashable & Sendable>: Sendable {
    /// A key to run now.
    struct Start: Sendable {
        let key: Key
        /// How long it waited since it was asked for.
        let waited: Duration
    }

    private struct Run {
        let since: Duration
        /// When it was first asked for again meanwhile.
        var askedAgain: Duration?
    }

    let maximumRunning: Int
    private var waiting: Deque<Key> = []
    /// Since when each waiting key waits.
    private var waitingSince: [Key: Duration] = [:]
    private var running: [Key: Run] = [:]
    private var later = TimerHeap<Key>()
    private(set) var isPaused: Bool
    private(set) var isClosed = false

    /// - Parameter maximumRunning: at least 1.
    init(maximumRunning: Int, isPaused: Bool = false) {
        precondition(maximumRunning > 0, "a queue that runs nothing")
        self.maximumRunning = maximumRunning
        self.isPaused = isPaused
    }

    /// Keys that could run if there were room.
    var depth: Int { waiting.count }
    var runningCount: Int { running.count }
    /// Keys with a later time.
    var laterCount: Int { later.count }
    /// When `advance` has something to do next.
    var nextTime: Duration? { mutating get { isClosed ? nil : later.earliest } }

    /// How long each running key has run.
    func runningTimes(now: Duration) -> [Duration] { running.values.map { now - $0.since } }

    /// Asks for `key` now. A running key runs once more when it ends. Returns whether that is new: the key was not
    /// waiting already.
    mutating func add(_ key: Key, now: Duration) -> Bool {
        guard !isClosed else { return false }
        if running[key] != nil {
            guard running[key]?.askedAgain == nil else { return false }
            running[key]?.askedAgain = now
            return true
        }
        return wait(key, now: now)
    }

    /// Asks for `key` at `time`, or earlier if it is asked for earlier. A run of the key makes this void: the run
    /// decides anew.
    mutating func add(_ key: Key, at time: Duration) {
        guard !isClosed else { return }
        if let present = later.time(of: key), present <= time { return }
        later.set(key, time)
    }

    /// Asks for the keys whose time has come. Returns how many of them are new.
    mutating func advance(to now: Duration) -> Int {
        var count = 0
        while !isClosed, let key = later.popDue(now) {
            if add(key, now: now) { count += 1 }
        }
        return count
    }

    /// `key` has ended its run.
    mutating func finish(_ key: Key) {
        guard let run = running.removeValue(forKey: key) else {
            preconditionFailure("a key that does not run has ended")
        }
        if let since = run.askedAgain, !isClosed { _ = wait(key, now: since) }
    }

    /// Nothing is started until `resume`; keys go on being collected.
    mutating func pause() { isPaused = true }
    mutating func resume() { isPaused = false }

    /// Nothing is started or taken in any more.
    mutating func close() {
        isClosed = true
        waiting = []
        waitingSince = [:]
        later = TimerHeap()
    }

    /// Moves keys from waiting to running, as many as there is room for.
    mutating func startable(now: Duration) -> [Start] {
        guard !isPaused, !isClosed else { return [] }
        var starts: [Start] = []
        while running.count < maximumRunning, let key = waiting.popFirst() {
            let since = waitingSince.removeValue(forKey: key) ?? now
            running[key] = Run(since: now)
            later.cancel(key)
            starts.append(Start(key: key, waited: now - since))
        }
        return starts
    }

    private mutating func wait(_ key: Key, now: Duration) -> Bool {
        guard waitingSince[key] == nil else { return false }
        waitingSince[key] = now
        waiting.append(key)
        return true
    }
}
