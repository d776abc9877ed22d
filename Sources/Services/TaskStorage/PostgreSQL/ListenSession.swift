import CPostgreSQL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A session that listens. It lives on the listener's thread.
struct ListenSession: ~Copyable {
    private let handle: OpaquePointer
    private let settings: PostgresSettings

    init(_ settings: PostgresSettings, _ options: DatabaseOptions) throws(DatabaseError) {
        self.settings = settings
        handle = try PostgresConnection.open(settings, options)
    }

    deinit { PQfinish(handle) }

    var descriptor: Int32 { PQsocket(handle) }

    func listen(_ channel: String) throws(DatabaseError) { try execute("LISTEN \(Self.quoted(channel))") }

    func notify(_ channels: Set<String>) throws(DatabaseError) {
        try execute(channels.map { "NOTIFY \(Self.quoted($0))" }.joined(separator: "; "))
    }

    /// The channels on which other processes spoke; our own words went round in this process already.
    func heard() throws(DatabaseError) -> Set<String> {
        guard PQconsumeInput(handle) == 1, PQstatus(handle) == CONNECTION_OK else { throw lost() }
        var channels: Set<String> = []
        while let notification = PQnotifies(handle) {
            if notification.pointee.be_pid != PQbackendPID(handle) {
                channels.insert(String(cString: notification.pointee.relname))
            }
            PQfreemem(notification)
        }
        return channels
    }

    private func execute(_ sql: String) throws(DatabaseError) {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else {
            throw PQstatus(handle) == CONNECTION_OK ? DatabaseError(result, redacting: settings) : lost()
        }
    }

    private func lost() -> DatabaseError {
        DatabaseError(
            .unavailable,
            "connection to \(settings.place) lost: \(settings.redacted(String(cString: PQerrorMessage(handle))).oneLine)"
        )
    }

    private static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
}

/// Wakes a thread that waits for a socket: a pipe, which is a socket's equal for `poll`.
final class Bell: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // Without descriptors left a service cannot work at all.
        precondition(pipe(&ends) == 0, "no pipe, error \(errno)")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    func ring() {
        var byte: UInt8 = 1
        // A full pipe rings already.
        _ = write(writing, &byte, 1)
    }

    /// Returns after a ring, or when there is something to read at `socket`, or after the time; -1 waits without end.
    func wait(or socket: Int32 = -1, milliseconds: Int32) {
        // A negative descriptor is passed over.
        var descriptors = [
            pollfd(fd: reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 2, milliseconds)
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(reading, &buffer, buffer.count) > 0 {}
    }
}
