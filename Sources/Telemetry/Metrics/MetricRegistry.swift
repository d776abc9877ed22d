import Synchronization

/// All metrics of a process, and the page that Prometheus reads (text exposition format 0.0.4).
///
/// Instruments are made once, by name, and kept by whoever counts with them; asking again for the same name returns the
/// same instrument. Label values must come from closed sets: a metric holds at most `maximumSeries` series, whatever
/// comes after is counted in one series whose label values are all `other`.
///
///     let retries = registry.counter("rest_client_retries_total", help: "Requests sent again.", labels: ["verb"])
///     retries.increment("GET")
package final class MetricRegistry: Sendable {
    /// How many series a metric holds before further label values fall into `other`.
    package static let maximumSeries = 2_000

    private struct State {
        var metrics: [String: any Metric] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// The counter `name`. By convention a counter's name ends in `_total`.
    /// - Parameters:
    ///   - help: One line for people who read the page.
    ///   - labels: The names of the labels; each use of the counter gives as many values, in this order.
    package func counter(_ name: String, help: String, labels: [String] = []) -> Counter {
        instrument(name, labels) { Counter(MetricDescription(name: name, help: help, type: "counter", labels: labels)) }
    }

    /// The gauge `name`: a value that goes up and down.
    package func gauge(_ name: String, help: String, labels: [String] = []) -> Gauge {
        instrument(name, labels) { Gauge(MetricDescription(name: name, help: help, type: "gauge", labels: labels)) }
    }

    /// The histogram `name`.
    /// - Parameter buckets: Upper bounds, ascending, without the infinite one, which is always there.
    package func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = Histogram.secondsBuckets
    ) -> Histogram {
        instrument(name, labels) {
            Histogram(
                MetricDescription(name: name, help: help, type: "histogram", labels: labels), buckets: buckets)
        }
    }

    /// Runs `update` before each exposition: for values that are read when somebody asks, not kept up to date.
    package func onCollect(_ update: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(update) }
    }

    /// The page, metrics sorted by name and series by label values, so that the same numbers give the same text.
    package func exposition() -> String {
        // Collectors set instruments and may take any time they like: not under the lock.
        let collectors = state.withLock { $0.collectors }
        for collect in collectors { collect() }
        let metrics = state.withLock { Array($0.metrics.values) }
        var page = ""
        for metric in metrics.sorted(by: { $0.description.name < $1.description.name }) {
            metric.description.writeHead(to: &page)
            metric.writeSeries(to: &page)
        }
        return page
    }

    private func instrument<Instrument: Metric>(
        _ name: String, _ labels: [String], make: () -> Instrument
    ) -> Instrument {
        state.withLock { state in
            guard let present = state.metrics[name] else {
                let new = make()
                state.metrics[name] = new
                return new
            }
            guard let same = present as? Instrument, same.description.labels == labels else {
                preconditionFailure(
                    "metric \(name) exists as a \(present.description.type) with labels \(present.description.labels)")
            }
            return same
        }
    }
}

/// What the page needs of an instrument.
protocol Metric: Sendable {
    var description: MetricDescription { get }
    func writeSeries(to page: inout String)
}
