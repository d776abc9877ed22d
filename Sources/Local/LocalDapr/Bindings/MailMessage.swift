/// An e-mail with one HTML part (RFC 5322, RFC 2045).
struct MailMessage: Sendable {
    let from: String
    let to: [String]
    let cc: [String]
    let bcc: [String]
    let subject: String
    let priority: Int
    let html: String

    /// The address alone of `Name <address>`.
    static func address(_ text: String) -> String {
        guard let open = text.lastIndex(of: "<"), let close = text.lastIndex(of: ">"), open < close else { return text }
        return String(text[text.index(after: open)..<close])
    }

    var recipients: [String] { (to + cc + bcc).map { Self.address($0) } }

    /// With `\r\n` at the ends of lines. Who gets a blind copy is not in it.
    var bytes: [UInt8] {
        var lines = [
            "From: \(Self.header(from))", "To: \(to.map { Self.header($0) }.joined(separator: ", "))",
        ]
        if !cc.isEmpty { lines.append("Cc: \(cc.map { Self.header($0) }.joined(separator: ", "))") }
        lines.append("Subject: \(Self.encoded(subject))")
        lines.append("X-Priority: \(priority)")
        lines.append("Message-ID: <\(UUIDText.random())@local-dapr>")
        lines.append("MIME-Version: 1.0")
        lines.append("Content-Type: text/html; charset=UTF-8")
        lines.append("Content-Transfer-Encoding: quoted-printable")
        lines.append("")
        return Array(lines.joined(separator: "\r\n").utf8) + [0x0D, 0x0A] + Self.quotedPrintable(html)
    }

    /// No line break can get into a header this way.
    private static func header(_ text: String) -> String {
        let clean = text.filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        guard let open = clean.lastIndex(of: "<"), !clean.utf8.allSatisfy({ $0 < 0x80 }) else { return clean }
        return encoded(String(clean[..<open])) + " " + clean[open...]
    }

    /// An encoded word (RFC 2047) where ASCII does not suffice.
    private static func encoded(_ text: String) -> String {
        let clean = text.filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        guard !clean.utf8.allSatisfy({ $0 < 0x80 }) else { return clean }
        var words: [String] = []
        var part = ""
        // A word is 75 characters at most and holds whole characters.
        for character in clean {
            if (part + String(character)).utf8.count > 42 {
                words.append("=?UTF-8?B?\(Base64.encode(Array(part.utf8)))?=")
                part = ""
            }
            part.append(character)
        }
        words.append("=?UTF-8?B?\(Base64.encode(Array(part.utf8)))?=")
        return words.joined(separator: "\r\n ")
    }

    private static func quotedPrintable(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        var column = 0
        func softBreak(_ needed: Int) {
            guard column + needed > 75 else { return }
            output += [UInt8(ascii: "="), 0x0D, 0x0A]
            column = 0
        }
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0x0A
            if byte == 0x0A || (byte == 0x0D && next == 0x0A) {
                output += [0x0D, 0x0A]
                column = 0
                if byte == 0x0D { index += 1 }
            } else if (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
                || ((byte == 0x20 || byte == 0x09) && next != 0x0A && next != 0x0D)
            {
                softBreak(1)
                output.append(byte)
                column += 1
            } else {
                softBreak(3)
                output += [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                column += 3
            }
            index += 1
        }
        return output
    }
}
