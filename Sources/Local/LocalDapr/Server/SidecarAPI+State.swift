import WireValues

/// State stores (section 4 of the Dapr contract).
extension SidecarAPI {
    private func store(_ name: String) throws(APIError) -> StateStore {
        if let store = sidecar.stateStores[name] { return store }
        if sidecar.stateStores.isEmpty {
            throw APIError(
                500, "ERR_STATE_STORE_NOT_CONFIGURED", "state store \(name) is not configured",
                reason: "DAPR_STATE_NOT_CONFIGURED")
        }
        throw APIError(
            400, "ERR_STATE_STORE_NOT_FOUND", "state store \(name) is not found", reason: "DAPR_STATE_NOT_FOUND")
    }

    private func malformed(_ why: String) -> APIError { APIError(400, "ERR_MALFORMED_REQUEST", why) }

    private func check(_ key: String) throws(APIError) {
        guard !key.isEmpty else { throw malformed("key is missing") }
        guard key.firstRange(of: "||") == nil else {
            throw APIError(
                400, "ERR_MALFORMED_REQUEST", "input key/keyPrefix '\(key)' can't contain '||'",
                reason: "DAPR_STATE_ILLEGAL_KEY")
        }
    }

    private func json(_ request: APIRequest) throws(APIError) -> JSON {
        guard let body = request.body else { throw malformed("the body cannot be read or is longer than 4 MiB") }
        do throws(JSONParseError) {
            return try JSON(parsing: body)
        } catch {
            throw malformed("failed deserializing HTTP body: \(error)")
        }
    }

    // MARK: Reading

    func getState(_ request: APIRequest, store name: String, key: String) async throws -> APIResponse {
        let store = try store(name)
        try check(key)
        let found: StateStore.Item?
        do {
            found = try await store.get([key]).first ?? nil
        } catch {
            throw APIError(500, "ERR_STATE_GET", "fail to get \(key) from state store \(name): \(error)")
        }
        guard let found else { return .noContent }
        var response = APIResponse.json(200, found.value)
        response.headers.append(("etag", found.etag))
        if let expires = found.expires { response.headers.append(("metadata.ttlExpireTime", expires.rfc3339)) }
        return response
    }

    func bulkState(_ request: APIRequest, store name: String) async throws -> APIResponse {
        let store = try store(name)
        let body = try json(request)
        guard let keys = body["keys"]?.array?.compactMap(\.string) else { throw malformed("keys is no list of texts") }
        for key in keys { try check(key) }
        let found: [StateStore.Item?]
        do {
            found = try await store.get(keys)
        } catch {
            throw APIError(500, "ERR_STATE_BULK_GET", "failed to get from state store \(name): \(error)")
        }
        var output: [UInt8] = [UInt8(ascii: "[")]
        for (index, (key, item)) in zip(keys, found).enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output += Array("{\"key\":".utf8) + RawJSON.quoted(key)
            if let item {
                output += Array(",\"data\":".utf8) + item.value + Array(",\"etag\":".utf8) + RawJSON.quoted(item.etag)
                if let expires = item.expires {
                    output +=
                        Array(",\"metadata\":{\"ttlExpireTime\":".utf8) + RawJSON.quoted(expires.rfc3339) + [
                            UInt8(ascii: "}")
                        ]
                }
            }
            output.append(UInt8(ascii: "}"))
        }
        output.append(UInt8(ascii: "]"))
        return .json(200, output)
    }

    // MARK: Writing

    func saveState(_ request: APIRequest, store name: String) async throws -> APIResponse {
        let store = try store(name)
        guard let items = try json(request).array else {
            throw malformed("failed deserializing HTTP body: a list of items is expected")
        }
        var operations: [StateStore.Operation] = []
        for item in items {
            operations.append(
                try save(item, ttlOfQuery: request.query("metadata.ttlInSeconds"), failure: "ERR_STATE_SAVE"))
        }
        // Each for itself, as Dapr does: some may be saved when others fail.
        var failure: (any Error)?
        for operation in operations {
            do {
                try await apply([operation], to: store)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure {
            throw refusal(failure, store, code: "ERR_STATE_SAVE", "failed saving state in state store \(name)")
        }
        return .noContent
    }

    func deleteState(_ request: APIRequest, store name: String, key: String) async throws -> APIResponse {
        let store = try store(name)
        try check(key)
        do {
            try await apply(
                [.delete(key: key, etag: request.header("if-match").flatMap { $0.isEmpty ? nil : $0 })], to: store)
        } catch {
            throw refusal(error, store, code: "ERR_STATE_DELETE", "failed deleting state with key \(key)")
        }
        return .noContent
    }

    func stateTransaction(_ request: APIRequest, store name: String) async throws -> APIResponse {
        let store = try store(name)
        let body = try json(request)
        var operations: [StateStore.Operation] = []
        for item in body["operations"]?.array ?? [] {
            let inner = item["request"] ?? .null
            switch item["operation"]?.string ?? "" {
            case "upsert":
                operations.append(
                    try save(
                        inner, ttlOfQuery: request.query("metadata.ttlInSeconds"), failure: "ERR_STATE_TRANSACTION"))
            case "delete":
                guard let key = inner["key"]?.string else { throw malformed("key is missing") }
                try check(key)
                operations.append(.delete(key: key, etag: etag(inner)))
            case let other:
                throw APIError(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type \(other) not supported")
            }
        }
        do {
            try await apply(operations, to: store)
        } catch {
            throw APIError(500, "ERR_STATE_TRANSACTION", "error while executing state transaction: \(error)")
        }
        return .noContent
    }

    private func etag(_ item: JSON) -> String? { item["etag"]?.string.flatMap { $0.isEmpty ? nil : $0 } }

    private func save(_ item: JSON, ttlOfQuery: String?, failure: String) throws(APIError) -> StateStore.Operation {
        guard let key = item["key"]?.string else { throw malformed("key is missing") }
        try check(key)
        var ttl: Duration?
        if let text = ttlOfQuery ?? item[path: ["metadata", "ttlInSeconds"]]?.scalarText, !text.isEmpty {
            guard let seconds = Int(text), seconds >= -1 else {
                throw APIError(500, failure, "failed saving state: \(StateStore.Failure.badTTL(text))")
            }
            ttl = seconds > 0 ? .seconds(seconds) : nil
        }
        return .save(
            key: key, value: (item["value"] ?? .null).throughDoubles.bytes, etag: etag(item),
            isFirstWrite: item[path: ["options", "concurrency"]]?.string == "first-write", ttl: ttl)
    }

    /// Under the component's outbound policy. What the store refuses for the state that it has is not tried again.
    private func apply(_ operations: [StateStore.Operation], to store: StateStore) async throws {
        guard !operations.isEmpty else { return }
        let result = try await sidecar.policies.component(store.component, .outbound).run(
            sidecar.machine.time, timedOut: Result<Void, any Error>.failure(StateTimeout()),
            refused: Result<Void, any Error>.failure(CircuitBreaker.Open())
        ) { () async throws -> Attempt<Result<Void, any Error>> in
            do {
                try await store.apply(operations)
                return .done(.success(()))
            } catch let error as StateStore.Failure {
                return .done(.failure(error))
            } catch {
                return .failed(.failure(error), status: 500)
            }
        }
        try result.outcome.get()
    }

    private func refusal(_ error: any Error, _ store: StateStore, code: String, _ what: String) -> APIError {
        let conflict = 409
        switch error as? StateStore.Failure {
        case .etagMismatch: return APIError(conflict, code, "\(what): \(error)")
        case .firstWriteConflict:
            // Postgres reports it as an error like any other.
            if (store.component["localFirstWriteConflict"]
                ?? (store.component.type == "state.postgresql" ? "500" : "409")) == "500"
            {
                return APIError(500, code, "\(what): \(error)")
            }
            return APIError(conflict, code, "\(what): \(StateStore.Failure.etagMismatch)")
        default: return APIError(500, code, "\(what): \(error)")
        }
    }
}

private struct StateTimeout: Error, CustomStringConvertible {
    var description: String { "the store took longer than the policy's timeout" }
}
