import Telemetry
import Testing

@testable import Telemetry

struct MetricExpositionTests {
    @Test func `the page is what Prometheus' text format asks for, in a stable order`() {
        let registry = MetricRegistry()
        let requests = registry.counter(
            "rest_client_requests_total", help: "Requests by \"verb\".\nAnd \\ code.", labels: ["verb", "code"])
        requests.increment("PATCH", "200")
        requests.increment(by: 2, "GET", "200")
        requests.increment("GET", "he said \"no\\yes\"\r\nand left")
        let depth = registry.gauge("workqueue_depth", help: "Keys that wait.")
        depth.set(3)
        depth.add(-0.5)
        let latency = registry.histogram(
            "reconcile_seconds", help: "Time of a reconcile.", labels: ["kind"], buckets: [0.005, 1])
        latency.observe(.milliseconds(5), "a")
        latency.observe(seconds: 0.25, "a")
        latency.observe(seconds: 7, "a")
        _ = registry.counter("aborts_total", help: "Never counted yet.")
        #expect(
            registry.exposition() == #"""
                # HELP aborts_total Never counted yet.
                # TYPE aborts_total counter
                aborts_total 0
                # HELP reconcile_seconds Time of a reconcile.
                # TYPE reconcile_seconds histogram
                reconcile_seconds_bucket{kind="a",le="0.005"} 1
                reconcile_seconds_bucket{kind="a",le="1"} 2
                reconcile_seconds_bucket{kind="a",le="+Inf"} 3
                reconcile_seconds_sum{kind="a"} 7.255
                reconcile_seconds_count{kind="a"} 3
                # HELP rest_client_requests_total Requests by "verb".\nAnd \\ code.
                # TYPE rest_client_requests_total counter
                rest_client_requests_total{verb="GET",code="200"} 2
                rest_client_requests_total{verb="GET",code="he said \"no\\yes\"\#r\nand left"} 1
                rest_client_requests_total{verb="PATCH",code="200"} 1
                # HELP workqueue_depth Keys that wait.
                # TYPE workqueue_depth gauge
                workqueue_depth 2.5

                """#)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.005, "0.005"), (-2.5, "-2.5"), (1e300, "1e+300"), (.nan, "NaN"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (9_007_199_254_740_992.0, "9007199254740992"),  // the last of the exact whole numbers
    ])
    func `numbers are written as Prometheus reads them`(value: Double, text: String) {
        #expect(MetricDescription.number(value) == text)
    }

    @Test func `a declared series is there before anything happens`() {
        let registry = MetricRegistry()
        let writes = registry.counter("writes_total", help: "Writes.", labels: ["kind"])
        #expect(!registry.exposition().contains("writes_total{"))
        writes.declare("Deployment")
        #expect(registry.exposition().contains("writes_total{kind=\"Deployment\"} 0\n"))
        writes.increment("Deployment")
        writes.declare("Deployment")
        #expect(writes.value("Deployment") == 1)
    }

    @Test func `the same name gives the same instrument`() {
        let registry = MetricRegistry()
        let first = registry.counter("writes_total", help: "Writes.", labels: ["kind"])
        #expect(registry.counter("writes_total", help: "Writes.", labels: ["kind"]) === first)
    }

    @Test func `a series of something that is gone leaves the page`() {
        let registry = MetricRegistry()
        let ready = registry.gauge("ready", help: "Ready.", labels: ["name"])
        ready.set(1, "a")
        ready.set(1, "b")
        ready.remove("a")
        #expect(registry.exposition().hasSuffix("gauge\nready{name=\"b\"} 1\n"))
    }

    @Test func `label values without end do not take memory without end`() {
        let registry = MetricRegistry()
        let seen = registry.counter("seen_total", help: "Seen.", labels: ["what", "where"])
        for number in 0..<(MetricRegistry.maximumSeries + 500) { seen.increment("\(number)", "here") }
        seen.increment("0", "here")
        #expect(seen.value("other", "other") == 500)
        #expect(seen.value("0", "here") == 2)
        #expect(registry.exposition().split(separator: "\n").count == MetricRegistry.maximumSeries + 1 + 2)
    }

    @Test(arguments: [
        ("1st", [String]()), ("a-b", []), ("", []), ("ok", ["le-ft"]), ("ok", ["__internal"]), ("ok", ["a:b"]),
        ("ok", ["twice", "twice"]),
    ])
    func `a name that Prometheus would refuse stops us when the metric is made`(name: String, labels: [String]) async {
        await #expect(processExitsWith: .failure) { [name, labels] in
            _ = MetricRegistry().counter(name, help: "", labels: labels)
        }
    }

    @Test func `a wrong number of label values stops us`() async {
        await #expect(processExitsWith: .failure) {
            MetricRegistry().counter("writes_total", help: "", labels: ["kind"]).increment("a", "b")
        }
    }

    @Test func `the same name for another kind of metric stops us`() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry()
            _ = registry.counter("writes_total", help: "")
            _ = registry.gauge("writes_total", help: "")
        }
    }
}
