import NIOCore

#if canImport(Glibc)
    import GNUMalloc
#endif

/// Keeps the process small: it waits nearly all the time, and every thread and every pool costs memory for nothing.
enum MemoryUse {
    /// To be called before anything else starts a thread.
    static func limit() {
        NIOSingletons.groupLoopCountSuggestion = 1
        NIOSingletons.blockingPoolThreadCountSuggestion = 1
        #if canImport(Glibc)
            // One heap for all threads: glibc gives each its own, and none gives back what another could use.
            mallopt(M_ARENA_MAX, 1)
            mallopt(M_TRIM_THRESHOLD, 256 * 1_024)
        #endif
    }

    /// Gives back to the system what was freed, and the code that only the start needed, which is most of it: after the
    /// first lists, the largest thing that ever passes through, and now and then while much is being made.
    static func giveBack() {
        #if canImport(Glibc)
            malloc_trim(0)
            todo_forget_programs()
        #endif
    }
}
