import KubernetesModel

/// The merged content of kubeconfig files (Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files").
///
/// Of entries with one name, and of several current contexts, the first file's counts.
struct Kubeconfig {
    /// One entry of `clusters`, `users` or `contexts`, and the file that relative paths start from.
    struct Entry {
        let file: String
        let value: YAMLNode
    }

    private let files: [String]
    private var currentContext: String?
    private var clusters: [String: Entry] = [:]
    private var users: [String: Entry] = [:]
    private var contexts: [String: Entry] = [:]

    /// - Parameter allMustExist: otherwise files that are missing are left out, as long as one is there.
    init(files: [String], allMustExist: Bool = false) throws(KubernetesError) {
        var read: [String] = []
        for file in files {
            guard let bytes = try FileContent.readIfPresent(file) else {
                if allMustExist { throw KubernetesError(.configuration, "\(file): no such file") }
                continue
            }
            read.append(file)
            let root: YAMLNode
            do throws(YAMLError) {
                root = try YAMLReader.read(bytes)
            } catch {
                throw KubernetesError(
                    .configuration,
                    "\(file): \(error.description). If kubectl can read the file, write it anew: kubectl config view --raw -o json"
                )
            }
            if root.isNull { continue }
            guard root.members != nil else {
                throw KubernetesError(.configuration, "\(file): no kubeconfig: it holds no mapping")
            }
            if let kind = root["kind"]?.text, kind != "Config" {
                throw KubernetesError(.configuration, "\(file): no kubeconfig: its kind is \(kind)")
            }
            if currentContext == nil, let name = root["current-context"]?.text, !name.isEmpty { currentContext = name }
            try Self.merge(root, "clusters", "cluster", file, into: &clusters)
            try Self.merge(root, "users", "user", file, into: &users)
            try Self.merge(root, "contexts", "context", file, into: &contexts)
        }
        guard !read.isEmpty else {
            throw KubernetesError(
                .configuration,
                "no kubeconfig: \(files.joined(separator: ", ")): no such file; create one, or set KUBECONFIG to where it is"
            )
        }
        self.files = read
    }

    private static func merge(
        _ root: YAMLNode, _ list: String, _ member: String, _ file: String, into entries: inout [String: Entry]
    ) throws(KubernetesError) {
        guard let node = root[list] else { return }
        guard let elements = node.elements else {
            throw KubernetesError(.configuration, "\(file): \(list) must be a list")
        }
        for (index, element) in elements.enumerated() {
            guard let name = element["name"]?.text else {
                throw KubernetesError(.configuration, "\(file): \(list)[\(index)] has no name")
            }
            if entries[name] == nil { entries[name] = Entry(file: file, value: element[member] ?? .null) }
        }
    }

    /// The configuration that `context`, or else the current context, describes.
    func configuration(context name: String?, environment: [String: String]) throws(KubernetesError)
        -> ClusterConfiguration
    {
        let place = files.joined(separator: ", ")
        guard let name = name ?? currentContext else {
            throw KubernetesError(
                .configuration,
                "\(place): current-context is not set; choose one of: \(Self.names(contexts)) (kubectl config use-context NAME)"
            )
        }
        guard let context = contexts[name] else {
            throw KubernetesError(
                .configuration, "\(place): there is no context \(name); there are: \(Self.names(contexts))")
        }
        let contextFields = KubeconfigFields(context, "contexts[\(name)].context")
        guard let clusterName = try contextFields.text("cluster") else {
            throw contextFields.error("cluster", "is not set")
        }
        guard let cluster = clusters[clusterName] else {
            throw contextFields.error(
                "cluster", "is \(clusterName), which is not there; there are: \(Self.names(clusters))")
        }
        let clusterFields = KubeconfigFields(cluster, "clusters[\(clusterName)].cluster")
        var configuration = try Self.clusterPart(clusterFields)
        configuration.namespace = try contextFields.text("namespace")
        configuration.origin = "context \(name) of \(context.file)"
        if let userName = try contextFields.text("user") {
            guard let user = users[userName] else {
                throw contextFields.error("user", "is \(userName), which is not there; there are: \(Self.names(users))")
            }
            let userFields = KubeconfigFields(user, "users[\(userName)].user")
            configuration.clientCertificate = try Self.clientCertificate(userFields)
            configuration.credentials = try Self.credentials(
                userFields, cluster: configuration, clusterFields, environment)
            configuration.impersonation = try Self.impersonation(userFields)
        }
        return configuration
    }

    private static func names(_ entries: [String: Entry]) -> String {
        entries.isEmpty ? "none" : entries.keys.sorted().joined(separator: ", ")
    }

    // MARK: Cluster

    private static func clusterPart(_ fields: KubeconfigFields) throws(KubernetesError) -> ClusterConfiguration {
        guard let serverText = try fields.text("server") else { throw fields.error("server", "is not set") }
        guard let server = ServerAddress(serverText) else {
            throw fields.error("server", "is no URL such as https://cluster.example:6443")
        }
        let authority = try fields.material("certificate-authority")
        let skips = try fields.bool("insecure-skip-tls-verify") ?? false
        if skips, authority != nil {
            throw fields.error(
                "insecure-skip-tls-verify", "is true although a certificate-authority is given; remove one of them")
        }
        return ClusterConfiguration(
            server: server, certificateAuthority: authority, serverName: try fields.text("tls-server-name"),
            skipsVerification: skips, proxy: try proxy(fields))
    }

    private static func proxy(_ fields: KubeconfigFields) throws(KubernetesError) -> ClusterConfiguration.Proxy? {
        guard let text = try fields.text("proxy-url") else { return nil }
        // The URL may hold a password: it is not repeated in errors.
        guard let url = SplitURL(text) else {
            throw fields.error("proxy-url", "is no URL such as http://proxy.example:3128")
        }
        switch url.scheme {
        case "http": return .http(host: url.host, port: url.port ?? 80, user: url.user, password: url.password)
        case "socks5", "socks5h":
            if url.user != nil {
                throw fields.error(
                    "proxy-url", "has a user, which is not supported for socks5; use a proxy without one")
            }
            return .socks5(host: url.host, port: url.port ?? 1080)
        default:
            throw fields.error("proxy-url", "has the scheme \(url.scheme), which is not supported; use http or socks5")
        }
    }

    // MARK: User

    private static func clientCertificate(_ fields: KubeconfigFields) throws(KubernetesError)
        -> ClusterConfiguration.ClientCertificate?
    {
        let chain = try fields.material("client-certificate")
        let key = try fields.material("client-key")
        switch (chain, key) {
        case (let chain?, let key?): return ClusterConfiguration.ClientCertificate(chain: chain, key: key)
        case (nil, nil): return nil
        case (nil, _?): throw fields.error("client-key", "is set without client-certificate; set both")
        case (_?, nil): throw fields.error("client-certificate", "is set without client-key; set both")
        }
    }

    private static func credentials(
        _ fields: KubeconfigFields, cluster: ClusterConfiguration, _ clusterFields: KubeconfigFields,
        _ environment: [String: String]
    ) throws(KubernetesError) -> ClusterConfiguration.Credentials {
        if fields.value["auth-provider"] != nil {
            throw fields.error(
                "auth-provider",
                "is no longer supported by Kubernetes; use the exec plugin of your provider (gke-gcloud-auth-plugin, kubelogin)"
            )
        }
        let tokenFile = try fields.text("tokenFile")
        let token = try fields.text("token")
        let user = try fields.text("username")
        if user != nil, token != nil || tokenFile != nil {
            throw fields.error("username", "is set beside a token; remove one of them")
        }
        if let tokenFile { return .tokenFile(FileContent.resolve(tokenFile, in: fields.folder)) }
        if let token {
            guard HTTPTransport.isHeaderValue(token) else {
                throw fields.error("token", "holds characters that no token has, such as a line break")
            }
            return .token(token)
        }
        if let user { return .basic(user: user, password: try fields.text("password") ?? "") }
        if let exec = try fields.mapping("exec") {
            return .exec(try ExecPlugin(exec, cluster: cluster, clusterFields, environment))
        }
        return .none
    }

    private static func impersonation(_ fields: KubeconfigFields) throws(KubernetesError)
        -> ClusterConfiguration.Impersonation?
    {
        let groups = try fields.texts("as-groups") ?? []
        var extra: [String: [String]] = [:]
        if let node = try fields.mapping("as-user-extra") {
            for member in node.value.members ?? [] { extra[member.key] = try node.texts(member.key) }
        }
        let uid = try fields.text("as-uid")
        guard let user = try fields.text("as") else {
            if uid != nil || !groups.isEmpty || !extra.isEmpty {
                throw fields.error("as", "is not set although as-uid, as-groups or as-user-extra is; set it")
            }
            return nil
        }
        for value in [user, uid ?? ""] + groups + extra.values.flatMap({ $0 }) where !HTTPTransport.isHeaderValue(value)
        {
            throw fields.error("as", "and the fields beside it may hold printable ASCII only")
        }
        return ClusterConfiguration.Impersonation(user: user, uid: uid, groups: groups, extra: extra)
    }
}

/// Reads the fields of one entry; errors name file and field, never a value that may be secret.
struct KubeconfigFields {
    let value: YAMLNode
    let file: String
    let path: String

    init(_ entry: Kubeconfig.Entry, _ path: String) {
        self.init(value: entry.value, file: entry.file, path: path)
    }

    private init(value: YAMLNode, file: String, path: String) {
        self.value = value
        self.file = file
        self.path = path
    }

    var folder: String { FileContent.folder(of: file) }

    func error(_ field: String, _ problem: String) -> KubernetesError {
        KubernetesError(.configuration, "\(file): \(path).\(field) \(problem)")
    }

    /// Nil when the field is missing or empty.
    func text(_ field: String) throws(KubernetesError) -> String? {
        guard let node = value[field] else { return nil }
        guard let text = node.text else { throw error(field, "must be text") }
        return text.isEmpty ? nil : text
    }

    func texts(_ field: String) throws(KubernetesError) -> [String]? {
        guard let node = value[field] else { return nil }
        let texts = node.elements?.compactMap(\.text)
        guard let texts, texts.count == node.elements?.count else { throw error(field, "must be a list of texts") }
        return texts
    }

    func bool(_ field: String) throws(KubernetesError) -> Bool? {
        guard let node = value[field] else { return nil }
        guard let bool = node.bool else { throw error(field, "must be true or false") }
        return bool
    }

    func mapping(_ field: String) throws(KubernetesError) -> KubeconfigFields? {
        guard let node = value[field] else { return nil }
        guard node.members != nil else { throw error(field, "must be a mapping") }
        return KubeconfigFields(value: node, file: file, path: "\(path).\(field)")
    }

    func mappings(_ field: String) throws(KubernetesError) -> [KubeconfigFields] {
        guard let node = value[field] else { return [] }
        guard let elements = node.elements else { throw error(field, "must be a list") }
        return elements.enumerated().map { KubeconfigFields(value: $1, file: file, path: "\(path).\(field)[\($0)]") }
    }

    /// `<field>-data` in base64, which counts first, or the file named by `field`.
    func material(_ field: String) throws(KubernetesError) -> ClusterConfiguration.Material? {
        if let data = try text(field + "-data") {
            guard let bytes = [UInt8](base64: data) else { throw error(field + "-data", "is not base64") }
            return .data(bytes)
        }
        return try text(field).map { .file(FileContent.resolve($0, in: folder)) }
    }
}
