import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import WireValues

/// Where an app's secrets are.
protocol SecretStore: Sendable {
    /// The values of a secret by key. - Throws: `SecretError` when there is none, or the store fails.
    func secret(_ name: String, namespace: String) async throws -> [String: String]
    /// Every secret, by name.
    func all(namespace: String) async throws -> [String: [String: String]]
}

struct SecretError: Error, CustomStringConvertible {
    /// Never a value.
    let description: String
}

/// `secretstores.kubernetes` from Secret manifests, or from an API server that is reached by plain URL.
struct KubernetesSecrets: SecretStore {
    let manifests: [KubernetesSecret]
    /// `http://127.0.0.1:8001` of `kubectl proxy`, for one.
    let apiServer: String?
    let client: HTTPClient

    func secret(_ name: String, namespace: String) async throws -> [String: String] {
        if let found = manifests.first(where: { $0.name == name && ($0.namespace ?? namespace) == namespace }) {
            return found.values
        }
        guard apiServer != nil else {
            throw SecretError(
                description:
                    "secrets \"\(name)\" not found: no Secret manifest with this name in namespace \(namespace)")
        }
        let answer = try await get("namespaces/\(namespace)/secrets/\(name)")
        return Self.values(answer)
    }

    func all(namespace: String) async throws -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        if apiServer != nil {
            for item in try await get("namespaces/\(namespace)/secrets")["items"]?.array ?? [] {
                if let name = item[path: ["metadata", "name"]]?.string { found[name] = Self.values(item) }
            }
        }
        for manifest in manifests where (manifest.namespace ?? namespace) == namespace {
            found[manifest.name] = manifest.values
        }
        return found
    }

    private func get(_ path: String) async throws -> JSON {
        let response = try await client.execute(
            HTTPClientRequest(url: "\(apiServer ?? "")/api/v1/\(path)"), timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 16 << 20)
        guard response.status == .ok else {
            throw SecretError(description: "the API server answered \(response.status.code) to GET \(path)")
        }
        return try JSON(parsing: Array(body.readableBytesView))
    }

    private static func values(_ secret: JSON) -> [String: String] {
        (secret["data"] ?? .null).stringDictionary.mapValues {
            String(decoding: Base64.decode($0) ?? [], as: UTF8.self)
        }
    }
}

/// `secretstores.local.file`: a JSON file, read again when it is asked.
struct FileSecrets: SecretStore {
    let file: String
    let separator: String
    /// Whether a secret is an object of keys, instead of one value under its own name.
    let isMultiValued: Bool

    func secret(_ name: String, namespace: String) async throws -> [String: String] {
        guard let found = try read()[name] else { throw SecretError(description: "secret \(name) not found") }
        return found
    }

    func all(namespace: String) async throws -> [String: [String: String]] { try read() }

    private func read() throws -> [String: [String: String]] {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw SecretError(description: "the secrets file \(file) cannot be read")
        }
        let json: JSON
        do throws(JSONParseError) {
            json = try JSON(parsing: Array(bytes))
        } catch {
            throw SecretError(description: "the secrets file \(file) is no JSON: \(error)")
        }
        var found: [String: [String: String]] = [:]
        for (name, value) in json.object ?? JSONObject() {
            if isMultiValued, value.object != nil {
                var flat: [String: String] = [:]
                flatten(value, into: &flat, prefix: "")
                found[name] = flat
            } else {
                var flat: [String: String] = [:]
                flatten(value, into: &flat, prefix: name)
                for (key, text) in flat { found[key] = [key: text] }
            }
        }
        return found
    }

    private func flatten(_ value: JSON, into flat: inout [String: String], prefix: String) {
        func child(_ key: String) -> String { prefix.isEmpty ? key : prefix + separator + key }
        switch value {
        case .object(let members): for (key, value) in members { flatten(value, into: &flat, prefix: child(key)) }
        case .array(let elements):
            for (index, value) in elements.enumerated() { flatten(value, into: &flat, prefix: child("\(index)")) }
        default: flat[prefix] = value.scalarText ?? ""
        }
    }
}

/// `secretstores.local.env`: the process's environment.
struct EnvironmentSecrets: SecretStore {
    let prefix: String
    let environment: [String: String]

    private func isHidden(_ name: String) -> Bool { name == "APP_API_TOKEN" || name.hasPrefix("DAPR_") }

    /// An unknown variable is an empty text, as in Dapr.
    func secret(_ name: String, namespace: String) async throws -> [String: String] {
        isHidden(prefix + name) ? [name: ""] : [name: environment[prefix + name] ?? ""]
    }

    func all(namespace: String) async throws -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        for (name, value) in environment where name.hasPrefix(prefix) && !isHidden(name) {
            let short = String(name.dropFirst(prefix.count))
            found[short] = [short: value]
        }
        return found
    }
}
