/// The address of a webhook, read strictly: what two readers could read in two ways is refused.
struct WebhookURL: Hashable, Sendable {
    let text: String
    let isSecure: Bool
    /// In lower case; an IPv6 address without brackets.
    let host: String
    let port: Int

    /// Nil for anything but `https://host[:port][/path][?query]` in ASCII; `http` only where it is allowed.
    init?(_ text: String, allowsHTTP: Bool) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }),
            !text.contains("#")
        else { return nil }
        let lower = text.lowercased()
        if lower.hasPrefix("https://") {
            isSecure = true
        } else if allowsHTTP, lower.hasPrefix("http://") {
            isSecure = false
        } else {
            return nil
        }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let name: Substring
        let portText: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { return nil }
            portText = behind.dropFirst()
            guard name.utf8.allSatisfy({ Self.isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return nil }
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            name = parts[0]
            portText = parts.count == 2 ? parts[1] : ""
            guard (1...253).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else { return nil }
        }
        if portText.isEmpty {
            guard !authority.hasSuffix(":") else { return nil }
            port = isSecure ? 443 : 80
        } else {
            guard let number = Int(portText), (1...65_535).contains(number), String(number) == portText else {
                return nil
            }
            port = number
        }
        host = name.lowercased()
        self.text = text
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
