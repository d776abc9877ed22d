import KubernetesModel
import Testing

@testable import ControllerRuntime

@Suite struct SplitterTests {
    private func lines(_ text: String, chunks: [[UInt8]], maximumBytes: Int = 100) -> [String] {
        var splitter = LineSplitter(maximumBytes: maximumBytes)
        return chunks.flatMap { splitter.split($0) }.map { line in
            switch line {
            case .complete(let bytes): String(decoding: bytes, as: UTF8.self)
            case .tooLong: "<too long>"
            }
        }
    }

    /// `bytes` cut at all places in `cuts`.
    private func pieces(_ bytes: [UInt8], _ cuts: [Int]) -> [[UInt8]] {
        zip([0] + cuts, cuts + [bytes.count]).map { Array(bytes[$0..<$1]) }
    }

    @Test(arguments: [
        ("a\nbb\n", ["a", "bb"]),
        ("\n\na\n\n", ["a"]),  // empty lines mean nothing
        ("a\nrest", ["a"]),  // a line that was cut off is not told
        ("", []),
        ("0123456789\n", ["0123456789"]),  // exactly as long as allowed
        ("0123456789x\nok\n", ["<too long>", "ok"]),
        ("ok\n0123456789012345678901234567890\nok\n", ["ok", "<too long>", "ok"]),
        ("é\n😀\n", ["é", "😀"]),  // cut in the middle of a character
    ])
    func `lines come out the same in whatever pieces they arrive`(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                #expect(lines(text, chunks: pieces(bytes, [first, second]), maximumBytes: 10) == expected)
            }
        }
        #expect(lines(text, chunks: bytes.map { [$0] }, maximumBytes: 10) == expected)
    }

    private func items(_ chunks: [[UInt8]]) throws -> (items: [String], envelope: JSON) {
        var splitter = ListSplitter()
        var items: [String] = []
        for chunk in chunks { items += try splitter.split(chunk).map { String(decoding: $0, as: UTF8.self) } }
        return (items, try splitter.finish())
    }

    @Test(arguments: [
        (
            #"{"kind":"L","items":[{"a":1},{"b":[{}]}],"metadata":{"resourceVersion":"7"}}"#,
            [#"{"a":1}"#, #"{"b":[{}]}"#]
        ),
        (#"{"metadata":{"resourceVersion":"7"},"items":[]}"#, []),
        (#"{"metadata":{"resourceVersion":"7"},"items":null}"#, []),
        (
            #" { "items" : [ { "a" : "}],\"" } , {"b":"\\"} ] , "metadata":{"resourceVersion":"7"}}"#,
            [#"{ "a" : "}],\"" }"#, #"{"b":"\\"}"#]
        ),
        // Only the list's own member counts.
        (
            #"{"x":{"items":[{"n":1}]},"y":"items","items":[{"items":[{"n":2}]}],"metadata":{"resourceVersion":"7"}}"#,
            [#"{"items":[{"n":2}]}"#]
        ),
        (#"{"items":[{"a":1}],"more":[{"b":2}],"metadata":{"resourceVersion":"7"}}"#, [#"{"a":1}"#]),
    ])
    func `a list falls into its items in whatever pieces it arrives`(text: String, expected: [String]) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            let (items, envelope) = try items(pieces(bytes, [cut]))
            #expect(items == expected)
            #expect(envelope["metadata"]?["resourceVersion"]?.string == "7")
        }
        #expect(try items(bytes.map { [$0] }).items == expected)
        #expect(try items(pieces(bytes, Array(stride(from: 3, to: bytes.count, by: 3)))).items == expected)
    }

    @Test func `a list that breaks off is refused`() throws {
        for text in [#"{"items":[{"a":1},{"b""#, #"{"items":[{"a":1}]"#, "", "<html>"] {
            var splitter = ListSplitter()
            _ = try splitter.split(Array(text.utf8))
            #expect(throws: KubernetesError.self) { try splitter.finish() }
        }
    }

    @Test func `an item of boundless size is refused before it fills the memory`() throws {
        var splitter = ListSplitter(maximumItemBytes: 1_000)
        _ = try splitter.split(Array(#"{"items":[{"a":""#.utf8))
        #expect(throws: KubernetesError.self) {
            for _ in 0..<100 { _ = try splitter.split(Array(repeating: 0x61, count: 100)) }
        }
    }

    @Test(arguments: [
        (#"{"type":"ADDED","object":{"metadata":{"name":"a","managedFields":[1]}}}"#, "present a"),
        (#"{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}"#, "present a"),
        (#"{"type":"DELETED","object":{"metadata":{"name":"a"}}}"#, "deleted a"),
        (#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"#, "bookmark 9 false"),
        (
            #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
            "bookmark 9 true"
        ),
        (
            #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#,
            "failure expired"
        ),
        (#"{"type":"ERROR","object":{"kind":"Status","code":500,"message":"?"}}"#, "failure unavailable"),
        (#"{"type":"NEWS","object":{}}"#, "unknown"),
        (#"{"type":"ADDED"}"#, "undecodable"),
        (#"{"type":"BOOKMARK","object":{}}"#, "undecodable"),
        (#"{"type":"ADDED","object":{"#, "undecodable"),
        ("<html>", "undecodable"),
    ])
    func `watch lines are told apart`(line: String, expected: String) {
        let kind = GroupKind(group: "", kind: "ConfigMap")
        let found: String
        do throws(UndecodableObject) {
            switch try WatchEvent(parsing: Array(line.utf8)[...], kind: kind) {
            case .present(let json):
                found = "present \(json["metadata"]?["name"]?.string ?? "")"
                #expect(json["metadata"]?["managedFields"] == nil)
            case .deleted(let json): found = "deleted \(json["metadata"]?["name"]?.string ?? "")"
            case .bookmark(let version, let ends): found = "bookmark \(version) \(ends)"
            case .failure(let error): found = "failure \(error.code.rawValue)"
            case .unknown: found = "unknown"
            }
        } catch {
            found = "undecodable"
        }
        #expect(found == expected)
    }
}
