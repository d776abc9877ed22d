/// Which kinds a cluster serves, and in which versions: what discovery found, as a value.
package struct ServedAPIs: Hashable, Sendable {
    /// One served kind.
    package struct Entry: Hashable, Sendable {
        package var versions: Set<String>
        package var plural: String
        package var isNamespaced: Bool

        package init(versions: Set<String>, plural: String, isNamespaced: Bool) {
            self.versions = versions
            self.plural = plural
            self.isNamespaced = isNamespaced
        }
    }

    package private(set) var entries: [GroupKind: Entry]

    package init(_ entries: [GroupKind: Entry] = [:]) { self.entries = entries }

    /// Serves exactly `types`; several versions of a kind add up.
    package init(serving types: some Sequence<ResourceType>) {
        self.init()
        for type in types { insert(type) }
    }

    package mutating func insert(_ type: ResourceType) {
        var entry =
            entries[type.groupKind]
            ?? Entry(versions: [], plural: type.plural, isNamespaced: type.isNamespaced)
        entry.versions.insert(type.version)
        entries[type.groupKind] = entry
    }

    package mutating func remove(_ kind: GroupKind) { entries[kind] = nil }

    package func serves(_ kind: GroupKind) -> Bool { entries[kind] != nil }

    /// `kind` in the first of `versions` that is served, or nil when none is.
    package func type(_ kind: GroupKind, preferring versions: [String]) -> ResourceType? {
        guard let entry = entries[kind], let version = versions.first(where: { entry.versions.contains($0) }) else {
            return nil
        }
        return ResourceType(
            group: kind.group, version: version, kind: kind.kind, plural: entry.plural,
            isNamespaced: entry.isNamespaced)
    }
}
