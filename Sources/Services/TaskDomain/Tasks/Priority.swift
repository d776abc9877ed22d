/// How much a task matters. `medium` when nothing is said.
package enum Priority: String, Hashable, Sendable, CaseIterable, Comparable {
    case low, medium, high

    /// For sorting and for columns: 0 is low, 2 is high.
    package var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        }
    }

    package static func < (left: Priority, right: Priority) -> Bool { left.rank < right.rank }
}
