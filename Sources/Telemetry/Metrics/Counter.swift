/// A number that only grows: requests, retries, writes.
package final class Counter: Metric {
    private let table: SeriesTable<Double>
    package var description: MetricDescription { table.description }

    init(_ description: MetricDescription) { table = SeriesTable(description, initial: 0) }

    /// - Parameters:
    ///   - amount: Not negative.
    ///   - labelValues: One for each label, in the order of the labels.
    package func increment(by amount: Double = 1, _ labelValues: String...) {
        precondition(amount >= 0, "\(description.name) cannot go down")
        table.update(labelValues) { $0 += amount }
    }

    /// Puts a series on the page before it is counted for the first time, so that a rate over it has a beginning.
    package func declare(_ labelValues: String...) { table.update(labelValues) { _ in } }

    /// For a total that somebody else counts, such as the kernel. A total below the last one is ignored.
    package func advance(to total: Double, _ labelValues: String...) {
        table.update(labelValues) { $0 = max($0, total) }
    }

    /// What is counted so far; 0 for a series that does not exist.
    package func value(_ labelValues: String...) -> Double { table.value(labelValues) ?? 0 }

    func writeSeries(to page: inout String) {
        for (labelValues, value) in table.sorted() {
            description.writeSample(value, labelValues: labelValues, to: &page)
        }
    }
}
