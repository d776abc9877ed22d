extension DaprClient {
    /// Whether the sidecar is ready altogether. It waits for the service's own port: never wait for this before that
    /// is open.
    package func isHealthy() async -> Bool { await isFine("/v1.0/healthz") }

    /// Whether the sidecar's own API can be used: what a service waits for at its start.
    package func isOutboundHealthy() async -> Bool { await isFine("/v1.0/healthz/outbound") }

    /// Returns as soon as the sidecar's API can be used.
    /// - Throws: `CancellationError`, and nothing else.
    package func waitUntilOutboundHealthy() async throws {
        var pause = Duration.milliseconds(20)
        while await !isOutboundHealthy() {
            try await pauseBetweenLooks(pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    private func isFine(_ path: String) async -> Bool {
        let look = Exchange(operation: "look at the sidecar", path: path, timeout: .seconds(2), isPatient: false)
        // No answer is an answer too.
        return (try? await send(look)).map { (200..<300).contains($0.status) } ?? false
    }
}
