import FoundationEssentials
import KubernetesModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `read(2)`, under a name that the functions below do not hide.
private let readSome: @Sendable (CInt, UnsafeMutableRawPointer?, Int) -> Int = read

/// Files that hold configuration and credentials. They are small; what is larger than the bound is refused unread.
enum FileContent {
    static let maximumBytes = 4 * 1024 * 1024

    /// Reads the file at `path`, opened anew each time: kubelet swaps mounted files by links.
    ///
    /// - Returns: nil when there is no such file.
    /// - Throws: `.configuration` with the path and the system's reason.
    static func readIfPresent(_ path: String) throws(KubernetesError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure(path)
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = readSome(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { return content }
            content += buffer[..<count]
            if content.count > maximumBytes {
                throw KubernetesError(
                    .configuration, "\(path): larger than \(maximumBytes / 1024 / 1024) MiB; is this the right file?")
            }
        }
    }

    /// Reads the file at `path`. - Parameter purpose: what it is for, as in `the certificate authority`.
    static func read(_ path: String, _ purpose: String) throws(KubernetesError) -> [UInt8] {
        guard let content = try readIfPresent(path) else {
            throw KubernetesError(.configuration, "\(path): no such file; it should hold \(purpose)")
        }
        return content
    }

    /// `path` seen from `folder`, unless it is absolute.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : folder + "/" + path
    }

    /// Everything of `path` before its last slash.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ path: String) -> KubernetesError {
        KubernetesError(.configuration, "\(path): cannot be read: \(String(cString: strerror(errno)))")
    }
}

extension [UInt8] {
    /// Decodes base64 (RFC 4648, section 4) with padding; white space is ignored. Nil when it is anything else.
    init?(base64 text: String) {
        let compact = text.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard let data = Data(base64Encoded: Data(compact)) else { return nil }
        self = Array(data)
    }

    var base64: String { Data(self).base64EncodedString() }

    /// The text without white space around it, or nil when it is no UTF-8 or empty.
    var trimmedText: String? {
        guard let text = String(validating: self, as: UTF8.self) else { return nil }
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        return trimmed.isEmpty ? nil : String(trimmed)
    }
}
