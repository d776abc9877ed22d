import KubernetesModel
import TestSupport
import Testing
import TodoPlatformAPI

struct YAMLTests {
    @Test func `objects and lists are written in blocks, as kubectl prints them`() {
        let value: JSON = [
            "kind": "Deployment",
            "spec": [
                "replicas": 2, "paused": false, "selector": [:], "volumes": [], "ratio": 0.5, "nothing": .null,
                "containers": [["name": "api", "args": ["serve", "--port=8080"]], ["name": "daprd"]],
                "matrix": [[1, 2], [3]],
            ],
        ]
        #expect(
            value.yaml == """
                kind: Deployment
                spec:
                  replicas: 2
                  paused: false
                  selector: {}
                  volumes: []
                  ratio: 0.5
                  nothing: null
                  containers:
                  - name: api
                    args:
                    - serve
                    - "--port=8080"
                  - name: daprd
                  matrix:
                  -
                    - 1
                    - 2
                  -
                    - 3

                """)
    }

    @Test(arguments: [
        // What somebody could take for something else than text.
        "", "1", "1.5", "1e3", "0x1F", "0o17", "1_000", "12:30:45", "2024-01-01", "2024-01-01T00:00:00Z", ".5", ".inf",
        "-.inf", ".nan",
        "+1", "-", "~", "null", "Null", "true", "TRUE", "yes", "No", "on", "Off", "y", "N", "=", "<<",
        // Syntax.
        "- a", "? a", ": a", "a: b", "a:", "a #b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", "\"a\"",
        "{a}", "[a]", "a,b",
        "{{ .x }}", "${HOME}", "\\n", "a ", " a", "a\t",
        // Several lines.
        "a\nb", "a\nb\n", "a\n\n", "\na", "a\n b\n  c\n", " a\nb", "a\n\nb", "a\r\nb", "a\n  ", "a\n#b", "a\n---\nb",
        "\n", "a\n\tb",
        // Beyond ASCII, and invisible.
        "é", "漢字", "🙂", "\u{0}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}", "a\u{1B}[31m\nb",
    ])
    func `text stays the same text`(text: String) throws {
        #expect(try JSON(yaml: JSON.string(text).yaml) == .string(text))
        let value: JSON = ["a": [.string(text), ["b": .string(text)]], "c": ["d": .string(text)]]
        #expect(try JSON(yaml: value.yaml) == value, "\(value.yaml)")
        let key = Self.object(text, ["x": 1, "z": .array([Self.object(text, 2)])])
        #expect(try JSON(yaml: key.yaml) == key, "\(key.yaml)")
    }

    @Test func `several lines are a literal block`() {
        let value: JSON = ["data": ["rules.yaml": "groups:\n- name: todo\n", "note": "one\ntwo"]]
        #expect(
            value.yaml == """
                data:
                  rules.yaml: |
                    groups:
                    - name: todo
                  note: |-
                    one
                    two

                """)
    }

    @Test func `a very long key and a very long text survive`() throws {
        let long = String(repeating: "long ", count: 2000) + "end"
        let value = Self.object(long, .array([.string(long), Self.object(long, [1])]))
        #expect(try JSON(yaml: value.yaml) == value)
    }

    @Test(
        arguments: [0.1, 1e-7, -2.5e300, 1e21, 123456789.25, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
            as [Double])
    func `numbers stay numbers`(number: Double) throws {
        let value: JSON = ["n": .number(number)]
        #expect(try JSON(yaml: value.yaml) == value, "\(value.yaml)")
    }

    @Test(arguments: 0..<400 as Range<UInt64>)
    func `any value comes back from another YAML reader`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = random.json(depth: 5)
        #expect(try JSON(yaml: value.yaml) == value, "seed \(seed):\n\(value.yaml)")
    }

    private static func object(_ key: String, _ value: JSON) -> JSON { .object(JSONObject([(key, value)])) }

    @Test func `documents are parted`() {
        #expect(JSON.yaml(documents: [["a": 1], ["b": 2]]) == "a: 1\n---\nb: 2\n")
    }
}
