/// FNV-1a with 64 bits: the same everywhere and for ever, unlike Swift's hashes. No protection against forgery.
package struct StableHash: Hashable, Sendable {
    package let value: UInt64

    package static func of(_ text: String) -> StableHash {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return StableHash(value: value)
    }

    /// 16 digits.
    package var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
