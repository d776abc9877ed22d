import CPostgreSQL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How to reach a PostgreSQL server. It has no description: there is a password in it.
struct PostgresSettings: Sendable {
    /// Words of libpq ("Parameter Key Words" of its documentation) and their values.
    private(set) var words: [String: String]
    let poolSize: Int?
    /// The connections go through a pooler that gives each transaction another session.
    let isPooled: Bool

    init(_ url: inout URLWithQuery) throws(DatabaseError) {
        poolSize = try url.takePoolSize()
        let pooled = url.take("pgbouncer")
        guard [nil, "true", "false"].contains(pooled) else {
            throw DatabaseError(.misconfigured, "pgbouncer in the database URL is 'true' or 'false'")
        }
        words = try Self.parse(url.text)
        isPooled = pooled.map { $0 == "true" } ?? Self.isNeonPooler(words["host"])
        completeTLS()
    }

    private init(words: [String: String], poolSize: Int?, isPooled: Bool) {
        self.words = words
        self.poolSize = poolSize
        self.isPooled = isPooled
    }

    private static func parse(_ url: String) throws(DatabaseError) -> [String: String] {
        var problem: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &problem) else {
            // libpq quotes the URL, and so maybe the password: of its message only what is safe to tell.
            PQfreemem(problem)
            throw DatabaseError(
                .misconfigured,
                "libpq cannot read the database URL; expected is postgresql://user:password@host:port/database?word=value,"
                    + " with other characters than letters and digits percent-encoded and words that libpq knows")
        }
        defer { PQconninfoFree(options) }
        var words: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { words[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return words
    }

    /// Certificates are checked against the system's authorities where libpq 15 would look for a file in the home
    /// folder. Neon's certificates are public ones, so `require` (encrypted, whoever answers) checks them as well.
    private mutating func completeTLS() {
        guard words["sslrootcert"] == nil, let authorities = Self.systemAuthorities else { return }
        if words["sslmode"] == "require", words["host"]?.hasSuffix(".neon.tech") == true {
            words["sslmode"] = "verify-full"
        }
        if words["sslmode"] == "verify-full" || words["sslmode"] == "verify-ca" { words["sslrootcert"] = authorities }
    }

    private static let systemAuthorities: String? = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ].first { (path: String) in access(path, R_OK) == 0 }

    /// Neon's pooler is PgBouncer in transaction mode, under the name of the database's host and `-pooler`.
    private static func isNeonPooler(_ host: String?) -> Bool {
        host.map { $0.hasSuffix(".neon.tech") && $0.prefix { $0 != "." }.hasSuffix("-pooler") } ?? false
    }

    /// The way around a pooler, for what needs a session of its own; nil where there is none that we know.
    var direct: PostgresSettings? {
        guard isPooled else { return self }
        guard let host = words["host"], Self.isNeonPooler(host) else { return nil }
        let name = host.prefix { $0 != "." }
        var words = words
        words["host"] = String(name.dropLast("-pooler".count)) + String(host.dropFirst(name.count))
        return PostgresSettings(words: words, poolSize: poolSize, isPooled: false)
    }

    /// All words of a connection; what the URL says counts more than ours.
    func words(_ options: DatabaseOptions) -> [String: String] {
        let ours = [
            "connect_timeout": String(max(2, Int(options.connectTimeout / .seconds(1)))),
            "application_name": options.applicationName,
            "client_encoding": "UTF8",
            // A server that vanished without a word is noticed within a minute.
            "keepalives_idle": "30", "keepalives_interval": "5", "keepalives_count": "3",
            "tcp_user_timeout": "20000",
            // The service's Unix user says nothing about the database's.
            "gssencmode": "disable",
        ]
        return words.merging(ours) { given, _ in given }
    }

    /// Host, port and database, for messages.
    var place: String {
        let host = words["host"] ?? words["hostaddr"] ?? "the local socket"
        return "\(host):\(words["port"] ?? "5432")/\(words["dbname"] ?? words["user"] ?? "")"
    }

    /// `text` without the password, should it be in it.
    func redacted(_ text: String) -> String {
        guard let password = words["password"], !password.isEmpty else { return text }
        return text.replacing(password, with: "***")
    }
}
