import TestKit
import Testing
import WireValues

@testable import Sync

/// Clients that send anything, against a server on a real port. One well-behaved connection beside them hears all of its
/// user's changes all the while.
@Suite(.timeLimit(.minutes(2)))
struct FrameFuzzTests {
    @Test func `whatever frames a client sends, it is answered or closed as RFC 6455 says, and others notice nothing`()
        async throws
    {
        // The same ones each time, then some that nobody has seen.
        let fresh = UInt64.random(in: .min ... .max / 2)
        print("frame fuzzer: seeds 0..<400 and \(fresh)..<\(fresh + 200)")
        var limits = SyncLimits()
        limits.messageBytes = FrameFuzzer.maximumBytes
        try await Self.besideBystander(limits) { server, bystander in
            for seed in Array(0..<400) + Array(fresh..<fresh + 200) {
                let stream = FrameFuzzer.stream(seed: seed)
                let about = "seed \(seed), fault: \(stream.fault)"
                try await RawClient.listening(to: server.port, "/api/u/sync?after=0", ["Authorization: Bearer token-u"])
                {
                    (client: RawClient) async throws in
                    try await Self.send(stream.bytes, by: client, seed: seed)
                    var pings: [[UInt8]] = []
                    var pongs = 0
                    var code: Int?
                    while code == nil {
                        let frame = try await client.frame()
                        if frame.opcode == 0xA { pings.append(frame.payload) }
                        if frame.json?["type"]?.string == "pong" { pongs += 1 }
                        code = frame.closeCode
                    }
                    #expect(code.map { stream.closeCodes.contains($0) } == true, "\(about): closed with \(code ?? 0)")
                    #expect(pings == stream.pings, "\(about)")
                    #expect(pongs == stream.askedPongs, "\(about)")
                }
                try await bystander(about)
            }
        }
    }

    @Test func `noise of any kind is refused, and others notice nothing`() async throws {
        let fresh = UInt64.random(in: .min ... .max / 2)
        print("frame fuzzer, noise: seeds 0..<100 and \(fresh)..<\(fresh + 100)")
        try await Self.besideBystander(SyncLimits()) { server, bystander in
            for seed in Array(0..<100) + Array(fresh..<fresh + 100) {
                var random = SeededGenerator(seed: seed)
                var noise = FrameFuzzer.stream(seed: seed).bytes
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    let index = Int.random(in: 0...noise.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0 where index < noise.count: noise[index] = UInt8.random(in: 0...255, using: &random)
                    case 1 where index < noise.count: noise.remove(at: index)
                    default: noise.insert(UInt8.random(in: 0...255, using: &random), at: index)
                    }
                }
                // Without a token, so that a valid message may be refused as well. Where the noise ends within a frame,
                // the server waits for the rest, and the client goes.
                try await RawClient.listening(to: server.port, "/api/u/sync") { client in
                    try await Self.send(noise, by: client, seed: seed)
                }
                try await bystander("seed \(seed)")
            }
        }
    }

    /// In packets as chance will have them. The server may end the connection in the middle of it.
    private static func send(_ bytes: [UInt8], by client: RawClient, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed ^ 0xFACE)
        var rest = bytes[...]
        while !rest.isEmpty {
            let packet = rest.prefix(Int.random(in: 1...max(1, bytes.count), using: &random))
            rest = rest.dropFirst(packet.count)
            do { try await client.write(Array(packet)) } catch { return }
        }
    }

    /// Runs `body` with a function that has the bystander hear one more change. All others have left at the end.
    private static func besideBystander(
        _ limits: SyncLimits,
        _ body: @escaping @Sendable (SyncServer, (_ about: String) async throws -> Void) async throws -> Void
    ) async throws {
        try await SyncServer.running(limits) { server in
            try await RawClient.listening(to: server.port, "/api/v/sync?after=0", ["Authorization: Bearer token-v"]) {
                (client: RawClient) async throws in
                var number = 0
                try await body(server) { about in
                    server.change("v")
                    number += 1
                    let heard = try await client.number()
                    #expect(heard == number, "\(about)")
                }
            }
            try await expectEventually("all places are free again") { server.hub.connectionCount == 0 }
        }
    }
}

/// What clients say, right and wrong, against a session alone.
struct MessageFuzzTests {
    @Test(arguments: 0..<2_000 as Range<UInt64>)
    func `any message is understood or refused with a reason that fits, and nothing comes after the refusal`(
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.answerReads()
        for _ in 0..<Int.random(in: 1...10, using: &random) where scene.closed == nil {
            let known = scene.heard.count
            var text = Array(
                (["{\"type\":\"ping\"}", "{\"type\":\"resume\",\"after\":7}", "{\"type\":\"auth\",\"token\":\"t\"}"]
                    .randomElement(using: &random) ?? "").utf8)
            let isRight = Bool.random(using: &random)
            if !isRight {
                for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
                    let index = Int.random(in: 0..<text.count, using: &random)
                    if Bool.random(using: &random) {
                        text.remove(at: index)
                    } else {
                        text[index] = Array("{}[]\":,0-e\\ \u{7f}x".utf8).randomElement(using: &random) ?? 0
                    }
                }
            }
            scene.say(String(decoding: text, as: UTF8.self))
            while !scene.checks.isEmpty { scene.answerCheck(.success(SessionScene.client())) }
            scene.answerReads()
            if isRight { #expect(scene.closed == nil, "seed \(seed): \(String(decoding: text, as: UTF8.self))") }
            if let closed = scene.closed {
                #expect(closed.code == 4400, "seed \(seed)")
                #expect((1...123).contains(closed.text.utf8.count), "seed \(seed)")
                #expect(scene.heard.count == known, "seed \(seed)")
                scene.change()
                scene.say(#"{"type":"ping"}"#)
                #expect(scene.heard.count == known, "seed \(seed)")
            }
        }
    }
}
