package import KubernetesModel

/// A program that hands out credentials (Kubernetes documentation, "client-go credential plugins").
package struct ExecPlugin: Hashable, Sendable {
    package enum InteractiveMode: String, Sendable {
        case never = "Never"
        case ifAvailable = "IfAvailable"
        case always = "Always"
    }

    static let supportedVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    /// One of `supportedVersions`; the program must answer in the same.
    package let apiVersion: String
    /// A name to find along PATH, or an absolute path.
    package let command: String
    package let arguments: [String]
    /// The whole environment of the program, but for `KUBERNETES_EXEC_INFO`.
    package let environment: [String: String]
    package let interactiveMode: InteractiveMode
    package let installHint: String?
    /// `spec.cluster` of what the program is told; nil unless it asked with `provideClusterInfo`.
    package let cluster: JSON?
    /// The field of the kubeconfig file, for messages.
    package let origin: String

    package init(
        apiVersion: String, command: String, arguments: [String] = [], environment: [String: String] = [:],
        interactiveMode: InteractiveMode = .never, installHint: String? = nil, cluster: JSON? = nil,
        origin: String = "the exec plugin"
    ) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.interactiveMode = interactiveMode
        self.installHint = installHint
        self.cluster = cluster
        self.origin = origin
    }

    /// Reads `users[].user.exec`.
    init(
        _ fields: KubeconfigFields, cluster configuration: ClusterConfiguration, _ clusterFields: KubeconfigFields,
        _ processEnvironment: [String: String]
    ) throws(KubernetesError) {
        guard let version = try fields.text("apiVersion") else { throw fields.error("apiVersion", "is not set") }
        guard Self.supportedVersions.contains(version) else {
            throw fields.error(
                "apiVersion",
                "is \(version), which is not supported; update the plugin's configuration to \(Self.supportedVersions[0])"
            )
        }
        guard let command = try fields.text("command") else { throw fields.error("command", "is not set") }
        var environment = processEnvironment
        for variable in try fields.mappings("env") {
            guard let name = try variable.text("name") else { throw variable.error("name", "is not set") }
            environment[name] = try variable.text("value") ?? ""
        }
        let mode: InteractiveMode
        if let text = try fields.text("interactiveMode") {
            guard let known = InteractiveMode(rawValue: text) else {
                throw fields.error("interactiveMode", "must be Never, IfAvailable or Always")
            }
            mode = known
        } else if version.hasSuffix("/v1") {
            throw fields.error("interactiveMode", "is not set, which \(version) requires; set IfAvailable")
        } else {
            mode = .ifAvailable
        }
        self.init(
            apiVersion: version,
            // With a slash in it, a relative command is seen from the file's folder; without one, it is found along PATH.
            command: command.contains("/") ? FileContent.resolve(command, in: fields.folder) : command,
            arguments: try fields.texts("args") ?? [], environment: environment, interactiveMode: mode,
            installHint: try fields.text("installHint"),
            cluster: try fields.bool("provideClusterInfo") == true ? Self.info(configuration, clusterFields) : nil,
            origin: "\(fields.file): \(fields.path)")
    }

    /// What a plugin that asks for it is told of the cluster.
    private static func info(_ configuration: ClusterConfiguration, _ fields: KubeconfigFields) throws(KubernetesError)
        -> JSON
    {
        var info: JSON = ["server": .string(configuration.server.description)]
        if let name = configuration.serverName { info["tls-server-name"] = .string(name) }
        if configuration.skipsVerification { info["insecure-skip-tls-verify"] = true }
        if let authority = configuration.certificateAuthority {
            info["certificate-authority-data"] = .string(try authority.read("the certificate authority").base64)
        }
        if let proxy = try fields.text("proxy-url") { info["proxy-url"] = .string(proxy) }
        for named in try fields.mappings("extensions")
        where try named.text("name") == "client.authentication.k8s.io/exec" {
            info["config"] = named.value["extension"]?.json
        }
        return info
    }
}
