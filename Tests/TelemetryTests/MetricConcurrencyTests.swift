import Telemetry
import Testing

struct MetricConcurrencyTests {
    @Test(.timeLimit(.minutes(1))) func `nothing is lost or torn while many tasks count and others read`() async {
        let tasks = 8
        let rounds = 5_000
        let registry = MetricRegistry()
        let counter = registry.counter("hits_total", help: "Hits.", labels: ["task"])
        let gauge = registry.gauge("level", help: "Level.")
        let histogram = registry.histogram("size", help: "Size.", buckets: [1, 10])
        await withTaskGroup { group in
            for task in 0..<tasks {
                group.addTask {
                    for round in 0..<rounds {
                        counter.increment(round % 2 == 0 ? "shared" : "own-\(task)")
                        gauge.add(task % 2 == 0 ? 1 : -1)
                        histogram.observe(seconds: Double(round % 20))
                        // The same instrument by its name, from many tasks at once.
                        if round % 100 == 0 {
                            registry.counter("late_total", help: "Made under load.").increment()
                        }
                    }
                }
            }
            group.addTask {
                for _ in 0..<100 {
                    let page = Page(registry.exposition())
                    // A histogram is read as a whole: its last bucket is its count at any time.
                    #expect(page.value("size_bucket{le=\"+Inf\"}") == page.value("size_count"))
                }
            }
        }
        #expect(counter.value("shared") == Double(tasks * rounds / 2))
        for task in 0..<tasks { #expect(counter.value("own-\(task)") == Double(rounds / 2)) }
        #expect(gauge.value() == 0)
        #expect(histogram.count() == tasks * rounds)
        #expect(Page(registry.exposition()).value("late_total") == Double(tasks * rounds / 100))
    }
}

/// A page of metrics, by series.
struct Page {
    private let values: [Substring: Double]

    init(_ text: String) {
        values = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.reduce(into: [:]) { values, line in
            guard let space = line.lastIndex(of: " ") else { return }
            values[line[..<space]] = Double(line[line.index(after: space)...])
        }
    }

    func value(_ series: String) -> Double? { values[series[...]] }
}
