package import NIOCore
package import NIOHTTP1

/// The answer to an `AssembledRequest`, on its way to the encoder.
package struct ServiceAnswer: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: ByteBuffer

    package init(status: Int, headers: HTTPHeaders = ["Content-Length": "0"], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
