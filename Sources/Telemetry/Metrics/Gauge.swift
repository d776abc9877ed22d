/// A number that goes up and down: queue depth, memory, 1 for leader and 0 for standby.
package final class Gauge: Metric {
    private let table: SeriesTable<Double>
    package var description: MetricDescription { table.description }

    init(_ description: MetricDescription) { table = SeriesTable(description, initial: 0) }

    package func set(_ value: Double, _ labelValues: String...) { table.update(labelValues) { $0 = value } }

    /// - Parameter amount: May be negative.
    package func add(_ amount: Double, _ labelValues: String...) { table.update(labelValues) { $0 += amount } }

    /// Puts a series on the page with the value 0 unless it has one.
    package func declare(_ labelValues: String...) { table.update(labelValues) { _ in } }

    /// Takes a series off the page: what it described is gone.
    package func remove(_ labelValues: String...) { table.remove(labelValues) }

    /// The value now; 0 for a series that does not exist.
    package func value(_ labelValues: String...) -> Double { table.value(labelValues) ?? 0 }

    func writeSeries(to page: inout String) {
        for (labelValues, value) in table.sorted() {
            description.writeSample(value, labelValues: labelValues, to: &page)
        }
    }
}
