import NIOCore
import Testing
import WireValues

@testable import Sync

/// Who may listen, for how long, and what ends it.
struct ConversationTests {
    @Test func `the first message may bring the token, and resume may follow without waiting`() {
        var scene = SessionScene()
        scene.newest = 2
        scene.say(#"{"type":"auth","token":"t-1"}"#)
        scene.say(#"{"type":"resume","after":1}"#)
        #expect(scene.checks == ["t-1"])
        scene.answerCheck(.success(SessionScene.client()))
        scene.answerReads()
        #expect(scene.story == ["authenticated", "2", "live 2"])
    }

    @Test func `without a token nothing is told and the connection ends in time`() {
        var scene = SessionScene(.after(0))
        scene.change()
        scene.wait(.seconds(9))
        #expect(scene.closed == nil)
        scene.wait(.seconds(1))
        #expect(scene.closed?.code == 4408)
        #expect(scene.heard.isEmpty)
    }

    @Test func `resume before a token is refused`() {
        var scene = SessionScene()
        scene.say(#"{"type":"resume","after":1}"#)
        #expect(scene.closed?.code == 4400)
    }

    @Test func `another user's token is refused`() {
        var scene = SessionScene()
        scene.say(#"{"type":"auth","token":"t-1"}"#)
        scene.answerCheck(.success(SessionScene.client("user-8")))
        #expect(scene.closed == .otherUser)
        #expect(scene.heard.isEmpty)
    }

    @Test func `a bad token is refused with the reason`() {
        var scene = SessionScene()
        scene.say(#"{"type":"auth","token":"t-1"}"#)
        scene.answerCheck(.failure(.tokenRefused("The token's signature is wrong.")))
        #expect(scene.closed == CloseReason(4401, "The token's signature is wrong."))
    }

    @Test func `the connection ends when its token does`() {
        var scene = SessionScene(.after(0))
        scene.logIn(expiresIn: .seconds(20))
        scene.answerReads()
        scene.wait(.seconds(19))
        #expect(scene.closed == nil)
        scene.wait(.seconds(1))
        #expect(scene.closed == .tokenExpired)
    }

    @Test func `a fresh token in time keeps the connection`() {
        var scene = SessionScene(.after(0))
        scene.logIn(expiresIn: .seconds(20))
        scene.answerReads()
        scene.say(#"{"type":"auth","token":"t-2"}"#)
        scene.answerCheck(.success(SessionScene.client(expiresIn: .seconds(3_600))))
        scene.wait(.seconds(25))
        #expect(scene.closed == nil)
        #expect(scene.story == ["authenticated", "live 0", "authenticated"])
    }

    @Test func `a fresh token of somebody else ends the connection`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.say(#"{"type":"auth","token":"t-2"}"#)
        scene.answerCheck(.success(SessionScene.client("user-8")))
        #expect(scene.closed == .otherUser)
    }

    @Test(arguments: [
        "", "{", "[]", "7", #"{"type":7}"#, #"{"type":"listen"}"#, #"{"type":"auth"}"#, #"{"type":"auth","token":""}"#,
        #"{"type":"auth","token":7}"#, #"{"type":"resume","after":-1}"#, #"{"type":"resume","after":1.5}"#,
        #"{"type":"resume","after":"1"}"#, #"{"type":"resume","after":9007199254740992}"#,
    ])
    func `a message that cannot be read ends the connection with the reason`(text: String) {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.say(text)
        #expect(scene.closed?.code == 4400)
        #expect((scene.closed?.text.utf8.count ?? 0) > 10)
    }

    @Test func `who says too much is stopped`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        for _ in 0..<40 { scene.say(#"{"type":"ping"}"#) }
        #expect(scene.closed == nil)
        scene.wait(.seconds(1))
        for _ in 0..<10 { scene.say(#"{"type":"ping"}"#) }
        #expect(scene.closed == nil)
        scene.say(#"{"type":"ping"}"#)
        #expect(scene.closed == .tooManyMessages)
    }

    @Test func `ping frames are answered with what they brought, and count as messages`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.run { $0.receivedPing(ByteBuffer(string: "hello"), now: $1) }
        #expect(scene.pongs == ["hello"])
        for _ in 0..<50 { scene.run { $0.receivedPing(ByteBuffer(), now: $1) } }
        #expect(scene.closed == .tooManyMessages)
    }

    @Test func `a silent client is asked for a sign of life and cut off without one`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.answerReads()
        for _ in 0..<3 {
            scene.wait(.seconds(30))
            scene.answerReads()
            scene.run { $0.receivedPong(now: $1) }
        }
        #expect(scene.pings == 3)
        #expect(scene.closed == nil)
        scene.wait(.seconds(44))
        #expect(scene.closed == nil)
        scene.wait(.seconds(1))
        #expect(scene.closed == .silent)
    }

    @Test func `the client's goodbye is answered once`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.run { session, _ in session.receivedClose(nil) }
        #expect(scene.closed?.code == 1000)
        #expect(scene.isCut)
        scene.change()
        #expect(scene.numbers.isEmpty)
    }

    @Test func `the client's code is said back to it`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.run { session, _ in session.receivedClose(1001) }
        #expect(scene.closed?.code == 1001)
        #expect(scene.isCut)
    }

    @Test func `after our goodbye the client has a moment to answer, and nothing else is said`() {
        var scene = SessionScene(.after(0))
        scene.logIn()
        scene.run { $0.close(.goingAway, now: $1) }
        scene.change()
        scene.say(#"{"type":"ping"}"#)
        scene.answerReads()
        #expect(scene.closed == .goingAway)
        #expect(scene.story == ["authenticated"])
        #expect(!scene.isCut)
        scene.wait(.seconds(2))
        #expect(scene.isCut)
    }

    @Test func `a reason fits into a close frame, whatever its text`() {
        #expect(CloseReason(4400, String(repeating: "ö", count: 100)).text.utf8.count == 122)
    }
}
