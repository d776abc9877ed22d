/// How often which values were seen, in buckets with fixed upper bounds.
package final class Histogram: Metric {
    /// Bounds in seconds for work that takes between a millisecond and a minute.
    package static let secondsBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    struct Observations: Sendable {
        /// One for each bucket, not cumulative; the last one is for values above all bounds.
        var counts: [Double]
        var sum = 0.0
    }

    private let buckets: [Double]
    private let table: SeriesTable<Observations>
    package var description: MetricDescription { table.description }

    init(_ description: MetricDescription, buckets: [Double]) {
        precondition(
            zip(buckets, buckets.dropFirst()).allSatisfy(<) && buckets.allSatisfy(\.isFinite),
            "the buckets of \(description.name) must be finite and ascending")
        self.buckets = buckets
        table = SeriesTable(
            description, initial: Observations(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    package func observe(_ duration: Duration, _ labelValues: String...) {
        observe(value: duration / .seconds(1), labelValues)
    }

    package func observe(seconds: Double, _ labelValues: String...) { observe(value: seconds, labelValues) }

    /// Puts a series on the page with no observation yet.
    package func declare(_ labelValues: String...) { table.update(labelValues) { _ in } }

    /// How many values were seen; 0 for a series that does not exist.
    package func count(_ labelValues: String...) -> Int {
        Int(table.value(labelValues)?.counts.reduce(0, +) ?? 0)
    }

    private func observe(value: Double, _ labelValues: [String]) {
        // A bound belongs to its bucket. NaN belongs to none of them, hence to the last.
        let bucket = buckets.firstIndex { value <= $0 } ?? buckets.count
        table.update(labelValues) {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func writeSeries(to page: inout String) {
        for (labelValues, observations) in table.sorted() {
            var total = 0.0
            for (bound, count) in zip(buckets + [.infinity], observations.counts) {
                total += count
                description.writeSample(
                    total, suffix: "_bucket", labelValues: labelValues, bound: MetricDescription.number(bound),
                    to: &page)
            }
            description.writeSample(observations.sum, suffix: "_sum", labelValues: labelValues, to: &page)
            description.writeSample(total, suffix: "_count", labelValues: labelValues, to: &page)
        }
    }
}
