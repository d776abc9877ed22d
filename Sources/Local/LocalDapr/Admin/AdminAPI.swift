import WireValues

/// The side for people and scripts: on the loopback address, without a token.
///
///     GET  /                                  what there is
///     GET  /dead-letters                      all of them, with their reasons
///     POST /dead-letters/replay               {} for all that were not yet, or {"topic", "partition", "offset"}
///     GET  /backlogs                          what each group has not handled yet
///     GET  /topics                            each with its partitions' ends
///     GET  /topics/{topic}/{partition}?from=  the broker's log, 1,000 records at most
///     GET  /jobs/{app}                        names
///     POST /jobs/{app}/{name}/fire            now
///     PUT  /faults                            {"refusePublishingSeconds", "duplicateEvery", "reorder"}
struct AdminAPI: Sendable {
    let dapr: LocalDapr

    func answer(_ request: APIRequest) async -> APIResponse {
        do {
            return try await route(request)
        } catch let error as ResourceError {
            return .json(409, ["error": .string(error.description)])
        } catch {
            return .json(500, ["error": .string("\(error)")])
        }
    }

    private func route(_ request: APIRequest) async throws -> APIResponse {
        let parts = request.segments.map { PercentText.decode($0) ?? "" }
        switch (request.method, parts.first ?? "", parts.count) {
        case ("GET", "", 0): return overview()
        case ("GET", "dead-letters", 1): return .json(200, .array(try await dapr.deadLetters().map(\.json)))
        case ("POST", "dead-letters", 2) where parts[1] == "replay": return try await replay(try body(request))
        case ("GET", "backlogs", 1):
            return .json(
                200,
                .array(
                    dapr.backlogs.map {
                        ["group": .string($0.group), "topic": .string($0.topic), "records": .integer($0.records)]
                    }))
        case ("GET", "topics", 1):
            return .json(
                200,
                .array(
                    dapr.topicEnds.map { ["topic": .string($0.topic), "ends": .array($0.ends.map { .integer($0) })] }))
        case ("GET", "topics", 3):
            return .json(
                200,
                try await dapr.log(
                    of: parts[1], partition: Int(parts[2]) ?? -1, from: request.query("from").flatMap { Int64($0) } ?? 0
                ))
        case ("GET", "jobs", 2): return .json(200, JSON(dapr.jobNames(app: parts[1])))
        case ("POST", "jobs", 4) where parts[3] == "fire":
            try dapr.fireJob(app: parts[1], name: parts[2])
            return .noContent
        case ("PUT", "faults", 1): return try faults(try body(request))
        default: return .json(404, ["error": "there is nothing here; GET / says what there is"])
        }
    }

    private func body(_ request: APIRequest) throws -> JSON {
        let bytes = request.body ?? []
        return bytes.isEmpty ? [:] : try JSON(parsing: bytes)
    }

    private func overview() -> APIResponse {
        .json(
            200,
            [
                "program": "LocalDapr, for one machine only",
                "sidecars": .array(
                    dapr.instances.map { instance in
                        [
                            "name": .string(instance.name), "app": .string(instance.app),
                            "url": .string("http://127.0.0.1:\(instance.daprPort)"),
                            "isReady": .bool(dapr.isReady(instance: instance.name)),
                        ]
                    }),
                "paths": [
                    "/dead-letters", "/dead-letters/replay", "/backlogs", "/topics", "/topics/{topic}/{partition}",
                    "/jobs/{app}", "/jobs/{app}/{name}/fire", "/faults",
                ],
            ])
    }

    private func replay(_ wish: JSON) async throws -> APIResponse {
        let letters = try await dapr.deadLetters().filter { letter in
            if let topic = wish["topic"]?.string, topic != letter.topic { return false }
            if let partition = wish["partition"]?.int, partition != letter.partition { return false }
            if let offset = wish["offset"]?.int { return Int64(offset) == letter.offset }
            return !letter.isReplayed
        }
        for letter in letters { try await dapr.replay(letter) }
        return .json(200, ["replayed": JSON(letters.count)])
    }

    private func faults(_ wish: JSON) throws -> APIResponse {
        if let seconds = wish["refusePublishingSeconds"]?.double { try dapr.refusePublishing(for: .seconds(seconds)) }
        if let number = wish["duplicateEvery"]?.int { try dapr.duplicateDeliveries(everyNth: number) }
        if let isOn = wish["reorder"]?.bool { try dapr.reorderDeliveries(isOn) }
        return .noContent
    }
}
