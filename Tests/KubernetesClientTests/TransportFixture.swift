import KubernetesModel

@testable import KubernetesClient

let pods = ResourceType(group: "", version: "v1", kind: "Pod", plural: "pods")
let get = KubernetesRequest.get(pods, namespace: "shop", name: "api-0")
let watch = KubernetesRequest.watch(pods, namespace: "shop", resourceVersion: "5", timeoutSeconds: 300)

/// The configuration of a client of `server`. A secure one trusts authority A.
func cluster(
    _ server: TestServer, isSecure: Bool = false, change: (inout ClusterConfiguration) -> Void = { _ in }
) -> ClusterConfiguration {
    var configuration = ClusterConfiguration(
        server: ServerAddress(isSecure: isSecure, host: "127.0.0.1", port: server.port), origin: "the test")
    if isSecure { configuration.certificateAuthority = .data(Array(TestCertificates.authorityA.utf8)) }
    change(&configuration)
    return configuration
}

/// Runs `body` with a transport to `server` and shuts both down.
func withTransport(
    _ server: TestServer, _ configuration: ClusterConfiguration, options: HTTPTransport.Options = .init(),
    clock: ManualClock = ManualClock(), body: (HTTPTransport) async throws -> Void
) async throws {
    let transport = HTTPTransport(configuration, options: options, clock: clock, hasTerminal: false)
    do {
        try await body(transport)
    } catch {
        await transport.shutdown()
        try await server.stop()
        throw error
    }
    await transport.shutdown()
    try await server.stop()
}

/// Why `request` failed; nil when it did not.
func failure(_ transport: HTTPTransport, _ request: KubernetesRequest = get) async -> KubernetesError? {
    do {
        _ = try await transport.send(request)
        return nil
    } catch {
        return error as? KubernetesError
    }
}
