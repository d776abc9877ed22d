import TestKit
import Testing

@testable import Sync

/// What a client is sent of its user's changes.
struct FollowingTests {
    /// Whatever the broker does with updates, whenever the feed answers, and however slowly the client reads.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func `each change reaches the client once and in order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let known = Int64.random(in: 0...12, using: &random)
        let begin: SyncSession.Beginning = [.after(known), .now, .unsaid].randomElement(using: &random) ?? .now
        var limits = SyncLimits()
        limits.heldBytes = [0, 200, 100_000].randomElement(using: &random) ?? 0
        limits.stallDeadline = .seconds(100_000)
        limits.pingInterval = .seconds(100_000)
        var scene = SessionScene(begin, limits: limits, spread: Double.random(in: 0...1, using: &random))
        scene.newest = known + Int64.random(in: 0...8, using: &random)
        scene.pageSize = Int.random(in: 1...5, using: &random)
        scene.logIn()
        let start: Int64
        if case .after(let number) = begin {
            start = number
        } else {
            scene.answerRead()
            start = scene.newest
        }

        var onTheWay: [Int64] = []
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2:
                scene.newest += 1
                // Lost, once, or several times.
                onTheWay += Array(repeating: scene.newest, count: Int.random(in: 0...3, using: &random))
            case 3...5:
                guard let index = onTheWay.indices.randomElement(using: &random) else { continue }
                let number = onTheWay.remove(at: index)
                // A client that is not fast enough for what happens now is cut off, which is another story.
                if scene.isWritable || scene.isReplaying { scene.hear(number) }
            case 6: if !scene.reads.isEmpty { scene.answerRead() }
            case 7: if !scene.reads.isEmpty { scene.failRead() }
            case 8: scene.wait(.milliseconds(Int.random(in: 1...400, using: &random)))
            default: scene.setWritable(Bool.random(using: &random))
            }
        }
        scene.setWritable(true)
        for _ in 0..<20 {
            scene.answerReads()
            scene.wait(.seconds(10))
        }

        #expect(scene.closed == nil, "seed \(seed)")
        #expect(
            scene.numbers == Array(start..<max(start, scene.newest)).map { $0 + 1 }, "seed \(seed), begin \(begin)")
        #expect(scene.story.count { $0.hasPrefix("live") } == 1, "seed \(seed)")
    }

    @Test func `a client that resumes gets what it missed, then the word that it is live, then what happens`() {
        var scene = SessionScene(.after(2))
        scene.newest = 9
        scene.logIn()
        scene.answerReads()
        scene.change()
        #expect(scene.story == ["authenticated", "3", "4", "5", "6", "7", "8", "9", "live 9", "10"])
    }

    @Test func `a client that says nothing follows from where its user stood when it came, after a short grace`() {
        var scene = SessionScene()
        scene.newest = 41
        scene.logIn()
        scene.answerRead()
        scene.change()
        #expect(scene.story == ["authenticated"])
        scene.wait(.seconds(1))
        #expect(scene.story == ["authenticated", "live 41", "42"])
    }

    @Test func `resume without a number ends the grace at once`() {
        var scene = SessionScene()
        scene.newest = 41
        scene.logIn()
        scene.answerRead()
        scene.say(#"{"type":"resume"}"#)
        scene.change()
        #expect(scene.story == ["authenticated", "live 41", "42"])
    }

    @Test func `resume while the grace runs brings each change once, also those that happened meanwhile`() {
        var scene = SessionScene()
        scene.newest = 4
        scene.logIn()
        scene.change()
        scene.say(#"{"type":"resume","after":3}"#)
        scene.answerReads()
        #expect(scene.story == ["authenticated", "4", "5", "live 5"])
    }

    @Test func `resume again starts over from the number that it names`() {
        var scene = SessionScene(.after(3))
        scene.newest = 4
        scene.logIn()
        scene.answerReads()
        scene.say(#"{"type":"resume","after":1}"#)
        scene.answerReads()
        #expect(scene.story == ["authenticated", "4", "live 4", "2", "3", "4", "live 4"])
    }

    @Test func `a missing update is read from the feed at once`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.answerReads()
        scene.newest = 2
        scene.hear(2)
        #expect(scene.reads == [0])
        scene.answerReads()
        #expect(scene.numbers == [1, 2])
    }

    @Test func `an update that was lost, and that nothing follows, is found when the position is read again`() {
        var scene = SessionScene(.after(0), spread: 0, isReplicaYoung: true)
        scene.logIn()
        scene.answerReads()
        scene.newest = 1
        scene.wait(.seconds(5))
        scene.answerReads()
        #expect(scene.numbers == [1])
        scene.newest = 2
        for _ in 0..<4 {
            scene.wait(.seconds(20))
            scene.run { $0.receivedPong(now: $1) }
        }
        scene.answerReads()
        #expect(scene.numbers == [1, 2])
    }

    @Test func `a position that updates confirm is not read again`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.answerReads()
        for _ in 0..<10 {
            scene.wait(.seconds(29))
            scene.run { $0.receivedPong(now: $1) }
            scene.change()
        }
        #expect(scene.reads.isEmpty)
        #expect(scene.numbers == Array(1...10))
    }

    @Test func `clients that came together while the replica was young do not read together`() {
        let begins = [0.0, 0.5, 1.0].map { spread in
            var scene = SessionScene(.after(0), spread: spread, isReplicaYoung: true)
            scene.logIn()
            scene.answerReads()
            while scene.reads.isEmpty { scene.wait(.milliseconds(100)) }
            return scene.now
        }
        #expect(begins == [.seconds(5), .seconds(10), .seconds(15)])
    }

    @Test func `a feed that does not answer is asked again with growing pauses, and nothing is lost`() {
        var scene = SessionScene(.after(0))
        scene.newest = 1
        scene.logIn()
        var pauses: [Duration] = []
        for _ in 0..<9 {
            scene.failRead()
            let began = scene.now
            while scene.reads.isEmpty { scene.wait(.milliseconds(50)) }
            pauses.append(scene.now - began)
        }
        #expect(pauses.first == .milliseconds(200))
        #expect(pauses.max() ?? .zero <= .milliseconds(12_500))
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
        scene.answerReads()
        #expect(scene.story == ["authenticated", "1", "live 1"])
    }

    @Test func `a number from another history is answered with a reset`() {
        var scene = SessionScene(.after(1_000))
        scene.newest = 12
        scene.logIn()
        scene.answerReads()
        scene.change()
        #expect(scene.story == ["authenticated", "reset 12", "live 12", "13"])
    }

    @Test func `an update that is quicker than the first page is no sign of another history`() {
        var scene = SessionScene(.after(12))
        scene.newest = 12
        scene.logIn()
        scene.change()
        scene.answerRead(at: 12)
        #expect(scene.story == ["authenticated", "13", "live 13"])
    }

    @Test func `changes that are no longer kept are answered with a reset`() {
        var scene = SessionScene(.after(3))
        scene.newest = 12
        scene.purged = 7
        scene.logIn()
        scene.answerReads()
        scene.change()
        #expect(scene.story == ["authenticated", "reset 12", "live 12", "13"])
    }

    @Test func `a feed that begins later than asked for is answered with a reset`() {
        var scene = SessionScene(.after(3))
        scene.newest = 12
        scene.logIn()
        let torn = FeedPage(changes: [SessionScene.update(9)], newest: 12, hasMore: true)
        scene.run { $0.pageRead(torn, now: $1) }
        #expect(scene.story == ["authenticated", "reset 12", "live 12"])
    }

    @Test func `what the client says of its beginning while a read is underway is not mixed up with that read`() {
        var scene = SessionScene(.after(8))
        scene.newest = 9
        scene.logIn()
        scene.say(#"{"type":"resume","after":2}"#)
        scene.answerReads()
        #expect(scene.numbers == [3, 4, 5, 6, 7, 8, 9])
    }

    @Test func `the next page is read when the client has taken the one before`() {
        var scene = SessionScene(.after(0))
        scene.newest = 9
        scene.logIn()
        scene.isWritable = false
        scene.answerRead()
        #expect(scene.reads.isEmpty)
        scene.setWritable(true)
        scene.answerReads()
        #expect(scene.numbers == Array(1...9))
    }

    @Test func `a client that follows too slowly is cut off, not waited for`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.answerReads()
        scene.setWritable(false)
        scene.change()
        #expect(scene.closed?.code == 4430)
        scene.wait(.seconds(2))
        #expect(scene.isCut)
    }

    @Test func `a client that stands still in the middle of its replay is cut off`() {
        var scene = SessionScene(.after(0))
        scene.newest = 9
        scene.logIn()
        scene.isWritable = false
        scene.answerRead()
        scene.wait(.seconds(21))
        #expect(scene.closed?.code == 4430)
    }

    @Test func `changes that are kept for later have a bound, and beyond it come from the feed`() {
        var limits = SyncLimits()
        limits.heldBytes = 10_000
        var scene = SessionScene(.after(0), limits: limits)
        scene.logIn()
        scene.newest = 40
        for number in 2...40 as ClosedRange<Int64> { scene.hear(number, padding: 1_000) }
        scene.pageSize = 100
        scene.answerReads()
        #expect(scene.numbers == Array(1...40))
    }
}

extension SessionScene {
    var isReplaying: Bool {
        if case .following(_, isReplaying: true, _) = session.phase { return true }
        if case .choosing = session.phase { return true }
        return false
    }
}
