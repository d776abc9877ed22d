import FoundationEssentials
import KubernetesModel
import Testing

@testable import KubernetesClient

private func read(_ text: String) throws -> JSON { try YAMLReader.read(Array(text.utf8)).json }

@Suite struct YAMLReaderTests {
    @Test(arguments: [
        ("", "null"), ("# only a comment\n", "null"), ("---\n", "null"), ("{}", "{}"), ("a:", #"{"a":null}"#),
        ("a: 1\nb: x\n", #"{"a":1,"b":"x"}"#),
        ("a:\n  b:\n    c: d\n  e: f\n", #"{"a":{"b":{"c":"d"},"e":"f"}}"#),
        // kubectl writes lists as far left as their key.
        ("a:\n- x\n- y\nb: z\n", #"{"a":["x","y"],"b":"z"}"#),
        ("a:\n  - x\n  -   y\nb: z", #"{"a":["x","y"],"b":"z"}"#),
        ("- name: n\n  value: v\n- name: m\n", #"[{"name":"n","value":"v"},{"name":"m"}]"#),
        ("- - a\n  - b\n- c\n", #"[["a","b"],"c"]"#),
        ("-\n  a: 1\n-\n- b\n", #"[{"a":1},null,"b"]"#),
        // Types of plain scalars; quotes make text.
        (
            "[1, -2, 1.5, 1e3, true, False, null, ~, on, 1.2.3, \"1\", '2', +7]",
            #"[1,-2,1.5,1000,true,false,null,null,"on","1.2.3","1","2",7]"#
        ),
        ("url: https://host:6443/x?a=b#c", #"{"url":"https://host:6443/x?a=b#c"}"#),
        ("a: b # comment\nc: d#e", #"{"a":"b","c":"d#e"}"#),
        ("\"a b\": 'it''s'\n'c': \"\\t\\u00e4\\ud83d\\ude00\\/\"", #"{"a b":"it's","c":"\tä😀/"}"#),
        // Several lines.
        ("'it''s: x': \"b\\\": c\"", #"{"it's: x":"b\": c"}"#),
        ("a: one\n  two\n\n  three\nb: c", #"{"a":"one two\nthree","b":"c"}"#),
        ("a: \"one\n  two\\\n  three\"\n", #"{"a":"one twothree"}"#),
        ("a: \"one\\t\n  \\ two  \n  three\"", #"{"a":"one\t  two three"}"#),
        ("a: |\n  x\n   y\n\n  z\nb: 1", #"{"a":"x\n y\n\nz\n","b":1}"#),
        ("a: |-\n  x\n\n", #"{"a":"x"}"#), ("a: |+\n  x\n\n", #"{"a":"x\n\n"}"#),
        ("a: >\n  x\n  y\n\n  z\n", #"{"a":"x y\nz\n"}"#), ("a: |2\n   x\n", #"{"a":" x\n"}"#),
        ("- |\n  x\n- y", #"["x\n","y"]"#),
        ("{a: [x, {b: c}], 'd': \"e\", f: , }", #"{"a":["x",{"b":"c"}],"d":"e","f":null}"#),
        ("{\n  \"a\":1, # one\n\t\"b\":[\n1\n]}", #"{"a":1,"b":[1]}"#),
        ("a: b\r\nc:\r\n  d: e\r\n", #"{"a":"b","c":{"d":"e"}}"#),
        ("\u{FEFF}a: b", #"{"a":"b"}"#), ("---\na: b\n...\n", #"{"a":"b"}"#), ("plain text", #""plain text""#),
        ("a: - b", #"error"#),
    ])
    func `what kubeconfig files contain is read as YAML 1.2 says`(text: String, expected: String) throws {
        if expected == "error" {
            #expect(throws: YAMLError.self) { try read(text) }
        } else {
            #expect(try read(text) == JSON(parsing: expected))
        }
    }

    @Test(arguments: [
        ("a: *x", "line 1: anchors and aliases"), ("a: &x b", "line 1: anchors"), ("\na: !!str b", "line 2: tags"),
        ("? a\n: b", "explicit keys"), ("a: b\n---\nc: d", "second document"), ("%YAML 1.2\n---\na: b", "directives"),
        ("a: b\na: c", "occurs twice"), ("{a: 1, a: 2}", "occurs twice"), ("a:\n\tb: c", "a tab is used"),
        ("a: b: c", "quote the value"), ("a: b\n  c: d", "indentation"), ("a:\n    b: c\n  d: e", "indentation"),
        ("- a\n  - b: c\nd: e", ""), ("a: \"x", "never closed"), ("a: [1, 2", "never closed"),
        ("a: {b", "never closed"),
        ("a: \"\\q\"", "unknown escape"), ("a: \"\\ud800\"", "escape"), ("a: [1 2, }]", ""),
        ("a: 'b' c", "after a value"),
        ("a: @b", "cannot start"), ("a\nb: c", ""), ("a: |x\n  b", "malformed block"),
    ])
    func `what is not understood is refused with its line`(text: String, reason: String) throws {
        let error = #expect(throws: YAMLError.self) { try read(text) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    /// Large files that others wrote, with every kind of scalar.
    @Test func `the project's CRD files are read`() throws {
        var folder = URL(filePath: #filePath)
        folder.deleteLastPathComponent()
        folder.deleteLastPathComponent()
        folder.append(path: "Data/crds")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }
        #expect(names.count > 15)
        for name in names {
            let text = try Data(contentsOf: folder.appending(path: name))
            let json = try YAMLReader.read(Array(text)).json
            #expect(json["kind"]?.string == "CustomResourceDefinition", "\(name)")
        }
    }

    @Test func `hostile texts end in an error, soon`() throws {
        let deepFlow = String(repeating: "[", count: 200_000)
        let deepBlock = (0..<2_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        let deepEntries = String(repeating: "- ", count: 100_000)
        let bomb = "a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]"
        for text in [deepFlow, deepBlock, deepEntries, bomb, "a: \u{0}\n\tb", String(repeating: "{a: ", count: 90)] {
            #expect(throws: YAMLError.self) { try read(text) }
        }
        #expect(throws: YAMLError.self) { try YAMLReader.read([0x61, 0x3A, 0x20, 0xFF]) }
    }

    @Test func `cutting or changing a text anywhere never crashes the reader`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        let text = Array(
            """
            apiVersion: v1
            clusters:
            - cluster: {server: "https://x\\u00e4", insecure-skip-tls-verify: true}
              name: 'a'
            users:
              - name: |
                  lines
                user: >-
                  folded
                  text # no comment
            """.utf8)
        for end in 0...text.count { _ = try? YAMLReader.read(Array(text[..<end])) }
        for _ in 0..<5_000 {
            var changed = text
            for _ in 0...Int(random.next() % 4) {
                let place = Int(random.next() % UInt64(changed.count))
                changed[place] = Array("\n\t\r :-#'\"[]{},|>&*!%@`\\x".utf8)[Int(random.next() % 24)]
            }
            // Both outcomes are fine; a trap or an endless loop is not.
            _ = try? YAMLReader.read(changed)
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
