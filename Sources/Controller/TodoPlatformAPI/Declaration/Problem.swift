/// Something wrong in a resource, told so that its author can put it right.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: String, Hashable, Sendable {
        /// The resource cannot be used.
        case error
        /// The field has no effect; the rest can be used.
        case warning
    }

    /// Where: `spec.messaging.kafka.brokers[0]`.
    package let path: String
    /// What is wrong there.
    package let message: String
    /// What to do about it.
    package let remedy: String
    package let severity: Severity

    package init(path: String, message: String, remedy: String, severity: Severity = .error) {
        self.path = path
        self.message = message
        self.remedy = remedy
        self.severity = severity
    }

    package var description: String { "\(path): \(message): \(remedy)" }
}

/// A resource that cannot be used, with everything that is wrong in it.
package struct InvalidTodoPlatform: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one of severity `error`, in the order of the fields.
    package let problems: [Problem]

    package var description: String { problems.map(\.description).joined(separator: "; ") }
}
