import CProcessMemory
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps a process small: it shares its machine with a dozen others, waits most of the time, and every thread, pool and heap
/// costs memory for nothing.
package enum ProcessMemory {
    /// To be called before anything else starts a thread.
    ///
    /// - Parameters:
    ///   - heaps: how many of glibc's arenas there may be. One for each thread, as it would have it, keeps what another
    ///     thread could use.
    ///   - blockingThreads: threads for what cannot wait without blocking: files and names.
    package static func limit(heaps: Int32, blockingThreads: Int) {
        // One loop serves thousands of requests a second; handlers run on the cooperative pool beside it.
        NIOSingletons.groupLoopCountSuggestion = 1
        NIOSingletons.blockingPoolThreadCountSuggestion = blockingThreads
        process_memory_limit_heaps(heaps)
    }

    /// Gives back to the system what was freed, and the code that only the start needed: linking, metadata, settings and
    /// tables are a third of the program. To be called when the process is up, and after anything large has passed through.
    package static func giveBack() { process_memory_give_back() }

    /// Gives back once more whenever the process has become quiet after it had something to do. Until it is cancelled.
    ///
    /// - Parameter interval: looks so often; quiet is less than a hundredth of a core in between.
    package static func giveBackWhenQuiet(every interval: Duration = .seconds(30)) async {
        var last = processorTime
        var atGivingBack = last
        while !Task.isCancelled {
            // Cancelled: the loop ends.
            try? await ContinuousClock().sleep(for: interval)
            let now = processorTime
            if now - last < interval / 100, now - atGivingBack > .seconds(1) {
                giveBack()
                atGivingBack = now
            }
            last = now
        }
    }

    /// What all threads together have used.
    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
