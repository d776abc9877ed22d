import KubernetesModel
import Synchronization
import Testing

@testable import KubernetesClient

@Suite(.timeLimit(.minutes(1))) struct HTTPTransportTests {
    @Test func `a request arrives as it was meant`() async throws {
        let server = try await TestServer { _ in .answer(200, #"{"a":1}"#, ["x-kubernetes-pf-flowschema-uid": "f"]) }
        let configuration = cluster(server) {
            $0.credentials = .token("t-1")
            $0.impersonation = .init(user: "carol", groups: ["x", "y"])
            $0.server = ServerAddress(isSecure: false, host: "127.0.0.1", port: server.port, prefix: "/k8s/c-1")
        }
        try await withTransport(server, configuration) { transport in
            let object = KubernetesObject(pods, namespace: "shop", name: "a:b", labels: ["k": "v"])
            let answer = try await transport.send(.apply(object, pods, fieldManager: "todo operator/ä"))
            #expect(answer.status == 200)
            #expect(answer.body == Array(#"{"a":1}"#.utf8))
            #expect(answer.header("X-Kubernetes-PF-FlowSchema-UID") == "f")
            let request = try #require(server.requests.first)
            #expect(request.method == "PATCH")
            #expect(
                request.uri
                    == "/k8s/c-1/api/v1/namespaces/shop/pods/a%3Ab?fieldManager=todo%20operator%2F%C3%A4&force=true&fieldValidation=Strict"
            )
            #expect(request.headers["authorization"] == "Bearer t-1")
            #expect(request.headers["impersonate-user"] == "carol")
            #expect(request.headers["impersonate-group"] == "x,y")
            #expect(request.headers["content-type"] == "application/apply-patch+yaml")
            #expect(request.headers["user-agent"] == "todo-platform")
            #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
            #expect(request.body == object.json.text)
        }
    }

    @Test func `any status is an answer`() async throws {
        let server = try await TestServer { _ in .answer(429, "Too many requests\n", ["Retry-After": "1"]) }
        try await withTransport(server, cluster(server)) { transport in
            let answer = try await transport.send(get)
            #expect(answer.status == 429)
            #expect(answer.headers.retryAfterSeconds == 1)
        }
    }

    @Test func `redirects are not followed with our credentials`() async throws {
        let server = try await TestServer { _ in .answer(302, "", ["Location": "http://127.0.0.1:1/"]) }
        let configuration = cluster(server) { $0.credentials = .token("t") }
        try await withTransport(server, configuration) { transport in
            let answer = try await transport.send(get)
            #expect(answer.status == 302)
        }
    }

    @Test func `basic credentials are encoded`() async throws {
        let server = try await TestServer { _ in .answer(200, "{}") }
        let configuration = cluster(server) { $0.credentials = .basic(user: "ann", password: "pass:wörd") }
        try await withTransport(server, configuration) {
            _ = try await $0.send(get)
            #expect(server.requests.first?.headers["authorization"] == "Basic YW5uOnBhc3M6d8O2cmQ=")
        }
    }

    // MARK: Failures

    @Test func `a server that is not there is named`() async throws {
        let server = try await TestServer { _ in .silence }
        try await withTransport(server, cluster(server)) { transport in
            try await server.stop()
            let error = await failure(transport)
            #expect(error?.code == .transport)
            #expect(error?.message.contains("get Pod shop/api-0: http://127.0.0.1:\(server.port)") == true)
            #expect(error?.message.lowercased().contains("refused") == true, "\(error?.message ?? "")")
        }
    }

    @Test func `an answer that breaks off is no answer`() async throws {
        let server = try await TestServer { _ in .brokenOff(#"{"items":["#) }
        try await withTransport(server, cluster(server)) { transport in
            #expect(await failure(transport)?.code == .transport)
        }
    }

    @Test(arguments: [false, true])
    func `an answer beyond the bound is refused, announced or not`(isAnnounced: Bool) async throws {
        let server = try await TestServer { _ in
            isAnnounced ? .answer(200, String(repeating: "x", count: 5_000)) : .flood(100 * 1024 * 1024)
        }
        var options = HTTPTransport.Options()
        options.maximumBodyBytes = 4_096
        try await withTransport(server, cluster(server), options: options) { transport in
            let error = await failure(transport)
            #expect(error?.code == .undecodable)
            #expect(error?.message.contains("4096 bytes") == true)
            #expect(server.flooded < 64 * 1024 * 1024)
        }
    }

    @Test(arguments: [TestServer.Reply.silence, .pieces(["{\"items\":"])])
    func `a request ends after its time, also in the middle of the answer`(reply: TestServer.Reply) async throws {
        let server = try await TestServer { _ in reply }
        let clock = ManualClock()
        try await withTransport(server, cluster(server), clock: clock) { transport in
            async let error = failure(transport)
            try await server.wait { server.requests.count == 1 }
            await clock.sleepers(1)
            clock.advance(by: .seconds(30))
            #expect(await error?.code == .transport)
            #expect(await error?.message.contains("no answer within 30") == true)
            try await server.wait { server.closedStreams == 1 }
        }
    }

    @Test func `after two timeouts in a row new connections are made`() async throws {
        let isSilent = Mutex(true)
        let server = try await TestServer(.http2) { _ in isSilent.withLock { $0 } ? .silence : .answer(200, "{}") }
        let clock = ManualClock()
        try await withTransport(server, cluster(server, isSecure: true), clock: clock) { transport in
            for count in 1...2 {
                // Streams stay on a connection where one of them gets no answer.
                async let opened: KubernetesStream = transport.open(watch)
                try await server.wait { server.requests.count == count }
                await clock.sleepers(1)
                clock.advance(by: .seconds(30))
                do {
                    _ = try await opened
                    Issue.record("it was answered")
                } catch {
                    #expect((error as? KubernetesError)?.code == .transport)
                }
            }
            #expect(server.connections == 1)
            isSilent.withLock { $0 = false }
            #expect(try await transport.open(watch).status == 200)
            #expect(server.connections == 2)
        }
    }

    @Test func `a cancelled request lets go of its connection`() async throws {
        let server = try await TestServer { _ in .silence }
        try await withTransport(server, cluster(server)) { transport in
            await withTaskGroup(of: KubernetesError.Code?.self) { group in
                group.addTask { await failure(transport)?.code }
                // The suite's time limit is the only bound needed here.
                try? await server.wait { server.requests.count == 1 }
                group.cancelAll()
                #expect(await group.next() == .transport)
            }
            try await server.wait { server.closedStreams == 1 }
        }
    }

    // MARK: Streams

    @Test func `a stream delivers what came before it ends`() async throws {
        let server = try await TestServer { _ in .pieces(["{\"type\":", "\"ADDED\"}\n"]) }
        try await withTransport(server, cluster(server)) { transport in
            let stream = try await transport.open(watch)
            #expect(stream.status == 200)
            var text = ""
            for try await piece in stream.body {
                text += String(decoding: piece, as: UTF8.self)
                if text.hasSuffix("\n") { break }
            }
            #expect(text == "{\"type\":\"ADDED\"}\n")
        }
        #expect(server.requests.first?.uri.contains("watch=true&allowWatchBookmarks=true&timeoutSeconds=300") == true)
    }

    @Test func `a stream that breaks says so`() async throws {
        let server = try await TestServer { _ in .brokenOff("x") }
        try await withTransport(server, cluster(server)) { transport in
            let stream = try await transport.open(watch)
            let error = await #expect(throws: KubernetesError.self) { for try await _ in stream.body {} }
            #expect(error?.code == .transport)
        }
    }

    @Test func `a stream that nobody reads any more is closed`() async throws {
        let server = try await TestServer { _ in .pieces(["x"]) }
        try await withTransport(server, cluster(server)) { transport in
            do {
                let stream = try await transport.open(watch)
                #expect(stream.status == 200)
            }
            try await server.wait { server.closedStreams == 1 }
        }
    }

    @Test func `a cancelled reader closes its stream`() async throws {
        let server = try await TestServer { _ in .pieces(["x"]) }
        try await withTransport(server, cluster(server)) { transport in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let stream = try await transport.open(watch)
                    for try await _ in stream.body {}
                }
                try await server.wait { server.requests.count == 1 }
                group.cancelAll()
                // Whether the end comes as an error or not is the same to a reader that was cancelled.
                _ = await group.nextResult()
            }
            try await server.wait { server.closedStreams == 1 }
        }
    }

    @Test(arguments: [false, true])
    func `what is not read stays with the server`(isHTTP2: Bool) async throws {
        let total = 512 * 1024 * 1024
        let server = try await TestServer(isHTTP2 ? .http2 : .none) {
            $0.uri.contains("watch") ? .flood(total) : .answer(200, "{}")
        }
        try await withTransport(server, cluster(server, isSecure: isHTTP2)) { transport in
            let stream = try await transport.open(watch)
            var iterator = stream.body.makeAsyncIterator()
            _ = try await iterator.next()
            // Each request is a turn of the server's and the client's event loops: enough of them for all that fits.
            var before = -1
            var turns = 0
            while server.flooded != before || turns < 50 {
                before = server.flooded
                for _ in 0..<5 { _ = try await transport.send(get) }
                turns += 1
            }
            #expect(server.flooded < 64 * 1024 * 1024)
            _ = try await iterator.next()
        }
    }

    @Test func `hundreds of watches never keep a request waiting`() async throws {
        let server = try await TestServer(.http2) { $0.uri.contains("watch") ? .pieces(["x"]) : .answer(200, "{}") }
        try await withTransport(server, cluster(server, isSecure: true)) { transport in
            var streams: [KubernetesStream] = []
            for _ in 0..<300 { streams.append(try await transport.open(watch)) }
            #expect(transport.streamClients == 5)
            #expect(try await transport.send(get).status == 200)
            // Five for 300 streams of at most 64 each, one for requests.
            #expect(server.connections == 6)
            streams.removeAll()
            try await server.wait { server.closedStreams == 300 && transport.streamClients == 1 }
        }
    }
}
