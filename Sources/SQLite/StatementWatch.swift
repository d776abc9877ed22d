import CSQLite

/// Stops a statement that runs too long. SQLite asks it every few thousand steps of its machine.
final class StatementWatch {
    let limit: Duration
    private var end = ContinuousClock.now

    init(limit: Duration) { self.limit = limit }

    func start() { end = .now + limit }

    var isOver: Bool { .now >= end }

    /// The connection keeps the watch alive for as long as `handle` is open.
    func attach(to handle: OpaquePointer) {
        sqlite3_progress_handler(
            handle, 10_000,
            { context in
                guard let context else { return 0 }
                return Unmanaged<StatementWatch>.fromOpaque(context).takeUnretainedValue().isOver ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
