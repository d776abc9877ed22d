import DaprClient
import HTTPTestSupport
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing
import WireValues

struct SidecarAwayTests {
    @Test(.timeLimit(.minutes(1))) func `a call waits for a sidecar that starts later`() async throws {
        let clock = ManualClock()
        try await withReservedPort { port in
            try await withClient(port: port, clock: clock) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await client.secret("s", store: "k") }
                    // Refused, it sleeps; nothing else moves this clock.
                    await clock.waitForSleepers(1)
                    try await FakeServer.running(port: port, answering: .by { _ in .json(["a": "b"]) }) { server in
                        clock.advance(by: .seconds(1))
                        try await expectEventually("asked") { server.asked.count == 1 }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `one that never comes is an error after half a minute`() async throws {
        let clock = SleeplessClock()
        try await withReservedPort { port in
            try await withClient(port: port, clock: clock) { client in
                let error = await daprError { () async throws(DaprError) in
                    _ = try await client.secret("s", store: "k")
                }
                #expect(error?.kind == .unreachable)
                #expect(error?.description == "read secret s from k: nobody listens at 127.0.0.1:\(port)")
                #expect((Duration.seconds(30)...Duration.seconds(31)).contains(clock.slept))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `whoever has his own way of waiting hears of it at once`() async throws {
        try await withReservedPort { port in
            try await withClient(port: port, clock: ManualClock()) { client in
                let error = await daprError { () async throws(DaprError) in
                    try await client.hurried(timeout: .seconds(2)).publish([], to: "t", pubsub: "p", partitionKey: nil)
                }
                #expect(error?.kind == .unreachable)
                #expect(await !client.isOutboundHealthy())
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `an answer that does not come is a timeout`() async throws {
        let hold = Signal()
        try await withSidecar(
            timeout: .milliseconds(50),
            answering: .by { _ in
                await hold.wait(beyond: 0)
                return .init(204)
            }
        ) { client, _ in
            let error = await daprError { () async throws(DaprError) in
                try await client.publish([1], to: "t", pubsub: "p", partitionKey: nil)
            }
            #expect(error?.kind == .timedOut)
            #expect(error?.isTransient == true)
            hold.raise()
        }
    }

    @Test(.timeLimit(.minutes(1))) func `an answer that stops half-way is a timeout, too`() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(HalfAnswer()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        try await withClient(port: server.localAddress?.port ?? 0, timeout: .milliseconds(200)) { client in
            let error = await daprError { () async throws(DaprError) in _ = try await client.secret("s", store: "k") }
            #expect(error?.kind == .timedOut)
        }
        try await server.close()
    }

    @Test(.timeLimit(.minutes(1))) func `a service waits for the sidecar's API, not for its full health`() async throws
    {
        let looks = Signal()
        try await withSidecar(
            answering: .by { asked in
                // Full health waits for the service's own port: asking for it here would never end.
                guard asked.path == "/v1.0/healthz/outbound" else { return .init(500) }
                looks.raise()
                return .init(looks.count > 2 ? 204 : 500)
            }
        ) { client, _ in
            try await client.waitUntilOutboundHealthy()
            #expect(looks.count == 3)
            #expect(await client.isOutboundHealthy())
            #expect(await !client.isHealthy())
        }
    }
}

/// Answers whatever it is asked with the head of an answer and a part of its body.
private final class HalfAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\":"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}

/// Nobody waits by this clock; it adds up for how long they would have.
private final class SleeplessClock: Clock {
    typealias Instant = ManualClock.Instant
    private let total = Mutex(Duration.zero)

    var slept: Duration { total.withLock { $0 } }
    var now: Instant { Instant(offset: slept) }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        total.withLock { $0 = max($0, deadline.offset) }
    }
}
