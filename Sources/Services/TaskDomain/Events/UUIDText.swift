import Crypto
package import WireValues

/// UUIDs as lower-case text (RFC 9562): what identifies events, series and commands.
package enum UUIDText {
    /// Names of this project's own, so that nobody else's UUIDv5 of the same text is equal to ours.
    package static let projectNamespace = "6f2b7a54-1c0d-5e8e-9b43-7d0c2f1ae9d6"

    /// A UUIDv7 of `now`: 48 bits of Unix milliseconds, the rest random, so that ids made later sort later.
    package static func v7(now: Timestamp, using generator: inout some RandomNumberGenerator) -> String {
        let milliseconds = UInt64(bitPattern: now.truncatedToMilliseconds.microseconds / 1_000)
        let high = milliseconds << 16 | 0x7000 | generator.next() & 0x0FFF
        let low = 0x8000_0000_0000_0000 | generator.next() & 0x3FFF_FFFF_FFFF_FFFF
        return text(high, low)
    }

    /// A UUIDv7 of `now` with the system's randomness.
    package static func v7(now: Timestamp) -> String {
        var generator = SystemRandomness()
        return v7(now: now, using: &generator)
    }

    /// The UUIDv5 of `name` in `namespace`: the same for the same name, always and everywhere.
    ///
    /// - Parameter namespace: A UUID as text; it is our mistake if it is none.
    package static func v5(_ name: String, namespace: String = projectNamespace) -> String {
        guard let space = bytes(namespace) else { preconditionFailure("\(namespace) is no UUID") }
        var hash = Insecure.SHA1()
        hash.update(data: space)
        hash.update(data: Array(name.utf8))
        var halves: (UInt64, UInt64) = (0, 0)
        for (place, byte) in hash.finalize().prefix(16).enumerated() {
            if place < 8 { halves.0 = halves.0 << 8 | UInt64(byte) } else { halves.1 = halves.1 << 8 | UInt64(byte) }
        }
        return text(
            halves.0 & 0xFFFF_FFFF_FFFF_0FFF | 0x5000,
            halves.1 & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// Whether `text` is a UUID in its usual form of 36 characters, in either case.
    package static func isValid(_ text: String) -> Bool { bytes(text) != nil }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var place = 0
            for index in 0..<2 {
                let half = index == 0 ? high : low
                for shift in stride(from: 60, through: 0, by: -4) {
                    if place == 8 || place == 13 || place == 18 || place == 23 {
                        buffer[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    let digit = UInt8(truncatingIfNeeded: half >> UInt64(shift) & 0xF)
                    buffer[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                    place += 1
                }
            }
            return 36
        }
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count == 36 else { return nil }
        var result: [UInt8] = []
        var high: UInt8?
        for (place, byte) in text.utf8.enumerated() {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            if let first = high {
                result.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return result
    }
}
