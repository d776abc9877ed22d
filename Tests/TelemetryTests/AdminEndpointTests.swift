import Logging
import Testing

@testable import Telemetry

struct AdminEndpointTests {
    private let levels = LogLevels(.info, elapsed: { .zero })

    private func endpoints(
        paths: AdminEndpoints.Paths = .all, health: [HealthProblem] = [], readiness: [HealthProblem] = []
    ) -> AdminEndpoints {
        let registry = MetricRegistry()
        registry.counter("hits_total", help: "Hits.").increment()
        return AdminEndpoints(
            paths: paths, registry: registry, levels: levels, health: { health }, readiness: { readiness })
    }

    private func put(_ body: String, isLocal: Bool = true) async -> AdminEndpoints.Answer {
        await endpoints().answer(method: "PUT", path: "/loglevel", body: Array(body.utf8), isLocal: isLocal)
    }

    @Test(arguments: ["/healthz", "/readyz"]) func `a sound process says ok`(path: String) async {
        let answer = await endpoints().answer(method: "GET", path: path)
        #expect(answer == .init(status: 200, contentType: "text/plain", body: "ok\n"))
    }

    @Test func `what is wrong, and what is waited for, are said`() async {
        let endpoints = endpoints(
            health: [
                .init(check: "watch.Service", message: "silent for 95 s"),
                .init(check: "lease", message: "not renewed for \"16 s\""),
            ], readiness: [.init(check: "cache.TodoPlatform", message: "first list not complete")])
        let health = await endpoints.answer(method: "GET", path: "/healthz")
        #expect(health.status == 503)
        #expect(
            health.body == #"{"problems":[{"check":"lease","message":"not renewed for \"16 s\""},"#
                + #"{"check":"watch.Service","message":"silent for 95 s"}],"status":"unhealthy"}"# + "\n")
        let ready = await endpoints.answer(method: "GET", path: "/readyz")
        #expect(ready.status == 503)
        #expect(
            ready.body == #"{"problems":[{"check":"cache.TodoPlatform","message":"first list not complete"}],"#
                + #""status":"waiting"}"# + "\n")
    }

    @Test func `metrics come in the text format's own type`() async {
        let answer = await endpoints().answer(method: "GET", path: "/metrics")
        #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.body.hasSuffix("\nhits_total 1\n"))
    }

    @Test(arguments: [
        ("GET", "/"), ("GET", "/metrics/"), ("POST", "/metrics"), ("DELETE", "/loglevel"), ("GET", "/debug"),
        ("GET", ""),
    ])
    func `elsewhere there is nothing`(method: String, path: String) async {
        let answer = await endpoints().answer(method: method, path: path, isLocal: true)
        #expect(answer.status == 404)
        #expect(answer.contentType == "application/problem+json")
    }

    @Test func `a server offers only the paths it is asked to offer`() async {
        for (paths, offered) in [
            (AdminEndpoints.Paths.metrics, ["/metrics"]), (.probes, ["/healthz", "/readyz"]),
            (.logLevel, ["/loglevel"]),
        ] {
            let endpoints = endpoints(paths: paths)
            for path in ["/metrics", "/healthz", "/readyz", "/loglevel"] {
                let status = await endpoints.answer(method: "GET", path: path, isLocal: true).status
                #expect(status == (offered.contains(path) ? 200 : 404), "\(path)")
            }
        }
    }

    @Test func `the level is set for good or for a while, and shown`() async {
        #expect(await put(#"{"level":"error"}"#).body == #"{"level":"error","standing":"error"}"# + "\n")
        let answer = await put(#"{"level":"debug","for":"10m"}"#)
        #expect(answer.body == #"{"level":"debug","remainingSeconds":600,"standing":"error"}"# + "\n")
        #expect(levels.current == .debug)
        #expect(await endpoints().answer(method: "GET", path: "/loglevel", isLocal: true) == answer)
    }

    @Test(arguments: [
        "", "debug", "[]", "null", #"{"level":3}"#, "{}", #"{"level":"DEBUG"}"#, #"{"level":"loud"}"#,
        #"{"level":"debug","for":""}"#, #"{"level":"debug","for":"10"}"#, #"{"level":"debug","for":"-1s"}"#,
        #"{"level":"debug","for":"25h"}"#, #"{"level":"debug","for":"0s"}"#, #"{"level":"debug","ttl":"10m"}"#,
        #"{"level":"debug","for":"99999999999999999999s"}"#,
    ])
    func `a request that means nothing is refused with the form to use, and changes nothing`(body: String) async {
        let answer = await put(body)
        #expect(answer.status == 400)
        #expect(answer.body.contains("10m"))
        #expect(levels.current == .info)
    }

    @Test func `a caller from elsewhere sees and changes no level`() async {
        let answer = await put(#"{"level":"trace"}"#, isLocal: false)
        #expect(answer.status == 403)
        #expect(levels.current == .info)
        #expect(await endpoints().answer(method: "GET", path: "/loglevel").status == 403)
    }

    @Test(arguments: [
        ("90s", 90), ("10m", 600), ("1h30m", 5_400), ("24h", 86_400), ("1h1m1s", 3_661), ("s", nil), ("1m1h", nil),
        ("1s1s", nil), ("1 s", nil), ("1d", nil), ("٣s", nil), ("1.5h", nil), ("", nil),
    ])
    func `times are read with their units`(text: String, seconds: Int?) {
        #expect(AdminEndpoints.duration(text) == seconds.map { .seconds($0) })
    }
}
