import NIOHTTP1
package import WireValues

extension DaprClient {
    /// A value to write.
    package struct StateItem: Sendable {
        package var key: String
        package var value: JSON
        /// Written only if the stored one still has this tag.
        package var etag: String?
        package var ttl: Duration?
        /// Without a tag: written only if there is none of that key.
        package var firstWrite = false

        package init(_ key: String, _ value: JSON, etag: String? = nil, ttl: Duration? = nil) {
            self.key = key
            self.value = value
            self.etag = etag
            self.ttl = ttl
        }

        var json: JSON {
            var members = JSONObject([("key", .string(key)), ("value", value)])
            members["etag"] = etag.map(JSON.string)
            if let ttl { members["metadata"] = ["ttlInSeconds": .string(String(ttl.components.seconds))] }
            if firstWrite || etag != nil { members["options"] = ["concurrency": "first-write"] }
            return .object(members)
        }
    }

    package enum StateOperation: Sendable {
        case upsert(StateItem)
        case delete(key: String, etag: String?)
    }

    /// The value of `key`; nil when there is none.
    package func state(
        _ key: String, store: String
    ) async throws(DaprError) -> (value: JSON, etag: String?)? {
        let operation = "read state from \(store)"
        let answer = try await call(
            Exchange(
                operation: operation,
                path: "/v1.0/state/\(store.percentEncoded)/\(key.percentEncoded)?consistency=strong",
                isRepeatable: true))
        guard answer.status != 204 else { return nil }
        return (try answer.json(operation), answer.header("ETag"))
    }

    /// Writes the items, in parallel and not as one: see `stateTransaction`. `isConflict` when a tag does not match.
    package func saveState(_ items: [StateItem], store: String) async throws(DaprError) {
        _ = try await call(
            Exchange(
                operation: "save state to \(store)", method: .POST, path: "/v1.0/state/\(store.percentEncoded)",
                headers: [("Content-Type", "application/json")], body: JSON.array(items.map(\.json)).bytes))
    }

    /// Removes `key`; one that does not exist is no error.
    package func deleteState(_ key: String, etag: String? = nil, store: String) async throws(DaprError) {
        _ = try await call(
            Exchange(
                operation: "delete state from \(store)", method: .DELETE,
                path: "/v1.0/state/\(store.percentEncoded)/\(key.percentEncoded)",
                headers: etag.map { [("If-Match", $0)] } ?? [], isRepeatable: etag == nil))
    }

    /// The values of `keys`; what does not exist is left out.
    package func bulkState(
        _ keys: [String], store: String
    ) async throws(DaprError) -> [String: (value: JSON, etag: String?)] {
        let operation = "read states from \(store)"
        let answer = try await call(
            Exchange(
                operation: operation, method: .POST, path: "/v1.0/state/\(store.percentEncoded)/bulk",
                headers: [("Content-Type", "application/json")], body: JSON.members(["keys": JSON(keys)]).bytes,
                isRepeatable: true))
        guard answer.status != 204 else { return [:] }
        var values: [String: (value: JSON, etag: String?)] = [:]
        for item in try answer.json(operation).array ?? [] {
            if let error = item["error"]?.string, !error.isEmpty {
                throw DaprError(.answered, operation: operation, status: answer.status, message: error)
            }
            if let key = item["key"]?.string, let value = item["data"], !value.isNull {
                values[key] = (value, item["etag"]?.string)
            }
        }
        return values
    }

    /// All or nothing. `isConflict` when a tag does not match.
    package func stateTransaction(_ operations: [StateOperation], store: String) async throws(DaprError) {
        let list = operations.map { operation -> JSON in
            switch operation {
            case .upsert(let item): return ["operation": "upsert", "request": item.json]
            case .delete(let key, let etag):
                var request = JSONObject([("key", .string(key))])
                request["etag"] = etag.map(JSON.string)
                return ["operation": "delete", "request": .object(request)]
            }
        }
        _ = try await call(
            Exchange(
                operation: "change state in \(store)", method: .POST,
                path: "/v1.0/state/\(store.percentEncoded)/transaction",
                headers: [("Content-Type", "application/json")],
                body: JSON.members(["operations": .array(list)]).bytes))
    }
}
