import SQLite
import WireValues

/// A key-value store of one state component, in the state file (section 4 of the Dapr contract).
struct StateStore: Sendable {
    enum Failure: Error, Hashable, CustomStringConvertible {
        case etagMismatch
        /// A first write met a value: Postgres says this, and it comes back as 500; others say that the ETag differs.
        case firstWriteConflict
        case badTTL(String)

        var description: String {
            switch self {
            case .etagMismatch: "possible etag mismatch. error from state store: the ETag does not match the stored one"
            case .firstWriteConflict: "no item was updated"
            case .badTTL(let text): "ttlInSeconds \"\(text)\" is no number of seconds"
            }
        }
    }

    struct Item: Sendable {
        let value: [UInt8]
        let etag: String
        let expires: Timestamp?
    }

    enum Operation: Sendable {
        case save(key: String, value: [UInt8], etag: String?, isFirstWrite: Bool, ttl: Duration?)
        case delete(key: String, etag: String?)
    }

    let component: Component
    /// The store's rows in the state file.
    let space: String
    let prefix: String?
    private let store: Store
    private let now: @Sendable () -> Timestamp

    /// What every in-memory store's `space` begins with: such rows are dropped at start.
    static let volatilePrefix = "in-memory "

    init(component: Component, appID: String, namespace: String, store: Store, now: @escaping @Sendable () -> Timestamp)
    {
        self.component = component
        self.store = store
        self.now = now
        space = component.type == "state.in-memory" ? Self.volatilePrefix + component.name : component.name
        switch component["keyPrefix"] ?? "appid" {
        case "appid", "": prefix = appID
        case "name": prefix = component.name
        case "namespace": prefix = "\(namespace).\(appID)"
        case "none": prefix = nil
        case let literal: prefix = literal
        }
    }

    func fullKey(_ key: String) -> String { prefix.map { "\($0)||\(key)" } ?? key }

    func get(_ keys: [String]) async throws -> [Item?] {
        let now = now()
        let full = keys.map { fullKey($0) }
        return try await store.read { [space] connection in
            try full.map { key in try Self.item(key, space: space, now: now, connection) }
        }
    }

    private static func item(_ key: String, space: String, now: Timestamp, _ connection: SQLiteConnection) throws
        -> Item?
    {
        let rows = try connection.query(
            "SELECT value, etag, expires FROM state WHERE store = $1 AND key = $2 AND (expires IS NULL OR expires > $3)",
            [.text(space), .text(key), .integer(now.microseconds)])
        return rows.first.map { row in
            Item(
                value: row.blob(0), etag: row.text(1), expires: row.intOrNil(2).map { Timestamp(microseconds: $0) })
        }
    }

    /// Makes all changes or none.
    ///
    /// - Throws: `Failure`; what the database says.
    func apply(_ operations: [Operation]) async throws {
        let now = now()
        try await store.write { connection in
            for operation in operations { try apply(operation, now: now, connection) }
        }
    }

    private func apply(_ operation: Operation, now: Timestamp, _ connection: SQLiteConnection) throws {
        switch operation {
        case .delete(let key, let etag):
            let full = fullKey(key)
            let present = try Self.item(full, space: space, now: now, connection)
            if let etag {
                guard present?.etag == etag else { throw Failure.etagMismatch }
            }
            try connection.execute("DELETE FROM state WHERE store = $1 AND key = $2", [.text(space), .text(full)])
        case .save(let key, let value, let etag, let isFirstWrite, let ttl):
            let full = fullKey(key)
            if etag != nil || isFirstWrite {
                let present = try Self.item(full, space: space, now: now, connection)
                if let etag {
                    guard present?.etag == etag else { throw Failure.etagMismatch }
                } else if present != nil {
                    throw Failure.firstWriteConflict
                }
            }
            try connection.execute(
                "INSERT OR REPLACE INTO state (store, key, value, etag, expires) VALUES ($1, $2, $3, $4, $5)",
                [
                    .text(space), .text(full), .blob(value), .text(UUIDText.random()),
                    .optional(ttl.map { now.advanced(by: $0).microseconds }),
                ])
        }
    }
}
