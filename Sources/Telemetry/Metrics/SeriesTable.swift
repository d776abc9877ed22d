import Synchronization

/// The values of one metric, one for each combination of label values.
final class SeriesTable<Value: Sendable>: Sendable {
    let description: MetricDescription
    private let initial: Value
    private let series: Mutex<[[String]: Value]>

    /// A metric without labels has its one series from the start.
    init(_ description: MetricDescription, initial: Value) {
        self.description = description
        self.initial = initial
        series = Mutex(description.labels.isEmpty ? [[]: initial] : [:])
    }

    func update(_ labelValues: [String], _ change: (inout Value) -> Void) {
        checkCount(labelValues)
        series.withLock { series in
            let isNew = series[labelValues] == nil
            let key =
                isNew && series.count >= MetricRegistry.maximumSeries
                ? labelValues.map { _ in "other" } : labelValues
            change(&series[key, default: initial])
        }
    }

    func remove(_ labelValues: [String]) {
        checkCount(labelValues)
        series.withLock { _ = $0.removeValue(forKey: labelValues) }
    }

    func value(_ labelValues: [String]) -> Value? {
        checkCount(labelValues)
        return series.withLock { $0[labelValues] }
    }

    /// All series, sorted by label values.
    func sorted() -> [(labelValues: [String], value: Value)] {
        let copy = series.withLock { $0 }
        return copy.map { (labelValues: $0.key, value: $0.value) }
            .sorted { $0.labelValues.lexicographicallyPrecedes($1.labelValues) }
    }

    private func checkCount(_ labelValues: [String]) {
        precondition(
            labelValues.count == description.labels.count,
            "\(description.name) has the labels \(description.labels), got \(labelValues.count) values")
    }
}
