import KubernetesModel
import TestSupport
import Testing

@testable import TodoPlatformAPI

/// The API server goes by the patterns, the operator by functions: both must say the same.
struct FormatTests {
    static let formats: [(String, Format)] = [
        ("dnsLabel", .dnsLabel), ("objectName", .objectName), ("platformName", .platformName),
        ("secretKey", .secretKey),
        ("hostName", .hostName), ("hostAndPort", .hostAndPort), ("registry", .registry), ("repository", .repository),
        ("imageTag", .imageTag), ("digest", .digest), ("topicName", .topicName), ("kafkaVersion", .kafkaVersion),
        ("listenerName", .listenerName), ("volumeSize", .volumeSize), ("heap", .heap), ("rate", .rate), ("url", .url),
        ("keySetURL", .keySetURL),
        ("oneLine", .oneLine), ("mailAddress", .mailAddress), ("environmentName", .environmentName),
        ("labelKey", .labelKey),
        ("labelValue", .labelValue), ("kafkaSetting", .kafkaSetting), ("networkRange", .networkRange),
    ]

    @Test(arguments: formats.map(\.0))
    func `function and pattern agree`(name: String) throws {
        let format = try #require(Self.formats.first { $0.0 == name }?.1)
        let expression = try Regex(try #require(format.pattern))
        var random = SeededGenerator(seed: 7)
        var accepted = 0
        for text in Self.texts + (0..<1500).map({ _ in Self.nearMiss(&random) }) {
            // Length is bounded apart from the pattern; names of labels have a second bound within.
            guard format.lengths.contains(text.unicodeScalars.count), text.utf8.count < 60 || name == "digest" else {
                continue
            }
            let matches = try expression.wholeMatch(in: text) != nil
            #expect(format.accepts(text) == matches, "\(name): \(text.debugDescription)")
            if matches { accepted += 1 }
        }
        #expect(accepted > 0)
        #expect(format.example.isEmpty || name == "digest" || format.accepts(format.example))
        #expect(!format.accepts(String(repeating: "a", count: format.lengths.upperBound + 1)))
    }

    /// The services refuse the same ones when they start.
    @Test(arguments: [
        ("https://id.example.com:8443/keys", true), ("http://id.auth.svc/keys", true),
        ("http://id.auth.svc.cluster.local:80/k", true), ("http://localhost:8080/keys", true),
        ("http://[::1]:80/k", true), ("http://id.example.com/keys", false), ("http://localhost.evil.example/k", false),
        ("http://localhost@evil.example/k", false), ("http://evil.example/.svc", false), ("https://", false),
    ])
    func `keys come over TLS, or from near by`(url: String, isAccepted: Bool) {
        #expect(Format.keySetURL.accepts(url) == isAccepted)
    }

    @Test func `amounts: function and pattern agree, and all of them can be computed with`() throws {
        let schema = FieldType<Quantity>.quantity.schema(nil, SchemaOptions())
        let expression = try Regex(try #require(schema["pattern"]?.string))
        var random = SeededGenerator(seed: 11)
        let digits = [
            "0", "1", "9", "42", "999999", "1234567", "999999999", "999999999999999", ".5", ".125", ".1234", "m", "k",
            "M", "G", "Ki", "Mi", "Gi", "Ti", "-", "e3", "",
        ]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...3, using: &random)).map { _ in digits.randomElement(using: &random) ?? ""
            }.joined()
            let matches = try expression.wholeMatch(in: text) != nil
            #expect(Format.isQuantity(text) == matches, "\(text)")
            if matches { #expect(Quantity(text) != nil, "\(text)") }
        }
    }

    @Test func `time spans: function and pattern agree`() throws {
        let expression = try Regex("^\(TimeSpan.pattern)$")
        var random = SeededGenerator(seed: 13)
        let parts = ["1", "30", "999999", "1000000", "h", "m", "s", "ms", "d", "-", ".", ""]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in parts.randomElement(using: &random) ?? ""
            }.joined()
            let matches = try expression.wholeMatch(in: text) != nil
            #expect((TimeSpan(text) != nil) == matches, "\(text)")
        }
        #expect(TimeSpan("1h30m")?.milliseconds == 5_400_000)
        #expect(TimeSpan("500ms")?.seconds == 1)
    }

    private static let texts = [
        "", "a", "A", "1", "-", ".", "_", "a-b", "a.b", "a..b", "-a", "a-", "a.-b", "a_b", "a/b", "/a", "a/", "a//b",
        "a:1", "a:123456", "a:b:1", "a.b/c.d",
        "0.5", "1.0", "1.1", "2", "4.2", "4.2.0", "4.2.0.1", "50Gi", "050Gi", "50G", "1Ti", "768m", "2g", "g", "x@y",
        "x@y@z", "@y", "x@", "x y@z",
        "http://localhost", "http://localhost:80/k", "http://localhost:/k", "http://localhost.a/k",
        "http://127.0.0.1?k",
        "http://[::1]", "http://[::1]:8080/k", "http://[::2]/k", "http://[a].svc", "http://id.a.svc", "http://.svc",
        "http://id.a.svc:123456", "http://id.a.svc.cluster.local:80#k", "http://u@id.a.svc/k", "http://a/.svc",
        "http://a@b.svc", "https://", "http://a.svc:80@b/k", "http://a.svc/ k",
        "http://", "http://a", "https://a b", "ftp://a", "10.0.0.0/8", "::/0", "/8", "10.0.0.0/",
        "sha256:" + String(repeating: "0a", count: 32),
        "sha256:" + String(repeating: "g", count: 64), "LOG_LEVEL", "1A", "_", "a\n", "\na", "a\nb", "é", "a\u{0}", " ",
        "a ", "message.max.bytes",
    ]

    private static func nearMiss(_ random: inout SeededGenerator) -> String {
        let pieces = [
            "a", "b9", "Z", "0", "1", "Gi", "m", ".", "-", "_", "/", ":", "@", " ", "\n", "sha256:", "https://", "9092",
            "é", "http://", "localhost", "[::1]", "[", ".svc", ".cluster.local", "?",
        ]
        return (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }
}
