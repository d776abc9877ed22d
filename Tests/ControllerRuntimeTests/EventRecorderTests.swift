import KubernetesClient
import KubernetesModel
import LocalCluster
import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(2))) struct EventRecorderTests {
    private let eventKind = EventRecorder.type.groupKind

    private func note(_ reason: String, namespace: String = "default") -> EventNote {
        EventNote(
            regarding: ObjectReference(
                apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: "main", uid: "uid-main"),
            kind: .warning, reason: reason, action: "Apply", note: "what happened")
    }

    private func recorder(_ world: World, capacity: Int = 256, metrics: MetricRegistry? = nil) -> EventRecorder {
        EventRecorder(
            client: world.client, reportingController: "todoplatform.dev/operator", reportingInstance: "pod-1",
            capacity: capacity, surroundings: world.surroundings, metrics: metrics, logger: world.logger)
    }

    private func counter(_ registry: MetricRegistry) -> Counter {
        registry.counter("todo_events_total", help: "Kubernetes Events by what became of them.", labels: ["result"])
    }

    @Test func `an event is written as the API demands, and repeats become a series`() async throws {
        let world = World()
        let recorder = recorder(world)
        try await world.running([recorder.run]) {
            for _ in 0..<5 { recorder.record(note("RolloutFailed")) }
            try await expectEventually("a series") {
                world.cluster.objects(eventKind).first?.json["series"]?["count"]?.int == 2
            }
            let event = try #require(world.cluster.objects(eventKind).first)
            #expect(event.namespace == "default")
            #expect(event.name.hasPrefix("main."))
            #expect(event.json["reason"]?.string == "RolloutFailed")
            #expect(event.json["type"]?.string == "Warning")
            #expect(event.json["regarding"]?["name"]?.string == "main")
            #expect(event.json["reportingInstance"]?.string == "pod-1")
            #expect(event.json["eventTime"]?.string == Fixture.wallTime.microTime)
            // The other three are counted here, and written when it has become quiet.
            await world.clock.waitForSleepers(1)
            try await world.passTime(until: "the last word", step: .seconds(10)) {
                world.cluster.objects(eventKind).first?.json["series"]?["count"]?.int == 5
            }
            #expect(world.clock.now.offset >= .seconds(360))
            #expect(world.transport.log.writes.map(\.verb) == [.create, .patch, .patch])
        }
    }

    @Test func `a server that takes no events does no harm`() async throws {
        let world = World()
        let registry = MetricRegistry()
        let recorder = recorder(world, metrics: registry)
        world.transport.add(FaultRule(RequestMatch(kind: "Event"), .range(1...2), .notFound))
        try await world.running([recorder.run]) {
            recorder.record(note("First"))
            recorder.record(note("Second"))
            try await expectEventually("given up") { counter(registry).value("failed") == 2 }
            recorder.record(note("Third"))
            try await expectEventually("written") { world.cluster.objects(eventKind).count == 1 }
        }
    }

    @Test func `too many at once are dropped, not waited for`() throws {
        let world = World()
        let registry = MetricRegistry()
        let recorder = recorder(world, capacity: 10, metrics: registry)
        // Nobody sends: the queue fills up.
        for index in 0..<20 { recorder.record(note("Reason\(index)")) }
        #expect(counter(registry).value("dropped") == 10)
    }
}
