import TestKit

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A PostgreSQL server of Debian's packages in a temporary folder, for as long as the test's process lives.
///
/// It runs as a system user where we are root, which PostgreSQL refuses to run as. Nobody else reaches it: it listens on
/// a socket in its folder, and on a free port of this machine where a test asks for one.
package actor PostgresServer {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// One for all tests of a process that do nothing to the server itself.
    package static func shared() async throws -> PostgresServer { try await SharedServer.one.get() }

    package nonisolated let folder: String
    private let programs: String
    private let options: [String]
    private let guardian: Guardian
    package nonisolated let port: Int

    /// - Parameters:
    ///   - isDurable: commits wait for the disk, as in real life; otherwise they only survive the server.
    ///   - isOnNetwork: it listens on 127.0.0.1, too.
    ///   - settings: words of postgresql.conf.
    package init(isDurable: Bool = false, isOnNetwork: Bool = false, settings: [String: String] = [:]) async throws {
        programs = try Self.findPrograms()
        folder = try Self.makeFolder()
        guardian = try Guardian(of: folder)
        port = isOnNetwork ? try Self.freePort() : 5432
        var words = [
            "listen_addresses": isOnNetwork ? "127.0.0.1" : "", "unix_socket_directories": folder,
            "port": String(port), "max_connections": "200", "shared_buffers": "64MB", "max_wal_size": "4GB",
            "log_min_messages": "fatal",
            // Usually a second: too long for a test that brings deadlocks about.
            "deadlock_timeout": "10ms",
        ]
        if !isDurable { words.merge(["fsync": "off", "full_page_writes": "off"]) { $1 } }
        words.merge(settings) { $1 }
        options = words.sorted { $0.key < $1.key }.map { "-c \($0.key)='\($0.value)'" }
        try await run(
            "initdb",
            ["-D", "\(folder)/data", "-U", "todo", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        try await start()
    }

    package func start() async throws {
        // After a kill, sessions that did not end yet hold the shared memory for a moment.
        for attempt in 1... {
            do {
                try await run(
                    "pg_ctl",
                    [
                        "start", "-s", "-w", "-D", "\(folder)/data", "-l", "\(folder)/log", "-o",
                        options.joined(separator: " "),
                    ])
                return
            } catch {
                guard attempt < 20 else { throw error }
                try await ContinuousClock().sleep(for: .milliseconds(100))
            }
        }
    }

    /// Ends all sessions, then the server, in order.
    package func stop() async throws {
        try await run("pg_ctl", ["stop", "-s", "-w", "-m", "fast", "-D", "\(folder)/data"])
    }

    /// As a machine's failure does it: kill -9 to the server and all of its processes.
    package func kill() async throws {
        let server = try processID()
        let children = try await ChildProcess.run("ps", ["-o", "pid=", "--ppid", String(server)]).text
        for process in [server] + children.split(whereSeparator: \.isWhitespace).compactMap({ pid_t($0) }) {
            _ = Glibc.kill(process, SIGKILL)
        }
    }

    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// The URL of a database on the socket.
    package nonisolated func url(_ database: String) -> String {
        "postgresql://todo@/\(database)?host=\(folder)&port=\(port)"
    }

    private func processID() throws -> pid_t {
        guard let file = fopen("\(folder)/data/postmaster.pid", "r") else {
            throw Failure(description: "it does not run")
        }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), file) != nil,
            let process = pid_t(String(decoding: line.prefix { $0 > 32 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        else { throw Failure(description: "no process id in postmaster.pid") }
        return process
    }

    // MARK: - The system

    private func run(_ program: String, _ arguments: [String]) async throws {
        var words = ["\(programs)/\(program)"] + arguments
        if let user = Self.user {
            words = ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"] + words
        }
        let result = try await ChildProcess.run(words[0], Array(words.dropFirst()), joined: true)
        guard result.status == 0 else {
            throw Failure(description: "\(program) ended with status \(result.status): \(result.text)")
        }
    }

    /// The system user that it runs as; nil for ourselves.
    private static var user: String? { getuid() == 0 ? "postgres" : nil }

    private static func findPrograms() throws -> String {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob("/usr/lib/postgresql/*/bin/postgres", 0, nil, &found) == 0,
            let last = found.gl_pathv[Int(found.gl_pathc) - 1]
        else { throw Failure(description: "no PostgreSQL server on this machine: run hack/bootstrap") }
        return String(String(cString: last).dropLast("/postgres".count))
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/todo-postgres.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary folder, error \(errno)") }
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        if let user {
            guard let entry = getpwnam(user), chown(folder, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
                throw Failure(description: "no system user '\(user)': run hack/bootstrap, which installs PostgreSQL")
            }
        }
        return folder
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Failure(description: "no free port, error \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Started with the first test that needs it.
private actor SharedServer {
    static let one = SharedServer()
    private enum State {
        case none
        case starting([CheckedContinuation<PostgresServer, any Error>])
        case there(PostgresServer)
    }
    private var state = State.none

    func get() async throws -> PostgresServer {
        switch state {
        case .there(let server): return server
        case .starting(let waiters):
            return try await withCheckedThrowingContinuation { state = .starting(waiters + [$0]) }
        case .none:
            state = .starting([])
            let result: Result<PostgresServer, any Error>
            do { result = .success(try await PostgresServer()) } catch { result = .failure(error) }
            if case .starting(let waiters) = state {
                for waiter in waiters { waiter.resume(with: result) }
            }
            if case .success(let server) = result { state = .there(server) } else { state = .none }
            return try result.get()
        }
    }
}

/// Ends the server and removes its folder when this process is gone, however it ends: a shell that waits for the end of
/// its input.
private final class Guardian: Sendable {
    private let input: Int32

    init(of folder: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw PostgresServer.Failure(description: "no pipe, error \(errno)") }
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        let script = """
            while read -r line; do :; done
            kill -QUIT $(head -n 1 '\(folder)/data/postmaster.pid')
            sleep 1
            rm -rf '\(folder)'
            """
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        ChildProcess.closeAllElse(&actions)
        // A group of its own: Ctrl-C at a terminal is not for it.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", script].map { (word: String) in strdup(word) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, words, environ)
        close(ends[0])
        input = ends[1]
        guard code == 0 else { throw PostgresServer.Failure(description: "no shell, error \(code)") }
    }

    deinit { close(input) }
}
