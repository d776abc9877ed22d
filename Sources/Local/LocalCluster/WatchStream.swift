import KubernetesModel

/// The events of one watch as JSON lines, one element a line. Pulled: nothing is kept for a reader that is slow, it
/// reads on in the kind's history, and finds `410 Expired` when it fell too far behind.
package struct WatchStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    /// What a watch asks for.
    struct Request: Sendable {
        let kind: GroupKind
        let name: String
        let apiVersion: String
        let namespace: String?
        let selector: Selector
        let isPartial: Bool
        let sendsBookmarks: Bool
        let timeout: Duration
    }

    let cluster: LocalCluster
    let request: Request
    /// Lines to send first.
    let first: [[UInt8]]
    /// The number of the first event to send; nil when nothing follows `first`.
    let start: Int?

    package func makeAsyncIterator() -> Iterator { Iterator(self) }

    package struct Iterator: AsyncIteratorProtocol {
        private let cluster: LocalCluster
        private let request: Request
        private var lines: [[UInt8]]
        private var position: Int?
        private var rounds: (bookmarks: Int, ends: Int)
        private let started: Deadline
        private var lastBookmark = Duration.zero
        private var sentLastBookmark = false

        init(_ stream: WatchStream) {
            cluster = stream.cluster
            request = stream.request
            lines = stream.first.reversed()
            position = stream.start
            rounds = stream.cluster.rounds
            started = Deadline(clock: stream.cluster.options.clock)
        }

        package mutating func next() async throws -> [UInt8]? {
            while true {
                if let line = lines.popLast() { return line }
                guard let position, !Task.isCancelled else { return nil }
                let page = cluster.events(request, from: position)
                self.position = page.next
                lines = page.lines.reversed()
                if !lines.isEmpty || self.position == nil { continue }

                let current = cluster.rounds
                if current.ends != rounds.ends { return nil }
                if current.bookmarks != rounds.bookmarks {
                    rounds = current
                    if request.sendsBookmarks { return bookmark() }
                }
                let elapsed = started.elapsed
                if elapsed >= request.timeout { return nil }
                if request.sendsBookmarks, elapsed >= nextBookmark {
                    if elapsed >= request.timeout - .seconds(2) { sentLastBookmark = true }
                    lastBookmark = elapsed
                    return bookmark()
                }
                await wait(at: page.next ?? position)
            }
        }

        /// Every interval, and once two seconds before the end, as the real server does.
        private var nextBookmark: Duration {
            let regular = lastBookmark + cluster.options.bookmarkInterval
            let last = request.timeout - .seconds(2)
            return sentLastBookmark || last < .zero ? regular : Swift.min(regular, last)
        }

        private func bookmark() -> [UInt8] { cluster.bookmark(request, endsInitialEvents: false) }

        private func wait(at position: Int) async {
            let until = request.sendsBookmarks ? Swift.min(request.timeout, nextBookmark) : request.timeout
            let remaining = until - started.elapsed
            guard remaining > .zero else { return }
            let (cluster, kind, rounds) = (cluster, request.kind, rounds)
            await withTaskGroup { group in
                group.addTask { await cluster.waitForChange(of: kind, after: position, rounds: rounds) }
                // Cancelled as soon as something happens.
                group.addTask { try? await cluster.options.clock.sleep(for: remaining) }
                await group.next()
                group.cancelAll()
            }
        }
    }
}

/// Measures time on any clock.
private struct Deadline: Sendable {
    private let measure: @Sendable () -> Duration

    init(clock: any Clock<Duration>) {
        func start<C: Clock<Duration>>(_ clock: C) -> @Sendable () -> Duration {
            let begin = clock.now
            return { begin.duration(to: clock.now) }
        }
        measure = start(clock)
    }

    var elapsed: Duration { measure() }
}

extension LocalCluster {
    func watch(_ call: ObjectCall, _ request: RawRequest) throws(APIStatus) -> Response {
        let fields = call.name.isEmpty ? call.query["fieldSelector"] : "metadata.name=\(call.name)"
        let wantsInitial = call.query["sendInitialEvents"] == "true"
        if call.query["sendInitialEvents"] != nil || call.query["resourceVersionMatch"] != nil {
            try checkInitialEvents(call, wantsInitial: wantsInitial)
        }
        let watch = WatchStream.Request(
            kind: call.definition.groupKind, name: call.definition.kind, apiVersion: call.apiVersion,
            namespace: call.definition.isNamespaced && !call.namespace.isEmpty ? call.namespace : nil,
            selector: try Selector(labels: call.query["labelSelector"], fields: fields),
            isPartial: request.accept.contains("as=PartialObjectMetadata"),
            sendsBookmarks: call.query["allowWatchBookmarks"] == "true",
            timeout: .seconds(call.query["timeoutSeconds"].flatMap { Int($0) } ?? 1800))
        let version = call.query["resourceVersion"] ?? ""
        let startsNow = wantsInitial || version.isEmpty || version == "0"
        guard startsNow || Int(version) != nil else {
            throw .badRequest("strconv.ParseUint: parsing \"\(version)\": invalid syntax")
        }
        let (first, start): ([[UInt8]], Int?) = try read { state throws(APIStatus) in
            guard let store = state.stores[watch.kind] else { throw .noSuchPath }
            if startsNow {
                let present = state.objects(watch.kind, namespace: watch.namespace)
                    .filter { watch.selector.matches($0.json) }.map { Self.line("ADDED", $0, watch) }
                let end =
                    wantsInitial ? [Self.bookmark(watch, revision: state.revision, endsInitialEvents: true)] : []
                return (present + end, store.endOfEvents)
            }
            let revision = Int(version) ?? 0
            guard let event = store.event(after: revision) else {
                return ([Self.expired(revision, store)], nil)
            }
            return ([], event)
        }
        return Response(
            status: 200, headers: [.init(name: "Content-Type", value: "application/json")],
            body: .stream(WatchStream(cluster: self, request: watch, first: first, start: start)))
    }

    private func checkInitialEvents(_ call: ObjectCall, wantsInitial: Bool) throws(APIStatus) {
        var problems: [FieldProblem] = []
        if options.release == .kubernetes120 {
            problems.append(.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch"))
        } else if call.query["sendInitialEvents"] == nil {
            problems.append(
                .forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
        } else if call.query["resourceVersionMatch"] != "NotOlderThan" {
            problems.append(
                .forbidden(
                    "resourceVersionMatch",
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        guard !problems.isEmpty else { return }
        let text = problems.map { "\($0.field): \($0.message)" }.joined(separator: ", ")
        throw APIStatus(
            422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: \(text)", kind: "ListOptions",
            group: "meta.k8s.io",
            causes: problems.map { .init(reason: $0.reason, message: $0.message, field: $0.field) })
    }

    /// The events from number `position` on, as lines, and where to read on; nil when the watch is over.
    func events(_ request: WatchStream.Request, from position: Int) -> (lines: [[UInt8]], next: Int?) {
        // Copies what it needs: a reference into the store that outlives the lock would make the next write copy all.
        let page = read { state -> (events: [StoreEvent], next: Int?, expired: [UInt8]?) in
            guard let store = state.stores[request.kind] else { return ([], nil, nil) }
            guard position >= store.firstEvent else { return ([], nil, Self.expired(0, store)) }
            // A page at a time, so that a long history does not hold the lock for long.
            let pending = store.events[(position - store.firstEvent)...].prefix(200)
            let isOver = pending.isEmpty && state.definitions[request.kind] == nil
            return (Array(pending), isOver ? nil : position + pending.count, nil)
        }
        if let expired = page.expired { return ([expired], nil) }
        return (page.events.compactMap { Self.line($0, request) }, page.next)
    }

    func bookmark(_ request: WatchStream.Request, endsInitialEvents: Bool) -> [UInt8] {
        Self.bookmark(request, revision: resourceVersion, endsInitialEvents: endsInitialEvents)
    }

    private static func bookmark(_ request: WatchStream.Request, revision: Int, endsInitialEvents: Bool) -> [UInt8] {
        var metadata: JSON = ["resourceVersion": .string(String(revision)), "creationTimestamp": .null]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        let object: JSON =
            request.isPartial
            ? ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata]
            : ["kind": .string(request.name), "apiVersion": .string(request.apiVersion), "metadata": metadata]
        return line("BOOKMARK", object.bytes)
    }

    private static func expired(_ revision: Int, _ store: ResourceStore) -> [UInt8] {
        line(
            "ERROR",
            APIStatus.expired("too old resource version: \(revision) (\(store.compactedRevision))").json.bytes)
    }

    /// An event as this watch sees it: an object that leaves the selection is deleted for it.
    private static func line(_ event: StoreEvent, _ request: WatchStream.Request) -> [UInt8]? {
        if let namespace = request.namespace, event.new.namespace != namespace { return nil }
        let was = event.old.map { request.selector.matches($0.json) } ?? false
        let isSelected = !event.isDeletion && request.selector.matches(event.new.json)
        switch (was, isSelected) {
        case (false, false): return nil
        case (false, true): return line("ADDED", event.new, request)
        case (true, true): return line("MODIFIED", event.new, request)
        case (true, false): return line("DELETED", event.new, request)
        }
    }

    private static func line(_ type: String, _ object: StoredObject, _ request: WatchStream.Request) -> [UInt8] {
        line(
            type,
            request.isPartial
                ? object.partial.bytes : object.bytes(apiVersion: request.apiVersion, kind: request.name))
    }

    private static func line(_ type: String, _ object: [UInt8]) -> [UInt8] {
        Array("{\"type\":\"\(type)\",\"object\":".utf8) + object + Array("}\n".utf8)
    }
}
