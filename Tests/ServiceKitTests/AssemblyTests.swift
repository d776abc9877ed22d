import NIOCore
import NIOEmbedded
import NIOHTTP1
import TaskDomain
import Telemetry
import TestKit
import Testing
import WireValues

@testable import ServiceKit

/// What a connection makes of the bytes that come, and of time that passes: without a socket, on a clock of its own.
@Suite struct AssemblyTests {
    private let limits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.maximumBodyBytes = 10
        limits.idleTimeout = .seconds(60)
        limits.bodyTimeout = .seconds(30)
        return limits
    }()

    // MARK: Requests

    @Test(arguments: [
        "Content-Length: 8\r\n\r\n12345678", "Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n5\r\n45678\r\n0\r\n\r\n",
    ])
    func `a body that comes byte by byte comes out as one`(rest: String) throws {
        let wire = try Wire(limits)
        for byte in ("POST /a HTTP/1.1\r\nHost: x\r\n" + rest).utf8 {
            #expect(try wire.request() == nil)
            try wire.receive([byte])
        }
        let request = try #require(try wire.request())
        #expect(request.head.uri == "/a")
        #expect(request.body.text == "12345678")
    }

    @Test func `the next request comes when the last one is answered`() throws {
        let wire = try Wire(limits)
        try wire.receive("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3")
        #expect(try wire.request()?.head.uri == "/1")
        #expect(try wire.request() == nil)
        wire.answer(200)
        #expect(try wire.request()?.head.uri == "/2")
        #expect(try wire.request() == nil)
        #expect(try wire.statuses() == [200])
        #expect(wire.isOpen)
    }

    @Test func `whoever waits to be told to send its body is told`() throws {
        let wire = try Wire(limits)
        try wire.receive("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        #expect(try wire.request() == nil)
        #expect(try wire.statuses() == [100])
        try wire.receive("{}")
        #expect(try wire.request()?.body.text == "{}")
        wire.answer(201)
        #expect(try wire.statuses() == [201])
        #expect(wire.isOpen)
    }

    @Test(arguments: [
        "Content-Length: 11\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n12345",
    ])
    func `a body that is too long is told of at once, and no more of it is taken`(rest: String) throws {
        let wire = try Wire(limits)
        try wire.receive("POST / HTTP/1.1\r\nHost: x\r\n" + rest)
        let request = try #require(try wire.request())
        guard case .tooLong = request.body else { return #expect(Bool(false), "\(request.body)") }
        try wire.receive(String(repeating: "2", count: 100_000))
        wire.answer(413)
        #expect(try wire.statuses() == [413])
        #expect(try wire.request() == nil)
        #expect(!wire.isOpen)
    }

    @Test func `a longer body is taken in where somebody has a use for it`() throws {
        let wire = try Wire(limits) { head, _ in head.uri == "/long" ? 12 : 0 }
        try wire.receive("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n123456789012")
        #expect(try wire.request()?.body.text == "123456789012")
        wire.answer(200)
        try wire.receive("POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n")
        guard case .tooLong? = try wire.request()?.body else { return #expect(Bool(false), "was taken in") }
    }

    @Test(arguments: [
        ("/events/task-events", 8_000_000, 0), ("/api/{user_id}/tasks", 100_000, 100_000), ("/none", 0, 0),
    ])
    func `a route for the sidecar takes no long bodies from elsewhere`(path: String, local: Int, remote: Int) throws {
        var table = RouteTable()
        table.add(.post, "/events/task-events", bodyLimit: 8_000_000, isForSidecar: true) { _ in .noContent }
        table.add(.post, "/api/{user_id}/tasks", bodyLimit: 100_000) { _ in .noContent }
        let routes = RouteSwitch()
        let registry = MetricRegistry()
        let responder = ServiceResponder(
            routes: routes, probes: AdminEndpoints(registry: registry, levels: LogLevels(), readiness: { [] }),
            limits: limits, metrics: RequestMetrics(registry), now: { noon }, logger: quiet)
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
        #expect(responder.bodyLimit(head, isLocal: true) == 0, "the service still starts")
        routes.open(table)
        #expect(responder.bodyLimit(head, isLocal: true) == local)
        #expect(responder.bodyLimit(head, isLocal: false) == remote)
    }

    @Test func `a body that trickles is waited for only so long`() throws {
        let wire = try Wire(limits)
        try wire.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        for _ in 0..<5 {
            wire.pass(.milliseconds(5_999))
            try wire.receive("1")
        }
        #expect(try wire.request() == nil)
        wire.pass(.milliseconds(5))
        guard case .tooSlow? = try wire.request()?.body else { return #expect(Bool(false), "is still waited for") }
        wire.answer(408)
        #expect(try wire.statuses() == [408])
        #expect(!wire.isOpen)
    }

    @Test func `a body that ends too early is told of`() throws {
        let wire = try Wire(limits)
        try wire.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234")
        wire.endInput()
        guard case .broken? = try wire.request()?.body else { return #expect(Bool(false), "is not told of") }
        wire.answer(400)
        #expect(try wire.statuses() == [400])
        #expect(!wire.isOpen)
    }

    @Test(arguments: [
        ("What is this?\r\n\r\n", 400), ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 17_000))\r\n\r\n", 431),
        // The parser tells of none of these.
        ("GET /\(String(repeating: " ", count: 40_000))", 431),
        ("GET / HTTP/1.1\r\nX:\(String(repeating: " ", count: 40_000))", 431),
    ])
    func `what is no request is answered, and is the last`(text: String, status: Int) throws {
        let wire = try Wire(limits)
        try wire.receive(text)
        #expect(try wire.request() == nil)
        #expect(try wire.statuses() == [status])
        #expect(!wire.isOpen)
    }

    @Test func `no more requests wait than may, and those that do are answered`() throws {
        var limits = limits
        limits.maximumPipelined = 3
        let wire = try Wire(limits)
        let text = (1...5).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        try wire.receive(text)
        for number in 1...3 {
            #expect(try wire.request()?.head.uri == "/\(number)")
            #expect(wire.isOpen)
            wire.answer(200)
        }
        #expect(try wire.statuses() == [200, 200, 200])
        #expect(try wire.request() == nil)
        #expect(!wire.isOpen)
    }

    @Test func `nothing comes after a wish for a tunnel`() throws {
        let wire = try Wire(limits)
        try wire.receive("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try wire.request()?.head.method == .CONNECT)
        wire.answer(405)
        #expect(try wire.statuses() == [405])
        #expect(try wire.request() == nil)
        #expect(!wire.isOpen)
    }

    // MARK: Time

    @Test func `a connection on which no request begins is closed`() throws {
        let wire = try Wire(limits)
        wire.pass(.seconds(50))
        try wire.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        // However long the answer takes.
        wire.pass(.seconds(1_000))
        #expect(wire.isOpen)
        wire.answer(200)
        // The beginning of a head is no request, and does not put it off.
        wire.pass(.seconds(30))
        try wire.receive("GET / HT")
        wire.pass(.milliseconds(29_999))
        #expect(wire.isOpen)
        wire.pass(.milliseconds(1))
        #expect(!wire.isOpen)
    }

    @Test func `whoever still takes its answer is not idle`() throws {
        let wire = try Wire(limits)
        wire.isTaking = false
        try wire.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.answer(200)
        wire.pass(.seconds(119))
        wire.isTaking = true
        #expect(try wire.statuses() == [200])
        wire.pass(.seconds(59))
        #expect(wire.isOpen)
        wire.pass(.seconds(60))
        #expect(!wire.isOpen)
    }

    @Test func `whoever takes its answers slowly is not cut off`() throws {
        let wire = try Wire(limits)
        // There is always one that waits.
        for number in 1...10 {
            wire.isTaking = false
            try wire.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            wire.answer(200)
            wire.pass(.seconds(50))
            #expect(wire.isOpen, "after \(number)")
            wire.isTaking = true
        }
        #expect(try wire.statuses().count == 10)
    }

    @Test func `whoever takes nothing of its answer is closed`() throws {
        let wire = try Wire(limits)
        wire.isTaking = false
        // What it asks for further is not heard.
        try wire.receive("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.answer(200)
        wire.pass(.seconds(59))
        #expect(wire.isOpen)
        wire.pass(.seconds(61))
        #expect(!wire.isOpen)
    }

    // MARK: The end

    @Test func `an answer that was not taken yet when the service ends arrives`() throws {
        let wire = try Wire(limits)
        wire.isTaking = false
        try wire.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.answer(200)
        wire.quiesce()
        #expect(wire.isOpen)
        wire.isTaking = true
        #expect(try wire.statuses() == [200])
        #expect(!wire.isOpen)
    }

    @Test func `what is asked when the service ends is answered, and the answer is the last`() throws {
        let wire = try Wire(limits)
        try wire.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.quiesce()
        #expect(wire.isOpen)
        wire.isTaking = false
        wire.answer(200)
        #expect(wire.isOpen)
        wire.isTaking = true
        let output = try wire.output()
        #expect(output.hasPrefix("HTTP/1.1 200 ") && output.lowercased().contains("\r\nconnection: close\r\n"))
        #expect(!wire.isOpen)
    }

    @Test func `an idle connection is closed when the service ends`() throws {
        let wire = try Wire(limits)
        wire.quiesce()
        #expect(!wire.isOpen)
    }

    @Test func `whoever takes nothing does not keep the service from ending`() throws {
        let wire = try Wire(limits)
        wire.isTaking = false
        try wire.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.answer(200)
        wire.quiesce()
        wire.pass(.milliseconds(9_999))
        #expect(wire.isOpen)
        wire.pass(.milliseconds(1))
        #expect(!wire.isOpen)
    }

    @Test func `half a request that ends with the service does no harm`() throws {
        let wire = try Wire(limits)
        try wire.receive("GET / HT")
        wire.quiesce()
        wire.endInput()
        wire.pass(.seconds(10))
        #expect(!wire.isOpen)
    }
}

/// A connection of a service, whose other side is the test.
private final class Wire {
    private let channel = EmbeddedChannel()
    private let socket = Socket()

    init(_ limits: HTTPLimits, longerBodies: @escaping ServiceChannel.BodyLimit = { _, _ in 0 }) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(socket)
        try ServiceChannel(limits: limits, longerBodies: longerBodies) { _ in ServiceAnswer(status: 500) }
            .addHandlers(to: pipeline)
        channel.connect(to: try SocketAddress(ipAddress: "192.0.2.7", port: 1), promise: nil)
    }

    var isOpen: Bool { channel.isActive }

    /// Whether what is written leaves the queue.
    var isTaking: Bool {
        get { socket.isTaking }
        set {
            socket.isTaking = newValue
            if newValue { channel.flush() }
            channel.embeddedEventLoop.run()
        }
    }

    func receive(_ text: String) throws { try receive(Array(text.utf8)) }
    func receive(_ bytes: [UInt8]) throws { try channel.writeInbound(ByteBuffer(bytes: bytes)) }
    func endInput() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
    func quiesce() { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    func pass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }
    func request() throws -> AssembledRequest? { try channel.readInbound() }

    func answer(_ status: Int) {
        channel.writeAndFlush(ServiceAnswer(status: status), promise: nil)
        channel.embeddedEventLoop.run()
    }

    /// What the other side has got since it was last asked.
    func output() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    func statuses() throws -> [Int] {
        try output().split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.1 ") }
            .compactMap { Int($0.dropFirst(9).prefix(3)) }
    }

    private final class Socket: ChannelOutboundHandler {
        typealias OutboundIn = IOData
        typealias OutboundOut = IOData
        var isTaking = true

        func flush(context: ChannelHandlerContext) {
            if isTaking { context.flush() }
        }
    }
}

extension RequestBody {
    /// Nil when it is not whole.
    fileprivate var text: String? {
        if case .whole(let bytes) = self { String(buffer: bytes) } else { nil }
    }
}
