/// Keeps secret values off the screen. We never read them on purpose; but messages quote addresses with passwords, and
/// somebody may have put a password straight into a pod's environment.
enum Redaction {
    static let mask = "(hidden)"

    /// `text` with the login of every URL masked: `postgres://(hidden)@host/db`.
    static func scrubbed(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let mark = rest.firstRange(of: "://") {
            result += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            // Passwords may hold slashes: everything up to the last @ of the word goes.
            let word = rest.prefix { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
            if let at = word.lastIndex(of: "@") {
                result += mask
                rest = rest[at...]
            }
        }
        return result + rest
    }

    /// Whether the field `path` may hold a secret in plain text: the value of an environment variable or a Dapr
    /// metadata entry whose name says so.
    static func hides(_ path: String) -> Bool {
        guard path.hasSuffix("].value"), let open = path.lastIndex(of: "[") else { return false }
        let name = path[open...].lowercased()
        return ["password", "passwd", "secret", "token", "apikey", "api_key", "credential"].contains {
            name.contains($0)
        }
    }
}
