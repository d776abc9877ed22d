import NIOCore
import NIOEmbedded
import NIOWebSocket
import TestKit
import Testing

@testable import Sync

/// What arrives as bytes: put together, or refused.
struct FrameTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `messages survive any cutting into frames and packets, with pings in between`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var sent: [MessageAssembly.Piece] = []
        var stream: [UInt8] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let count = [0, 1, 125, 126, 127, 1_000].randomElement(using: &random) ?? 0
            let text = (0..<count).map { _ in "aöß€🙂 ".unicodeScalars.randomElement(using: &random) ?? "a" }
            let bytes = Array(String(String.UnicodeScalarView(text)).utf8)
            sent.append(.message(bytes))
            var rest = bytes[...]
            var isFirst = true
            repeat {
                let part = rest.prefix(
                    Bool.random(using: &random) ? rest.count : Int.random(in: 0...300, using: &random))
                rest = rest.dropFirst(part.count)
                if Bool.random(using: &random) { stream += Self.frame(0x9, Array("hi".utf8), isLast: true, &random) }
                let isLast = rest.isEmpty
                stream += Self.frame(isFirst ? 0x1 : 0x0, Array(part), isLast: isLast, &random)
                isFirst = false
                if isLast { break }
            } while true
        }
        let pieces = Self.pieces(stream, maximumBytes: 16_384, &random)
        let messages = pieces.filter { if case .message = $0 { true } else { false } }
        #expect(messages == sent, "seed \(seed)")
        #expect(!pieces.contains { if case .violation = $0 { true } else { false } }, "seed \(seed)")
    }

    /// Anything may come; what is kept stays within the bound, and after a violation nothing more is read.
    @Test(arguments: 0..<2_000 as Range<UInt64>)
    func `broken streams are refused without harm`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var stream: [UInt8] = []
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let payload = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let opcode = UInt8.random(in: 0...15, using: &random)
            stream += Self.frame(opcode, payload, isLast: Bool.random(using: &random), &random)
        }
        for _ in 0..<Int.random(in: 0...8, using: &random) where !stream.isEmpty {
            let index = Int.random(in: 0..<stream.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: stream[index] = UInt8.random(in: 0...255, using: &random)
            case 1: stream.remove(at: index)
            default: stream.insert(UInt8.random(in: 0...255, using: &random), at: index)
            }
        }
        for piece in Self.pieces(stream, maximumBytes: 500, &random) {
            if case .message(let bytes) = piece {
                #expect(bytes.count <= 500, "seed \(seed)")
                #expect(String(validating: bytes, as: UTF8.self) != nil, "seed \(seed)")
            }
        }
    }

    @Test(
        arguments: [
            ([0x81, 0x00], 1002),  // not masked
            ([0xC1, 0x80, 0, 0, 0, 0], 1002),  // a reserved bit
            ([0x83, 0x80, 0, 0, 0, 0], 1002),  // an opcode that means nothing
            ([0x80, 0x80, 0, 0, 0, 0], 1002),  // a continuation of nothing
            ([0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0], 1002),  // a message inside another one
            ([0x82, 0x80, 0, 0, 0, 0], 1003),  // binary
            ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007),  // not UTF-8
            ([0x88, 0x81, 0, 0, 0, 0, 0x03], 1002),  // half a close code
            ([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], 1002),  // close code 1005, which is never sent
        ] as [([UInt8], UInt16)])
    func `what RFC 6455 forbids has the close code that it names`(bytes: [UInt8], code: UInt16) {
        var random = SeededGenerator(seed: 1)
        let violations = Self.pieces(bytes, maximumBytes: 500, &random).compactMap {
            if case .violation(let reason) = $0 { reason.code } else { nil }
        }
        #expect(violations.first == code)
    }

    @Test func `a message in many frames has the same bound as one in a single frame`() {
        var random = SeededGenerator(seed: 1)
        var stream: [UInt8] = []
        for index in 0..<6 {
            let payload = Array(repeating: UInt8(ascii: "a"), count: 100)
            stream += Self.frame(index == 0 ? 0x1 : 0x0, payload, isLast: false, &random)
        }
        #expect(Self.pieces(stream, maximumBytes: 500, &random).last == .violation(.tooBig(500)))
    }

    @Test(arguments: [0, 125, 126, 65_535, 65_536])
    func `our frames say their length as RFC 6455 wants it`(count: Int) throws {
        let payload = [UInt8](repeating: 7, count: count)
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)))
        try channel.writeInbound(ServerFrame.text(payload))
        let frame = try #require(try channel.readInbound(as: WebSocketFrame.self))
        #expect(frame.fin)
        #expect(frame.opcode == .text)
        #expect(Array(frame.unmaskedData.readableBytesView) == payload)
    }

    // MARK: Bytes

    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], isLast: Bool, _ random: inout SeededGenerator
    ) -> [UInt8] {
        let key = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
        var bytes: [UInt8] = [(isLast ? 0x80 : 0) | opcode]
        if payload.count < 126 {
            bytes.append(0x80 | UInt8(payload.count))
        } else {
            bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    /// What the decoder and the assembly make of a stream that arrives in packets.
    static func pieces(_ stream: [UInt8], maximumBytes: Int, _ random: inout SeededGenerator) -> [MessageAssembly.Piece]
    {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: maximumBytes)))
        var assembly = MessageAssembly(maximumBytes: maximumBytes)
        var pieces: [MessageAssembly.Piece] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let packet = rest.prefix(Int.random(in: 1...400, using: &random))
            rest = rest.dropFirst(packet.count)
            do {
                try channel.writeInbound(ByteBuffer(bytes: packet))
                while let frame = try channel.readInbound(as: WebSocketFrame.self) {
                    pieces.append(assembly.take(frame))
                    if case .violation = pieces.last { return pieces }
                    if case .close? = pieces.last { return pieces }
                }
            } catch {
                return pieces + [.violation(.protocolError("\(error)"))]
            }
        }
        return pieces
    }
}
