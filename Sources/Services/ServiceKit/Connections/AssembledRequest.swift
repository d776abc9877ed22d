package import NIOCore
package import NIOHTTP1

/// One request as it comes out of a connection: all of it at once.
package struct AssembledRequest: Sendable {
    package let head: HTTPRequestHead
    package let body: RequestBody
    /// Whether it came from this machine.
    package let isLocal: Bool
}

/// What came of a request's body. After any but a whole one the connection ends with the answer.
package enum RequestBody: Sendable {
    /// Empty if there was none.
    case whole(ByteBuffer)
    /// It has, or announces, more bytes than are taken in.
    case tooLong
    /// It did not arrive in time.
    case tooSlow
    /// It is no HTTP, or the other side ended within it.
    case broken
}
