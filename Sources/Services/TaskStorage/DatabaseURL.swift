/// A database URL taken apart. It has no description: there is a password in it.
enum DatabaseURL {
    case postgresql(PostgresSettings)
    case sqlite(SQLiteLocation)

    init(_ text: String) throws(DatabaseError) {
        let text = text.trimmingWhitespace
        guard let colon = text.firstIndex(of: ":") else {
            throw DatabaseError(.misconfigured, "the database URL has no scheme, postgresql:// or sqlite://")
        }
        var url = URLWithQuery(text)
        switch text[..<colon].lowercased() {
        case "postgresql", "postgres": self = .postgresql(try PostgresSettings(&url))
        case "sqlite": self = .sqlite(try SQLiteLocation(&url))
        case let other:
            // Only letters are shown: a mistyped URL may begin with anything.
            let scheme = other.allSatisfy(\.isLetter) ? other : "…"
            throw DatabaseError(
                .misconfigured, "the database URL's scheme is '\(scheme)', known are postgresql:// and sqlite://")
        }
    }
}

/// The file of an SQLite database.
struct SQLiteLocation: Sendable {
    let path: String
    let poolSize: Int?
    let synchronous: SQLiteConnection.Synchronous

    init(_ url: inout URLWithQuery) throws(DatabaseError) {
        poolSize = try url.takePoolSize()
        switch url.take("synchronous") {
        case nil, "full": synchronous = .full
        case "normal": synchronous = .normal
        case .some: throw DatabaseError(.misconfigured, "synchronous in the database URL is 'full' or 'normal'")
        }
        if let unknown = url.names.first {
            throw DatabaseError(.misconfigured, "the SQLite URL has a parameter '\(unknown)' that is not known")
        }
        let prefix = "sqlite://"
        guard url.base.hasPrefix(prefix), let path = url.base.dropFirst(prefix.count).percentDecoded,
            path.hasPrefix("/"), path.utf8.count > 1
        else {
            throw DatabaseError(
                .misconfigured, "the SQLite URL has to name a file by its absolute path: sqlite:///path/to/file.db")
        }
        self.path = path
    }
}

/// A URL and the parameters behind its question mark, percent-encoded as they came.
struct URLWithQuery {
    let base: String
    private var parameters: [(name: String, value: String)]

    init(_ text: String) {
        guard let mark = text.firstIndex(of: "?") else {
            base = text
            parameters = []
            return
        }
        base = String(text[..<mark])
        parameters = text[text.index(after: mark)...].split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
    }

    var names: [String] { parameters.map(\.name) }

    var text: String {
        parameters.isEmpty
            ? base : base + "?" + parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Takes a parameter out; the last one counts.
    mutating func take(_ name: String) -> String? {
        let value = parameters.last { $0.name == name }?.value
        parameters.removeAll { $0.name == name }
        return value
    }

    mutating func takePoolSize() throws(DatabaseError) -> Int? {
        guard let text = take("pool_size") else { return nil }
        guard let size = Int(text), (1...100).contains(size) else {
            throw DatabaseError(.misconfigured, "pool_size in the database URL has to be a number from 1 to 100")
        }
        return size
    }
}

extension StringProtocol {
    fileprivate var trimmingWhitespace: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// Nil when what stands behind a percent sign is no hexadecimal number, or the result is no UTF-8.
    var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next(), let low = rest.next(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
