import TestKit

/// Makes streams of a client's frames, right ones and then mostly one wrong one, and says what RFC 6455 makes of them.
struct FrameFuzzer {
    /// What a server has to do with a stream.
    struct Stream {
        var bytes: [UInt8] = []
        /// The payloads of the ping frames that are to be answered, in order.
        var pings: [[UInt8]] = []
        /// How many messages `ping` are to be answered.
        var askedPongs = 0
        /// The close codes of which one has to come; the server's choice where a frame is wrong in several ways.
        var closeCodes: Set<Int> = []
        /// What was done wrong, for who reads a failure.
        var fault = "none"
    }

    static let maximumBytes = 2_000

    private var random: SeededGenerator
    private var stream = Stream()

    static func stream(seed: UInt64) -> Stream {
        var fuzzer = FrameFuzzer(random: SeededGenerator(seed: seed))
        for _ in 0..<Int.random(in: 0...8, using: &fuzzer.random) { fuzzer.addRightThing() }
        fuzzer.addEnd()
        return fuzzer.stream
    }

    private init(random: SeededGenerator) { self.random = random }

    // MARK: What is right

    private mutating func addRightThing() {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: addPing()
        case 1: add(0xA, bytes(upTo: 125))
        case 2: addMessage(#"{"type":"resume","after":\#(Int.random(in: 0...50, using: &random))}"#)
        default:
            addMessage(
                ["{\"type\":\"ping\"}", " { \"more\" : [1,{}] ,\"type\":\"ping\"} "].randomElement(using: &random) ?? ""
            )
            stream.askedPongs += 1
        }
    }

    private mutating func addPing() {
        let payload = bytes(upTo: 125)
        stream.pings.append(payload)
        add(0x9, payload)
    }

    /// In one frame or several, with control frames in between.
    private mutating func addMessage(_ text: String) {
        var rest = Array(text.utf8)[...]
        var opcode: UInt8 = 0x1
        while Int.random(in: 0..<3, using: &random) == 0 {
            let part = rest.prefix(Int.random(in: 0...rest.count, using: &random))
            rest = rest.dropFirst(part.count)
            add(opcode, Array(part), isLast: false)
            opcode = 0x0
            if Bool.random(using: &random) { addPing() }
        }
        add(opcode, Array(rest))
    }

    // MARK: How it ends

    private mutating func addEnd() {
        switch Int.random(in: 0..<18, using: &random) {
        case 0: end("a frame that is not masked", 1002) { $0.add(0x1, $0.bytes(upTo: 50), isMasked: false) }
        case 1: end("a reserved bit", 1002) { $0.add(0x1 | $0.pick([0x10, 0x20, 0x40, 0x70]), []) }
        case 2: end("a reserved opcode", 1002) { $0.add($0.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), []) }
        case 3:
            end("a continuation of nothing", 1002) {
                $0.add(0x0, $0.bytes(upTo: 50), isLast: Bool.random(using: &$0.random))
            }
        case 4:
            end("a message within another one", 1002) {
                $0.add(0x1, Array("{".utf8), isLast: false)
                $0.add(0x1, Array("}".utf8))
            }
        case 5: end("binary", 1003) { $0.add(0x2, $0.bytes(upTo: 50), isLast: Bool.random(using: &$0.random)) }
        case 6:
            end("text that is no UTF-8", 1007) {
                $0.add(0x1, Array("\"a".utf8) + $0.pick([[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80]]))
            }
        case 7:
            end("a message that is too long, in one frame", 1009) {
                $0.add(
                    0x1,
                    Array(repeating: 0x61, count: Self.maximumBytes + Int.random(in: 1...70_000, using: &$0.random)))
            }
        case 8:
            end("a message that is too long, in many frames", 1009) {
                $0.add(0x1, Array(repeating: 0x61, count: 900), isLast: false)
                for _ in 0..<3 { $0.add(0x0, Array(repeating: 0x61, count: 900), isLast: false) }
            }
        case 9:
            end("a length beyond all measure", 1002, 1009) {
                $0.stream.bytes += [0x81, 0xFF, $0.pick([0x00, 0x7F, 0x80, 0xFF])] + Array(repeating: 0xFF, count: 7)
                $0.stream.bytes += [1, 2, 3, 4]
            }
        case 10:
            end("a control frame in parts", 1002) { $0.add($0.pick([0x8, 0x9, 0xA]), [], isLast: false) }
        case 11:
            end("a control frame that is too long", 1002) {
                $0.add(
                    $0.pick([0x8, 0x9, 0xA]), Array(repeating: 3, count: Int.random(in: 126...500, using: &$0.random)))
            }
        case 12: end("half a close code", 1002) { $0.add(0x8, [3]) }
        case 13:
            let code = pick([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
            end("close code \(code)", 1002) { $0.add(0x8, Self.closePayload(code)) }
        case 14:
            end("a close reason that is no UTF-8", 1007) { $0.add(0x8, Self.closePayload(1000) + [0xFF]) }
        case 15:
            let text = pick([
                "", "null", "[]", "{}", "{\"type\":\"ping\"", "{\"type\":\"resume\",\"after\":-1}", "{\"type\":7}",
            ])
            end("the message \(text)", 4400) { $0.addMessage(text) }
        case 16:
            end("too many messages", 4429) {
                for _ in 0..<200 { $0.add(0xA, []) }
            }
        default:
            let code = pick([0, 1000, 1001, 1011, 3000, 4999])
            end("none, and goodbye with \(code)", code == 0 ? 1000 : code) {
                $0.add(0x8, code == 0 ? [] : Self.closePayload(code) + Array("so long ö".utf8))
            }
        }
    }

    private mutating func end(_ fault: String, _ codes: Int..., add: (inout FrameFuzzer) -> Void) {
        stream.fault = fault
        stream.closeCodes = Set(codes)
        add(&self)
        if stream.pings.isEmpty, Bool.random(using: &random), fault.hasPrefix("none") == false {
            // What comes after the fault is not heard any more.
            stream.bytes += bytes(upTo: 300)
        }
    }

    // MARK: Bytes

    private static func closePayload(_ code: Int) -> [UInt8] { [UInt8(code >> 8), UInt8(code & 255)] }

    private mutating func bytes(upTo count: Int) -> [UInt8] {
        (0..<Int.random(in: 0...count, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }

    /// Its length in two bytes or eight although one would do, now and then, which servers let pass.
    private mutating func add(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool = true, isMasked: Bool = true) {
        let mask: UInt8 = isMasked ? 0x80 : 0
        stream.bytes.append((isLast ? 0x80 : 0) | opcode)
        let isControl = opcode & 0x8 != 0
        switch (payload.count, isControl ? 0 : Int.random(in: 0..<20, using: &random)) {
        case (0..<126, 1...): stream.bytes.append(mask | UInt8(payload.count))
        case (0..<126, _) where isControl: stream.bytes.append(mask | UInt8(payload.count))
        case (0...65_535, 0...18):
            stream.bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default:
            stream.bytes.append(mask | 127)
            stream.bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let key = isMasked ? (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) } : [0, 0, 0, 0]
        if isMasked { stream.bytes += key }
        stream.bytes += payload.enumerated().map { $1 ^ key[$0 % 4] }
    }
}
