/// Where a kind is served: the path segments of the Kubernetes API and the kind's name.
package struct ResourceType: Hashable, Sendable {
    /// The API group; empty for the core group.
    package let group: String
    package let version: String
    package let kind: String
    /// The path segment, for example `deployments`.
    package let plural: String
    package let isNamespaced: Bool

    package init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// `v1` for the core group, else `group/version`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    package var groupKind: GroupKind { GroupKind(group: group, kind: kind) }

    /// The path of the group and version, without a slash at its end.
    package var root: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }

    /// The same kind in another served version.
    package func at(version: String) -> ResourceType {
        ResourceType(group: group, version: version, kind: kind, plural: plural, isNamespaced: isNamespaced)
    }
}

/// A kind without its version: what identifies objects across versions of one API.
package struct GroupKind: Hashable, Sendable, CustomStringConvertible {
    package let group: String
    package let kind: String

    package init(group: String, kind: String) {
        self.group = group
        self.kind = kind
    }

    package var description: String { group.isEmpty ? kind : "\(kind).\(group)" }
}

/// Names one object: kind, namespace (empty for cluster-scoped kinds) and name.
package struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
    package let kind: GroupKind
    package let namespace: String
    package let name: String

    package init(_ kind: GroupKind, namespace: String = "", name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    package init(group: String, kind: String, namespace: String = "", name: String) {
        self.init(GroupKind(group: group, kind: kind), namespace: namespace, name: name)
    }

    /// For people: `Deployment shop/api`.
    package var description: String { namespace.isEmpty ? "\(kind.kind) \(name)" : "\(kind.kind) \(namespace)/\(name)" }
}

/// A namespace and a name: the key of one reconciled resource in a work queue.
package struct NamespacedName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    package static func < (left: NamespacedName, right: NamespacedName) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}
