import KubernetesModel
import Testing

@testable import ControllerRuntime

@Suite struct EventSeriesTests {
    private func note(_ reason: String = "TopicCreated", name: String = "main", text: String = "made") -> EventNote {
        EventNote(
            regarding: ObjectReference(
                apiVersion: "todoplatform.dev/v1alpha1", kind: "TodoPlatform", namespace: "shop", name: name,
                uid: "uid-\(name)"),
            reason: reason, action: "Apply", note: text)
    }

    private func time(_ seconds: Int) -> Timestamp { Fixture.wallTime.advanced(by: .seconds(seconds)) }

    private func text(_ request: EventSeries.Request?) -> String {
        switch request {
        case .create: "create"
        case .patch(_, _, let count, _): "patch \(count)"
        case nil: "-"
        }
    }

    // The macro cannot look into calls that change their receiver.
    private func expect(
        _ request: EventSeries.Request?, _ expected: String, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(text(request) == expected, sourceLocation: location)
    }

    private func expect(
        _ requests: [EventSeries.Request], _ expected: [String], _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(requests.map { text($0) } == expected, sourceLocation: location)
    }

    @Test func `the first is created, the second makes a series, more are only counted`() {
        var series = EventSeries()
        var sent: [String] = []
        for second in 0..<5 {
            sent.append(text(series.record(note(text: "\(second)"), now: .seconds(second), wallTime: time(second))))
        }
        #expect(sent == ["create", "patch 2", "-", "-", "-"])
        // Another reason is another event.
        expect(series.record(note("Other"), now: .seconds(9), wallTime: time(9)), "create")
    }

    @Test func `a series is written every half hour and once more when it has ended`() {
        var series = EventSeries()
        var sent: [(Int, String)] = []
        for minute in 0..<65 {
            let request = series.record(note(), now: .seconds(minute * 60), wallTime: time(minute * 60))
            if let request { sent.append((minute, text(request))) }
            expect(series.advance(to: .seconds(minute * 60)), [])
        }
        #expect(sent.map(\.0) == [0, 1, 31, 61])
        #expect(sent.map(\.1) == ["create", "patch 2", "patch 32", "patch 62"])
        #expect(series.nextTime == .seconds(64 * 60 + 6 * 60))
        expect(series.advance(to: .seconds(69 * 60)), [])
        expect(series.advance(to: .seconds(70 * 60)), ["patch 65"])
        #expect(series.nextTime == nil)
        expect(series.record(note(), now: .seconds(5_000), wallTime: time(5_000)), "create")
    }

    @Test func `a single event is not written again`() {
        var series = EventSeries()
        _ = series.record(note(), now: .zero, wallTime: time(0))
        expect(series.advance(to: .seconds(360)), [])
        #expect(series.nextTime == nil)
    }

    @Test func `an event that the server has forgotten is created again`() throws {
        var series = EventSeries()
        let first = series.record(note(), now: .zero, wallTime: time(0))
        let second = series.record(note(), now: .seconds(1), wallTime: time(1))
        let created = try #require(first)
        let patch = try #require(second)
        let again = series.lost(patch, now: .seconds(2), wallTime: time(2))
        #expect(text(again) == "create")
        if case .create(_, let first, _) = created, case .create(_, let second, _) = again {
            #expect(first != second)
        }
        // A namespace that is gone takes its events with it.
        expect(series.lost(created, now: .seconds(3), wallTime: time(3)), "-")
    }

    @Test func `reasons that alternate are bounded for each object`() {
        var series = EventSeries()
        var requests = 0
        for second in 0..<3_600 {
            // Each time something new, so that no series helps.
            let note = EventNote(
                regarding: note().regarding, reason: "Flapping", action: "Try\(second)", note: "")
            if series.record(note, now: .seconds(second), wallTime: time(second)) != nil { requests += 1 }
            _ = series.advance(to: .seconds(second))
        }
        #expect((25...38).contains(requests), "25 at once and one every five minutes")
        #expect(series.limitedCount == 3_600 - requests)
        expect(series.record(note(name: "second"), now: .seconds(3_600), wallTime: time(3_600)), "create")
    }

    @Test func `what is remembered is bounded`() {
        var series = EventSeries()
        for index in 0..<5_000 {
            _ = series.record(note(name: "n\(index)"), now: .milliseconds(index), wallTime: time(0))
        }
        expect(series.record(note(name: "n0"), now: .seconds(6), wallTime: time(6)), "create")
        expect(series.record(note(name: "n4999"), now: .seconds(6), wallTime: time(6)), "patch 2")
    }

    @Test(arguments: [
        ("short", 1024, "short"),
        (String(repeating: "a", count: 1_030), 1024, String(repeating: "a", count: 1_024)),
        // Never half a character, not even half of a composed one.
        (String(repeating: "é", count: 600), 1024, String(repeating: "é", count: 512)),
        ("ab👩‍👩‍👧‍👦", 10, "ab"), ("", 10, ""), ("äöü", 5, "äö"),
    ])
    func `long texts are cut between characters`(text: String, maximum: Int, expected: String) {
        #expect(EventNote.cut(text, maximumBytes: maximum) == expected)
    }

    @Test func `names are unique and fit, however long the object's is`() throws {
        var series = EventSeries()
        var names: Set<String> = []
        let long = String(repeating: "x", count: 253)
        for index in 0..<10 {
            let note = EventNote(
                regarding: ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "a", name: long, uid: "u\(index)"),
                reason: "R", action: "A", note: "")
            guard case .create(_, let name, _) = series.record(note, now: .zero, wallTime: time(0)) else { continue }
            #expect(name.utf8.count <= 253)
            names.insert(name)
        }
        #expect(names.count == 10)
    }
}
