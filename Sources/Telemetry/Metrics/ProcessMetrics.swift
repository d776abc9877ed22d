#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The usual metrics of a process, read from `/proc` when somebody asks (Linux; elsewhere there are none).
package enum ProcessMetrics {
    /// Adds `process_resident_memory_bytes`, `process_cpu_seconds_total`, `process_open_fds` and
    /// `process_start_time_seconds`. A value that cannot be read keeps what it had.
    package static func register(in registry: MetricRegistry) {
        #if os(Linux)
            let memory = registry.gauge("process_resident_memory_bytes", help: "Resident memory in bytes.")
            let processor = registry.counter("process_cpu_seconds_total", help: "User and system time in seconds.")
            let descriptors = registry.gauge("process_open_fds", help: "Open file descriptors.")
            let start = registry.gauge(
                "process_start_time_seconds", help: "Start of the process in seconds since 1970.")
            registry.onCollect {
                if let statistics = ProcessStatistics(
                    stat: contents(of: "/proc/self/stat"), ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
                    bytesPerPage: sysconf(Int32(_SC_PAGESIZE)))
                {
                    memory.set(statistics.residentBytes)
                    processor.advance(to: statistics.processorSeconds)
                    if let boot = bootTime(stat: contents(of: "/proc/stat")) {
                        start.set(boot + statistics.startSecondsAfterBoot)
                    }
                }
                if let count = openDescriptors() { descriptors.set(Double(count)) }
            }
        #endif
    }

    /// The line `btime` of `/proc/stat`: the start of the machine, in seconds since 1970.
    static func bootTime(stat: String) -> Double? {
        for line in stat.split(separator: "\n") where line.hasPrefix("btime ") {
            return Double(line.dropFirst("btime ".count))
        }
        return nil
    }

    #if os(Linux)
        /// A file of `/proc`, at most 64 KiB of it; empty when it cannot be read.
        private static func contents(of path: String) -> String {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return "" }
            defer { close(descriptor) }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while bytes.count < 65_536 {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        private static func openDescriptors() -> Int? {
            guard let directory = opendir("/proc/self/fd") else { return nil }
            defer { closedir(directory) }
            var entries = 0
            while readdir(directory) != nil { entries += 1 }
            return entries - 3  // ".", ".." and the descriptor of this very look
        }
    #endif
}

/// The fields of `/proc/<pid>/stat` that we report (proc_pid_stat(5)).
struct ProcessStatistics: Equatable {
    var residentBytes: Double
    var processorSeconds: Double
    var startSecondsAfterBoot: Double

    /// Nil when `stat` is not such a line.
    init?(stat: String, ticksPerSecond: Int, bytesPerPage: Int) {
        // The second field is the program's name in parentheses; it may itself hold spaces and parentheses.
        guard let end = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> Double? { number - 3 < fields.count ? Double(fields[number - 3]) : nil }
        guard let user = field(14), let system = field(15), let start = field(22), let pages = field(24) else {
            return nil
        }
        residentBytes = pages * Double(bytesPerPage)
        processorSeconds = (user + system) / Double(ticksPerSecond)
        startSecondsAfterBoot = start / Double(ticksPerSecond)
    }
}
