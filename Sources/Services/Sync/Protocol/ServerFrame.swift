import NIOCore

/// Frames from the server to a client: whole, not masked (RFC 6455, section 5.2).
enum ServerFrame {
    private enum Opcode: UInt8 {
        case text = 0x1
        case close = 0x8
        case ping = 0x9
        case pong = 0xA
    }

    static func text(_ bytes: [UInt8]) -> ByteBuffer { frame(.text, ByteBuffer(bytes: bytes)) }
    static let ping = frame(.ping, ByteBuffer())
    static func pong(_ payload: ByteBuffer) -> ByteBuffer { frame(.pong, payload) }

    static func close(_ reason: CloseReason) -> ByteBuffer {
        var payload = ByteBuffer()
        payload.writeInteger(reason.code)
        payload.writeString(reason.text)
        return frame(.close, payload)
    }

    private static func frame(_ opcode: Opcode, _ payload: ByteBuffer) -> ByteBuffer {
        let length = payload.readableBytes
        var frame = ByteBuffer()
        frame.reserveCapacity(minimumWritableBytes: length + 10)
        frame.writeInteger(0x80 | opcode.rawValue)  // the last, and only, frame of its message
        if length < 126 {
            frame.writeInteger(UInt8(length))
        } else if length <= Int(UInt16.max) {
            frame.writeInteger(126 as UInt8)
            frame.writeInteger(UInt16(length))
        } else {
            frame.writeInteger(127 as UInt8)
            frame.writeInteger(UInt64(length))
        }
        frame.writeImmutableBuffer(payload)
        return frame
    }
}
