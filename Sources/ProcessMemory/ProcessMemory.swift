import CProcessMemory
import NIOCore

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
}
