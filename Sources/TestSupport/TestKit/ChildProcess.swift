import Dispatch

#if canImport(Glibc)
    package import Glibc
#elseif canImport(Musl)
    package import Musl
#else
    package import Darwin
#endif

/// Runs a program to its end. Small on purpose: for the scripts that tests need.
package enum ChildProcess {
    package struct Result: Sendable {
        /// As a shell has it: 128 and the signal's number when a signal ended it.
        package let status: Int32
        package let output: [UInt8]
        package var text: String { String(decoding: output, as: UTF8.self) }
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// Runs `program`, found on the PATH, and returns its status and standard output; its standard error is ours.
    ///
    /// - Parameter joined: standard error goes into the output, too.
    package static func run(_ program: String, _ arguments: [String], joined: Bool = false) async throws -> Result {
        // Waiting for a process blocks a thread: not one of those that run tasks.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Swift.Result { try runBlocking(program, arguments, joined: joined) })
            }
        }
    }

    /// The same, blocking the calling thread.
    package static func runBlocking(_ program: String, _ arguments: [String], joined: Bool = false) throws(Failure)
        -> Result
    {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure(description: "\(program): no pipe, error \(errno)") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        if joined { posix_spawn_file_actions_adddup2(&actions, ends[1], 2) }
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        closeAllElse(&actions)

        var words = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, program, &actions, nil, words, environ)
        close(ends[1])
        defer { close(ends[0]) }
        guard error == 0 else { throw Failure(description: "\(program) does not start: error \(error)") }

        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        // Exited normally: the status is in the second byte. A signal stands in the first.
        return Result(status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F), output: output)
    }

    /// The child gets no descriptor of ours but the first three. A server that it leaves behind would otherwise hold our
    /// sockets: what we close stays open then, and the other side never hears of the end.
    package static func closeAllElse(_ actions: inout posix_spawn_file_actions_t) {
        // Those that are not open do no harm.
        for descriptor in 3..<min(Int32(clamping: sysconf(Int32(_SC_OPEN_MAX))), 4_096) {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
    }

    /// Whether `program` is on the PATH.
    package static func isInstalled(_ program: String) -> Bool {
        (environment("PATH") ?? "").split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    /// The value of an environment variable; nil when it is unset or empty.
    package static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The id of this process.
    package static var processID: Int32 { getpid() }
}
