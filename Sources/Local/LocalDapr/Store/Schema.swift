import SQLite

/// The tables of the state file.
enum Schema {
    static let version: Int64 = 1

    struct TooNew: Error, CustomStringConvertible {
        let found: Int64
        var description: String {
            "the state file has version \(found), this program knows \(Schema.version): use the newer program, or another file"
        }
    }

    static func prepare(_ connection: SQLiteConnection) throws {
        let found = try connection.query("PRAGMA user_version").first?.int(0) ?? 0
        guard found <= version else { throw TooNew(found: found) }
        guard found < version else { return }
        try connection.script(
            """
            CREATE TABLE topics (
                id INTEGER PRIMARY KEY, broker TEXT NOT NULL, name TEXT NOT NULL, partitions INTEGER NOT NULL,
                UNIQUE (broker, name)) STRICT;
            CREATE TABLE record_batches (
                topic INTEGER NOT NULL, partition INTEGER NOT NULL, base_offset INTEGER NOT NULL, count INTEGER NOT NULL,
                newest INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (topic, partition, base_offset)) STRICT;
            CREATE TABLE group_offsets (
                topic INTEGER NOT NULL, consumer_group TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
                PRIMARY KEY (topic, consumer_group, partition)) STRICT, WITHOUT ROWID;
            CREATE TABLE dead_letters_replayed (
                topic INTEGER NOT NULL, partition INTEGER NOT NULL, record INTEGER NOT NULL,
                PRIMARY KEY (topic, partition, record)) STRICT, WITHOUT ROWID;
            CREATE TABLE jobs (
                app TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, created INTEGER NOT NULL,
                due INTEGER NOT NULL, tick INTEGER NOT NULL, attempts INTEGER NOT NULL, runs INTEGER NOT NULL,
                PRIMARY KEY (app, name)) STRICT;
            CREATE TABLE state (
                store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, etag TEXT NOT NULL, expires INTEGER,
                PRIMARY KEY (store, key)) STRICT;
            PRAGMA user_version = 1;
            """)
    }
}

extension Store {
    /// The topics of the state file, their partitions ready to go on.
    func storedTopics(settings: [String: TopicSettings], defaults: TopicSettings) throws -> [Topic] {
        try readAtStart { connection in
            try connection.query("SELECT id, broker, name, partitions FROM topics").map { row in
                let id = row.int(0)
                // A living topic keeps its partitions, whatever the settings say now: the order of a key would break.
                var found = settings[row.text(2)] ?? defaults
                found.partitions = Int(row.int(3))
                var ends = Array(repeating: Int64(0), count: found.partitions)
                let last = try connection.query(
                    "SELECT partition, MAX(base_offset + count) FROM record_batches WHERE topic = $1 GROUP BY partition",
                    [.integer(id)])
                for row in last where ends.indices.contains(Int(row.int(0))) { ends[Int(row.int(0))] = row.int(1) }
                return Topic(
                    id: id, broker: row.text(1), name: row.text(2), settings: found, ends: ends, isDurable: true)
            }
        }
    }
}
