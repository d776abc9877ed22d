import WireValues

/// Where a piece of work belongs (W3C Trace Context, level 1): the trace, and the span that is this piece.
package struct TraceContext: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero.
    package let spanID: String
    package let isSampled: Bool

    /// Nil for anything but a valid `traceparent`; Dapr sends an empty one, or one of zeros, where tracing is off.
    package init?(traceparent text: String) {
        let bytes = Array(text.utf8)
        // Later versions may append to it; what stands where version 00 has it stays.
        guard bytes.count >= 55, bytes.count == 55 || (bytes[55] == UInt8(ascii: "-") && !text.hasPrefix("00")),
            bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"), bytes[52] == UInt8(ascii: "-"),
            Self.isHexadecimal(bytes[0..<2]), Self.isHexadecimal(bytes[3..<35]), Self.isHexadecimal(bytes[36..<52]),
            Self.isHexadecimal(bytes[53..<55]), !text.hasPrefix("ff")
        else { return nil }
        let zero = UInt8(ascii: "0")
        guard bytes[3..<35].contains(where: { $0 != zero }), bytes[36..<52].contains(where: { $0 != zero }) else {
            return nil
        }
        traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        spanID = String(decoding: bytes[36..<52], as: UTF8.self)
        isSampled = (UInt8(String(decoding: bytes[53..<55], as: UTF8.self), radix: 16) ?? 0) & 1 == 1
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The beginning of a trace.
    package static func new() -> TraceContext {
        TraceContext(
            traceID: RandomText.hexadecimal(digits: 32), spanID: RandomText.hexadecimal(digits: 16), isSampled: false)
    }

    /// A further span of the same trace.
    package func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: RandomText.hexadecimal(digits: 16), isSampled: isSampled)
    }

    /// The child of what `traceparent` names, or a new trace when it names none.
    package static func following(_ traceparent: String?) -> TraceContext {
        traceparent.flatMap { TraceContext(traceparent: $0) }?.child() ?? .new()
    }

    package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    private static func isHexadecimal(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
    }
}

enum RandomText {
    /// Random digits, the first of them not 0, so that no id is all zero.
    static func hexadecimal(digits: Int) -> String {
        var generator = SystemRandomness()
        return String(unsafeUninitializedCapacity: digits) { buffer in
            var pool: UInt64 = 0
            for index in 0..<digits {
                if index % 16 == 0 { pool = generator.next() }
                let digit = UInt8(truncatingIfNeeded: pool & 15)
                buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                pool >>= 4
            }
            if buffer[0] == UInt8(ascii: "0") { buffer[0] = UInt8(ascii: "1") }
            return digits
        }
    }
}
