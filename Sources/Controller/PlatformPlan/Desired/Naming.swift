import KubernetesModel

/// The names of everything that a platform is made of, all derived from the name of the `TodoPlatform`.
///
/// A name is `<platform>-<part>`. It has to be a DNS label of at most 63 bytes that starts with a letter (Services),
/// and of at most 58 bytes where it is a Dapr app id, because Dapr makes a Service `<app id>-dapr` of it. Names of
/// custom resources may be longer and have dots: such a name is shortened, with a digest of the whole name so that two
/// platforms never share one.
///
/// No part ends in `-<other part>` of the same kind: the objects of platforms `a` and `a-b` in one namespace stay
/// apart.
package struct Naming: Hashable, Sendable {
    /// Longest prefix: leaves 23 bytes for the part, of which the longest are `task-commands-dlq` and
    /// `migrate-` with a digest; app ids stay below 58.
    package static let maximumPrefixBytes = 40

    /// What every name starts with; also the name of the Kafka cluster.
    package let prefix: String

    /// Names for the platform called `platform`, whatever that is.
    package init(platform: String) {
        let allowed = platform.utf8.map { Self.isAlphanumeric($0) ? $0 : UInt8(ascii: "-") }
        let startsWithLetter = allowed.first.map { $0 >= UInt8(ascii: "a") } ?? false
        let endsWell = allowed.last.map { $0 != UInt8(ascii: "-") } ?? false
        if startsWithLetter, endsWell, allowed.count <= Self.maximumPrefixBytes, allowed.elementsEqual(platform.utf8) {
            prefix = platform
            return
        }
        var readable = allowed.prefix(Self.maximumPrefixBytes - 10)
        while let last = readable.last, last == UInt8(ascii: "-") { readable.removeLast() }
        let head = startsWithLetter ? "" : "p"
        prefix = head + String(decoding: Array(readable), as: UTF8.self) + "-" + Digest.short(platform)
    }

    /// `<prefix>-<part>`: a DNS label. A part that does not fit is shortened as the prefix is.
    package func object(_ part: String) -> String { Self.label("\(prefix)-\(part)") }

    /// The Dapr app id of a service; also the name of its Deployment, Service, autoscaler and disruption budget.
    package func app(_ service: String) -> String { object(service) }

    /// A text as DNS label: lower case, `-` for what is not allowed, a digest at the end when it had to change.
    package static func label(_ text: String, maximumBytes: Int = 63) -> String {
        let bytes = text.utf8.map { isAlphanumeric($0) ? $0 : UInt8(ascii: "-") }
        let isLabel =
            bytes.elementsEqual(text.utf8) && bytes.count <= maximumBytes && !bytes.isEmpty
            && bytes.first != UInt8(ascii: "-") && bytes.last != UInt8(ascii: "-")
        if isLabel { return text }
        var readable = bytes.drop { $0 == UInt8(ascii: "-") }.prefix(maximumBytes - 9)
        while let last = readable.last, last == UInt8(ascii: "-") { readable.removeLast() }
        let digest = Digest.short(text)
        return readable.isEmpty ? "x\(digest)" : String(decoding: Array(readable), as: UTF8.self) + "-" + digest
    }

    /// A text as label value: up to 63 bytes of letters, digits, `-`, `_` and `.`, first and last alphanumeric.
    package static func labelValue(_ text: String) -> String {
        func isAllowed(_ byte: UInt8) -> Bool {
            isAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        let bytes = text.utf8.map { byte -> UInt8 in
            isAllowed(byte) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
                ? byte : UInt8(ascii: "-")
        }
        if bytes.elementsEqual(text.utf8), bytes.count <= 63, bytes.first.map(isAllowed) ?? true,
            bytes.last.map(isAllowed) ?? true
        {
            return text
        }
        var readable = bytes.drop { !isAllowed($0) }.prefix(54)
        while let last = readable.last, !isAllowed(last) { readable.removeLast() }
        let digest = Digest.short(text)
        return readable.isEmpty ? digest : String(decoding: Array(readable), as: UTF8.self) + "-" + digest
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
