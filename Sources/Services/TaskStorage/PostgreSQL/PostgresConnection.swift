import CPostgreSQL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One statement on its way to the server.
struct PostgresCommand {
    let sql: String
    let parameters: [SQLValue]
    /// Whether the server is to keep what it made of the text: not for what is sent once.
    let isKept: Bool

    init(_ sql: String, _ parameters: [SQLValue] = [], isKept: Bool = false) {
        self.sql = sql
        self.parameters = parameters
        self.isKept = isKept
    }
}

/// What the server answered to one command.
struct PostgresAnswer {
    let rows: [Row]
    /// Rows inserted, updated or deleted.
    let changed: Int
}

/// One session with a PostgreSQL server, by libpq in pipeline mode: several commands, one round trip. It lives on one
/// thread.
final class PostgresConnection {
    private let handle: OpaquePointer
    private let settings: PostgresSettings
    private var plans = PlanCache()
    /// Whether nothing more can come of this session.
    private(set) var isLost = false

    /// Connects, which blocks up to the timeout.
    init(_ settings: PostgresSettings, _ options: DatabaseOptions) throws(DatabaseError) {
        handle = try Self.open(settings, options)
        self.settings = settings
        if !settings.isPooled {
            // Plans are made once, perhaps on tables that are still empty, where reading all of them looks cheap, and kept
            // while they grow. Every statement of ours has an index to go by, or reads a handful of rows; those look dear
            // then, and would be compiled each time if the server might.
            let sql = (Self.limits(options) + ["enable_seqscan = off", "jit = off"]).map { "SET \($0)" }
                .joined(separator: "; ")
            let result = PQexec(handle, sql)
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw error(result) }
        }
        guard PQenterPipelineMode(handle) == 1 else { throw lost("libpq refuses its pipeline mode") }
    }

    deinit { PQfinish(handle) }

    /// A session as the server gives it. The caller ends it with `PQfinish`.
    static func open(_ settings: PostgresSettings, _ options: DatabaseOptions) throws(DatabaseError) -> OpaquePointer {
        guard let handle = connect(settings.words(options)) else {
            throw DatabaseError(.unavailable, "out of memory")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            throw connectionError(handle, settings)
        }
        // Otherwise libpq writes notices to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        return handle
    }

    static func limits(_ options: DatabaseOptions) -> [String] {
        func milliseconds(_ duration: Duration) -> Int { max(1, Int(duration / .milliseconds(1))) }
        return [
            "statement_timeout = \(milliseconds(options.statementTimeout))",
            "lock_timeout = \(milliseconds(options.lockTimeout))",
            "idle_in_transaction_session_timeout = \(milliseconds(options.idleInTransactionTimeout))",
        ]
    }

    private static func connect(_ words: [String: String]) -> OpaquePointer? {
        let pairs = words.map { (strdup($0.key), strdup($0.value)) }
        defer {
            for (key, value) in pairs {
                free(key)
                free(value)
            }
        }
        var keys: [UnsafePointer<CChar>?] = pairs.map { UnsafePointer($0.0) }
        var values: [UnsafePointer<CChar>?] = pairs.map { UnsafePointer($0.1) }
        keys.append(nil)
        values.append(nil)
        return PQconnectdbParams(keys, values, 0)
    }

    private static func connectionError(_ handle: OpaquePointer, _ settings: PostgresSettings) -> DatabaseError {
        let reason = settings.redacted(String(cString: PQerrorMessage(handle))).oneLine
        // libpq tells no SQLSTATE here; these words are the server's and libpq's own, in English without a locale.
        let isRefusal = [
            "authentication", "no pg_hba.conf entry", "SSL", "certificate", "no password supplied", "role \"",
        ]
        .contains { reason.contains($0) }
        let isPassing = [
            "starting up", "shutting down", "recovery", "timeout expired", "too many", "closed the connection",
            "SSL SYSCALL", "could not connect", "refused",
        ].contains { reason.contains($0) }
        let code: DatabaseError.Code =
            if isPassing { .unavailable } else if isRefusal { .refused } else if reason.contains("does not exist") {
                .misconfigured
            } else { .unavailable }
        return DatabaseError(code, "no connection to \(settings.place): \(reason)")
    }

    /// Looks, without waiting, whether the server ended the session while nobody used it.
    var isAlive: Bool {
        guard !isLost, PQstatus(handle) == CONNECTION_OK else { return false }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        // Something came unasked: a parameter's change, or the server's farewell with the end of the stream behind it.
        for _ in 0..<4 {
            guard poll(&descriptor, 1, 0) > 0 else { return true }
            guard PQconsumeInput(handle) == 1, PQstatus(handle) == CONNECTION_OK else { return false }
        }
        return false
    }

    // MARK: - Commands

    /// Sends all of `commands` at once and reads the answers. The first that fails keeps the later ones from running.
    /// - Throws: that failure; `unavailable` when the session is lost.
    func exchange(_ commands: [PostgresCommand]) throws(DatabaseError) -> [PostgresAnswer] {
        var expected: [Expected] = []
        for command in commands { try send(command, &expected) }
        guard PQpipelineSync(handle) == 1 else { throw lost("sending failed") }
        var answers: [PostgresAnswer] = []
        var failure: DatabaseError?
        for step in expected {
            do {
                let answer = try receive()
                switch step {
                case .plan(let sql, let name): plans.keep(sql, name)
                case .answer: if let answer { answers.append(answer) }
                }
            } catch {
                if isLost { throw error }
                failure = failure ?? error
            }
        }
        try receiveSync()
        if let failure { throw failure }
        return answers
    }

    private enum Expected {
        case plan(sql: String, name: String)
        case answer
    }

    private func send(_ command: PostgresCommand, _ expected: inout [Expected]) throws(DatabaseError) {
        let parameters = try PostgresParameters(command)
        var name: String?
        if command.isKept, !settings.isPooled {
            switch plans.use(command.sql) {
            case .known(let known): name = known
            case .plan(let new):
                guard PQsendPrepare(handle, new, command.sql, 0, nil) == 1 else { throw lost("sending failed") }
                expected.append(.plan(sql: command.sql, name: new))
                name = new
            case .once: break
            }
        }
        guard parameters.send(on: handle, sql: command.sql, plan: name) else { throw lost("sending failed") }
        expected.append(.answer)
    }

    /// The answer to one step; nil when an earlier one failed and this did not run.
    private func receive() throws(DatabaseError) -> PostgresAnswer? {
        var answer: PostgresAnswer?
        var failure: DatabaseError?
        // The results of a step end with NULL.
        while let result = PQgetResult(handle) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                answer = PostgresAnswer(rows: [], changed: Int(String(cString: PQcmdTuples(result))) ?? 0)
            case PGRES_TUPLES_OK:
                do {
                    let changed = Int(String(cString: PQcmdTuples(result))) ?? 0
                    answer = PostgresAnswer(rows: try PostgresResult.rows(result), changed: changed)
                } catch {
                    failure = failure ?? error
                }
            case PGRES_PIPELINE_ABORTED: break
            default: failure = failure ?? error(result)
            }
            if PQstatus(handle) == CONNECTION_BAD { isLost = true }
            if isLost { break }
        }
        if isLost || PQstatus(handle) == CONNECTION_BAD {
            isLost = true
            throw failure?.asLost ?? lost("the server closed the connection")
        }
        if let failure { throw failure }
        return answer
    }

    private func receiveSync() throws(DatabaseError) {
        let result = PQgetResult(handle)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_PIPELINE_SYNC else { throw lost("the server closed the connection") }
    }

    private func lost(_ what: String) -> DatabaseError {
        isLost = true
        let reason = settings.redacted(String(cString: PQerrorMessage(handle))).oneLine
        return DatabaseError(
            .unavailable, "connection to \(settings.place) lost: \(reason.isEmpty ? what : reason)")
    }

    private func error(_ result: OpaquePointer?) -> DatabaseError {
        DatabaseError(result, redacting: settings)
    }
}

extension String {
    /// libpq's messages end with line breaks.
    var oneLine: String {
        split(whereSeparator: \.isNewline).joined(separator: "; ")
    }
}

/// Which statements a session has a plan for. The first use of a text is not worth one.
private struct PlanCache {
    enum Use {
        case known(String)
        case plan(String)
        case once
    }

    /// Texts beyond these are sent without a plan.
    private static let limit = 512
    private var names: [String: String] = [:]
    private var seen: Set<String> = []
    private var last = 0

    mutating func use(_ sql: String) -> Use {
        if let name = names[sql] { return .known(name) }
        guard names.count < Self.limit else { return .once }
        guard !seen.insert(sql).inserted else {
            if seen.count > 4 * Self.limit { seen = [] }
            return .once
        }
        last += 1
        return .plan("s\(last)")
    }

    mutating func keep(_ sql: String, _ name: String) { names[sql] = name }
}
