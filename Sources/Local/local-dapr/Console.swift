#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Lines on standard output, each whole, with who says it in front.
enum Console {
    /// - Parameter source: the app's name.
    static func line(_ source: String, _ text: String) {
        let padded = source + String(repeating: " ", count: max(0, 18 - source.count))
        let bytes = Array("\(padded) | \(text)\n".utf8)
        // One write for a line: lines of several apps do not mix. A terminal that is gone is no reason to stop.
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
