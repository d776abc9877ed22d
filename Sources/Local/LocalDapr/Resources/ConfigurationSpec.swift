import WireValues

/// The parts of a Configuration resource that matter on one machine: tracing and the scopes of secrets.
struct ConfigurationSpec: Sendable {
    struct SecretScope: Sendable {
        let store: String
        let isDenied: Bool
        let allowed: Set<String>
        let denied: Set<String>

        /// A non-empty allow list decides; else the deny list; else the default.
        func mayRead(_ secret: String) -> Bool {
            if !allowed.isEmpty { return allowed.contains(secret) }
            if denied.contains(secret) { return false }
            return !isDenied
        }
    }

    var name = ""
    /// 0 switches tracing off: empty trace ids.
    var samplingRate = 0.0
    var secretScopes: [SecretScope] = []
    var features: [String] = []

    init() {}

    init(_ document: ResourceDocument) {
        name = document.name
        let spec = document.spec
        samplingRate = spec[path: ["tracing", "samplingRate"]]?.scalarText.flatMap(Double.init) ?? 0
        secretScopes = (spec[path: ["secrets", "scopes"]]?.array ?? []).map { scope in
            SecretScope(
                store: scope["storeName"]?.string ?? "",
                isDenied: scope["defaultAccess"]?.string?.lowercased() == "deny",
                allowed: Set(scope["allowedSecrets"]?.array?.compactMap(\.string) ?? []),
                denied: Set(scope["deniedSecrets"]?.array?.compactMap(\.string) ?? []))
        }
        features = (spec["features"]?.array ?? []).filter { $0["enabled"]?.bool == true }.compactMap {
            $0["name"]?.string
        }
    }

    func mayRead(_ secret: String, of store: String) -> Bool {
        secretScopes.first { $0.store == store }?.mayRead(secret) ?? true
    }
}
