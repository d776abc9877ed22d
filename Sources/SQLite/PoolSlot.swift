/// Where one worker of a pool keeps its connection. It stays on the worker's thread.
package final class PoolSlot<Connection> {
    private let connect: () throws -> Connection
    private let takeWaiting: () -> ((PoolSlot) -> Void)?
    private var current: Connection?

    init(connect: @escaping () throws -> Connection, takeWaiting: @escaping () -> ((PoolSlot) -> Void)?) {
        self.connect = connect
        self.takeWaiting = takeWaiting
    }

    /// The connection, made now if there is none.
    package func connection() throws -> Connection {
        if let current { return current }
        let made = try connect()
        current = made
        return made
    }

    /// Whether there is a connection from an earlier job.
    package var isConnected: Bool { current != nil }

    /// Gives the connection up: the next one who needs one gets a new one.
    package func drop() { current = nil }

    /// Runs the job that has waited longest on this slot as a part of the job that runs now; false when none waits.
    package func runNextWaiting() -> Bool {
        guard let job = takeWaiting() else { return false }
        job(self)
        return true
    }
}
