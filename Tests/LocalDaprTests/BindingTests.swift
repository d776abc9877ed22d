import FoundationEssentials
import NIOCore
import NIOPosix
import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 7: output bindings.
@Suite(.timeLimit(.minutes(1))) struct BindingTests {
    private func binding(_ type: String, _ metadata: [String: String], name: String = "out") -> String {
        var text =
            "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: \(name)}\nspec:\n  type: \(type)\n  version: v1\n  metadata:\n"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text += "  - {name: \(key), value: \"\(value)\"}\n"
        }
        return text + "\n"
    }

    /// A mail server that takes one connection after the other, and remembers what was said.
    private func withMailServer(_ body: @escaping @Sendable (_ port: Int, _ said: Box<[String]>) async throws -> Void)
        async throws
    {
        let said = Box<[String]>([])
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(
            host: "127.0.0.1", port: 0
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    for try await connection in connections { try await Self.serve(connection, said) }
                }
            }
            try await body(server.channel.localAddress?.port ?? 0, said)
            group.cancelAll()
        }
    }

    private static func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ said: Box<[String]>) async throws
    {
        try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "220 ready\r\n"))
            var text = ""
            var isMessage = false
            for try await part in inbound {
                text += String(buffer: part)
                while let end = text.firstRange(of: "\r\n") {
                    let line = String(text[..<end.lowerBound])
                    text.removeSubrange(..<end.upperBound)
                    said.change { $0.append(line) }
                    if isMessage {
                        if line == "." {
                            isMessage = false
                            try await outbound.write(ByteBuffer(string: "250 taken\r\n"))
                        }
                        continue
                    }
                    switch line.prefix(4) {
                    case "EHLO": try await outbound.write(ByteBuffer(string: "250-hello\r\n250 AUTH PLAIN LOGIN\r\n"))
                    case "AUTH": try await outbound.write(ByteBuffer(string: "235 welcome\r\n"))
                    case "RCPT" where line.contains("refused"):
                        try await outbound.write(ByteBuffer(string: "550 no such user\r\n"))
                    case "DATA":
                        isMessage = true
                        try await outbound.write(ByteBuffer(string: "354 go on\r\n"))
                    case "QUIT": try await outbound.write(ByteBuffer(string: "221 bye\r\n"))
                    default: try await outbound.write(ByteBuffer(string: "250 fine\r\n"))
                    }
                }
            }
        }
    }

    @Test func `7 an e-mail is sent with what component and request say`() async throws {
        try await withMailServer { port, said in
            let metadata = [
                "host": "127.0.0.1", "port": "\(port)", "user": "me", "password": "s3cret",
                "emailFrom": "Todo <todo@example.com>",
            ]
            try await withDapr([TestApp("app")], resources: binding("bindings.smtp", metadata)) { world in
                let call: JSON = [
                    "operation": "create", "data": "<p>Hällo</p>\n.dot\nlong \(String(repeating: "x", count: 100))",
                    "metadata": ["emailTo": "a@example.com;b@example.com", "subject": "Fällig", "priority": "1"],
                ]
                let reply = try await world.call("app", "POST", "/v1.0/bindings/out", json: call)
                #expect(reply.status == 204)
                let lines = said.value
                #expect(
                    lines.contains("AUTH PLAIN \(Base64.encode([0] + Array("me".utf8) + [0] + Array("s3cret".utf8)))"))
                #expect(lines.contains("MAIL FROM:<todo@example.com>"))
                #expect(lines.contains("RCPT TO:<a@example.com>") && lines.contains("RCPT TO:<b@example.com>"))
                #expect(lines.contains("X-Priority: 1"))
                #expect(lines.contains("Content-Type: text/html; charset=UTF-8"))
                #expect(lines.contains("Subject: =?UTF-8?B?\(Base64.encode(Array("Fällig".utf8)))?="))
                #expect(lines.contains("<p>H=C3=A4llo</p>"))
                #expect(lines.contains("..dot"))
                #expect(lines.allSatisfy { $0.utf8.count <= 76 || $0.hasPrefix("AUTH") })
                let refused = try await world.call(
                    "app", "POST", "/v1.0/bindings/out",
                    json: [
                        "operation": "create", "data": "x",
                        "metadata": ["emailTo": "refused@example.com", "subject": "s"],
                    ])
                #expect(refused.status == 500)
                #expect(refused.code == "ERR_INVOKE_OUTPUT_BINDING")
                #expect(refused.json["message"]?.string?.contains("550") == true)
                #expect(!refused.text.contains("s3cret"))
            }
        }
    }

    @Test func `7 what an e-mail lacks is named`() async throws {
        try await withDapr(
            [TestApp("app")],
            resources: binding("bindings.smtp", ["host": "127.0.0.1", "port": "1", "emailFrom": "a@b.c"])
        ) { world in
            for (metadata, missing) in [(["subject": "s"], "emailTo"), (["emailTo": "a@b.c"], "subject")]
                as [(JSON, String)]
            {
                let reply = try await world.call(
                    "app", "POST", "/v1.0/bindings/out",
                    json: ["operation": "create", "data": "x", "metadata": metadata])
                #expect(reply.status == 500)
                #expect(reply.json["message"]?.string?.contains(missing) == true)
            }
        }
    }

    @Test func `an outbox takes e-mails as files`() async throws {
        let folder = try TemporaryFile()
        try await withDapr(
            [TestApp("app")], resources: binding("bindings.smtp", ["emailFrom": "a@b.c"]),
            configure: .with { $0.mailOutbox = folder.directory + "/mail" }
        ) { world in
            let call: JSON = ["operation": "create", "data": "hi", "metadata": ["emailTo": "x@y.z", "subject": "s"]]
            let reply = try await world.call("app", "POST", "/v1.0/bindings/out", json: call)
            #expect(reply.status == 204)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.directory + "/mail")
            #expect(files.count == 1 && files[0].hasSuffix(".eml"))
        }
    }

    @Test func `7 the HTTP binding sends capital keys as headers and gives back what came`() async throws {
        let target = TestApp("target") { request in
            guard request.path.hasPrefix("/base") else { return .init(status: 404) }
            var answer = APIResponse.json(
                request.path == "/base/bad" ? 422 : 201,
                ["got": .string(String(decoding: request.body ?? [], as: UTF8.self))])
            answer.headers.append(("x-answer", "yes"))
            return answer
        }
        try await withDapr(
            [TestApp("app"), target],
            configure: .with { options in
                let port = options.apps[1].appPort ?? 0
                options.resources = [.text(binding("bindings.http", ["url": "http://127.0.0.1:\(port)/base"]))]
            }
        ) { world in
            let good = try await world.call(
                "app", "POST", "/v1.0/bindings/out",
                json: ["operation": "post", "data": ["a": 1], "metadata": ["path": "/x", "X-Mine": "1"]])
            #expect(good.status == 200)
            #expect(good.json == ["got": #"{"a":1}"#])
            #expect(good.header("metadata.statuscode") == "201")
            #expect(good.header("metadata.x-answer") == "yes")
            #expect(target.requests.first?.header("x-mine") == "1")
            #expect(target.requests.first?.path == "/base/x")
            let bad = try await world.call(
                "app", "PUT", "/v1.0/bindings/out",
                json: ["operation": "create", "data": "t", "metadata": ["path": "/bad"]])
            #expect(bad.status == 500)
            #expect(bad.code == "ERR_INVOKE_OUTPUT_BINDING")
            #expect(bad.header("metadata.statuscode") == "422")
            let tolerated = try await world.call(
                "app", "POST", "/v1.0/bindings/out",
                json: ["operation": "get", "metadata": ["path": "/bad", "errorIfNot2XX": "false"]])
            #expect(tolerated.status == 200)
        }
    }

    @Test func `7 what is wrong with a call`() async throws {
        try await withDapr([TestApp("app")], resources: binding("bindings.http", ["url": "http://127.0.0.1:1"])) {
            world in
            let malformed = try await world.call("app", "POST", "/v1.0/bindings/out", Array("x".utf8))
            #expect(malformed.status == 400)
            #expect(malformed.code == "ERR_MALFORMED_REQUEST")
            for (path, body) in [
                ("out", ["data": 1]), ("out", ["operation": "dance"]), ("nope", ["operation": "get"]),
                ("out", ["operation": "get"]),
            ] as [(String, JSON)] {
                let reply = try await world.call("app", "POST", "/v1.0/bindings/\(path)", json: body)
                #expect(reply.status == 500)
                #expect(reply.code == "ERR_INVOKE_OUTPUT_BINDING")
                #expect(reply.json["message"]?.string?.hasPrefix("error invoking output binding \(path): ") == true)
            }
        }
    }
}
