import KubernetesModel

/// What a text must look like: as a pattern for the API server, and as a function for us.
package struct Format: Sendable {
    /// Anchored at both ends; nil: any text. RE2 syntax.
    package let pattern: String?
    package let lengths: ClosedRange<Int>
    /// Completes "is not …" for people.
    package let meaning: String
    package let example: String
    private let matches: @Sendable ([UInt8]) -> Bool

    init(
        _ meaning: String, example: String, pattern: String?, lengths: ClosedRange<Int>,
        _ matches: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.meaning = meaning
        self.example = example
        self.pattern = pattern
        self.lengths = lengths
        self.matches = matches
    }

    package func accepts(_ text: String) -> Bool {
        // The API server counts characters (code points), not bytes.
        lengths.contains(text.unicodeScalars.count) && matches(Array(text.utf8))
    }

    func check(_ value: String, _ checker: inout Checker) {
        guard !accepts(value) else { return }
        if value.unicodeScalars.count > lengths.upperBound {
            checker.report(
                "the text is too long (\(value.unicodeScalars.count) characters)", "use at most \(lengths.upperBound)")
        } else {
            checker.report(
                "\(value.prefix(60).debugDescription) is not \(meaning)",
                example.isEmpty ? "correct it" : "write it like \"\(example)\"")
        }
    }

    var schema: JSON {
        var schema: JSON = ["type": "string"]
        if lengths.lowerBound > 0, pattern == nil { schema["minLength"] = JSON(lengths.lowerBound) }
        schema["maxLength"] = JSON(lengths.upperBound)
        if let pattern { schema["pattern"] = .string(pattern) }
        return schema
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool { isLower(byte) || isUpper(byte) || isDigit(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    /// First and last byte by `edge`, all others by `edge` or one of `inner`.
    private static func framed(_ bytes: some BidirectionalCollection<UInt8>, inner: String, _ edge: (UInt8) -> Bool)
        -> Bool
    {
        guard let first = bytes.first, let last = bytes.last, edge(first), edge(last) else { return false }
        return bytes.allSatisfy { edge($0) || inner.utf8.contains($0) }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool { isLower(byte) || isDigit(byte) }

    private static func isDNSName(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { framed($0, inner: "-", isLowerOrDigit) }
    }

    static func isQuantity(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let whole = bytes.prefix(while: isDigit)
        var rest = bytes.dropFirst(whole.count)
        guard !whole.isEmpty else { return false }
        if rest.isEmpty { return whole.count <= 15 }
        if rest.elementsEqual("m".utf8) { return whole.count <= 9 }
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard (1...3).contains(fraction.count) else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        }
        return whole.count <= 6 && ["", "k", "M", "G", "Ki", "Mi", "Gi"].contains { rest.elementsEqual($0.utf8) }
    }
}

extension Format {
    private static let label = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"

    /// Any text.
    static func any(_ maximum: Int) -> Format {
        Format("text", example: "", pattern: nil, lengths: 0...maximum) { _ in true }
    }

    /// The name of a namespace or of a Service: RFC 1123 label.
    static let dnsLabel = Format(
        "a name of lower-case letters, digits and -", example: "kafka-1", pattern: "^\(label)$", lengths: 1...63
    ) { framed($0, inner: "-", isLowerOrDigit) }

    /// The name of most Kubernetes objects: RFC 1123 subdomain.
    static let objectName = Format(
        "a name of lower-case letters, digits, - and .", example: "todo-database",
        pattern: #"^\#(label)(\.\#(label))*$"#,
        lengths: 1...253, { isDNSName($0) })

    /// The name of the platform: other names are made from it, the longest of which must stay a DNS label.
    static let platformName = Format(
        "a name that starts with a letter, of lower-case letters, digits and -", example: "todo",
        pattern: "^[a-z]([a-z0-9-]*[a-z0-9])?$", lengths: 1...40
    ) { bytes in bytes.first.map(isLower) == true && framed(bytes, inner: "-", isLowerOrDigit) }

    /// A key of a Secret.
    static let secretKey = Format(
        "a key of letters, digits, -, _ and .", example: "password", pattern: "^[-._a-zA-Z0-9]+$", lengths: 1...253
    ) { !$0.isEmpty && $0.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) } }

    static let hostName = Format(
        "a host name", example: "todo.example.com", pattern: #"^\#(label)(\.\#(label))*$"#, lengths: 1...253,
        { isDNSName($0) })

    /// `host:port`.
    static let hostAndPort = Format(
        "host:port", example: "broker-1.example.com:9093", pattern: "^[a-zA-Z0-9._-]+:[0-9]{1,5}$", lengths: 3...260
    ) { bytes in
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        return !parts[0].isEmpty && parts[0].allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
            && (1...5).contains(parts[1].count) && parts[1].allSatisfy(isDigit)
    }

    /// A registry: host, port, and path. Empty: what the container runtime takes by itself.
    static let registry = Format(
        "a registry", example: "ghcr.io", pattern: "^[a-zA-Z0-9]?[a-zA-Z0-9._:/-]*$", lengths: 0...255
    ) { bytes in
        guard let first = bytes.first else { return true }
        return (isLetterOrDigit(first) || "._:/-".utf8.contains(first))
            && bytes.allSatisfy { isLetterOrDigit($0) || "._:/-".utf8.contains($0) }
    }

    static let repository = Format(
        "the name of a repository", example: "todo-platform/todo-services",
        pattern: "^[a-z0-9]+([._/-]+[a-z0-9]+)*$", lengths: 1...255
    ) { framed($0, inner: "._/-", isLowerOrDigit) }

    static let imageTag = Format(
        "the tag of an image", example: "0.1.0", pattern: "^[A-Za-z0-9_][A-Za-z0-9._-]*$", lengths: 1...128
    ) { bytes in
        guard let first = bytes.first, isLetterOrDigit(first) || first == UInt8(ascii: "_") else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    static let digest = Format(
        "a SHA-256 digest", example: "sha256:…", pattern: "^sha256:[a-f0-9]{64}$", lengths: 71...71
    ) { bytes in
        bytes.starts(with: "sha256:".utf8) && bytes.count == 71
            && bytes.dropFirst(7).allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    static let topicName = Format(
        "the name of a topic: lower-case letters, digits, - and .", example: "task-events",
        pattern: "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", lengths: 1...100
    ) { framed($0, inner: ".-", isLowerOrDigit) }

    static let kafkaVersion = Format(
        "a version of Kafka", example: "4.2.0", pattern: #"^[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?$"#, lengths: 3...11
    ) { bytes in
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (2...3).contains(parts.count)
            && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(isDigit) }
    }

    static let listenerName = Format(
        "the name of a listener", example: "tls", pattern: "^[a-z0-9]{1,11}$", lengths: 1...11
    ) { !$0.isEmpty && $0.allSatisfy(isLowerOrDigit) }

    /// Whole Gi or Ti, so that a rule can compare two of them.
    static let volumeSize = Format(
        "a size in Gi or Ti", example: "50Gi", pattern: "^[1-9][0-9]{0,4}(Gi|Ti)$", lengths: 3...7
    ) { bytes in
        let digits = bytes.prefix(while: isDigit)
        let unit = bytes.dropFirst(digits.count)
        return (1...5).contains(digits.count) && digits.first != UInt8(ascii: "0")
            && (unit.elementsEqual("Gi".utf8) || unit.elementsEqual("Ti".utf8))
    }

    /// For the JVM's `-Xmx`.
    static let heap = Format(
        "a heap size in m or g", example: "768m", pattern: "^[1-9][0-9]{0,5}[mg]$", lengths: 2...7
    ) { bytes in
        let digits = bytes.dropLast()
        return (1...6).contains(digits.count) && digits.allSatisfy(isDigit) && digits.first != UInt8(ascii: "0")
            && (bytes.last == UInt8(ascii: "m") || bytes.last == UInt8(ascii: "g"))
    }

    /// 0 to 1, up to four digits behind the point.
    static let rate = Format(
        "a share from 0 to 1", example: "0.05", pattern: #"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$"#, lengths: 1...6
    ) { bytes in
        guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1") else { return false }
        if bytes.count == 1 { return true }
        let places = bytes.dropFirst(2)
        return bytes[1] == UInt8(ascii: ".") && (1...4).contains(places.count)
            && places.allSatisfy { first == UInt8(ascii: "0") ? isDigit($0) : $0 == UInt8(ascii: "0") }
    }

    static let url = Format(
        "a URL that starts with https:// or http://", example: "https://id.example.com/jwks.json",
        pattern: #"^https?://[^\s"<>]+$"#, lengths: 8...2048
    ) { bytes in
        let rest =
            bytes.starts(with: "https://".utf8)
            ? bytes.dropFirst(8)
            : bytes.starts(with: "http://".utf8) ? bytes.dropFirst(7) : []
        return !rest.isEmpty && !rest.contains { "\t\n\u{0C}\r \"<>".utf8.contains($0) }
    }

    /// Where keys may come from that tokens are trusted by: over TLS, or from the pod itself or a Service of the
    /// cluster. The services start with no other.
    static let keySetURL = Format(
        "a URL that starts with https://, or http:// and a Service of the cluster (*.svc)",
        example: "https://id.example.com/jwks.json",
        pattern: #"^(https://[^\s"<>]+|http://(localhost|127\.0\.0\.1|\[::1\]|"#
            + #"[^\s"<>/?#@:\[\]]+\.svc(\.cluster\.local)?)(:[0-9]{1,5})?([/?#][^\s"<>]*)?)$"#,
        lengths: 9...2048
    ) { bytes in
        guard !bytes.contains(where: { "\t\n\u{0C}\r \"<>".utf8.contains($0) }) else { return false }
        if bytes.starts(with: "https://".utf8) { return bytes.count > 8 }
        guard bytes.starts(with: "http://".utf8) else { return false }
        let authority = bytes.dropFirst(7).prefix { !"/?#".utf8.contains($0) }
        let local = "[::1]".utf8
        let host = authority.starts(with: local) ? authority.prefix(local.count) : authority.prefix { $0 != 0x3A }
        let port = authority.dropFirst(host.count)
        guard port.isEmpty || port.first == 0x3A && (2...6).contains(port.count) && port.dropFirst().allSatisfy(isDigit)
        else { return false }
        if ["localhost", "127.0.0.1", "[::1]"].contains(where: { host.elementsEqual($0.utf8) }) { return true }
        return !host.contains { "@[]".utf8.contains($0) }
            && [".svc", ".svc.cluster.local"].contains { suffix in
                host.count > suffix.utf8.count && host.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            }
    }

    /// Visible characters and single spaces on one line.
    static let oneLine = Format(
        "text on one line", example: "", pattern: #"^[^\n\r]*$"#, lengths: 0...512
    ) { !$0.contains(0x0A) && !$0.contains(0x0D) }

    static let mailAddress = Format(
        "a mail address", example: "todo@example.com", pattern: #"^[^\s@<>"]+@[^\s@<>"]+$"#, lengths: 3...254
    ) { bytes in
        let parts = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in !part.isEmpty && !part.contains { "\t\n\u{0C}\r <>\"".utf8.contains($0) } }
    }

    static let environmentName = Format(
        "the name of an environment variable", example: "LOG_LEVEL", pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
        lengths: 1...128
    ) { bytes in
        guard let first = bytes.first, !isDigit(first) else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// The key of a label, an annotation or a node selector, with or without a prefix.
    static let labelKey = Format(
        "the key of a label or annotation", example: "example.com/team",
        pattern: #"^(\#(label)(\.\#(label))*/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"#, lengths: 1...317
    ) { bytes in
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let name = parts.last, name.count <= 63,
            framed(name, inner: "._-", isLetterOrDigit)
        else { return false }
        return parts.count == 1 || isDNSName(parts[0])
    }

    static let labelValue = Format(
        "the value of a label", example: "shop", pattern: "^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
        lengths: 0...63
    ) { $0.isEmpty || framed($0, inner: "._-", isLetterOrDigit) }

    static let kafkaSetting = Format(
        "the name of a Kafka setting", example: "message.max.bytes", pattern: "^[a-z][a-z0-9.]*$", lengths: 1...128
    ) { bytes in
        guard let first = bytes.first, isLower(first) else { return false }
        return bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: ".") }
    }

    /// IPv4 or IPv6 with a prefix length.
    static let networkRange = Format(
        "a network range", example: "203.0.113.0/24", pattern: "^[0-9a-fA-F:.]+/[0-9]{1,3}$", lengths: 3...49
    ) { bytes in
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, (1...3).contains(parts[1].count) else { return false }
        let hexadecimal = { (byte: UInt8) in
            isDigit(byte) || "abcdefABCDEF:.".utf8.contains(byte)
        }
        return parts[0].allSatisfy(hexadecimal) && parts[1].allSatisfy(isDigit)
    }
}
