/// An amount of CPU, memory or storage as Kubernetes writes it: `250m`, `1Gi`, `0.5`, `2e3`.
///
/// Kept as whole thousandths of the base unit (millicores; thousandths of a byte), which is exact for every amount
/// that a platform asks for. The API server rewrites amounts in a canonical form; `description` gives that form, so
/// that what we send comes back unchanged.
package struct Quantity: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Thousandths of the base unit.
    package let milli: Int64
    private let isBinary: Bool

    package init(milli: Int64, isBinary: Bool = false) {
        self.milli = milli
        self.isBinary = isBinary
    }

    /// Parses `text`; nil when it is no quantity, finer than a thousandth, or beyond 9 × 10^15 units.
    package init?(_ text: String) {
        let scanned = text.utf8.prefix { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
        }
        let digits = String(decoding: Array(scanned), as: UTF8.self)
        let suffix = String(decoding: Array(text.utf8.dropFirst(scanned.count)), as: UTF8.self)
        guard let parsed = Self.decimal(digits) else { return nil }
        // value = digits × 10^-places × multiplier, in thousandths
        let multiplier: Int64
        var tens = 3 - parsed.places
        var isBinary = false
        switch suffix {
        case "": multiplier = 1
        case "m": (multiplier, tens) = (1, tens - 3)
        case "k": (multiplier, tens) = (1, tens + 3)
        case "M": (multiplier, tens) = (1, tens + 6)
        case "G": (multiplier, tens) = (1, tens + 9)
        case "T": (multiplier, tens) = (1, tens + 12)
        case "P": (multiplier, tens) = (1, tens + 15)
        case "Ki": (multiplier, isBinary) = (1 << 10, true)
        case "Mi": (multiplier, isBinary) = (1 << 20, true)
        case "Gi": (multiplier, isBinary) = (1 << 30, true)
        case "Ti": (multiplier, isBinary) = (1 << 40, true)
        case "Pi": (multiplier, isBinary) = (1 << 50, true)
        default:
            guard let mark = suffix.first, mark == "e" || mark == "E", let exponent = Int(suffix.dropFirst()),
                (-9...18).contains(exponent)
            else { return nil }
            (multiplier, tens) = (1, tens + exponent)
        }
        var (value, overflow) = parsed.digits.multipliedReportingOverflow(by: multiplier)
        while tens > 0, !overflow {
            (value, overflow) = value.multipliedReportingOverflow(by: 10)
            tens -= 1
        }
        guard !overflow else { return nil }
        while tens < 0 {
            guard value % 10 == 0 else { return nil }
            value /= 10
            tens += 1
        }
        self.init(milli: value, isBinary: isBinary)
    }

    /// Whole units, rounded up: what a scheduler counts.
    package var units: Int64 { milli >= 0 ? (milli + 999) / 1000 : milli / 1000 }

    /// The API server's canonical form: the largest suffix that leaves a whole number, of the family that was given.
    package var description: String {
        if milli == 0 { return "0" }
        if isBinary, milli % 1000 == 0 {
            var value = milli / 1000
            var index = 0
            let suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi"]
            while index < suffixes.count - 1, value % 1024 == 0 {
                value /= 1024
                index += 1
            }
            return "\(value)\(suffixes[index])"
        }
        var value = milli
        var index = 0
        let suffixes = ["m", "", "k", "M", "G", "T", "P"]
        while index < suffixes.count - 1, value % 1000 == 0 {
            value /= 1000
            index += 1
        }
        return "\(value)\(suffixes[index])"
    }

    package static func < (left: Quantity, right: Quantity) -> Bool { left.milli < right.milli }
    package static func == (left: Quantity, right: Quantity) -> Bool { left.milli == right.milli }
    package func hash(into hasher: inout Hasher) { hasher.combine(milli) }

    package static func + (left: Quantity, right: Quantity) -> Quantity {
        let (sum, overflow) = left.milli.addingReportingOverflow(right.milli)
        return Quantity(milli: overflow ? .max : sum, isBinary: left.isBinary || right.isBinary)
    }

    package static func * (left: Quantity, factor: Int) -> Quantity {
        let (product, overflow) = left.milli.multipliedReportingOverflow(by: Int64(factor))
        return Quantity(milli: overflow ? .max : product, isBinary: left.isBinary)
    }

    /// The digits of a plain decimal and how many of them stand behind the point.
    private static func decimal(_ text: String) -> (digits: Int64, places: Int)? {
        guard !text.isEmpty else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            fraction.utf8.count <= 9, let digits = Int64(parts[0] + fraction)
        else { return nil }
        return (digits, fraction.utf8.count)
    }
}
