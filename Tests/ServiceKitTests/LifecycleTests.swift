import AsyncHTTPClient
import DaprClient
import HTTPTestSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceHarness
import Synchronization
import TaskStorage
import TestKit
import Testing
import WireValues

@testable import ServiceKit

@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
    private let healthy = Signal()

    @Test func `the port opens before the sidecar is healthy, and says what is waited for`() async throws {
        try await FakeServer.running(
            answering: .by { [healthy] asked in
                switch asked.path {
                case "/v1.0/healthz/outbound": .init(healthy.count > 0 ? 204 : 500)
                case "/v1.0/secrets/secrets/todo-auth": .json(["key": .string(TestTokens.secret)])
                default: .init(204)
                }
            }
        ) { [healthy] sidecar in
            let host = try self.host(sidecar: sidecar.port)
            try await run(host) {
                // A sidecar opens its own doors only when the service's port is open: waiting for it first would never end.
                let port = try await host.waitUntilListening()
                try await Self.withClient { get in
                    let ready = try await get(port, "/readyz")
                    #expect(ready.status == 503)
                    #expect(ready.text.contains("waits for the Dapr sidecar"))
                    let health = try await get(port, "/healthz").status
                    #expect(health == 200)
                    let early = try await get(port, "/api/u/things")
                    #expect(early.status == 503)
                    #expect(early.text.contains("urn:todo:problem:starting"))
                    // Any other status would be taken for a failure, and never asked for again.
                    let subscriptions = try await get(port, "/dapr/subscribe").status
                    #expect(subscriptions == 404)
                    healthy.raise()
                    let readyPort = try await host.waitUntilReady()
                    #expect(readyPort == port)
                    let nowReady = try await get(port, "/readyz").status
                    #expect(nowReady == 200)
                    let stillNone = try await get(port, "/dapr/subscribe").status
                    #expect(stillNone == 404)
                }
            }
        }
    }

    @Test(arguments: [
        ("{}", "secret todo-auth has no key key"),
        (#"{"key":"too short"}"#, "secret todo-auth holds fewer than 32 bytes under key"),
    ])
    func `secrets that cannot be right stop the start, and are not shown`(secret: String, problem: String) async throws
    {
        let refused = try await FakeServer.running(
            answering: .by { asked in
                asked.path.hasPrefix("/v1.0/secrets/") ? .init(200, text: secret) : .init(204)
            }
        ) { sidecar -> SettingsRefused? in
            do {
                let host = try self.host(sidecar: sidecar.port)
                try await run(host) { _ = try await host.waitUntilReady() }
                return nil
            } catch let error as SettingsRefused {
                return error
            }
        }
        #expect(refused?.description.contains(problem) == true)
        #expect(refused?.description.contains("too short") == false)
    }

    @Test func `a secret store that refuses is said to`() async throws {
        let refused = try await FakeServer.running(
            answering: .by { asked in
                asked.path.hasPrefix("/v1.0/secrets/")
                    ? .json(["errorCode": "ERR_PERMISSION_DENIED", "message": "access denied by policy"], status: 403)
                    : .init(204)
            }
        ) { sidecar -> SettingsRefused? in
            do {
                let host = try self.host(sidecar: sidecar.port)
                try await run(host) { _ = try await host.waitUntilReady() }
                return nil
            } catch let error as SettingsRefused {
                return error
            }
        }
        #expect(
            refused?.problems.map(\.description) == [
                "secret todo-auth cannot be read from the secret store secrets: access denied by policy: create it, and let this service read it"
            ])
    }

    @Test func `on the way out it says so where Kubernetes looks, and finishes what is under way`() async throws {
        let hold = Signal()
        let entered = Signal()
        SlowService.gate.withLock { $0 = (entered, hold) }
        let result = try await withService(SlowService.self) { service in
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await service.get("/slow").status }
                await entered.wait(beyond: 0)
                service.host.state.drain()
                let kubernetes = try await service.send("GET", "/readyz", onAdminPort: true)
                #expect(kubernetes.status == 503)
                #expect(kubernetes.text.contains("is stopping"))
                // The sidecar would take away its own API if the service called itself unready here.
                let sidecarView = try await service.get("/readyz").status
                #expect(sidecarView == 200)
                hold.raise()
                return try await group.next() ?? 0
            }
        }
        #expect(result == 200)
    }

    private func host(sidecar port: Int, _ more: [String: String] = [:]) throws -> ServiceHost<EchoService> {
        let environment = [
            "TODO_PUBSUB": "p", "TODO_SECRET_STORE": "secrets", "TODO_AUTH_AUDIENCE": "todo",
            "TODO_AUTH_SECRET_NAME": "todo-auth", "TODO_AUTH_SECRET_KEY": "key", "TODO_LISTEN_ADDRESS": "127.0.0.1",
            "TODO_HTTP_PORT": "0", "TODO_METRICS_PORT": "0", "DAPR_HTTP_PORT": String(port), "TODO_DRAIN_SECONDS": "0",
        ]
        return try ServiceHost(EchoService.self, environment: environment.merging(more) { $1 }, logger: quiet)
    }

    private static func withClient(
        _ body: @Sendable (@Sendable (Int, String) async throws -> (status: Int, text: String)) async throws -> Void
    ) async throws {
        let http = DaprClient.httpClient(on: MultiThreadedEventLoopGroup.singleton)
        do {
            try await body { port, path in
                let answer = try await http.execute(
                    HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
                let body = try await answer.body.collect(upTo: 65_536)
                return (Int(answer.status.code), String(buffer: body))
            }
            try await http.shutdown()
        } catch {
            try await http.shutdown()
            throw error
        }
    }
}

/// A service with a route that a test holds up.
struct SlowService: TodoService {
    static let gate = Mutex<(entered: Signal, hold: Signal)>((Signal(), Signal()))
    static let name = "slow"
    static let migrations: [Migrations] = []
    static let usesDatabase = false

    init(context: ServiceContext) throws {}

    func routes(_ routes: Routes) {
        routes.open(.get, "/slow") { _ in
            let gate = Self.gate.withLock { $0 }
            gate.entered.raise()
            await gate.hold.wait(beyond: 0)
            return .json(["ok": true])
        }
    }
}
