import DaprClient

/// Reads the secrets that a service needs from Dapr's secret store, and says of all of them at once what is wrong.
struct SecretReading: Sendable {
    /// A store that fails is asked again for this long: it may start later than the sidecar.
    static let patience = Duration.seconds(30)

    struct Secrets: Sendable {
        var databaseURL: String?
        var hmacSecret: [UInt8]?
        /// Those of the service's own secret.
        var members: [String: String] = [:]
    }

    let dapr: DaprClient
    let store: String
    let clock: any Clock<Duration>
    /// Told what is waited for.
    let waits: @Sendable (String) -> Void

    /// - Parameter own: the name of the service's own secret.
    /// - Throws: `SettingsRefused`, `CancellationError`.
    func read(
        configuration: ServiceConfiguration, authentication: AuthenticationSettings?, own: String?
    ) async throws -> Secrets {
        let reader = SettingsReader(environment: [:])
        var secrets = Secrets()
        switch configuration.database {
        case .url(let url): secrets.databaseURL = url
        case .secret(let name, let key): secrets.databaseURL = try await value(name, key, reader)
        case nil: break
        }
        if let secret = authentication?.secret, let value = try await value(secret.name, secret.key, reader) {
            let bytes = Array(value.utf8)
            if bytes.count < VerificationKey.minimumSecretBytes {
                reader.problem(
                    "secret \(secret.name)",
                    "holds fewer than \(VerificationKey.minimumSecretBytes) bytes under \(secret.key)",
                    remedy: "use a longer random text; HS256 needs one as long as its hash (RFC 7518, 3.2)")
            }
            secrets.hmacSecret = bytes
        }
        if let own, let members = try await members(of: own, reader) { secrets.members = members }
        let problems = reader.problems
        guard problems.isEmpty else { throw SettingsRefused(problems: problems) }
        return secrets
    }

    private func value(_ name: String, _ key: String, _ reader: SettingsReader) async throws -> String? {
        guard let members = try await members(of: name, reader) else { return nil }
        guard let value = members[key], !value.isEmpty else {
            reader.problem(
                "secret \(name)", "has no key \(key)",
                remedy: members.isEmpty ? "add the key" : "add the key, or name another")
            return nil
        }
        return value
    }

    private func members(of name: String, _ reader: SettingsReader) async throws -> [String: String]? {
        do {
            return try await secret(name)
        } catch let error as DaprError where error.kind != .cancelled {
            reader.problem(
                "secret \(name)", "cannot be read from the secret store \(store): \(error.message)",
                remedy: "create it, and let this service read it")
            return nil
        }
    }

    private func secret(_ name: String) async throws -> [String: String] {
        var waited = Duration.zero
        var pause = Duration.milliseconds(200)
        while true {
            do {
                return try await dapr.secret(name, store: store)
            } catch {
                guard error.isTransient, waited < Self.patience else { throw error }
                waits("the secret \(name) in the secret store \(store) (\(error.message))")
            }
            try await clock.sleep(for: pause)
            waited += pause
            pause = min(pause * 2, .seconds(5))
        }
    }
}
