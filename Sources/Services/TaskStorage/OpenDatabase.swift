package import Logging

/// Opens the database that `url` names.
///
/// - `postgresql://user:password@host/database?sslmode=verify-full`: everything that libpq understands, and two words
///   of our own, `pool_size` (how many connections at most) and `pgbouncer=true` (behind a pooler that keeps no state of
///   a session: no prepared statements, wake-ups within this process only). Nothing is connected yet: `ping()` tells.
/// - `sqlite:///absolute/path.db`, with `pool_size` (readers) and `synchronous=normal` (faster; the last commits may be
///   lost with the machine's power). The file is made when it is not there.
/// - Throws: `misconfigured`; for SQLite also what opening the file says.
package func openDatabase(
    url: String, options: DatabaseOptions = DatabaseOptions(), logger: Logger
) async throws(DatabaseError) -> any Database {
    switch try DatabaseURL(url) {
    case .postgresql(let settings): return PostgresDatabase(settings: settings, options: options, logger: logger)
    case .sqlite(let location): return try await SQLiteDatabase.open(location, options: options)
    }
}
