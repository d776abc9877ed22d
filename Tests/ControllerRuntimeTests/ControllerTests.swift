import KubernetesClient
import KubernetesModel
import Logging
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

/// A reconcile that tells when it runs and ends when the test says so.
private final class Stage: Sendable {
    private struct State {
        var running: [String: CheckedContinuation<ReconcileOutcome, Never>] = [:]
        var runs: [String] = []
        var overlapped = false
        var cancelled: [String] = []
    }
    private let state = Mutex(State())

    var runs: [String] { state.withLock { $0.runs } }
    var running: Set<String> { state.withLock { Set($0.running.keys) } }
    var overlapped: Bool { state.withLock { $0.overlapped } }
    var cancelled: [String] { state.withLock { $0.cancelled } }

    @Sendable func reconcile(_ key: String) async -> ReconcileOutcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let before = state.withLock { state -> CheckedContinuation<ReconcileOutcome, Never>? in
                    state.runs.append(key)
                    let before = state.running.updateValue(continuation, forKey: key)
                    if before != nil { state.overlapped = true }
                    return before
                }
                before?.resume(returning: .done)
            }
        } onCancel: {
            state.withLock { $0.cancelled.append(key) }
            end(key)
        }
    }

    func end(_ key: String, _ outcome: ReconcileOutcome = .done) {
        let continuation = state.withLock { $0.running.removeValue(forKey: key) }
        continuation?.resume(returning: outcome)
    }
}

/// Notes at which levels something is logged.
private struct LevelHandler: LogHandler {
    let levels: Notes<Logger.Level>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(levels: Notes<Logger.Level>) { self.levels = levels }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { levels.add(event.level) }
}

@Suite(.timeLimit(.minutes(2))) struct ControllerTests {
    private func controller(
        _ world: World, _ stage: Stage, maximumRunning: Int = 2, startsPaused: Bool = false,
        metrics: MetricRegistry? = nil
    ) -> Controller<String> {
        Controller(
            name: "test", maximumRunning: maximumRunning, startsPaused: startsPaused, surroundings: world.surroundings,
            metrics: metrics, logger: world.logger, reconcile: stage.reconcile)
    }

    @Test func `keys run side by side up to the limit, one key only once at a time`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage)
        try await world.running([controller.run]) {
            for key in ["a", "b", "c"] { controller.enqueue(key) }
            try await expectEventually("two run") { stage.running == ["a", "b"] }
            // Now, and not before: what waits already would not be asked for once more.
            for _ in 1...2 { controller.enqueue("a") }
            stage.end("b")
            try await expectEventually("c runs") { stage.running == ["a", "c"] }
            stage.end("a")
            // Asked for again while it ran: once more, not twice.
            try await expectEventually("a runs again") { stage.runs.dropFirst(2) == ["c", "a"] }
            stage.end("a")
            stage.end("c")
            await controller.waitUntilIdle()
            #expect(stage.runs.count == 4 && !stage.overlapped)
        }
    }

    @Test func `a failing key comes back after a growing pause and holds up nobody`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage)
        try await world.running([controller.run]) {
            controller.enqueue("poison")
            var pauses: [Duration] = []
            for attempt in 1...5 {
                try await expectEventually("attempt \(attempt)") { stage.running == ["poison"] }
                stage.end("poison", .failed(KubernetesError(.unavailable, "down")))
                await controller.waitUntilIdle()
                // Others run at once, whatever waits.
                controller.enqueue("healthy")
                try await expectEventually("healthy runs") { stage.running == ["healthy"] }
                stage.end("healthy")
                await controller.waitUntilIdle()
                let before = world.clock.now
                try await world.passTime(until: "tried again", step: .milliseconds(50)) {
                    stage.running == ["poison"]
                }
                pauses.append(before.duration(to: world.clock.now))
            }
            #expect(pauses.allSatisfy { $0 >= .milliseconds(450) && $0 < .seconds(63) })
            stage.end("poison")
        }
    }

    @Test func `a failure does not put off what has a deadline`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage)
        try await world.running([controller.run]) {
            controller.enqueue("a")
            for run in 1...6 {
                try await expectEventually("run \(run)") { stage.runs.count == run }
                // By itself the pause would be longer each time: 5 s and more.
                stage.end("a", .failed(KubernetesError(.forbidden, "no"), within: .seconds(2)))
                await world.clock.waitForSleeper(of: .seconds(2))
                world.clock.advance(by: .seconds(2))
            }
            try await expectEventually("runs") { stage.running == ["a"] }
            stage.end("a")
        }
    }

    @Test func `failures for somebody to act on are logged louder than those that pass`() async throws {
        for (code, terminal, level) in [
            (KubernetesError.Code.conflict, false, Logger.Level.info), (.unavailable, false, .warning),
            (.forbidden, false, .error), (.undecodable, true, .error),
        ] {
            let levels = Notes<Logger.Level>()
            let controller = Controller<String>(
                name: "test", logger: Logger(label: "test") { _ in LevelHandler(levels: levels) }
            ) { _ in .failed(KubernetesError(code, "why"), terminal: terminal) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await controller.run() }
                controller.enqueue("a")
                try await expectEventually("logged") { !levels.all.isEmpty }
                group.cancelAll()
            }
            #expect(levels.all.first == level, "\(code)")
        }
    }

    @Test func `a terminal failure waits for a change`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage)
        try await world.running([controller.run]) {
            controller.enqueue("a")
            try await expectEventually("runs") { stage.running == ["a"] }
            stage.end("a", .failed(KubernetesError(.invalid, "bad"), terminal: true))
            await controller.waitUntilIdle()
            for _ in 0..<20 { world.clock.advance(by: .seconds(600)) }
            controller.enqueue("b")
            try await expectEventually("b runs") { stage.running == ["b"] }
            #expect(stage.runs == ["a", "b"])
            stage.end("b")
            controller.enqueue("a")
            try await expectEventually("a runs") { stage.running == ["a"] }
            stage.end("a")
        }
    }

    @Test func `a deadline brings the key back, and an earlier change replaces it`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage)
        try await world.running([controller.run]) {
            controller.enqueue("a")
            try await expectEventually("runs") { stage.running == ["a"] }
            stage.end("a", .again(after: .seconds(60)))
            await world.clock.waitForSleeper(of: .seconds(60))
            world.clock.advance(by: .seconds(59))
            controller.enqueue("a")
            try await expectEventually("runs") { stage.runs.count == 2 }
            stage.end("a")
            await controller.waitUntilIdle()
            try await expectEventually("no timer is left") {
                // A timer that is void may still fire once and find nothing.
                world.clock.advance(by: .seconds(60))
                return world.clock.sleeperCount == 0
            }
            #expect(stage.runs.count == 2)
            controller.enqueue("b", after: .seconds(5))
            await world.clock.waitForSleeper(of: .seconds(5))
            world.clock.advance(by: .seconds(5))
            try await expectEventually("b runs") { stage.running == ["b"] }
            stage.end("b")
        }
    }

    @Test func `paused keeps its keys until it may work again`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage, startsPaused: true)
        try await world.running([controller.run]) {
            controller.enqueue("a")
            controller.enqueue("b", after: .seconds(1))
            world.clock.advance(by: .seconds(1))
            #expect(stage.runs.isEmpty)
            controller.resume()
            try await world.passTime(until: "both run") { stage.running == ["a", "b"] }
            controller.pause()
            controller.enqueue("a")
            stage.end("a")
            stage.end("b")
            await controller.waitUntilIdle()
            #expect(stage.runs.count == 2)
            controller.resume()
            try await expectEventually("a runs again") { stage.running == ["a"] }
            stage.end("a")
        }
    }

    @Test func `draining lets work come to its end`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage, maximumRunning: 1)
        async let ended: Void = controller.run()
        controller.enqueue("a")
        controller.enqueue("waiting")
        try await expectEventually("runs") { stage.running == ["a"] }
        async let drained = controller.drain(within: .seconds(5))
        await world.clock.waitForSleeper(of: .seconds(5))
        controller.enqueue("late")
        stage.end("a")
        #expect(await drained)
        await ended
        #expect(stage.runs == ["a"] && stage.cancelled.isEmpty)
    }

    @Test func `what does not end in time is cancelled`() async throws {
        let world = World()
        let stage = Stage()
        let controller = controller(world, stage)
        async let ended: Void = controller.run()
        controller.enqueue("stuck")
        try await expectEventually("runs") { stage.running == ["stuck"] }
        async let drained = controller.drain(within: .seconds(5))
        await world.clock.waitForSleeper(of: .seconds(5))
        world.clock.advance(by: .seconds(5))
        #expect(await drained == false)
        await ended
        #expect(stage.cancelled == ["stuck"])
    }

    @Test func `the usual metrics are there from the start and count`() async throws {
        let world = World()
        let stage = Stage()
        let registry = MetricRegistry()
        let controller = controller(world, stage, maximumRunning: 1, metrics: registry)
        let atStart = registry.exposition()
        for line in [
            #"workqueue_depth{name="test"} 0"#, #"workqueue_adds_total{name="test"} 0"#,
            #"workqueue_retries_total{name="test"} 0"#, #"workqueue_unfinished_work_seconds{name="test"} 0"#,
            #"workqueue_longest_running_processor_seconds{name="test"} 0"#,
            #"workqueue_queue_duration_seconds_count{name="test"} 0"#,
            #"workqueue_work_duration_seconds_count{name="test"} 0"#,
            #"controller_runtime_reconcile_total{controller="test",result="success"} 0"#,
            #"controller_runtime_reconcile_errors_total{controller="test"} 0"#,
            #"controller_runtime_reconcile_time_seconds_count{controller="test"} 0"#,
            #"controller_runtime_active_workers{controller="test"} 0"#,
            #"controller_runtime_max_concurrent_reconciles{controller="test"} 1"#,
        ] { #expect(atStart.contains(line + "\n"), "\(line)") }
        try await world.running([controller.run]) {
            controller.enqueue("a")
            controller.enqueue("b")
            controller.enqueue("b")
            try await expectEventually("runs") { stage.running == ["a"] }
            world.clock.advance(by: .seconds(3))
            let meanwhile = registry.exposition()
            #expect(meanwhile.contains(#"workqueue_depth{name="test"} 1"#))
            #expect(meanwhile.contains(#"workqueue_longest_running_processor_seconds{name="test"} 3"#))
            #expect(meanwhile.contains(#"controller_runtime_active_workers{controller="test"} 1"#))
            stage.end("a", .failed(KubernetesError(.conflict, "changed")))
            try await expectEventually("b runs") { stage.running == ["b"] }
            stage.end("b")
            await controller.waitUntilIdle()
            let atEnd = registry.exposition()
            #expect(atEnd.contains(#"workqueue_adds_total{name="test"} 2"#))
            #expect(atEnd.contains(#"workqueue_retries_total{name="test"} 1"#))
            #expect(atEnd.contains(#"controller_runtime_reconcile_total{controller="test",result="error"} 1"#))
            #expect(atEnd.contains(#"controller_runtime_reconcile_total{controller="test",result="success"} 1"#))
            // b waited three seconds, a not at all.
            #expect(atEnd.contains(#"workqueue_queue_duration_seconds_sum{name="test"} 3"#))
        }
    }

    @Test func `requests are counted by the usual names`() {
        let registry = MetricRegistry()
        let metrics = RestClientMetrics(registry, host: "10.0.0.1:443")
        for (verb, status) in [(KubernetesRequest.Verb.list, 200), (.watch, 410), (.patch, 200), (.patch, 200)] {
            metrics.observe(
                RequestObservation(
                    verb: verb, kind: nil, status: status, error: nil, duration: .milliseconds(3), attempt: 1))
        }
        metrics.observe(
            RequestObservation(
                verb: .update, kind: nil, status: nil, error: .transport, duration: .seconds(1), attempt: 1))
        let page = registry.exposition()
        for line in [
            #"rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 1"#,
            #"rest_client_requests_total{code="410",method="GET",host="10.0.0.1:443"} 1"#,
            #"rest_client_requests_total{code="200",method="PATCH",host="10.0.0.1:443"} 2"#,
            #"rest_client_requests_total{code="<error>",method="PUT",host="10.0.0.1:443"} 1"#,
            #"rest_client_request_duration_seconds_count{verb="patch",host="10.0.0.1:443"} 2"#,
        ] { #expect(page.contains(line + "\n"), "\(line)") }
    }
}
