import TestKit
import Testing
import WireValues

@testable import Sync

/// The server as clients meet it: one port for HTTP and WebSocket.
@Suite(.timeLimit(.minutes(1)))
struct ServerTests {
    @Test func `a client with a token in the header hears what it missed and what happens`() async throws {
        try await SyncServer.running { server in
            for _ in 0..<3 { server.change("u") }
            try await RawClient.listening(to: server.port, "/api/u/sync?after=1", ["Authorization: Bearer token-u"]) {
                (client: RawClient) async throws in
                #expect(try await client.message()["type"]?.string == "authenticated")
                #expect(try await client.number() == 2)
                #expect(try await client.number() == 3)
                #expect(try await client.message()["user_seq"]?.int == 3)
                server.change("u")
                #expect(try await client.number() == 4)
            }
        }
    }

    @Test func `the address behind a platform's host is the same place`() async throws {
        try await SyncServer.running { server in
            server.change("u")
            try await RawClient.listening(to: server.port, "/sync/u?after=0", ["Authorization: Bearer token-u"]) {
                (client: RawClient) async throws in
                #expect(try await client.message()["type"]?.string == "authenticated")
                #expect(try await client.number() == 1)
            }
        }
    }

    @Test func `a client without a header brings its token first`() async throws {
        try await SyncServer.running { server in
            server.change("u")
            try await RawClient.listening(to: server.port, "/api/u/sync") { client in
                try await client.say(#"{"type":"auth","token":"token-u"}"#)
                try await client.say(#"{"type":"resume","after":0}"#)
                #expect(try await client.number() == 1)
            }
        }
    }

    @Test(arguments: [
        ("GET /api/u/sync HTTP/1.1", ["Authorization: Bearer nonsense"], 401),
        ("GET /api/u/sync HTTP/1.1", ["Authorization: Basic dTpw"], 401),
        ("GET /api/u/sync HTTP/1.1", ["Authorization: Bearer token-other"], 403),
        ("GET /api/u/sync?after=-1 HTTP/1.1", [], 400),
        ("GET /api/u/sync?after=x HTTP/1.1", [], 400),
        ("GET /api/u/sync?since=4 HTTP/1.1", [], 400),
        ("GET /api/u/sync?after=%4 HTTP/1.1", [], 400),
        ("GET /sync/u HTTP/1.1", ["Authorization: Bearer token-other"], 403),
        ("GET /sync/ HTTP/1.1", ["Authorization: Bearer token-u"], 404),
        ("GET /sync/u/x HTTP/1.1", ["Authorization: Bearer token-u"], 404),
        ("GET /api/u/tasks HTTP/1.1", ["Authorization: Bearer token-u"], 404),
        ("POST /api/u/sync HTTP/1.1", ["Content-Length: 2\r\n\r\n{}"], 404),
    ])
    func `what may not become a WebSocket gets an answer, and the connection its end`(
        line: String, headers: [String], status: Int
    ) async throws {
        try await SyncServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.request(line, RawClient.handshake + headers)
                let answer = try await client.answer()
                #expect(answer.status == status)
                #expect(answer.head.lowercased().contains("connection: close"))
                try await client.end()
            }
            try await expectEventually("all places are free again") { server.hub.connectionCount == 0 }
        }
    }

    @Test func `a handshake that is not one is answered with what is wrong`() async throws {
        try await SyncServer.running { server in
            for (wrong, status) in [
                ("Sec-WebSocket-Version: 8", 426), ("Sec-WebSocket-Key: short", 400),
            ] {
                try await RawClient.connected(to: server.port) { client in
                    let name = wrong.prefix { $0 != ":" }
                    let headers = RawClient.handshake.filter { !$0.hasPrefix(name) } + [wrong]
                    try await client.request("GET /api/u/sync HTTP/1.1", headers)
                    let answer = try await client.answer()
                    #expect(answer.status == status)
                    let problem = try JSON(parsing: Array(answer.body.utf8))
                    #expect(problem["status"]?.int == status)
                }
            }
        }
    }

    @Test(
        arguments: [
            ("?after=-1", [], "invalid_parameter", "?after"), ("?since=4", [], "unknown_parameter", "?since"),
            ("", ["Authorization: Bearer token-other"], "other_user", nil),
            ("", ["Authorization: Basic dTpw"], "no_token", nil),
        ] as [(String, [String], String, String?)])
    func `a refusal is the problem document that the other services would send`(
        query: String, headers: [String], code: String, field: String?
    ) async throws {
        try await SyncServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.request(
                    "GET /api/u/sync\(query) HTTP/1.1", RawClient.handshake + headers + ["X-Request-Id: mine-1"])
                let answer = try await client.answer()
                let head = answer.head.lowercased()
                for line in [
                    "content-type: application/problem+json", "x-request-id: mine-1", "cache-control: no-store",
                    "x-content-type-options: nosniff",
                ] {
                    #expect(head.contains("\r\n\(line)\r\n"), "\(line) in \(head)")
                }
                #expect(head.contains("\r\ndate: "))
                #expect(head.contains("www-authenticate: bearer") == (answer.status == 401))
                let problem = try JSON(parsing: answer.body)
                #expect(problem["type"]?.string == "urn:todo:problem:\(code)")
                #expect(problem["status"]?.int == answer.status)
                #expect(problem["request_id"] == "mine-1")
                #expect(problem["errors"]?[0]?["field"]?.string == field)
            }
        }
    }

    @Test func `any request of a connection may become a WebSocket`() async throws {
        try await SyncServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                for _ in 0..<2 {
                    try await client.request("GET /elsewhere HTTP/1.1", ["Host: localhost"])
                    #expect(try await client.answer().body == "/elsewhere")
                }
                try await client.request(
                    "GET /api/u/sync?after=0 HTTP/1.1", RawClient.handshake + ["Authorization: Bearer token-u"])
                #expect(try await client.head().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.message()["type"]?.string == "authenticated")
            }
        }
    }

    @Test func `an upgrade to something else is not taken up, and the request is answered`() async throws {
        try await SyncServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.request(
                    "GET /elsewhere HTTP/1.1",
                    [
                        "Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                        "HTTP2-Settings: AAMAAABk",
                    ])
                #expect(try await client.answer().body == "/elsewhere")
                try await client.end()
            }
        }
    }

    @Test func `a user has so many connections and no more, before and after the upgrade`() async throws {
        var limits = SyncLimits()
        limits.connectionsPerUser = 1
        try await SyncServer.running(limits) { server in
            let login = ["Authorization: Bearer token-u"]
            try await RawClient.listening(to: server.port, "/api/u/sync?after=0", login) { first in
                _ = try await first.message()
                try await RawClient.connected(to: server.port) { second in
                    try await second.request("GET /api/u/sync HTTP/1.1", RawClient.handshake + login)
                    #expect(try await second.answer().status == 429)
                }
                try await RawClient.listening(to: server.port, "/api/u/sync") { third in
                    try await third.say(#"{"type":"auth","token":"token-u"}"#)
                    #expect(try await third.closeCode() == 4429)
                }
                server.change("u")
                #expect(try await first.number() == 1)
            }
            try await expectEventually("its place is free again") { server.hub.connectionCount == 0 }
            try await RawClient.listening(to: server.port, "/api/u/sync?after=0", login) {
                (again: RawClient) async throws in
                #expect(try await again.number() == 1)
            }
        }
    }

    @Test func `a full server says so before the upgrade`() async throws {
        var limits = SyncLimits()
        limits.connections = 1
        try await SyncServer.running(limits) { server in
            try await RawClient.listening(to: server.port, "/api/u/sync") { _ in
                try await RawClient.connected(to: server.port) { second in
                    try await second.request("GET /api/u/sync HTTP/1.1", RawClient.handshake)
                    #expect(try await second.answer().status == 503)
                }
            }
        }
    }

    @Test func `a client that does not read is cut off, and the others go on`() async throws {
        var limits = SyncLimits()
        limits.pendingBytes = 65_536
        limits.closeGrace = .milliseconds(200)
        try await SyncServer.running(limits, feed: FeedDouble(padding: 10_000)) { server in
            let login = ["Authorization: Bearer token-u"]
            try await RawClient.listening(to: server.port, "/api/u/sync?after=0", login) { quick in
                try await RawClient.listening(to: server.port, "/api/u/sync?after=0", login) { _ in
                    try await expectEventually("both are in") { server.hub.connectionCount == 2 }
                    var number = 0
                    try await expectEventually("the slow one is out") {
                        server.change("u")
                        number += 1
                        let heard = try await quick.number()
                        #expect(heard == number)
                        return server.hub.connectionCount == 1
                    }
                    server.change("u")
                    #expect(try await quick.number() == number + 1)
                }
            }
        }
    }

    @Test func `a stopping server says goodbye to all`() async throws {
        try await SyncServer.running { server in
            let login = ["Authorization: Bearer token-u"]
            try await RawClient.listening(to: server.port, "/api/u/sync?after=0", login) { client in
                _ = try await client.message()
                await server.stop()
                #expect(try await client.closeCode() == 1001)
            }
        }
    }

    @Test func `a frame that is too long is refused by its length alone`() async throws {
        try await SyncServer.running { server in
            try await RawClient.listening(to: server.port, "/api/u/sync") { client in
                try await client.write([0x81, 0xFF, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF])
                #expect(try await client.closeCode() == 1009)
            }
        }
    }

    @Test func `many clients of many users each hear their own`() async throws {
        try await SyncServer.running { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let user = "u\(index % 10)"
                        let login = ["Authorization: Bearer token-\(user)"]
                        try await RawClient.listening(to: server.port, "/api/\(user)/sync?after=0", login) {
                            (client: RawClient) async throws in
                            for number in 1...20 { #expect(try await client.number() == number) }
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<20 {
                        for user in 0..<10 { server.change("u\(user)") }
                        await Task.yield()
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
