import NIOCore

#if canImport(Glibc)
    import Glibc
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

    /// To be called when the service is up. A start runs through a third of the program once: linking, metadata,
    /// settings, tables. Those pages of code are clean copies of the file; let go, the few that are still needed come back
    /// by themselves.
    static func giveBack() {
        #if canImport(Glibc)
            malloc_trim(0)
            for region in codeRegions() {
                guard let start = UnsafeMutableRawPointer(bitPattern: region.lowerBound) else { continue }
                // Only a hint: it changes nothing that anybody can read, and a refusal does no harm.
                _ = madvise(start, region.count, MADV_DONTNEED)
            }
        #endif
    }

    #if canImport(Glibc)
        /// Where code is mapped that cannot be written, and so cannot differ from its file (`/proc/self/maps`, proc(5)).
        private static func codeRegions() -> [Range<UInt>] {
            guard let file = fopen("/proc/self/maps", "r") else { return [] }
            defer { fclose(file) }
            var regions: [Range<UInt>] = []
            var line = [CChar](repeating: 0, count: 1_024)
            while fgets(&line, Int32(line.count), file) != nil {
                let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                    .split(separator: " ", omittingEmptySubsequences: true)
                guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
                let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
                if bounds.count == 2, bounds[0] < bounds[1] { regions.append(bounds[0]..<bounds[1]) }
            }
            return regions
        }
    #endif
}
