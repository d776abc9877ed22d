import NIOCore
import NIOWebSocket

/// Puts a client's frames together to messages and finds what RFC 6455 forbids. A pure value, with a bound on what it
/// keeps.
struct MessageAssembly: Sendable {
    enum Piece: Hashable, Sendable {
        /// Part of a message whose end is still to come.
        case part
        case message([UInt8])
        case ping(ByteBuffer)
        case pong
        /// With the client's code, if it named one.
        case close(UInt16?)
        case violation(CloseReason)
    }

    private let maximumBytes: Int
    /// The text so far of a message in several frames; nil between messages.
    private var unfinished: [UInt8]?

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    mutating func take(_ frame: WebSocketFrame) -> Piece {
        guard frame.maskKey != nil else { return .violation(.protocolError("a client's frames are masked")) }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return .violation(.protocolError("a reserved bit is set; no extension was agreed on"))
        }
        let payload = frame.unmaskedData
        switch frame.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong
        case .connectionClose:
            return Self.close(payload)
        case .binary: return .violation(.notText)
        case .text:
            guard unfinished == nil else { return .violation(.protocolError("a message inside another one")) }
            return append(payload, to: [], isLast: frame.fin)
        case .continuation:
            guard let begun = unfinished else { return .violation(.protocolError("a continuation of nothing")) }
            return append(payload, to: begun, isLast: frame.fin)
        default: return .violation(.protocolError("an unknown opcode"))
        }
    }

    private mutating func append(_ payload: ByteBuffer, to begun: [UInt8], isLast: Bool) -> Piece {
        unfinished = nil
        guard begun.count + payload.readableBytes <= maximumBytes else { return .violation(.tooBig(maximumBytes)) }
        let bytes = begun + payload.readableBytesView
        guard isLast else {
            unfinished = bytes
            return .part
        }
        guard String(validating: bytes, as: UTF8.self) != nil else { return .violation(.notUTF8) }
        return .message(bytes)
    }

    private static func close(_ payload: ByteBuffer) -> Piece {
        var payload = payload
        guard payload.readableBytes > 0 else { return .close(nil) }
        guard let code: UInt16 = payload.readInteger() else {
            return .violation(.protocolError("half a close code"))
        }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: return .violation(.protocolError("a close code that is never sent"))
        }
        guard String(validating: payload.readableBytesView, as: UTF8.self) != nil else {
            return .violation(.notUTF8)
        }
        return .close(code)
    }
}
