import FoundationEssentials
import KubernetesModel
import Subprocess
import SystemPackage

/// What a credential plugin answered.
struct ExecCredential: Hashable, Sendable {
    let token: String?
    /// PEM; both or none.
    let chain: [UInt8]?
    let key: [UInt8]?
    /// Nil: valid until the server says otherwise.
    let expiry: Timestamp?

    /// Replaced this long before it expires, so that no request arrives with a credential that has just ended.
    static let leeway: Duration = .seconds(30)

    func isExpired(at now: Timestamp) -> Bool {
        guard let expiry else { return false }
        return now.advanced(by: Self.leeway) >= expiry
    }

    /// Reads the plugin's standard output.
    init(parsing output: [UInt8], of plugin: ExecPlugin) throws(KubernetesError) {
        // What does not parse may still hold a credential: nothing of it is repeated in errors.
        guard let answer = try? JSON(parsing: output), answer["kind"]?.string == "ExecCredential" else {
            throw plugin.failure("did not print an ExecCredential in JSON")
        }
        let version = answer["apiVersion"]?.string ?? "none"
        guard version == plugin.apiVersion else {
            throw plugin.failure(
                "answered with apiVersion \(version), but was asked for \(plugin.apiVersion); set that version in the plugin's configuration"
            )
        }
        guard let status = answer["status"] else { throw plugin.failure("answered without a status") }
        token = status["token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        chain = status["clientCertificateData"]?.string.map { Array($0.utf8) }
        key = status["clientKeyData"]?.string.map { Array($0.utf8) }
        guard (chain == nil) == (key == nil) else {
            throw plugin.failure("answered with only one of clientCertificateData and clientKeyData")
        }
        guard token != nil || chain != nil else {
            throw plugin.failure("answered with neither a token nor a client certificate")
        }
        if let token, !HTTPTransport.isHeaderValue(token) {
            throw plugin.failure("answered with a token that holds other characters than printable ASCII")
        }
        if let text = status["expirationTimestamp"]?.string {
            guard let time = Timestamp(text) else {
                throw plugin.failure("answered with an expirationTimestamp that is no RFC 3339 time")
            }
            expiry = time
        } else {
            expiry = nil
        }
    }
}

extension ExecPlugin {
    /// How long a plugin may take.
    static let timeout: Duration = .seconds(60)

    func failure(_ problem: String) -> KubernetesError {
        KubernetesError(
            .configuration,
            "\(origin): the credential plugin \(command) \(problem)"
                + (installHint.map { "\n\($0)" } ?? ""))
    }

    /// Runs the plugin once.
    ///
    /// - Parameter hasTerminal: a person sits before standard input and error; the plugin may talk to them.
    /// - Throws: `.configuration` with the plugin's last words on standard error and its install hint; `.transport` when
    ///   it takes too long or the task is cancelled.
    func run(hasTerminal: Bool, clock: any Clock<Duration>) async throws(KubernetesError) -> ExecCredential {
        if interactiveMode == .always, !hasTerminal {
            throw failure(
                "needs a terminal (interactiveMode: Always), and there is none; use another kind of credentials here")
        }
        let isInteractive = hasTerminal && interactiveMode != .never
        let output: Output
        do {
            output = try await withTimeout(Self.timeout, clock: clock) { try await spawn(isInteractive: isInteractive) }
        } catch let error as SubprocessError {
            throw failure(
                error.code == .executableNotFound
                    ? "is not installed, or not in a folder of PATH" : "could not be run: \(error)")
        } catch is TimeoutError {
            throw KubernetesError(
                .transport, "\(origin): the credential plugin \(command) did not end within \(Self.timeout)")
        } catch {
            throw KubernetesError(.transport, "\(origin): the credential plugin \(command) was stopped: \(error)")
        }
        guard output.status.isSuccess else {
            let words = output.error.trimmedText.map { ": " + $0.suffix(500) } ?? ""
            throw failure("failed (\(output.status))\(words)")
        }
        return try ExecCredential(parsing: output.bytes, of: self)
    }

    private struct Output: Sendable {
        let status: TerminationStatus
        let bytes: [UInt8]
        let error: [UInt8]
    }

    private func spawn(isInteractive: Bool) async throws -> Output {
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment {
            if let key = Environment.Key(rawValue: name) { variables[key] = value }
        }
        variables["KUBERNETES_EXEC_INFO"] = executionInfo(isInteractive: isInteractive).text
        let executable: Executable = command.contains("/") ? .path(FilePath(command)) : .name(command)
        let configuration = Configuration(
            executable: executable, arguments: Arguments(arguments), environment: .custom(variables))
        if isInteractive {
            let result = try await Subprocess.run(
                configuration, input: .currentStandardInput, output: .bytes(limit: 1024 * 1024),
                error: .currentStandardError)
            return Output(status: result.terminationStatus, bytes: result.standardOutput, error: [])
        }
        let result = try await Subprocess.run(
            configuration, input: .none, output: .bytes(limit: 1024 * 1024), error: .bytes(limit: 1024 * 1024))
        return Output(status: result.terminationStatus, bytes: result.standardOutput, error: result.standardError)
    }

    /// The value of `KUBERNETES_EXEC_INFO`.
    func executionInfo(isInteractive: Bool) -> JSON {
        var spec: JSON = ["interactive": .bool(isInteractive)]
        if let cluster { spec["cluster"] = cluster }
        return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
    }
}
