import NIOCore

#if canImport(Glibc)
    import GNUMalloc
#endif

/// Keeps the process small: six of them, and their sidecars, share a machine.
enum MemoryUse {
    /// To be called before anything else starts a thread.
    static func limit() {
        // One loop serves thousands of requests a second; handlers run on the cooperative pool beside it.
        NIOSingletons.groupLoopCountSuggestion = 1
        NIOSingletons.blockingPoolThreadCountSuggestion = 2
        #if canImport(Glibc)
            // One heap for all threads: glibc gives each its own, and none gives back what another could use.
            mallopt(M_ARENA_MAX, 2)
            mallopt(M_TRIM_THRESHOLD, 256 * 1_024)
        #endif
    }
}
