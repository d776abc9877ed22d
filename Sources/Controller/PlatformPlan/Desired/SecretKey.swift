package import KubernetesModel

/// One value inside a Secret of the platform's namespace. The value itself never passes through the plan.
package struct SecretKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let secret: NamespacedName
    package let key: String

    package init(secret: NamespacedName, key: String) {
        self.secret = secret
        self.key = key
    }

    package var description: String { "\(secret), key \(key)" }

    package static func < (left: SecretKey, right: SecretKey) -> Bool {
        (left.secret, left.key) < (right.secret, right.key)
    }
}

/// A secret value that the platform needs, and why: what a condition says when it is missing.
package struct SecretUse: Hashable, Sendable {
    package let key: SecretKey
    /// For people: `database URL`.
    package let purpose: String
    /// The field that names it, for example `spec.database.urlSecret`; empty for Secrets that Strimzi makes.
    package let field: String
    /// Whether another operator makes it (Strimzi's users and cluster CA): its absence is waiting, not a mistake.
    package let isProvided: Bool

    package init(key: SecretKey, purpose: String, field: String, isProvided: Bool = false) {
        self.key = key
        self.purpose = purpose
        self.field = field
        self.isProvided = isProvided
    }
}
