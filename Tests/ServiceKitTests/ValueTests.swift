import TaskDomain
import TestKit
import Testing

@testable import ServiceKit

struct TraceContextTests {
    @Test func `a child stays in its trace and has a span of its own`() throws {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let trace = try #require(TraceContext(traceparent: text))
        #expect(trace.traceparent == text)
        let child = trace.child()
        #expect(child.traceID == trace.traceID && child.spanID != trace.spanID && child.isSampled)
        #expect(TraceContext(traceparent: child.traceparent) == child)
    }

    @Test(arguments: [
        // Where tracing is off, Dapr sends an empty text in events and zeros in headers.
        "", "00-00000000000000000000000000000000-0000000000000000-00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra", "garbage",
    ])
    func `what is no trace context begins a new trace`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
        #expect(TraceContext.following(text).traceID.utf8.count == 32)
    }

    @Test func `a later version is read as far as it is known`() {
        let text = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what.ever"
        #expect(TraceContext(traceparent: text)?.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
    }
}

struct Base64URLTests {
    @Test func `what is written is read, whatever it is`() {
        var generator = SeededGenerator(seed: 11)
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes, "seed 11, length \(length)")
        }
    }

    @Test(arguments: ["A", "AA=", "AA==", "AB", "A+", "A/", "A A", "AAAAA"])
    func `there is one text for each sequence of bytes`(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}

struct QueryTests {
    @Test func `names and values are decoded, in their order`() throws {
        let query = try Query("tag=a+b&tag=%C3%BC&empty=&flag")
        #expect(query.all("tag") == ["a b", "ü"])
        #expect(query["empty"] == "" && query["flag"] == "" && query["none"] == nil)
    }

    @Test(arguments: ["a=%", "a=%2", "a=%zz", "a=%ff", "%fe=1"])
    func `a broken escape is refused`(text: String) {
        #expect(throws: Problem.self) { try Query(text[...]) }
    }

    @Test func `parameters that nobody knows are named`() throws {
        let query = try Query("limt=5&a=1")
        let problem = #expect(throws: Problem.self) { try query.allowOnly("limit", "a") }
        #expect(problem?.errors.map(\.field) == ["?limt"])
        let integer = #expect(throws: Problem.self) { _ = try Query("limit=x").integer("limit", default: 1, in: 1...5) }
        #expect(integer?.status == 400)
    }
}

struct RouteTableTests {
    private func table(_ routes: [(Method, String)]) -> RouteTable {
        var table = RouteTable()
        for (method, pattern) in routes {
            table.add(method, pattern, bodyLimit: 1) { _ in .noContent }
        }
        return table
    }

    private func describe(_ match: RouteTable.Match) -> String {
        switch match {
        case .route(let route, let parameters):
            route.pattern + parameters.sorted { $0.key < $1.key }.map { " \($0)=\($1)" }.joined()
        case .otherMethods(let methods, _): methods.map(\.rawValue).joined(separator: ",")
        case .none: "none"
        case .malformed: "malformed"
        }
    }

    @Test(arguments: [
        (Method.get, "/api/u/tasks", "/api/{user_id}/tasks user_id=u"),
        (.get, "/api/u/tasks/7", "/api/{user_id}/tasks/{id} id=7 user_id=u"),
        // A literal segment is preferred to a parameter.
        (.post, "/api/u/tasks/quick-add", "/api/{user_id}/tasks/quick-add user_id=u"),
        (.post, "/api/u/tasks/7/complete", "/api/{user_id}/tasks/{task}/complete task=7 user_id=u"),
        // Decoded after the path is taken apart, so that an encoded slash separates nothing.
        (.get, "/api/a%2Fb/tasks", "/api/{user_id}/tasks user_id=a/b"),
        (.get, "/api/a+b/tasks", "/api/{user_id}/tasks user_id=a+b"),
        (.delete, "/api/u/tasks", "GET,POST"), (.get, "/api/u/tasks/", "none"), (.get, "/api//tasks", "none"),
        (.get, "/", "none"),
        (.get, "api", "none"), (.get, "/api/%zz/tasks", "malformed"), (.get, "/api/u", "none"),
    ])
    func `a path finds its route`(method: Method, path: String, expected: String) {
        let table = table([
            (.get, "/api/{user_id}/tasks"), (.post, "/api/{user_id}/tasks"), (.get, "/api/{user_id}/tasks/{id}"),
            (.post, "/api/{user_id}/tasks/quick-add"), (.post, "/api/{user_id}/tasks/{task}/complete"),
        ])
        #expect(describe(table.match(method, path)) == expected)
    }
}
