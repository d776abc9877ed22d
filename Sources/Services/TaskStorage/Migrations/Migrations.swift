/// One step of a component's tables.
package struct Migration: Sendable {
    /// From 1, without gaps.
    package let version: Int
    /// A few words for people.
    package let name: String
    let statements: @Sendable (Dialect) -> [String]

    /// - Parameter statements: run one after the other in one transaction. Once released they never change: what has
    ///   to be different comes as another step.
    package init(_ version: Int, _ name: String, _ statements: @escaping @Sendable (Dialect) -> [String]) {
        self.version = version
        self.name = name
        self.statements = statements
    }

    /// Tells whether a step is still what was once applied: FNV-1a over its statements.
    func checksum(_ dialect: Dialect) -> String {
        StableHash.of(statements(dialect).joined(separator: ";\n")).hexadecimal
    }
}

/// The tables of one component and how they came to be. Each service's folder declares its own.
package struct Migrations: Sendable {
    package let component: String
    package let steps: [Migration]

    package init(component: String, _ steps: [Migration]) {
        precondition(
            steps.map(\.version) == Array(1..<(steps.count + 1)), "versions of \(component) have to be 1, 2, 3 …")
        self.component = component
        self.steps = steps
    }
}

extension Migrations {
    /// Brings the database to what this program knows: every step that is missing, in order, each component in one
    /// transaction and under a lock, so that several may try at once.
    ///
    /// Steps that the database has and this program does not know are left alone: an older version runs beside a newer
    /// one.
    /// - Returns: what was applied, as `tasks 1 first tables`.
    /// - Throws: `DatabaseError`; `misconfigured` when an applied step is not what this program has under its number.
    package static func run(_ all: [Migrations], on database: any Database) async throws -> [String] {
        var applied: [String] = []
        for migrations in all {
            applied += try await database.transaction { transaction in
                try migrations.run(in: transaction)
            }
        }
        return applied
    }

    /// The steps that `run` would apply.
    /// - Throws: as `run`.
    package static func pending(_ all: [Migrations], on database: any Database) async throws -> [String] {
        try await database.read { transaction in
            guard try hasRecords(transaction) else { return all.flatMap { $0.described($0.steps) } }
            var pending: [String] = []
            for migrations in all {
                pending += migrations.described(try migrations.missing(in: transaction))
            }
            return pending
        }
    }

    private func described(_ steps: some Sequence<Migration>) -> [String] {
        steps.map { "\(component) \($0.version) \($0.name)" }
    }

    private func run(in transaction: any Transaction) throws -> [String] {
        let dialect = transaction.dialect
        if dialect == .postgresql {
            // Whoever comes second waits for the first, which may take long; so may a step.
            try transaction.execute("SET LOCAL lock_timeout = 0")
            try transaction.execute("SET LOCAL statement_timeout = 0")
            _ = try transaction.query("SELECT pg_advisory_xact_lock($1)", [.integer(Self.lock)])
        }
        if try !Self.hasRecords(transaction) {
            try transaction.execute(
                """
                CREATE TABLE schema_migrations (component \(dialect.text) NOT NULL, version \(dialect.integer) NOT NULL,
                name \(dialect.text) NOT NULL, checksum \(dialect.text) NOT NULL, applied_at \(dialect.integer) NOT NULL,
                PRIMARY KEY (component, version))\(dialect.strict)
                """)
        }
        let missing = try missing(in: transaction)
        for step in missing {
            do throws(DatabaseError) {
                for statement in step.statements(dialect) { try transaction.execute(statement) }
            } catch {
                throw DatabaseError(
                    error.code, "migration \(component) \(step.version) (\(step.name)): \(error.message)",
                    sqlState: error.sqlState, constraint: error.constraint)
            }
            try transaction.execute(
                "INSERT INTO schema_migrations VALUES ($1, $2, $3, $4, \(dialect.now))",
                [.text(component), .of(step.version), .text(step.name), .text(step.checksum(dialect))])
        }
        return described(missing)
    }

    /// The number of the lock: any that nobody else uses in this database.
    private static let lock: Int64 = 0x746F_646F_6D69_6772

    private static func hasRecords(_ transaction: any Transaction) throws -> Bool {
        switch transaction.dialect {
        case .postgresql:
            try !transaction.query("SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL").isEmpty
        case .sqlite:
            try !transaction.query("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").isEmpty
        }
    }

    private func missing(in transaction: any Transaction) throws -> ArraySlice<Migration> {
        let rows = try transaction.query(
            "SELECT version, checksum FROM schema_migrations WHERE component = $1 ORDER BY version", [.text(component)])
        for (index, row) in rows.enumerated() {
            guard row.int(0) == index + 1 else {
                throw DatabaseError(
                    .misconfigured,
                    "migration \(component) \(index + 1) was never applied, but \(row.int(0)) was; restore the database"
                )
            }
            guard index < steps.count else { break }
            guard row.text(1) == steps[index].checksum(transaction.dialect) else {
                throw DatabaseError(
                    .misconfigured,
                    "migration \(component) \(index + 1) (\(steps[index].name)) is not the one that was applied to this"
                        + " database: its statements were changed after a release; put them back")
            }
        }
        return steps.dropFirst(rows.count)
    }
}
