import TestKit
import Testing
import WireValues

@Suite struct JSONTests {
    @Test(arguments: [
        ("null", JSON.null), ("true", .bool(true)), ("-0", .integer(0)), ("12", .integer(12)),
        ("9223372036854775807", .integer(.max)),
        ("1e3", .integer(1000)), ("0.5", .number(0.5)),
        (#""a\"b\\c\n\u00e9\ud83d\ude00""#, .string("a\"b\\c\n\u{e9}\u{1F600}")),
        ("[ ]", .array([])), ("{ }", .object(JSONObject())), ("[1,[2,{\"a\":null}]]", .array([1, [2, ["a": .null]]])),
        // beyond 64 bits: kept as a floating-point number
        ("9223372036854775808", .number(9_223_372_036_854_775_808)),
    ])
    func `well-formed text is read`(text: String, expected: JSON) throws {
        #expect(try JSON(parsing: text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "1.", ".5", "1e", "-", "+1", "\"a", "\"\u{1}\"", #""\x""#, #""\u12""#,
        #""\ud800""#, #""\ud800\u0041""#, "[1", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "1 2",
        "NaN", "Infinity", "1e999", "'a'", "{\"a\":1}}",
    ])
    func `malformed text is refused`(text: String) {
        #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONParseError.self) { try JSON(parsing: bytes) }
        }
    }

    @Test func `nesting is bounded, also in parts that are skipped`() {
        let deep = String(repeating: "[", count: 100_000)
        let refusal = #expect(throws: JSONParseError.self) { try JSON(parsing: deep) }
        #expect(refusal?.reason == .tooDeep)
        #expect(refusal?.offset == 128)
        #expect(throws: JSONParseError.self) {
            try JSON(parsing: Array("{\"managedFields\":\(deep)".utf8), skipping: ["managedFields"])
        }
        let fits = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect((try? JSON(parsing: fits)) != nil)
    }

    @Test func `the last of equal keys counts`() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":2,"a":3}"#) == ["a": 3, "b": 2])
    }

    @Test func `skipped members are left out at every depth`() throws {
        let text = #"{"metadata":{"managedFields":[{"f:spec":{"x":[1,"]}"]}}],"name":"a"},"managedFields":1}"#
        let value = try JSON(parsing: Array(text.utf8), skipping: ["managedFields"])
        #expect(value == ["metadata": ["name": "a"]])
    }

    @Test func `an object that is kept as text is the text that came, and other values are built`() throws {
        let text = #"[{"data": { "a" : "ö\"}" , "data":[1,{}]} },{"data":[1]},{"data":"x"}]"#
        let value = try JSON(parsing: Array(text.utf8), keepingText: ["data"])
        #expect(value == [["data": #"{ "a" : "ö\"}" , "data":[1,{}]}"#], ["data": [1]], ["data": "x"]])
    }

    @Test func `what is skipped or kept as text is as strictly checked as what is built`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\":,\\ue0123456789-+.tfnrls \u{7f}".utf8) + [0xC3, 0xA9, 0xF0, 0x00]
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = random.json(depth: 3).bytes
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let whole = Array(#"{"data":{"x":"#.utf8) + bytes + Array("}}".utf8)
            let isAccepted = (try? JSON(parsing: whole)) != nil
            if isAccepted { accepted += 1 }
            #expect(((try? JSON(parsing: whole, skipping: ["data"])) != nil) == isAccepted, "seed \(seed), \(bytes)")
            let kept = try? JSON(parsing: whole, keepingText: ["data"])
            #expect((kept != nil) == isAccepted, "seed \(seed), \(bytes)")
            if isAccepted, let text = kept?["data"]?.string {
                #expect((try? JSON(parsing: text)) == (try? JSON(parsing: whole))?["data"], "seed \(seed), \(bytes)")
            }
        }
        #expect(accepted > 1_000 && accepted < 20_000, "seed \(seed): \(accepted) were accepted")
    }

    @Test func `equality ignores the order of members, canonical bytes too`() {
        let one: JSON = ["a": 1, "b": ["x": true, "y": .null]]
        let other: JSON = ["b": ["y": .null, "x": true], "a": 1.0]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one.canonicalBytes == other.canonicalBytes)
        #expect(one.bytes != other.bytes)
    }

    @Test func `large whole numbers are written without exponent`() {
        // 7 days in milliseconds: Kafka takes 6.048e8 for text.
        #expect(JSON(604_800_000.0).text == "604800000")
        #expect(JSON(0.25).text == "0.25")
        #expect(JSON(Double.nan).text == "null")
    }

    @Test func `characters that YAML readers refuse or fold are escaped`() {
        let text: JSON = "\u{7f}\u{85}\u{2028}\u{feff}é"
        #expect(text.text == #""\u007f\u0085\u2028\ufeffé""#)
    }

    @Test func `what was written before stands where it belongs`() throws {
        let inner: JSON = ["title": "a \"quoted\" one", "n": 1]
        let outer: JSON = ["id": "x", "data": ["before": true, "task": .null, "after": -5], "last": 2]
        let expected: JSON = ["id": "x", "data": ["before": true, "task": inner, "after": -5], "last": 2]
        #expect(outer.bytes(with: inner.bytes, at: ["data", "task"]) == expected.bytes)
        #expect(outer.bytes(with: inner.bytes, at: []) == inner.bytes)
    }

    @Test(arguments: [0, 7, -7, 10, 1_234_567_890, Int64.max, Int64.min])
    func `integers are written digit by digit`(number: Int64) {
        #expect(JSON.integer(number).text == String(number))
    }

    @Test func `what is written is read back the same`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let value = random.json(depth: 4)
            #expect(try JSON(parsing: value.bytes) == value, "seed \(seed)")
            #expect(try JSON(parsing: Array(value.prettyText.utf8)) == value, "seed \(seed)")
        }
    }

    @Test func `no bytes whatever make the parser crash`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\":,\\ue0123456789-+.tfnrls \u{7f}".utf8) + [0xC3, 0xA9, 0xF0, 0x00]
        var accepted = 0
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            if let value = try? JSON(parsing: bytes) {
                accepted += 1
                #expect((try? JSON(parsing: value.bytes)) == value, "seed \(seed), bytes \(bytes)")
            }
        }
        #expect(accepted > 0, "seed \(seed): no text was valid, so nothing was compared")
    }

    @Test func `members are set, replaced and removed by path`() {
        var value: JSON = ["metadata": ["name": "a"]]
        value[path: ["metadata", "labels", "tier"]] = "web"
        value[path: ["metadata", "name"]] = "b"
        #expect(value == ["metadata": ["name": "b", "labels": ["tier": "web"]]])
        value[path: ["metadata", "labels"]] = nil
        #expect(value == ["metadata": ["name": "b"]])
        value["metadata"]?["name"] = nil
        #expect(value == ["metadata": [:]])
    }
}

extension SeededGenerator {
    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &self))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &self))
        case 4: return .string(text())
        case 5: return .array((0..<Int.random(in: 0...4, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            return .object(
                JSONObject((0..<Int.random(in: 0...4, using: &self)).map { _ in (text(), json(depth: depth - 1)) }))
        }
    }

    private mutating func text() -> String {
        let scalars: [Unicode.Scalar] = ["a", "Z", "\"", "\\", "\n", "\u{0}", "\u{1F}", "é", "😀", "/", "\u{2028}"]
        var text = ""
        for _ in 0..<Int.random(in: 0...6, using: &self) {
            text.unicodeScalars.append(scalars[Int.random(in: 0..<scalars.count, using: &self)])
        }
        return text
    }
}
