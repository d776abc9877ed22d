import KubernetesModel
import Testing

@testable import TodoctlCommands

/// The answers in these tables are those of kubectl 1.32 (`kubectl annotate --local -o json` on the same text).
@Suite struct ManifestTests {
    @Test(
        arguments: [
            ("yes", true), ("no", false), ("on", true), ("off", false), ("y", true), ("N", false), ("True", true),
            ("tRue", "tRue"), ("~", .null), ("null", .null), ("NULL", .null), (#""""#, ""), (#""yes""#, "yes"),
            ("'1'", "1"),
            ("010", 8), ("0o17", 15), ("0x1F", 31), ("-0x1F", -31), ("0b11", 3), ("1_000", 1000), ("1_", 1),
            ("_1", "_1"),
            ("+5", 5), ("-0", 0), ("-010", -8), ("08", 8), ("0777", 511), ("09.5", 9.5), ("1e3", 1000), ("1E+2", 100),
            (".5", 0.5), ("5.", 5), ("-.5", -0.5), ("1.0", 1), ("1e-7", 1e-7), ("12:30", "12:30"),
            ("2026-01-01", "2026-01-01"), ("100000000000000000000", 1e20),
            ("9223372036854775807", 9_223_372_036_854_775_807),
            ("1e400", "1e400"), ("+", "+"), ("=", "="), ("1Ki", "1Ki"), ("500m", "500m"), ("0.1.0", "0.1.0"),
            ("0b", "0b"),
            ("0x", "0x"), ("1e", "1e"), ("-.", "-."), (".", "."), ("inf", "inf"), ("nan", "nan"), ("!!str 5", "5"),
            (#"!!int "5""#, 5), (#"!!bool "yes""#, true), ("!foo x", "x"), (#""\u00e9""#, "é"), ("-1_000.5", -1000.5),
        ] as [(String, JSON)])
    func `a scalar means what it means to kubectl`(text: String, value: JSON) throws {
        #expect(try Self.value(text) == value, "\(text)")
    }

    @Test(
        arguments: [
            ("{1: a}", ["1": "a"]), ("{yes: a}", ["true": "a"]), ("{1.5: a}", ["1.5": "a"]), ("{0x10: a}", ["16": "a"]),
            ("{a: 1, <<: {b: 2, a: 3}}", ["a": 3, "b": 2]), ("{<<: {b: 2, a: 3}, a: 1}", ["a": 1, "b": 2]),
            ("{a: 1, <<: [{b: 2}, {b: 3, c: 4}]}", ["a": 1, "b": 2, "c": 4]),
            ("[&x {p: 1}, *x]", [["p": 1], ["p": 1]]), ("|\n    two\n    lines\n", "two\nlines\n"),
        ] as [(String, JSON)])
    func `keys, merges and aliases mean what they mean to kubectl`(text: String, value: JSON) throws {
        #expect(try Self.value(text) == value, "\(text)")
    }

    @Test(arguments: [
        (".inf", "no number that JSON can hold"), (".nan", "no number that JSON can hold"),
        ("{~: a}", "a key must be text"),
        ("{a: 1, a: 2}", "occurs twice"), ("[1, 2", "no valid YAML"), ("{[a]: b}", "a key must be text"),
        ("*nowhere", "undefined alias"),
    ])
    func `what kubectl refuses is refused with its line`(text: String, reason: String) throws {
        let error = try #require(throws: CommandError.self) { try Self.value(text) }
        #expect(error.what.contains(reason), "\(error)")
        #expect(error.what.hasPrefix("file.yaml:"), "\(error)")
        #expect(!error.remedy.isEmpty)
    }

    @Test func `every document of a stream is read, and a List is taken apart`() throws {
        let manifests = try Manifest.read(
            """
            # nothing but a comment
            ---
            kind: A
            metadata: {name: one}
            ---
            ---
            kind: ThingList
            items:
            - kind: B
              metadata:
                name: two
            - {kind: C}
            """, source: "file.yaml")
        #expect(manifests.map(\.object.kind) == ["A", "B", "C"])
        #expect(manifests.map(\.line) == [3, 9, 12])
        #expect(manifests[1].place(of: "metadata.name") == "file.yaml:11")
    }

    @Test func `a path leads to the line of its field, or of what is around it`() throws {
        let manifest = try #require(
            try Manifest.read(
                """
                kind: A
                spec:
                  list:
                  - name: x
                  - {name: y}
                  labels:
                    a.b/c: d
                """, source: "-"
            ).first)
        #expect(manifest.line(of: "spec.list[1].name") == 5)
        #expect(manifest.line(of: #"spec.labels["a.b/c"]"#) == 7)
        #expect(manifest.line(of: "spec.list[0].image.tag") == 4)
        #expect(manifest.line(of: "metadata.name") == 1)
    }

    @Test func `aliases that grow without bound are refused`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        let error = try #require(throws: CommandError.self) { try Manifest.read(text, source: "bomb.yaml") }
        #expect(error.what.contains("too large"))
    }

    private static func value(_ text: String) throws -> JSON {
        let manifest = try Manifest.read("kind: A\nspec:\n  v: \(text)\n", source: "file.yaml").first
        return manifest?.object.json["spec"]?["v"] ?? .null
    }
}
