import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import Telemetry

/// What was logged, line by line.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    let levels: LogLevels

    init(levels: LogLevels = LogLevels(.trace)) { self.levels = levels }

    var all: [String] { lines.withLock { $0 } }

    func logger(_ label: String = "test", provider: Logger.MetadataProvider? = nil) -> Logger {
        Logger(label: label) { label in
            JSONLogHandler(
                label: label, levels: self.levels, metadataProvider: provider, now: { 1_772_730_000_042 },
                write: { line in self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } })
        }
    }
}

struct LogTests {
    @Test func `a statement is one line of JSON with its metadata in the order of the keys`() {
        let lines = Lines()
        var logger = lines.logger(
            "reconciler", provider: Logger.MetadataProvider { ["trace.id": "t1", "b": "from the provider"] })
        logger[metadataKey: "b"] = "from the logger"
        logger[metadataKey: "name"] = "shop"
        logger.warning(
            "Reconcile failed",
            metadata: [
                "name": "other", "attempt": .stringConvertible(3), "final": .stringConvertible(false),
                "seconds": .stringConvertible(0.5), "kinds": ["Job", ["z": "1", "a": "2"]], "level": "mine",
            ])
        #expect(
            lines.all == [
                #"{"ts":"2026-03-05T17:00:00.042Z","level":"warning","logger":"reconciler","msg":"Reconcile failed","#
                    + #""attempt":3,"b":"from the provider","final":false,"kinds":["Job",{"a":"2","z":"1"}],"#
                    + #""level_":"mine","name":"other","seconds":0.5,"trace.id":"t1"}"# + "\n"
            ])
    }

    /// Each of these has tried to end a line, a string or an object, or to redraw a terminal, somewhere.
    static let hostile = [
        "\",\"level\":\"fake", "line\nbreak\r\n{\"ts\":1}", "\u{0}\u{1}\u{1B}[2J\u{7F}\u{85}\u{9B}31m",
        "\u{2028}\u{2029}", "\u{202E}txt.exe\u{2066}", "\\", "\\\"", "${jndi:ldap://x}", "\u{FEFF}bom",
        "日本語 🦜 é e\u{301}",
        "</script>", "\t",
    ]

    @Test(arguments: hostile) func `no text breaks out of its string, and none is changed`(text: String) throws {
        let lines = Lines()
        lines.logger(text).info("\(text)", metadata: [text: "\(text)"])
        let line = try #require(lines.all.first)
        #expect(lines.all.count == 1)
        #expect(line.hasSuffix("}\n"))
        let unseen = line.dropLast().unicodeScalars.filter {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .lineSeparator
                || $0.properties.generalCategory == .paragraphSeparator || $0.properties.isBidiControl
        }
        #expect(unseen.isEmpty)
        let members = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        // Equal strings may be written in different ways in Unicode: compare the bytes.
        for value in [members["msg"], members["logger"], members[text]] {
            #expect(value.map { Array($0.utf8) } == Array(text.utf8))
        }
        #expect(members.count == 5)
    }

    @Test(arguments: [
        "token", "api.token", "accessToken", "password", "db_password", "Authorization", "http.authorization",
        "client_secret", "secret", "credentials", "apiKey", "private_key",
    ])
    func `what stands under a secret's name is masked, at any depth`(key: String) throws {
        let lines = Lines()
        lines.logger().info(
            "Connected",
            metadata: [key: "canary-1", "outer": [key: ["inner": "canary-2"]], "list": [[key: "canary-3"]]])
        let line = try #require(lines.all.first)
        #expect(!line.contains("canary"))
        #expect(line.contains(#""\#(key)":"***""#))
    }

    @Test func `the name of a Secret is not masked`() {
        let lines = Lines()
        lines.logger().info("Secret is missing", metadata: ["secret.name": "database", "secret.key": "url"])
        #expect(lines.all.first?.contains(#""secret.key":"url","secret.name":"database""#) == true)
    }

    @Test func `an error is written with the statement`() {
        struct Refused: Error, CustomStringConvertible { let description = "refused: \"quota\"" }
        let lines = Lines()
        lines.logger().error("Apply failed", error: Refused())
        #expect(lines.all.first?.contains(#""error":"refused: \"quota\"""#) == true)
    }

    @Test func `a text as long as a manifest is cut`() throws {
        let lines = Lines()
        lines.logger().info("\(String(repeating: "é", count: 100_000))")
        let line = try #require(lines.all.first)
        #expect(line.utf8.count < LogLine.maximumTextBytes + 200)
        #expect(line.contains("… (200000 bytes)"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),  // a leap day in a century that has one
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),  // and a century without
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `timestamps are RFC 3339 with milliseconds`(milliseconds: Int64, text: String) {
        #expect(LogLine.timestamp(milliseconds) == text)
    }

    @Test func `lines of many tasks stay whole`() async throws {
        let lines = Lines()
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    let logger = lines.logger("task-\(task)")
                    for round in 0..<200 { logger.info("Round", metadata: ["round": "\(round)"]) }
                }
            }
        }
        #expect(lines.all.count == 1_600)
        for line in lines.all { _ = try JSONDecoder().decode([String: String].self, from: Data(line.utf8)) }
    }
}

struct LogLevelTests {
    /// A clock that a test moves.
    final class Elapsed: Sendable {
        private let value = Mutex(Duration.zero)
        var now: Duration { value.withLock { $0 } }
        func advance(by duration: Duration) { value.withLock { $0 += duration } }
    }

    @Test func `a changed level holds at once for loggers that exist already`() {
        let lines = Lines(levels: LogLevels(.info))
        let logger = lines.logger()
        logger.debug("not yet")
        lines.levels.set(.debug)
        logger.debug("now")
        #expect(lines.all.count == 1)
    }

    @Test func `a level set on one logger is its own`() {
        let lines = Lines(levels: LogLevels(.info))
        var quiet = lines.logger("quiet")
        let other = lines.logger("other")
        quiet.logLevel = .critical
        lines.levels.set(.trace)
        quiet.error("unheard")
        other.trace("heard")
        #expect(lines.all.count == 1)
    }

    @Test func `a temporary level ends by itself, a new one starts anew, a standing one ends it`() {
        let elapsed = Elapsed()
        let levels = LogLevels(.info, elapsed: { elapsed.now })
        levels.set(.debug, for: .seconds(600))
        #expect(levels.snapshot == .init(level: .debug, standing: .info, remaining: .seconds(600)))
        elapsed.advance(by: .seconds(599))
        levels.set(.trace, for: .seconds(10))
        #expect(levels.current == .trace)
        elapsed.advance(by: .seconds(10))
        #expect(levels.snapshot == .init(level: .info, standing: .info, remaining: nil))
        levels.set(.debug, for: .seconds(600))
        levels.set(.error)
        elapsed.advance(by: .seconds(700))
        #expect(levels.current == .error)
    }
}
