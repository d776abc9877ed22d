import AsyncHTTPClient
import DaprClient
import HTTPTestSupport
import Logging
import NIOPosix
import TestKit
import WireValues

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A client of a sidecar that answers as the test says.
func withSidecar<Result: Sendable>(
    token: String? = nil, timeout: Duration = .seconds(10), clock: any Clock<Duration> = ContinuousClock(),
    answering script: FakeServer.Script,
    _ body: @escaping @Sendable (DaprClient, FakeServer) async throws -> Result
) async throws -> Result {
    try await FakeServer.running(answering: script) { server in
        try await withClient(port: server.port, token: token, timeout: timeout, clock: clock) { client in
            try await body(client, server)
        }
    }
}

func withClient<Result: Sendable>(
    port: Int, token: String? = nil, timeout: Duration = .seconds(10), clock: any Clock<Duration> = ContinuousClock(),
    _ body: @escaping @Sendable (DaprClient) async throws -> Result
) async throws -> Result {
    let http = DaprClient.httpClient(on: MultiThreadedEventLoopGroup.singleton)
    var settings = DaprClient.Configuration()
    settings.port = port
    settings.apiToken = token
    settings.timeout = timeout
    do {
        let result = try await body(DaprClient(settings, http: http, clock: clock, logger: quiet))
        try await http.shutdown()
        return result
    } catch {
        try await http.shutdown()
        throw error
    }
}

/// An error as the sidecar writes it.
func refusal(_ status: Int, _ code: String, _ message: String) -> FakeServer.Reply {
    .json(["errorCode": .string(code), "message": .string(message)], status: status)
}

/// What a sidecar says to a path that it does not have.
let unknownRoute = refusal(
    404, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id")

/// The error that `body` throws; nil when it throws none.
func daprError(_ body: () async throws(DaprError) -> Void) async -> DaprError? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}
