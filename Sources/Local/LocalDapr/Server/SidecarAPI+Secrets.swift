import WireValues

/// Secrets (section 5 of the Dapr contract).
extension SidecarAPI {
    private func store(_ name: String) throws(APIError) -> any SecretStore {
        if let store = sidecar.secretStores[name] { return store }
        if sidecar.secretStores.isEmpty {
            throw APIError(500, "ERR_SECRET_STORES_NOT_CONFIGURED", "secret store is not configured")
        }
        throw APIError(401, "ERR_SECRET_STORE_NOT_FOUND", "failed finding secret store with key \(name)")
    }

    private func namespace(_ request: APIRequest) -> String { request.query("metadata.namespace") ?? sidecar.namespace }

    func secret(_ request: APIRequest, store name: String, name secret: String) async throws -> APIResponse {
        let store = try store(name)
        guard sidecar.configuration.mayRead(secret, of: name) else {
            throw APIError(
                403, "ERR_PERMISSION_DENIED", "access denied by policy to get \"\(secret)\" from \"\(name)\"")
        }
        let values: [String: String]
        do {
            values = try await store.secret(secret, namespace: namespace(request))
        } catch {
            throw APIError(
                500, "ERR_SECRET_GET", "failed getting secret with key \(secret) from secret store \(name): \(error)")
        }
        return values.isEmpty ? .noContent : .json(200, .strings(values))
    }

    func bulkSecrets(_ request: APIRequest, store name: String) async throws -> APIResponse {
        let store = try store(name)
        let all: [String: [String: String]]
        do {
            all = try await store.all(namespace: namespace(request))
        } catch {
            throw APIError(500, "ERR_SECRET_GET", "failed getting secrets from secret store \(name): \(error)")
        }
        let allowed = all.filter { sidecar.configuration.mayRead($0.key, of: name) }.sorted { $0.key < $1.key }
        return allowed.isEmpty
            ? .noContent : .json(200, .object(JSONObject(allowed.map { ($0.key, JSON.strings($0.value)) })))
    }
}
