import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 11.3: retries, breakers, timeouts, and which of them hold.
@Suite(.timeLimit(.minutes(1))) struct ResiliencyTests {
    private func spec(_ text: String) throws -> ResiliencySpec {
        try ResiliencySpec(
            ResourceDocument.read(
                "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\n" + text, source: "test")[0])
    }

    private func component(_ type: String, _ name: String = "bus") throws -> Component {
        try Component(ResourceDocument.read(pubsub(name, type: type), source: "test")[0])
    }

    @Test func `a constant policy waits its time, an exponential one grows to its limit and ends after 15 minutes`() {
        let constant = RetryPolicy(pace: .constant(.seconds(2)), maxRetries: 2)
        #expect(constant.wait(beforeRetry: 1, elapsed: .zero, random: 0.3) == .seconds(2))
        #expect(constant.wait(beforeRetry: 3, elapsed: .zero, random: 0.3) == nil)
        let growing = RetryPolicy(pace: .exponential(maximum: .seconds(60)))
        #expect(growing.wait(beforeRetry: 1, elapsed: .zero, random: 0.5) == .milliseconds(500))
        #expect(growing.wait(beforeRetry: 2, elapsed: .zero, random: 0.5) == .milliseconds(750))
        #expect(growing.wait(beforeRetry: 40, elapsed: .zero, random: 0.5) == .seconds(60))
        #expect(growing.wait(beforeRetry: 2, elapsed: .seconds(901), random: 0.5) == nil)
    }

    @Test func `the defaults are constant, five seconds, for ever`() throws {
        let spec = try spec(
            "spec: {policies: {retries: {a: {}, b: {policy: exponential, maxRetries: -1, matching: {httpStatusCodes: '429,500-599'}}}}}"
        )
        #expect(spec.retries["a"] == RetryPolicy(pace: .constant(.seconds(5)), maxRetries: nil))
        let matching = try #require(spec.retries["b"])
        #expect(
            matching.isWorthRetrying(status: 429) && matching.isWorthRetrying(status: 503)
                && matching.isWorthRetrying(status: nil))
        #expect(!matching.isWorthRetrying(status: 404))
    }

    @Test func `the most specific default wins where nothing is named, an unknown name is passed over`() throws {
        let policies = Policies(
            try spec(
                """
                spec:
                  policies:
                    retries:
                      DefaultRetryPolicy: {policy: constant, duration: 1s}
                      DefaultComponentInboundRetryPolicy: {policy: constant, duration: 2s}
                      DefaultPubsubComponentInboundRetryPolicy: {policy: constant, duration: 3s}
                      mine: {policy: constant, duration: 4s}
                    timeouts: {bare: 250}
                  targets:
                    components:
                      bus: {inbound: {retry: mine}, outbound: {retry: nope, timeout: bare}}
                """), elapsed: TimeSource.system.elapsed)
        #expect(policies.component(try component("pubsub.kafka"), .inbound).retry?.pace == .constant(.seconds(4)))
        #expect(policies.component(try component("pubsub.kafka"), .outbound).retry?.pace == .constant(.seconds(1)))
        #expect(policies.component(try component("pubsub.kafka"), .outbound).timeout == .milliseconds(250))
        #expect(
            policies.component(try component("pubsub.kafka", "other"), .inbound).retry?.pace == .constant(.seconds(3)))
        #expect(
            policies.component(try component("state.redis", "other"), .inbound).retry?.pace == .constant(.seconds(2)))
        #expect(policies.app("x").retry?.pace == .constant(.seconds(1)))
    }

    @Test
    func `a breaker opens when its expression says so, tries again after its timeout, and closes after a success`()
        throws
    {
        let elapsed = Box(Duration.zero)
        let spec = try spec(
            "spec: {policies: {circuitBreakers: {b: {maxRequests: 1, timeout: 10s, trip: consecutiveFailures >= 2}}}}")
        let breaker = CircuitBreaker(try #require(spec.breakers["b"]), elapsed: { elapsed.value })
        for _ in 1...2 {
            try breaker.enter()
            breaker.leave(succeeded: false)
        }
        #expect(throws: CircuitBreaker.Open.self) { try breaker.enter() }
        elapsed.set(.seconds(11))
        try breaker.enter()
        // Half open: one at a time.
        #expect(throws: CircuitBreaker.Open.self) { try breaker.enter() }
        breaker.leave(succeeded: true)
        try breaker.enter()
        breaker.leave(succeeded: false)
        try breaker.enter()
        breaker.leave(succeeded: false)
        #expect(throws: CircuitBreaker.Open.self) { try breaker.enter() }
    }

    @Test func `an open breaker lets calls through after its timeout, though the clock was set back meanwhile`()
        async throws
    {
        let now = Box(Timestamp(seconds: 1_800_000_000))
        let elapsed = Box(Duration.zero)
        let breaker = resiliency(
            policies: "circuitBreakers: {b: {maxRequests: 1, timeout: 10s, trip: consecutiveFailures >= 2}}",
            targets: "components: {bus: {outbound: {circuitBreaker: b}}}")
        try await withDapr(
            [TestApp("app")], resources: pubsub() + breaker,
            configure: .with {
                $0.allowFaults = true
                $0.time = TimeSource(
                    now: { now.value }, sleep: TimeSource.system.sleep, elapsed: { elapsed.value })
            }
        ) { world in
            func status() async throws -> Int {
                try await world.call("app", "POST", "/v1.0/publish/bus/t", json: 1).status
            }
            try world.dapr.refusePublishing(for: .seconds(1))
            for _ in 1...2 { #expect(try await status() == 500) }
            now.set(Timestamp(seconds: 1_800_000_002))
            #expect(try await status() == 500, "it should be open")
            now.set(Timestamp(seconds: 1_799_990_000))
            try world.dapr.refusePublishing(for: .zero)
            elapsed.set(.seconds(11))
            #expect(try await status() == 204)
        }
    }

    @Test func `a delivery that takes too long is a failed attempt`() async throws {
        let resources =
            pubsub() + subscription("t", deadLetters: "dead")
            + resiliency(
                policies: "timeouts: {short: 30ms}", targets: "components: {bus: {inbound: {timeout: short}}}")
        let slow = TestApp("slow") { request in
            if request.path == "/events" { do { try await ContinuousClock().sleep(for: .milliseconds(300)) } catch {} }
            return .init(status: 200)
        }
        try await withDapr([slow], resources: resources) { world in
            let reply = try await world.call("slow", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(reply.status == 204)
            try await world.dapr.waitUntilIdle()
            #expect(
                try await world.dapr.deadLetters().map(\.reason) == ["the app took longer than the policy's timeout"])
        }
    }

    @Test func `matching statuses decide which answers are worth another attempt`() async throws {
        let app = TestApp("app") { request in .init(status: request.path == "/events" ? 400 : 200) }
        let resources =
            pubsub() + subscription("t", deadLetters: "dead")
            + inboundRetries(3, more: ", matching: {httpStatusCodes: 500-599}")
        try await withDapr([app], resources: resources) { world in
            let reply = try await world.call("app", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(reply.status == 204)
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.count == 1)
        }
    }

    @Test(arguments: [
        "spec: {policies: {retries: {a: {policy: sometimes}}}}", "spec: {policies: {timeouts: {a: soon}}}",
        "spec: {policies: {circuitBreakers: {a: {trip: 'failures > 1'}}}}",
        "spec: {policies: {retries: {a: {matching: {httpStatusCodes: 5xx}}}}}",
    ])
    func `what cannot be read is refused with its place`(text: String) {
        #expect(throws: ResourceError.self) { try spec(text) }
    }
}
