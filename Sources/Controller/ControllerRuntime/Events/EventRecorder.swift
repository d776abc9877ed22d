package import KubernetesClient
import KubernetesModel
package import Logging
import Synchronization
package import Telemetry

/// Writes Kubernetes Events (events.k8s.io/v1) beside the real work: never waits, never fails, drops when there are too
/// many or the API server does not take them.
///
/// Record transitions only: what is recorded every time is noise.
package final class EventRecorder: Sendable {
    static let type = ResourceType(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")

    private enum Result: String, CaseIterable { case sent, dropped, limited, failed }

    private let client: KubernetesClient
    private let reportingController: String
    private let reportingInstance: String
    private let surroundings: Surroundings
    private let logger: Logger
    private let counter: Counter?
    private let series = Mutex(EventSeries())
    private let requests: AsyncStream<EventSeries.Request>
    private let request: AsyncStream<EventSeries.Request>.Continuation
    private let timeChanged = Signal()

    /// - Parameters:
    ///   - reportingController: for example `todoplatform.dev/operator`.
    ///   - reportingInstance: the pod's name; at most 128 bytes count.
    ///   - capacity: how many events may wait to be sent.
    package init(
        client: KubernetesClient, reportingController: String, reportingInstance: String, capacity: Int = 256,
        surroundings: Surroundings = .system, metrics: MetricRegistry? = nil, logger: Logger
    ) {
        // An event that does not get through at once is not worth the server's time.
        self.client = client.with(retry: RetryPolicy(maximumAttempts: 2, maximumAttemptsAfterFailure: 2))
        self.reportingController = reportingController
        self.reportingInstance = EventNote.cut(reportingInstance, maximumBytes: 128)
        self.surroundings = surroundings
        self.logger = logger
        counter = metrics?.counter(
            "todo_events_total", help: "Kubernetes Events by what became of them.", labels: ["result"])
        for result in Result.allCases { counter?.declare(result.rawValue) }
        (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(capacity))
    }

    /// Records `note`. Returns at once.
    package func record(_ note: EventNote) {
        let now = surroundings.now()
        let wallTime = surroundings.wallTime()
        let (next, isLimited) = series.withLock { series in
            let before = series.limitedCount
            return (series.record(note, now: now, wallTime: wallTime), series.limitedCount > before)
        }
        if isLimited { counter?.increment(Result.limited.rawValue) }
        if let next { send(next) }
        timeChanged.raise()
    }

    /// Sends what is recorded until the task is cancelled. To be called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.runTimer() }
            for await next in requests { await perform(next) }
            group.cancelAll()
        }
    }

    private func send(_ next: EventSeries.Request) {
        guard case .dropped = request.yield(next) else { return }
        series.withLock { $0.dropped(next) }
        counter?.increment(Result.dropped.rawValue)
    }

    private func runTimer() async {
        while !Task.isCancelled {
            let next = series.withLock { $0.nextTime }
            await surroundings.wait(until: next, or: timeChanged)
            let time = surroundings.now()
            for last in series.withLock({ $0.advance(to: time) }) { send(last) }
        }
    }

    private func perform(_ next: EventSeries.Request) async {
        do throws(KubernetesError) {
            switch next {
            case .create(let note, let name, let time):
                _ = try await client.create(event(note, name: name, time: time), Self.type)
            case .patch(let note, let name, let count, let lastTime):
                let patch: JSON = [
                    "series": ["count": JSON(count), "lastObservedTime": .string(lastTime.microTime)]
                ]
                _ = try await client.send(
                    .mergePatch(
                        patch, Self.type, namespace: namespace(note), name: name, fieldManager: reportingController))
            }
            counter?.increment(Result.sent.rawValue)
        } catch {
            if error.code == .notFound {
                let now = surroundings.now()
                let wallTime = surroundings.wallTime()
                // Nil for a create: then the namespace, or the API group, is not there.
                if let again = series.withLock({ $0.lost(next, now: now, wallTime: wallTime) }) {
                    send(again)
                    return
                }
            }
            counter?.increment(Result.failed.rawValue)
            logger.debug("event not written", metadata: ["error.message": "\(error.message)"])
        }
    }

    private func namespace(_ note: EventNote) -> String {
        note.regarding.namespace.isEmpty ? "default" : note.regarding.namespace
    }

    private func event(_ note: EventNote, name: String, time: Timestamp) -> KubernetesObject {
        var body = JSONObject([
            ("eventTime", .string(time.microTime)), ("reportingController", .string(reportingController)),
            ("reportingInstance", .string(reportingInstance)), ("type", .string(note.kind.rawValue)),
            ("reason", .string(note.reason)), ("action", .string(note.action)), ("regarding", note.regarding.json),
            ("note", .string(note.note)),
        ])
        if let related = note.related { body["related"] = related.json }
        return KubernetesObject(Self.type, namespace: namespace(note), name: name, body: body)
    }
}
