import Crypto
import FoundationEssentials
import Logging
import ServiceHarness
import Synchronization
import TaskDomain
import TestKit
import Testing
import WireValues

@testable import ServiceKit

/// Tokens that PyJWT made (`Data/make-tokens.py`): another program's idea of what is right and wrong.
struct TokenTests {
    private let samples: TokenSamples
    private let now: Timestamp

    init() throws {
        samples = try TokenSamples()
        now = samples.now
    }

    private func authenticator(
        keys: [UInt8]? = nil, secret: String? = nil, fetches: Signal = Signal()
    ) -> Authenticator {
        let document = keys ?? samples["keys"].bytes
        let source = KeySource(clock: ManualClock(), elapsed: Elapsed().read, logger: quiet) {
            fetches.raise()
            return document
        }
        return Authenticator(
            .tokens(
                TokenRules(issuer: samples.text("issuer"), audience: samples.text("audience")),
                secret: .hmac(SymmetricKey(data: Data((secret ?? samples.text("secret")).utf8))), keys: source),
            now: { [now] in now })
    }

    @Test(arguments: try TokenSamples().accepted)
    func `a token as it should be says who it is`(sample: TokenSamples.Sample) async throws {
        let identity = try await authenticator().identity(bearer: sample.token)
        #expect(identity.userID == "user-7")
        #expect(identity.token == sample.token)
        let isClient = sample.name == "for the user by a client"
        #expect(identity.actor.id == (isClient ? "agent-1" : "user-7"))
        #expect(identity.actor.kind == (isClient ? .mcp : .user))
    }

    @Test(arguments: try TokenSamples().refused)
    func `a token that is wrong is refused, and why`(sample: TokenSamples.Sample) async throws {
        let problem = await #expect(throws: Problem.self) {
            _ = try await self.authenticator().identity(bearer: sample.token)
        }
        #expect(problem?.status == 401)
        #expect(problem?.code == sample.code)
        #expect(problem?.headers.contains { $0.name == "WWW-Authenticate" } == true)
        // What was sent is not sent back: it may be a token that is good elsewhere.
        if sample.token.utf8.count > 8 { #expect(problem?.json.text.contains(sample.token) == false) }
    }

    @Test func `any single bit changed anywhere makes a token worthless`() async throws {
        var generator = SeededGenerator(seed: 7)
        let authenticator = authenticator()
        let token = try #require(samples.accepted.first { $0.name.hasPrefix("ES256") }).token
        for _ in 0..<300 {
            var bytes = Array(token.utf8)
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[index] ^= 1 << UInt8.random(in: 0..<7, using: &generator)
            let changed = String(decoding: bytes, as: UTF8.self)
            await #expect(throws: Problem.self, "seed 7: \(changed)") {
                _ = try await authenticator.identity(bearer: changed)
            }
        }
    }

    @Test func `without keys only the secret counts, and without a secret only keys`() async throws {
        let rules = TokenRules(issuer: nil, audience: "todo")
        let byKey = try #require(samples.accepted.first { $0.name.hasPrefix("RS256") }).token
        let bySecret = try #require(samples.accepted.first { $0.name.hasPrefix("HS256") }).token
        let nothing = Authenticator(.tokens(rules, secret: nil, keys: nil), now: { [now] in now })
        for token in [byKey, bySecret] {
            let problem = await #expect(throws: Problem.self) { _ = try await nothing.identity(bearer: token) }
            #expect(problem?.code == "token_algorithm")
        }
    }

    // MARK: Rotation

    @Test func `a key that is new at the issuer is found by one look, and inventing ids causes no more`() async throws {
        let elapsed = Elapsed()
        let documents = Documents([samples["keys"].bytes, samples["rotated"].bytes, samples["without_old"].bytes])
        let source = KeySource(clock: ManualClock(), elapsed: elapsed.read, logger: quiet) { try documents.next() }
        #expect(try await source.key("rsa-1") != nil)
        #expect(documents.count == 1)
        // Within half a minute an unknown id is just unknown, however often.
        for _ in 0..<100 { #expect(try await source.key("rsa-2") == nil) }
        #expect(documents.count == 1)
        elapsed.advance(by: .seconds(31))
        #expect(try await source.key("rsa-2") != nil)
        #expect(documents.count == 2)
        // The old key is still in the set: tokens signed with it stay good.
        #expect(try await source.key("rsa-1") != nil)
        elapsed.advance(by: .seconds(31))
        #expect(try await source.key("rsa-9") == nil)
        #expect(documents.count == 3)
        // It left the set, and so it is gone.
        #expect(try await source.key("rsa-1") == nil)
    }

    @Test func `a token that was accepted is so no longer than its key`() async throws {
        let elapsed = Elapsed()
        let documents = Documents([samples["keys"].bytes, samples["without_old"].bytes])
        let source = KeySource(clock: ManualClock(), elapsed: elapsed.read, logger: quiet) { try documents.next() }
        let authenticator = Authenticator(
            .tokens(
                TokenRules(issuer: samples.text("issuer"), audience: samples.text("audience")), secret: nil,
                keys: source), now: { [now] in now })
        let token = try #require(samples.accepted.first { $0.name.hasPrefix("RS256") }).token
        for _ in 0..<3 { #expect(try await authenticator.identity(bearer: token).token == token) }
        elapsed.advance(by: .seconds(31))
        #expect(try await source.key("unknown") == nil)
        let problem = await #expect(throws: Problem.self) { _ = try await authenticator.identity(bearer: token) }
        #expect(problem?.code == "token_key")
    }

    @Test func `a token that was accepted is refused when it has expired, and before it holds`() async throws {
        let time = Mutex(Timestamp(seconds: 1_800_000_000))
        let authenticator = Authenticator(
            .tokens(
                TokenRules(issuer: nil, audience: TestTokens.audience),
                secret: .hmac(SymmetricKey(data: Data(TestTokens.secret.utf8))), keys: nil),
            now: { time.withLock { $0 } })
        let token = TestTokens.token(
            "user-7", now: time.withLock { $0 }, claims: JSONObject([("nbf", .integer(1_800_000_000))]))
        for _ in 0..<2 { #expect(try await authenticator.identity(bearer: token).userID == "user-7") }
        // An hour, and half a minute for clocks that are apart.
        let moments: [(seconds: Int64, code: String?)] = [
            (3_629, nil), (3_630, "token_expired"), (3_629, nil), (-30, nil), (-31, "token_early"),
        ]
        for moment in moments {
            time.withLock { $0 = Timestamp(seconds: 1_800_000_000 + moment.seconds) }
            var code: String?
            do throws(Problem) {
                _ = try await authenticator.identity(bearer: token)
            } catch {
                code = error.code
            }
            #expect(code == moment.code, "after \(moment.seconds) s")
        }
    }

    @Test func `of any number of tokens only so many are remembered, the latest among them`() {
        let known = KnownTokens()
        let now = Timestamp(seconds: 1_800_000_000)
        let entry = KnownTokens.Entry(
            userID: "u", actor: Actor(kind: .user, id: "u"), validity: now..<now.advanced(by: .seconds(60)),
            expiresAt: now.advanced(by: .seconds(60)), generation: 0)
        for number in 0..<10_000 { known.keep(entry, KnownTokens.digest("token \(number)")) }
        let kept = (0..<10_000).filter {
            known.entry(KnownTokens.digest("token \($0)"), now: now, generation: 0) != nil
        }
        #expect(kept.count <= 2 * KnownTokens.halfLimit)
        #expect(kept.last == 9_999)
    }

    @Test func `an issuer that does not answer takes no key away`() async throws {
        let elapsed = Elapsed()
        let documents = Documents([samples["keys"].bytes])
        let source = KeySource(clock: ManualClock(), elapsed: elapsed.read, logger: quiet) { try documents.next() }
        #expect(try await source.key("rsa-1") != nil)
        elapsed.advance(by: .seconds(31))
        #expect(try await source.key("rsa-2") == nil)
        #expect(documents.count == 2)
        #expect(try await source.key("rsa-1") != nil)
    }

    @Test func `before there is any key nobody is refused for good`() async throws {
        let elapsed = Elapsed()
        let documents = Documents([])
        let source = KeySource(clock: ManualClock(), elapsed: elapsed.read, logger: quiet) { try documents.next() }
        let problem = await #expect(throws: Problem.self) { _ = try await source.key("rsa-1") }
        #expect(problem?.status == 503)
        #expect(problem?.headers.contains { $0.name == "Retry-After" } == true)
        elapsed.advance(by: .seconds(2))
        documents.add(samples["keys"].bytes)
        #expect(try await source.key("rsa-1") != nil)
    }

    @Test(.timeLimit(.minutes(1))) func `many who ask at once cause one look`() async throws {
        let hold = Signal()
        let looks = Signal()
        let document = samples["keys"].bytes
        let source = KeySource(clock: ManualClock(), elapsed: Elapsed().read, logger: quiet) {
            looks.raise()
            await hold.wait(beyond: 0)
            return document
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await source.key("ec-1") != nil } }
            await looks.wait(beyond: 0)
            hold.raise()
            for try await found in group { #expect(found) }
        }
        #expect(looks.count == 1)
    }

    @Test(arguments: ["", "{}", "[]", #"{"keys":{}}"#, #"{"keys":[\#(String(repeating: "{},", count: 70)){}]}"#])
    func `a document that is no key set changes nothing`(text: String) throws {
        #expect(throws: KeySet.Unreadable.self) { try KeySet(parsing: Array(text.utf8)) }
    }
}

private final class Elapsed: Sendable {
    private let state = Mutex(Duration.zero)
    @Sendable func read() -> Duration { state.withLock { $0 } }
    func advance(by duration: Duration) { state.withLock { $0 += duration } }
}

/// Hands out documents in turn; an error when there is none.
private final class Documents: Sendable {
    struct None: Error {}
    private let state: Mutex<(rest: [[UInt8]], count: Int)>

    init(_ documents: [[UInt8]]) { state = Mutex((documents, 0)) }
    var count: Int { state.withLock { $0.count } }
    func add(_ document: [UInt8]) { state.withLock { $0.rest.append(document) } }

    func next() throws -> [UInt8] {
        try state.withLock { state in
            state.count += 1
            guard !state.rest.isEmpty else { throw None() }
            return state.rest.removeFirst()
        }
    }
}
