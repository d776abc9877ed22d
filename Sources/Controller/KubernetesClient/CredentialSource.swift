import FoundationEssentials
import KubernetesModel

/// The certificates of a connection. Another value means other connections.
struct TrustMaterial: Hashable, Sendable {
    var authority: [UInt8]?
    var chain: [UInt8]?
    var key: [UInt8]?
}

/// What a request carries to prove who we are.
struct Session: Sendable {
    /// The value of the `Authorization` header.
    var authorization: String?
    var trust: TrustMaterial
    /// Tells sessions apart, for `discard`.
    fileprivate(set) var number = 0

    func proves(sameAs other: Session) -> Bool { authorization == other.authorization && trust == other.trust }
}

/// Keeps the credentials of one cluster fresh: reads files anew, runs the credential plugin when its answer ends.
///
/// An actor because the plugin takes time; while it runs, all who ask wait for the one answer.
actor CredentialSource {
    /// The longest that a replaced file goes unseen (kubelet replaces tokens long before they end).
    static let fileLifetime: Duration = .seconds(60)

    private let configuration: ClusterConfiguration
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let hasTerminal: Bool

    private var current: Session?
    private var isDiscarded = false
    private var age: @Sendable () -> Duration = { .zero }
    private var execCredential: ExecCredential?
    private var isLoading = false
    /// Resumed with nil when the one who loaded was cancelled: somebody else must.
    private var waiting: [CheckedContinuation<Result<Session, KubernetesError>?, Never>] = []

    init(
        _ configuration: ClusterConfiguration, clock: any Clock<Duration>, now: @escaping @Sendable () -> Timestamp,
        hasTerminal: Bool
    ) {
        self.configuration = configuration
        self.clock = clock
        self.now = now
        self.hasTerminal = hasTerminal
    }

    /// What to send now. - Throws: `.configuration` when it cannot be had.
    func session() async throws(KubernetesError) -> Session {
        while true {
            if isLoading {
                let result = await withCheckedContinuation { waiting.append($0) }
                if let result { return try result.get() }
                continue
            }
            if let current, isFresh { return current }
            isLoading = true
            let result: Result<Session, KubernetesError>
            do throws(KubernetesError) {
                result = .success(try await load())
            } catch {
                // A file that cannot be read for a moment: what we have is most likely still good.
                result = if let current, !isDiscarded { .success(current) } else { .failure(error) }
            }
            isLoading = false
            let others = waiting
            waiting = []
            let shared: Result<Session, KubernetesError>? = Task.isCancelled ? nil : result
            for other in others { other.resume(returning: shared) }
            return try result.get()
        }
    }

    /// The server refused `session`: the next one is made anew.
    func discard(_ session: Session) {
        if session.number == current?.number { isDiscarded = true }
    }

    private var isFresh: Bool {
        if isDiscarded || age() >= Self.fileLifetime { return false }
        return execCredential.map { !$0.isExpired(at: now()) } ?? true
    }

    private func load() async throws(KubernetesError) -> Session {
        var session = Session(trust: TrustMaterial())
        session.trust.authority = try configuration.certificateAuthority?.read("the certificate authority")
        if let certificate = configuration.clientCertificate {
            session.trust.chain = try certificate.chain.read("the client certificate")
            session.trust.key = try certificate.key.read("the client key")
        }
        switch configuration.credentials {
        case .none: break
        case .token(let token): session.authorization = "Bearer \(token)"
        case .tokenFile(let path):
            guard let token = try FileContent.read(path, "a bearer token").trimmedText,
                HTTPTransport.isHeaderValue(token)
            else { throw KubernetesError(.configuration, "\(path): holds no bearer token") }
            session.authorization = "Bearer \(token)"
        case .basic(let user, let password):
            session.authorization = "Basic \(Array("\(user):\(password)".utf8).base64)"
        case .exec(let plugin):
            let credential: ExecCredential
            if let present = execCredential, !isDiscarded, !present.isExpired(at: now()) {
                credential = present
            } else {
                credential = try await plugin.run(hasTerminal: hasTerminal, clock: clock)
            }
            execCredential = credential
            if let token = credential.token { session.authorization = "Bearer \(token)" }
            if let chain = credential.chain {
                session.trust.chain = chain
                session.trust.key = credential.key
            }
        }
        session.number = (current?.number ?? 0) + 1
        current = session
        isDiscarded = false
        age = stopwatch(clock)
        return session
    }
}
