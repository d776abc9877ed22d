import KubernetesModel
import Testing

@testable import KubernetesClient

/// What kind and kubectl write.
private let typical = """
    apiVersion: v1
    clusters:
    - cluster:
        certificate-authority-data: UEVN
        server: https://127.0.0.1:6443
      name: dev
    - cluster:
        certificate-authority: pki/ca.crt
        server: https://[fd00::1]:8443/k8s/clusters/c-1/
        tls-server-name: api.example
        proxy-url: http://me:s3cr%65t@proxy.example:3128
      name: prod
    contexts:
    - context:
        cluster: dev
        user: ann
      name: dev
    - context:
        cluster: prod
        namespace: shop
        user: bob
      name: prod
    current-context: dev
    kind: Config
    preferences: {}
    users:
    - name: ann
      user:
        client-certificate-data: Q0VSVA==
        client-key-data: S0VZ
    - name: bob
      user:
        tokenFile: token
        as: carol
        as-groups: [admins, 'on call']
        as-user-extra:
          example.com/Reason: [audit]
    """

private func load(
    _ text: String, context: String? = nil, _ environment: [String: String] = [:]
) throws -> ClusterConfiguration {
    let folder = try TemporaryFolder()
    return try ClusterConfiguration.load(
        kubeconfig: folder.write("config", text), context: context, environment: environment)
}

private func refusal(_ text: String, context: String? = nil) throws -> String {
    let error = #expect(throws: KubernetesError.self) { try load(text, context: context) }
    #expect(error?.code == .configuration)
    return error?.message ?? ""
}

/// A file with one cluster and one user, whose fields are given.
private func file(cluster: String = "server: https://h", user: String = "token: t") -> String {
    """
    current-context: c
    contexts: [{name: c, context: {cluster: k, user: u}}]
    clusters:
    - name: k
      cluster:
        \(cluster.split(separator: "\n").joined(separator: "\n    "))
    users:
    - name: u
      user:
        \(user.split(separator: "\n").joined(separator: "\n    "))
    """
}

extension ClusterConfiguration.Credentials {
    var bearer: String? { if case .token(let token) = self { token } else { nil } }
    var plugin: ExecPlugin? { if case .exec(let plugin) = self { plugin } else { nil } }
}

@Suite struct KubeconfigTests {
    @Test func `the current context is used unless another one is named`() throws {
        let dev = try load(typical)
        #expect(dev.server.description == "https://127.0.0.1:6443")
        #expect(dev.certificateAuthority == .data(Array("PEM".utf8)))
        #expect(dev.clientCertificate == .init(chain: .data(Array("CERT".utf8)), key: .data(Array("KEY".utf8))))
        #expect(dev.namespace == nil)

        let folder = try TemporaryFolder()
        let prod = try ClusterConfiguration.load(
            kubeconfig: folder.write("config", typical), context: "prod", environment: [:])
        #expect(prod.server == ServerAddress(isSecure: true, host: "fd00::1", port: 8443, prefix: "/k8s/clusters/c-1"))
        #expect(prod.certificateAuthority == .file(folder.path + "/pki/ca.crt"))
        #expect(prod.serverName == "api.example")
        #expect(prod.proxy == .http(host: "proxy.example", port: 3128, user: "me", password: "s3cret"))
        #expect(prod.namespace == "shop")
        guard case .tokenFile(let path) = prod.credentials else {
            throw KubernetesError(.configuration, "no token file")
        }
        #expect(path == folder.path + "/token")
        #expect(
            prod.impersonation?.headers == [
                HeaderField(name: "Impersonate-User", value: "carol"),
                HeaderField(name: "Impersonate-Group", value: "admins"),
                HeaderField(name: "Impersonate-Group", value: "on call"),
                HeaderField(name: "Impersonate-Extra-example.com%2Freason", value: "audit"),
            ])
    }

    @Test func `of several files the first one that says something counts, and missing ones are left out`() throws {
        let folder = try TemporaryFolder()
        let first = try folder.write(
            "first", "users:\n- name: ann\n  user: {token: from-first}\ncurrent-context: prod\n")
        let second = try folder.write("second", typical)
        let configuration = try ClusterConfiguration.load(
            environment: ["KUBECONFIG": "/nowhere/config:\(first)::\(second)"])
        #expect(configuration.server.host == "fd00::1")
        let dev = try ClusterConfiguration.load(
            context: "dev", environment: ["KUBECONFIG": "\(first):\(second)"])
        #expect(dev.credentials.bearer == "from-first")
        #expect(dev.clientCertificate == nil)
    }

    @Test func `without KUBECONFIG the file in the home folder is used`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: KubernetesError.self) {
            try ClusterConfiguration.load(environment: ["HOME": folder.path], serviceAccountFolder: folder.path)
        }
        #expect(error?.message.contains(folder.path + "/.kube/config: no such file") == true)
    }

    @Test func `a file in JSON is read as well`() throws {
        let configuration = try load(
            #"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"clusters":[{"name":"k","cluster":{"server":"https:\/\/h"}}],"users":[{"name":"u","user":{"token":"1234"}}]}"#
        )
        #expect(configuration.credentials.bearer == "1234")
        #expect(configuration.server == ServerAddress(isSecure: true, host: "h", port: 443))
    }

    @Test func `a token of digits is text`() throws {
        #expect(try load(file(user: "token: 0123")).credentials.bearer == "0123")
    }

    @Test func `data counts before the file of the same field`() throws {
        let configuration = try load(
            file(cluster: "server: https://h\ncertificate-authority: x\ncertificate-authority-data: UEVN"))
        #expect(configuration.certificateAuthority == .data(Array("PEM".utf8)))
    }

    @Test(arguments: [
        ("https://h", "https://h:443"), ("http://localhost:8001/", "http://localhost:8001"),
        ("h:6443", "https://h:6443"),
        ("HTTPS://H.example:1/a/b", "https://H.example:1/a/b"), ("https://[::1]", "https://[::1]:443"),
        ("ftp://h", nil), ("https://", nil), ("https://h:0", nil), ("https://h:99999", nil), ("https://h:x", nil),
        ("https://u:p@h", nil), ("https://h?x=y", nil), ("https://h#f", nil), ("https://h h", nil),
        ("https://[::1", nil),
        ("https://[zz]", nil), ("https://h\n", nil), ("https://h:1:2", nil), ("", nil), ("https://hö", nil),
    ])
    func `server addresses`(text: String, expected: String?) {
        #expect(ServerAddress(text)?.description == expected)
    }

    @Test(arguments: [
        ("current-context: x", "there is no context x; there are: none"),
        (typical.replacingCurrent(with: "stage"), "there is no context stage; there are: dev, prod"),
        (typical.replacingCurrent(with: "\"\""), "current-context is not set; choose one of: dev, prod"),
        ("clusters: 5", "clusters must be a list"), ("clusters: [{cluster: {}}]", "clusters[0] has no name"),
        ("- a", "it holds no mapping"), ("kind: Pod", "its kind is Pod"), ("a: [", "line 1"),
        (file(cluster: "x: y"), "clusters[k].cluster.server is not set"),
        (file(cluster: "server: ftp://h"), "clusters[k].cluster.server is no URL"),
        (
            file(cluster: "server: https://h\ncertificate-authority-data: '*'"),
            "certificate-authority-data is not base64"
        ),
        (file(cluster: "server: https://h\ninsecure-skip-tls-verify: yes"), "must be true or false"),
        (file(cluster: "server: https://h\ncertificate-authority: x\ninsecure-skip-tls-verify: true"), "remove one"),
        (file(cluster: "server: https://h\nproxy-url: https://p"), "scheme https, which is not supported"),
        (file(user: "auth-provider: {name: gcp}"), "auth-provider is no longer supported"),
        (file(user: "client-certificate: x"), "client-certificate is set without client-key"),
        (file(user: "client-key-data: eA=="), "client-key is set without client-certificate"),
        (file(user: "username: x\ntoken: y"), "username is set beside a token"),
        (file(user: "as-groups: [x]"), "as is not set although"),
        (file(user: "as: \"a\\nb\""), "printable ASCII"),
        (file(user: "token: [x]"), "users[u].user.token must be text"),
        (file(user: "exec: {command: x}"), "exec.apiVersion is not set"),
        (file(user: "exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}"), "not supported"),
        (file(user: "exec: {apiVersion: client.authentication.k8s.io/v1beta1}"), "exec.command is not set"),
        (file(user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x}"), "interactiveMode is not set"),
        (
            file(user: "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, env: [{value: y}]}"),
            "exec.env[0].name is not set"
        ),
        (
            typical.replacing("user: ann", with: "user: nobody"),
            "user is nobody, which is not there; there are: ann, bob"
        ),
        (
            typical.replacing("cluster: dev", with: "cluster: gone"),
            "cluster is gone, which is not there; there are: dev, prod"
        ),
    ])
    func `a mistake is named with its field and what to do`(text: String, expected: String) throws {
        let message = try refusal(text)
        #expect(message.contains(expected), "\(message)")
        #expect(message.contains("/config"))
    }

    @Test func `secrets are never part of an error or a description`() throws {
        let secret = "hunter2"
        for user in [
            "token: \"\(secret)\\n\"", "client-key-data: '*\(secret)'\nclient-certificate-data: eA==",
            "username: x\npassword: \(secret)\ntoken: \(secret)",
        ] {
            #expect(try !refusal(file(user: user)).contains(secret))
        }
        let message = try refusal(file(cluster: "server: https://h\nproxy-url: http://u:\(secret)@"))
        #expect(!message.contains(secret))
        let configuration = try load(file(user: "token: \(secret)"))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)\(String(reflecting: configuration))\(dumped)".contains(secret))
    }

    @Test func `a file that is no configuration at all is refused unread`() {
        #expect(throws: KubernetesError.self) {
            try ClusterConfiguration.load(kubeconfig: "/dev/zero", environment: [:])
        }
        #expect(throws: KubernetesError.self) { try ClusterConfiguration.load(kubeconfig: "/", environment: [:]) }
    }

    @Test func `a plugin's command and environment come from the file`() throws {
        let folder = try TemporaryFolder()
        let text = file(
            cluster: """
                server: https://h
                certificate-authority-data: UEVN
                extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x, number: 5}}]
                """,
            user: """
                exec:
                  apiVersion: client.authentication.k8s.io/v1beta1
                  command: ./bin/plugin
                  args: [get-token, "--id=5"]
                  env: [{name: PROFILE, value: dev}]
                  installHint: get it at example.com
                  provideClusterInfo: true
                """)
        let configuration = try ClusterConfiguration.load(
            kubeconfig: folder.write("config", text), environment: ["PATH": "/bin", "PROFILE": "none"])
        let plugin = try #require(configuration.credentials.plugin)
        #expect(plugin.command == folder.path + "/./bin/plugin")
        #expect(plugin.arguments == ["get-token", "--id=5"])
        #expect(plugin.environment == ["PATH": "/bin", "PROFILE": "dev"])
        #expect(plugin.interactiveMode == .ifAvailable)
        #expect(
            plugin.executionInfo(isInteractive: false) == [
                "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
                "spec": [
                    "interactive": false,
                    "cluster": [
                        "server": "https://h:443", "certificate-authority-data": "UEVN",
                        "config": ["audience": "x", "number": 5],
                    ],
                ],
            ])
    }

    // MARK: In a pod

    private static let podEnvironment = [
        "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "HOME": "/",
    ]

    @Test func `in a pod the service account is used`() throws {
        let folder = try TemporaryFolder()
        try folder.write("token", "t")
        try folder.write("namespace", "todo-system\n")
        for (host, expected) in [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")] {
            var environment = Self.podEnvironment
            environment["KUBERNETES_SERVICE_HOST"] = host
            let configuration = try ClusterConfiguration.load(
                environment: environment, serviceAccountFolder: folder.path)
            #expect(configuration.server.description == expected)
            #expect(configuration.certificateAuthority == .file(folder.path + "/ca.crt"))
            #expect(configuration.namespace == "todo-system")
        }
    }

    @Test func `a pod without service account is told what to change`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: KubernetesError.self) {
            try ClusterConfiguration.inCluster(environment: Self.podEnvironment, folder: folder.path)
        }
        #expect(error?.message.contains("automountServiceAccountToken") == true)
        #expect(throws: KubernetesError.self) {
            try ClusterConfiguration.inCluster(environment: [:], folder: folder.path)
        }
        #expect(throws: KubernetesError.self) {
            try ClusterConfiguration.inCluster(
                environment: ["KUBERNETES_SERVICE_HOST": "a b", "KUBERNETES_SERVICE_PORT": "443"], folder: folder.path)
        }
    }
}

extension String {
    fileprivate func replacingCurrent(with name: String) -> String {
        replacing("current-context: dev", with: "current-context: \(name)")
    }
}
