/// An IP address, and whether strangers may have us connect to it.
enum NetworkAddress: Hashable, Sendable {
    /// Four bytes, in the order of the network.
    case version4([UInt8])
    /// Sixteen bytes.
    case version6([UInt8])

    /// Whether it belongs to the public Internet: none of the special-purpose blocks (IANA's registries of RFC 6890),
    /// multicast, or an address that carries such a one inside.
    var isPublic: Bool {
        switch self {
        case .version4(let bytes): !Self.special4.contains { Self.matches(bytes, $0.bytes, $0.bits) }
        case .version6(let bytes):
            if let inner = Self.inner(bytes) {
                inner.isPublic
            } else {
                // Only 2000::/3 is given out; of it these are special.
                Self.matches(bytes, [0x20], 3) && !Self.special6.contains { Self.matches(bytes, $0.bytes, $0.bits) }
            }
        }
    }

    private static let special4: [(bytes: [UInt8], bits: Int)] = [
        ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
        ([192, 0, 2], 24), ([192, 31, 196], 24), ([192, 52, 193], 24), ([192, 88, 99], 24), ([192, 168], 16),
        ([192, 175, 48], 24), ([198, 18], 15), ([198, 51, 100], 24), ([203, 0, 113], 24), ([224], 4), ([240], 4),
    ]

    private static let special6: [(bytes: [UInt8], bits: Int)] = [
        // 2001::/23 with Teredo, ORCHID and benchmarks; documentation.
        ([0x20, 0x01, 0x00], 23), ([0x20, 0x01, 0x0d, 0xb8], 32), ([0x3f, 0xff, 0x00], 20),
        ([0x26, 0x20, 0x00, 0x4f, 0x80], 48),
    ]

    /// The IPv4 address within an IPv6 one: mapped, compatible, translated (64:ff9b::/96) or 6to4.
    private static func inner(_ bytes: [UInt8]) -> NetworkAddress? {
        let tail = Array(bytes[12..<16])
        if bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff { return .version4(tail) }
        if matches(bytes, [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96) { return .version4(tail) }
        if matches(bytes, [0x20, 0x02], 16) { return .version4(Array(bytes[2..<6])) }
        return nil
    }

    private static func matches(_ bytes: [UInt8], _ prefix: [UInt8], _ bits: Int) -> Bool {
        for index in 0..<((bits + 7) / 8) {
            let kept = min(8, bits - index * 8)
            let mask = UInt8(truncatingIfNeeded: 0xff << (8 - kept))
            if bytes[index] & mask != (index < prefix.count ? prefix[index] : 0) & mask { return false }
        }
        return true
    }

    /// As a URL's host or a resolver's answer is written, without brackets.
    var text: String {
        switch self {
        case .version4(let bytes): bytes.map(String.init).joined(separator: ".")
        case .version6(let bytes):
            stride(from: 0, to: 16, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
                .joined(separator: ":")
        }
    }
}
