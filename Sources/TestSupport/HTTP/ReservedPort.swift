#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A port of this machine at which nobody listens while `body` runs. It is held, so that no server that takes just any
/// port gets it; one that names it may listen there all the same.
package func withReservedPort<R>(
    isolation: isolated (any Actor)? = #isolation, _ body: (Int) async throws -> R
) async throws -> R {
    let holder = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(holder) }
    var yes: Int32 = 1
    setsockopt(holder, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Bound and never listening: connections are refused.
    let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(holder, $0, length) == 0 && getsockname(holder, $0, &length) == 0
        }
    }
    guard isBound else { throw NoPort(code: errno) }
    return try await body(Int(UInt16(bigEndian: address.sin_port)))
}

private struct NoPort: Error { let code: Int32 }
