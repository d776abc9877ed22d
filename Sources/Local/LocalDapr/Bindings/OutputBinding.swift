import FoundationEssentials
import WireValues

/// A call of an output binding: one at the API, before it is known what it does.
struct BindingCall: Sendable {
    let operation: String
    /// As JSON.
    let data: JSON?
    let metadata: [String: String]
}

struct BindingAnswer: Sendable {
    var body: [UInt8] = []
    var metadata: [(name: String, value: String)] = []
}

/// Why a binding failed; `answer` holds what is known nevertheless.
struct BindingError: Error, CustomStringConvertible {
    let description: String
    var answer = BindingAnswer()
}

/// A way out of the platform: e-mail, HTTP (section 7 of the Dapr contract).
protocol OutputBinding: Sendable {
    var operations: Set<String> { get }
    /// - Throws: `BindingError`, whatever goes wrong on the way.
    func invoke(_ call: BindingCall) async throws -> BindingAnswer
}

/// A binding's component metadata, secrets resolved when they are needed.
struct BindingSettings: Sendable {
    let component: Component
    private let secrets: KubernetesSecrets
    private let files: [String: FileSecrets]
    private let environment: [String: String]
    private let namespace: String
    /// Where e-mails go as files instead of to a server; nil: they are sent.
    let outbox: String?

    init(_ component: Component, machine: Machine) {
        self.component = component
        secrets = KubernetesSecrets(
            manifests: machine.resources.secrets, apiServer: machine.options.kubernetesAPIServer, client: machine.client
        )
        var files: [String: FileSecrets] = [:]
        for store in machine.resources.components where store.type == "secretstores.local.file" {
            files[store.name] = FileSecrets(
                file: store["secretsFile"] ?? "", separator: store["nestedSeparator"] ?? ":",
                isMultiValued: store["multiValued"]?.lowercased() == "true")
        }
        self.files = files
        environment = machine.options.environment
        namespace = machine.options.namespace
        outbox = machine.options.mailOutbox
    }

    /// Every field by its name in lower case.
    func values() async throws -> [String: String] {
        var values: [String: String] = [:]
        for (name, value) in component.metadata {
            switch value {
            case .text(let text): values[name.lowercased()] = text
            case .environment(let variable): values[name.lowercased()] = environment[variable] ?? ""
            case .secret(let secret, let key):
                let found =
                    if let file = files[component.secretStore] {
                        try await file.secret(secret, namespace: namespace)
                    } else {
                        try await secrets.secret(secret, namespace: namespace)
                    }
                guard let text = found[key] else {
                    throw SecretError(description: "\(component.place): secret \(secret) has no key \(key)")
                }
                values[name.lowercased()] = text
            }
        }
        return values
    }
}
