import NIOCore
import NIOHTTP1

/// Reads a connection's requests, part by part.
///
/// Sendable without the compiler's check, since the iterator is not: one task at a time uses it. A connection's task hands it
/// to a request's handler and goes on only when that has returned; the handler reads its body by itself, in one go.
package final class RequestParts: @unchecked Sendable {
    private var iterator: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    private var isInBody = false

    init(_ iterator: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator) { self.iterator = iterator }

    /// The next request; nil when there will be none. What was not read of the last one's body is passed over.
    func head() async throws -> HTTPRequestHead? {
        while let part = try await iterator.next() {
            if case .head(let head) = part {
                isInBody = true
                return head
            }
        }
        return nil
    }

    /// More of the request's body; nil at its end.
    func body() async throws -> ByteBuffer? {
        guard isInBody else { return nil }
        switch try await iterator.next() {
        case .body(let bytes): return bytes
        case .end:
            isInBody = false
            return nil
        case .head, nil: throw ChannelError.inputClosed
        }
    }
}
