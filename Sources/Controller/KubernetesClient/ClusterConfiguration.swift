import KubernetesModel

/// How to reach one cluster and as whom: what a kubeconfig context or a pod's service account says, as a value.
///
/// Files are named here and read when they are needed, so that replaced certificates and tokens are seen.
package struct ClusterConfiguration: Sendable {
    package var server: ServerAddress
    /// Who may have signed the server's certificate, in PEM; nil for the system's authorities.
    package var certificateAuthority: Material?
    /// The name that the server's certificate must carry, unless it carries the very address that we connect to; nil for
    /// the host of `server`.
    package var serverName: String?
    /// Accept any certificate. Only for tests.
    package var skipsVerification: Bool
    package var proxy: Proxy?
    package var credentials: Credentials
    package var clientCertificate: ClientCertificate?
    package var impersonation: Impersonation?
    /// The namespace to work in when none is named.
    package var namespace: String?
    /// Where this comes from, for messages: `context kind-dev of /home/ann/.kube/config`.
    package var origin: String

    package init(
        server: ServerAddress, certificateAuthority: Material? = nil, serverName: String? = nil,
        skipsVerification: Bool = false, proxy: Proxy? = nil, credentials: Credentials = .none,
        clientCertificate: ClientCertificate? = nil, impersonation: Impersonation? = nil, namespace: String? = nil,
        origin: String = "the program"
    ) {
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.serverName = serverName
        self.skipsVerification = skipsVerification
        self.proxy = proxy
        self.credentials = credentials
        self.clientCertificate = clientCertificate
        self.impersonation = impersonation
        self.namespace = namespace
        self.origin = origin
    }

    /// Bytes that stand in the configuration itself, or in a file that may be replaced while we run.
    package enum Material: Hashable, Sendable {
        case data([UInt8])
        /// An absolute path, or one relative to the working folder.
        case file(String)

        /// - Parameter purpose: what it is for, as in `the certificate authority`.
        func read(_ purpose: String) throws(KubernetesError) -> [UInt8] {
            switch self {
            case .data(let bytes): bytes
            case .file(let path): try FileContent.read(path, purpose)
            }
        }
    }

    /// A certificate chain, ours first, and its private key, both in PEM.
    package struct ClientCertificate: Hashable, Sendable {
        package let chain: Material
        package let key: Material

        package init(chain: Material, key: Material) {
            self.chain = chain
            self.key = key
        }
    }

    package enum Credentials: Sendable {
        case none
        case token(String)
        /// Read anew at least every 60 s and after a 401.
        case tokenFile(String)
        case basic(user: String, password: String)
        case exec(ExecPlugin)
    }

    package enum Proxy: Hashable, Sendable {
        /// `CONNECT`; the credentials are those of the proxy's URL.
        case http(host: String, port: Int, user: String?, password: String?)
        case socks5(host: String, port: Int)
    }

    /// Whom to act as (Kubernetes documentation, "User impersonation").
    package struct Impersonation: Hashable, Sendable {
        package let user: String
        package let uid: String?
        package let groups: [String]
        package let extra: [String: [String]]

        package init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
            self.user = user
            self.uid = uid
            self.groups = groups
            self.extra = extra
        }

        var headers: [HeaderField] {
            var fields = [HeaderField(name: "Impersonate-User", value: user)]
            if let uid { fields.append(HeaderField(name: "Impersonate-Uid", value: uid)) }
            fields += groups.map { HeaderField(name: "Impersonate-Group", value: $0) }
            for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
                let name = "Impersonate-Extra-" + KubernetesRequest.encode(key.lowercased())
                fields += values.map { HeaderField(name: name, value: $0) }
            }
            return fields
        }
    }
}

/// Never shows a credential, also not in a debugger's or a test's output.
extension ClusterConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(server) from \(origin)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["server": server.description, "origin": origin]) }
}

/// The scheme, host, port and path prefix of an API server.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    package let isSecure: Bool
    /// A name or an address; IPv6 without brackets.
    package let host: String
    package let port: Int
    /// What stands before `/api` and `/apis`; empty, or with a slash at its start only.
    package let prefix: String

    package init(isSecure: Bool, host: String, port: Int, prefix: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.prefix = prefix
    }

    /// Reads `https://host[:port][/prefix]`; a text without scheme counts as https, as in client-go. Nil when it is
    /// anything else, also with a user, query or fragment.
    package init?(_ text: String) {
        guard let url = SplitURL(text, defaultScheme: "https"), url.user == nil, ["http", "https"].contains(url.scheme)
        else { return nil }
        isSecure = url.scheme == "https"
        host = url.host
        port = url.port ?? (isSecure ? 443 : 80)
        var path = url.path
        while path.hasSuffix("/") { path.removeLast() }
        prefix = path
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(prefix)" }

    /// Host and port as they stand in a URL.
    var authority: String { Self.authority(host, port) }

    static func authority(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The parts of a URL that configuration files use. Strict: what is not understood is refused.
struct SplitURL {
    let scheme: String
    let user: String?
    let password: String?
    let host: String
    let port: Int?
    /// Empty or from its first slash on.
    let path: String

    init?(_ text: String, defaultScheme: String? = nil) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains(where: { "?#\\\"<>".contains($0) })
        else {
            return nil
        }
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") {
            scheme = rest[..<colon].lowercased()
            rest = rest[colon...].dropFirst(3)
        } else if let defaultScheme {
            scheme = defaultScheme
        } else {
            return nil
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        path = String(rest[slash...])
        var authority = rest[..<slash]
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]) else { return nil }
            user = name
            if parts.count > 1 {
                guard let secret = Self.decode(parts[1]) else { return nil }
                password = secret
            } else {
                password = nil
            }
            authority = authority[authority.index(after: at)...]
        } else {
            user = nil
            password = nil
        }
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[..<close].dropFirst())
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            let after = authority[close...].dropFirst()
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, !parts[0].isEmpty, !parts[0].contains("%") else { return nil }
            host = String(parts[0])
            portText = parts.count == 2 ? parts[1] : nil
        }
        if let portText {
            guard let number = UInt16(portText), number > 0 else { return nil }
            port = Int(number)
        } else {
            port = nil
        }
    }

    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
