import KubernetesModel
import Synchronization
import Testing

@testable import KubernetesClient

private let deployments = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")

private func deployment(version: String? = nil) -> KubernetesObject {
    var object = KubernetesObject(deployments, namespace: "shop", name: "api", labels: ["app": "api"])
    if let version { object.json[path: ["metadata", "resourceVersion"]] = .string(version) }
    return object
}

private let present = deployment(version: "7").json.text

/// The waits have no jitter here: 0.5 s, 1 s, 2 s, …, 10 s; jitter of 1 gives exactly the doubled delay.
private let steady = RetryPolicy(jitter: { 1 })

@Suite struct RetryTests {
    @Test(arguments: [
        // Refused before it was started: always again, whatever the verb.
        (KubernetesRequest.create(deployment(), deployments), 429, true),
        (.mergePatch(["a": 1], deployments, namespace: "shop", name: "api", fieldManager: "m"), 429, true),
        // Reads.
        (.get(deployments, namespace: "shop", name: "api"), 500, true),
        (.get(deployments, namespace: "shop", name: "api"), 502, true),
        (.get(deployments, namespace: "shop", name: "api"), 503, true),
        (.get(deployments, namespace: "shop", name: "api"), 504, true),
        (.list(deployments, namespace: nil), 503, true),
        // Writes that do no harm when they happen twice.
        (.apply(deployment(), deployments, fieldManager: "m"), 503, true),
        (.replace(deployment(version: "3"), deployments), 503, true),
        (.delete(deployments, namespace: "shop", name: "api", uid: "u-1"), 503, true),
        (.create(deployment(), deployments, dryRun: true), 503, true),
        // Writes that might.
        (.replace(deployment(), deployments), 503, false),
        (.delete(deployments, namespace: "shop", name: "api"), 503, false),
        (.mergePatch(["a": 1], deployments, namespace: "shop", name: "api", fieldManager: "m"), 503, false),
        (.jsonPatch([], deployments, namespace: "shop", name: "api", fieldManager: "m"), 504, false),
        // Asking again cannot help.
        (.get(deployments, namespace: "shop", name: "api"), 400, false),
        (.get(deployments, namespace: "shop", name: "api"), 401, false),
        (.get(deployments, namespace: "shop", name: "api"), 403, false),
        (.get(deployments, namespace: "shop", name: "api"), 404, false),
        (.replace(deployment(version: "3"), deployments), 409, false),
        (.list(deployments, namespace: nil), 410, false),
        (.apply(deployment(), deployments, fieldManager: "m"), 422, false),
        (.get(deployments, namespace: "shop", name: "api"), 501, false),
    ])
    func `a request is sent again only where that does no harm`(
        request: KubernetesRequest, status: Int, isRepeated: Bool
    ) async throws {
        let transport = ScriptedTransport([.answer(status, "{}"), .answer(200, present)])
        let client = KubernetesClient(transport: transport, clock: ManualClock(isHasty: true), retry: steady)
        if isRepeated {
            _ = try await client.send(request)
            #expect(transport.requests == [request, request])
        } else {
            let error = await #expect(throws: KubernetesError.self) { try await client.send(request) }
            #expect(error?.status == status)
            #expect(transport.requests.count == 1)
        }
    }

    @Test func `a refusal in plain text is waited out as long as the server says`() async throws {
        let transport = ScriptedTransport([
            .answer(
                429, "Too many requests, please try again later.\n", [HeaderField(name: "retry-after", value: "3")]),
            .answer(200, present),
        ])
        let clock = ManualClock(isHasty: true)
        let object = try await KubernetesClient(transport: transport, clock: clock, retry: steady)
            .get(deployments, namespace: "shop", name: "api")
        #expect(object.name == "api")
        // Up to a fifth later, never earlier.
        #expect(clock.slept == [.milliseconds(3600)])
    }

    @Test func `the wait that the Status object names counts as well`() async throws {
        let status = #"{"kind":"Status","message":"m","reason":"Timeout","details":{"retryAfterSeconds":2}}"#
        let transport = ScriptedTransport([.answer(504, status), .answer(200, present)])
        let clock = ManualClock(isHasty: true)
        let policy = RetryPolicy(jitter: { 0 })
        _ = try await KubernetesClient(transport: transport, clock: clock, retry: policy)
            .get(deployments, namespace: "shop", name: "api")
        #expect(clock.slept == [.seconds(2)])
    }

    @Test func `throttling ends after ten attempts`() async throws {
        let refusal = ScriptedTransport.Step.answer(429, "", [HeaderField(name: "Retry-After", value: "1")])
        let transport = ScriptedTransport(Array(repeating: refusal, count: 20))
        let clock = ManualClock(isHasty: true)
        let client = KubernetesClient(transport: transport, clock: clock, retry: steady)
        let error = await #expect(throws: KubernetesError.self) {
            try await client.get(deployments, namespace: "shop", name: "api")
        }
        #expect(error?.code == .throttled)
        #expect(error?.retryAfter == .seconds(1))
        #expect(transport.requests.count == 10)
    }

    @Test func `no wait is begun that would end after the total time`() async throws {
        let refusal = ScriptedTransport.Step.answer(429, "", [HeaderField(name: "Retry-After", value: "25")])
        let transport = ScriptedTransport(Array(repeating: refusal, count: 20))
        let clock = ManualClock(isHasty: true)
        let client = KubernetesClient(transport: transport, clock: clock, retry: RetryPolicy(jitter: { 0 }))
        await #expect(throws: KubernetesError.self) { try await client.get(deployments, namespace: nil, name: "api") }
        // 25 s, 50 s; 75 s would be past the minute.
        #expect(clock.slept == [.seconds(25), .seconds(25)])
        #expect(clock.now.offset == .seconds(50))
    }

    @Test func `an unreachable server is asked four times, waiting longer each time`() async throws {
        let transport = ScriptedTransport(Array(repeating: .failure(.transport), count: 9))
        let clock = ManualClock(isHasty: true)
        let client = KubernetesClient(transport: transport, clock: clock, retry: steady)
        let error = await #expect(throws: KubernetesError.self) {
            try await client.get(deployments, namespace: "shop", name: "api")
        }
        #expect(error?.code == .transport)
        #expect(clock.slept == [.milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test func `waits stay within half and all of the doubled delay`() throws {
        for (jitter, factor) in [(0.0, 0.5), (0.5, 0.75), (0.999_999, 1.0)] {
            let policy = RetryPolicy(maximumAttemptsAfterFailure: 100, maximumTotal: .seconds(3600), jitter: { jitter })
            let error = KubernetesError(.transport, "gone")
            for attempt in 1...40 {
                let doubled = min(0.5 * Double(1 << min(attempt - 1, 20)), 10)
                let wait = try #require(
                    policy.delay(after: error, attempt: attempt, elapsed: .zero, isRepeatable: true))
                #expect(abs(wait / .seconds(1) - doubled * factor) < 0.001)
            }
        }
    }

    @Test func `a cancelled task does not wait for another attempt`() async throws {
        let transport = ScriptedTransport(Array(repeating: .failure(.transport), count: 9))
        let clock = ManualClock()
        let client = KubernetesClient(transport: transport, clock: clock, retry: steady)
        await withTaskGroup(of: KubernetesError.Code?.self) { group in
            group.addTask {
                do throws(KubernetesError) {
                    _ = try await client.get(deployments, namespace: "shop", name: "api")
                    return nil
                } catch {
                    return error.code
                }
            }
            await clock.sleepers(1)
            group.cancelAll()
            let outcome = await group.next()
            #expect(outcome == .transport)
        }
        #expect(transport.requests.count == 1)
    }

    // MARK: Lost creates

    @Test func `a create whose answer was lost counts as done when the object is there as sent`() async throws {
        // The server adds what it likes: uid, defaults, status.
        var stored = deployment(version: "9")
        stored.json[path: ["metadata", "uid"]] = "u-9"
        stored.json[path: ["spec", "replicas"]] = 1
        let transport = ScriptedTransport([.failure(.transport), .answer(200, stored.json.text)])
        let client = KubernetesClient(transport: transport, clock: ManualClock(isHasty: true), retry: steady)
        let created = try await client.create(deployment(), deployments)
        #expect(created.uid == "u-9")
        #expect(
            transport.log == [
                "POST /apis/apps/v1/namespaces/shop/deployments", "GET /apis/apps/v1/namespaces/shop/deployments/api",
            ])
    }

    @Test func `a create whose answer was lost is sent again when the object is not there`() async throws {
        let transport = ScriptedTransport([.failure(.transport), .answer(404, "{}"), .answer(201, present)])
        let clock = ManualClock(isHasty: true)
        let client = KubernetesClient(transport: transport, clock: clock, retry: steady)
        #expect(try await client.create(deployment(), deployments).resourceVersion == "7")
        #expect(transport.requests.map(\.method) == [.post, .get, .post])
        #expect(clock.slept == [.milliseconds(500)])
    }

    @Test func `somebody else's object of the same name is never taken for our own`() async throws {
        let leases = ResourceType(group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")
        func lease(_ holder: String) -> KubernetesObject {
            KubernetesObject(
                leases, namespace: "shop", name: "lock",
                body: JSONObject([("spec", ["holderIdentity": .string(holder)] as JSON)]))
        }
        let exists = #"{"kind":"Status","reason":"AlreadyExists","message":"leases \"lock\" already exists"}"#
        let transport = ScriptedTransport([
            .failure(.transport), .answer(200, lease("other").json.text), .answer(409, exists),
        ])
        let client = KubernetesClient(transport: transport, clock: ManualClock(isHasty: true), retry: steady)
        let error = await #expect(throws: KubernetesError.self) { try await client.create(lease("me"), leases) }
        #expect(error?.code == .alreadyExists)
    }

    @Test func `a lost create stays lost when nobody can tell what became of it`() async throws {
        let transport = ScriptedTransport([.failure(.transport), .answer(403, "{}")])
        let client = KubernetesClient(transport: transport, clock: ManualClock(isHasty: true), retry: steady)
        let error = await #expect(throws: KubernetesError.self) { try await client.create(deployment(), deployments) }
        #expect(error?.code == .transport)
        #expect(transport.requests.map(\.method) == [.post, .get])
    }

    @Test func `an object without a name of its own is created at most once`() async throws {
        var nameless = deployment()
        nameless.json[path: ["metadata", "name"]] = nil
        nameless.json[path: ["metadata", "generateName"]] = "api-"
        let transport = ScriptedTransport([.failure(.transport), .answer(201, present)])
        let client = KubernetesClient(transport: transport, clock: ManualClock(isHasty: true), retry: steady)
        let unnamed = nameless
        await #expect(throws: KubernetesError.self) { try await client.create(unnamed, deployments) }
        #expect(transport.requests.count == 1)
    }

    // MARK: Meaning of answers

    @Test func `deleting what is not there is a success`() async throws {
        let transport = ScriptedTransport([.answer(404, "{}")])
        try await KubernetesClient(transport: transport).delete(deployments, namespace: "shop", name: "api")
        #expect(transport.log == ["DELETE /apis/apps/v1/namespaces/shop/deployments/api"])
    }

    @Test func `an answer that is no JSON is an error, not an object`() async throws {
        for body in ["", "<html>gateway</html>", "[1]", "{\"kind\":\"Deployment\""] {
            let transport = ScriptedTransport([.answer(200, body)])
            let error = await #expect(throws: KubernetesError.self) {
                try await KubernetesClient(transport: transport).get(deployments, namespace: "shop", name: "api")
            }
            #expect(error?.code == .undecodable)
            #expect(error?.message.contains("get Deployment shop/api") == true)
        }
    }

    @Test func `a refused stream says why and is not asked for again`() async throws {
        let status = #"{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version: 5 (90)"}"#
        let transport = ScriptedTransport([.answer(410, status)])
        let error = await #expect(throws: KubernetesError.self) {
            try await KubernetesClient(transport: transport).open(
                .watch(deployments, namespace: nil, resourceVersion: "5", timeoutSeconds: 300))
        }
        #expect(error?.code == .expired)
        #expect(error?.message.contains("too old resource version") == true)
        #expect(transport.requests.count == 1)
    }

    @Test func `every attempt is observed with its outcome`() async throws {
        let transport = ScriptedTransport([
            .answer(503, "{}"), .failure(.transport), .answer(200, present), .answer(200, #"{"gitVersion":"v1.33.0"}"#),
        ])
        let seen = Mutex<[RequestObservation]>([])
        let client = KubernetesClient(transport: transport, clock: ManualClock(isHasty: true), retry: steady) {
            observation in
            seen.withLock { $0.append(observation) }
        }
        _ = try await client.get(deployments, namespace: "shop", name: "api")
        _ = try await client.send(.path("/version"))
        let kind = GroupKind(group: "apps", kind: "Deployment")
        #expect(
            seen.withLock { $0 } == [
                RequestObservation(
                    verb: .get, kind: kind, status: 503, error: .unavailable, duration: .zero, attempt: 1),
                RequestObservation(verb: .get, kind: kind, status: nil, error: .transport, duration: .zero, attempt: 2),
                RequestObservation(verb: .get, kind: kind, status: 200, error: nil, duration: .zero, attempt: 3),
                RequestObservation(verb: .get, kind: nil, status: 200, error: nil, duration: .zero, attempt: 1),
            ])
    }
}
