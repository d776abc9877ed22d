import NIOCore
import NIOPosix
import ServiceHarness
import TestKit
import Testing
import WireValues

@testable import ServiceKit

/// What goes over a connection, byte by byte, where a well-behaved client would not go.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    /// The first so many answers that come back for `text`.
    ///
    /// Their number ends the wait, not the connection's end: a database that another test starts at this moment inherits the
    /// connection, and holds it open.
    private func exchange(_ text: String, answers count: Int) async throws -> [RawAnswer] {
        let talk: @Sendable (RunningService<EchoService>) async throws -> [RawAnswer] = { service in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: service.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: text))
                var bytes: [UInt8] = []
                for try await part in inbound {
                    bytes += part.readableBytesView
                    if RawAnswer.all(in: bytes).count == count { break }
                }
                return RawAnswer.all(in: bytes)
            }
        }
        return try await withService(EchoService.self, configure: { $0.now = { noon } }, talk)
    }

    @Test func `requests that come at once are answered in their order, on one connection`() async throws {
        let answers = try await exchange(
            "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                + "GET /fails/field HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answers: 3)
        #expect(answers.map(\.status) == [200, 404, 422])
        #expect(answers.map(\.isLast) == [false, false, true])
    }

    @Test func `a body that nobody read is passed over`() async throws {
        let answers = try await exchange(
            "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 27\r\n\r\nGET /fails/field HTTP/1.1\r\n"
                + "GET /fails/nul HTTP/1.1\r\nHost: x\r\n\r\n", answers: 2)
        #expect(answers.map(\.status) == [404, 422])
    }

    @Test func `an old client gets its answer and the end`() async throws {
        let answers = try await exchange("GET /nowhere HTTP/1.0\r\n\r\n", answers: 1)
        #expect(answers.map(\.status) == [404])
        #expect(answers.first?.isLast == true)
    }

    @Test func `whoever wishes for another protocol gets an answer in this one, and the end`() async throws {
        let answers = try await exchange(
            "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", answers: 1)
        #expect(answers.map(\.status) == [404])
        #expect(answers.first?.isLast == true)
    }

    @Test func `what is no HTTP gets 400 and the end`() async throws {
        let answers = try await exchange("What is this?\r\n\r\n", answers: 1)
        #expect(answers.map(\.status) == [400])
        #expect(answers.first?.isLast == true)
    }

    @Test func `spaces around a header's value are no part of it`() async throws {
        let answers = try await exchange(
            "GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: \t mine-7 \t\r\n\r\n", answers: 1)
        #expect(answers.first?.head.contains("\r\nX-Request-Id: mine-7\r\n") == true)
    }

    @Test(arguments: [
        ("/a/b?c=d", "/a/b", "c=d"), ("/", "/", nil), ("http://host:80/a?b", "/a", "b"), ("http://host", "/", nil),
        ("http://host?q=1", "/", "q=1"), ("*", "*", nil), ("/a?b?c", "/a", "b?c"),
    ])
    func `the target of a request is its path and its query`(uri: String, path: String, query: String?) {
        let target = ServiceResponder.target(uri)
        #expect(target.path == path)
        #expect(target.query == query)
    }

    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_772_730_000, "Thu, 05 Mar 2026 17:00:00 GMT"),
    ])
    func `the date of an answer is written as HTTP wants it`(seconds: Int64, text: String) {
        #expect(HTTPDate.text(Timestamp(seconds: seconds)) == text)
    }
}

/// An answer as it came over the wire.
private struct RawAnswer: Sendable {
    let status: Int
    let head: String

    /// Whether it says that nothing follows.
    var isLast: Bool { head.contains("\r\nConnection: close") }

    /// Those that are whole.
    static func all(in bytes: [UInt8]) -> [RawAnswer] {
        var rest = bytes[...]
        var answers: [RawAnswer] = []
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let head = String(decoding: rest[..<end.upperBound], as: UTF8.self)
            let field = "Content-Length: "
            let line = head.split(separator: "\r\n").first { $0.hasPrefix(field) }
            let length = line.flatMap { Int($0.dropFirst(field.count)) } ?? 0
            guard rest.endIndex - end.upperBound >= length else { break }
            answers.append(RawAnswer(status: Int(head.dropFirst(9).prefix(3)) ?? 0, head: head))
            rest = rest[(end.upperBound + length)...]
        }
        return answers
    }
}
