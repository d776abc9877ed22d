import NIOCore
import NIOPosix
import TestKit
import WireValues

/// A client that writes its bytes by itself, so that it may also write wrong ones.
final class RawClient {
    struct Frame: Equatable {
        var opcode: UInt8
        var payload: [UInt8]
        var json: JSON? { opcode == 1 ? try? JSON(parsing: payload) : nil }  // nil: no JSON, which no test expects
        var closeCode: Int? {
            opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
        }
    }

    struct Ended: Error {}
    /// Something else than an upgrade was answered.
    struct Refused: Error { let head: String }

    static let handshake = [
        "Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var random = SeededGenerator(seed: 1)
    private var buffer: [UInt8] = []

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    static func connected(to port: Int, _ body: (RawClient) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in try await body(RawClient(inbound, outbound)) }
    }

    /// Asks for a WebSocket, and is granted it.
    static func listening(
        to port: Int, _ target: String, _ headers: [String] = [], _ body: (RawClient) async throws -> Void
    ) async throws {
        try await connected(to: port) { client in
            try await client.request("GET \(target) HTTP/1.1", handshake + headers)
            let head = try await client.head()
            guard head.hasPrefix("HTTP/1.1 101 ") else { throw Refused(head: head) }
            try await body(client)
        }
    }

    func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    func request(_ line: String, _ headers: [String]) async throws {
        try await write(Array((([line] + headers).joined(separator: "\r\n") + "\r\n\r\n").utf8))
    }

    func say(_ text: String) async throws {
        try await write(FrameTests.frame(1, Array(text.utf8), isLast: true, &random))
    }

    /// The head of an HTTP answer.
    func head() async throws -> String {
        while true {
            if let end = buffer.indices.dropLast(3).first(where: {
                buffer[$0..<$0 + 4].elementsEqual([13, 10, 13, 10])
            }) {
                defer { buffer.removeFirst(end + 4) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            try await more()
        }
    }

    func body(_ count: Int) async throws -> String {
        while buffer.count < count { try await more() }
        defer { buffer.removeFirst(count) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// An HTTP answer.
    func answer() async throws -> (status: Int, head: String, body: String) {
        let head = try await head()
        let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }?.dropFirst(
            16)
        let body = try await body(length.flatMap { Int($0) } ?? 0)
        return (Int(head.split(separator: " ")[1]) ?? 0, head, body)
    }

    func frame() async throws -> Frame {
        while true {
            if let frame = take() { return frame }
            try await more()
        }
    }

    /// The next text message.
    func message() async throws -> JSON {
        while true {
            if let json = try await frame().json { return json }
        }
    }

    /// The number of the next change; other messages are passed over.
    func number() async throws -> Int {
        while true {
            if let number = try await message()["data"]?["user_seq"]?.int { return number }
        }
    }

    /// The close code with which the server ends the connection.
    func closeCode() async throws -> Int? {
        while true {
            if let code = try await frame().closeCode { return code }
        }
    }

    /// Whether the server has ended the connection, after what it still says.
    func end() async throws {
        do { while true { try await more() } } catch is Ended {}
    }

    private func take() -> Frame? {
        guard buffer.count >= 2 else { return nil }
        var length = Int(buffer[1])
        var start = 2
        if length >= 126 {
            let count = length == 126 ? 2 : 8
            guard buffer.count >= 2 + count else { return nil }
            length = buffer[2..<2 + count].reduce(0) { $0 << 8 | Int($1) }
            start = 2 + count
        }
        guard buffer.count >= start + length else { return nil }
        let frame = Frame(opcode: buffer[0] & 15, payload: Array(buffer[start..<start + length]))
        buffer.removeFirst(start + length)
        return frame
    }

    private func more() async throws {
        guard let bytes = try await inbound.next() else { throw Ended() }
        buffer += bytes.readableBytesView
    }
}
