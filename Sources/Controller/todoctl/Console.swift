import FoundationEssentials
import KubernetesModel
import TodoctlCommands

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The terminal, or whatever stands in its place.
enum Console {
    static var style: TextStyle { style(of: STDOUT_FILENO) }
    static var errorStyle: TextStyle { style(of: STDERR_FILENO) }

    /// Colours on a terminal only, and not when the user asked for none (no-color.org).
    private static func style(of descriptor: Int32) -> TextStyle {
        let environment = ProcessInfo.processInfo.environment
        return TextStyle(
            isColored: isatty(descriptor) == 1 && (environment["NO_COLOR"] ?? "").isEmpty
                && environment["TERM"] != "dumb")
    }

    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// One line on standard error.
    static func note(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(descriptor, $0) }
            // A reader that went away (`| head`) has seen enough.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    static var now: Timestamp { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}
