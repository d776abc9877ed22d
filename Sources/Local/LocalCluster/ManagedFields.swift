import KubernetesModel

/// `metadata.managedFields`: which manager owns which fields, and how that changes with each write
/// (Kubernetes documentation, "Server-Side Apply").
struct ManagedFields: Sendable {
    struct Entry: Sendable {
        let manager: String
        let isApply: Bool
        var apiVersion: String
        let subresource: String?
        var time: String
        var fields: FieldSet

        /// Whether both stand for one manager: of an applier the version does not count.
        func isSameManager(as other: Entry) -> Bool {
            manager == other.manager && isApply == other.isApply && subresource == other.subresource
                && (isApply || apiVersion == other.apiVersion)
        }

        var json: JSON {
            var json: JSON = [
                "manager": .string(manager), "operation": isApply ? "Apply" : "Update",
                "apiVersion": .string(apiVersion), "time": .string(time), "fieldsType": "FieldsV1",
                "fieldsV1": fields.json,
            ]
            if let subresource { json["subresource"] = .string(subresource) }
            return json
        }
    }

    var entries: [Entry] = []

    var json: JSON { .array(entries.map(\.json)) }

    /// Equality without the times.
    func sameOwnership(as other: ManagedFields) -> Bool {
        entries.count == other.entries.count
            && zip(entries, other.entries).allSatisfy {
                $0.isSameManager(as: $1) && $0.apiVersion == $1.apiVersion && $0.fields == $1.fields
            }
    }

    /// Fields of which nobody keeps track: the identity of an object and what the server writes itself.
    private static let untracked: [[String]] =
        [
            ["f:apiVersion"], ["f:kind"],
        ]
        + [
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields",
            "resourceVersion",
        ]
        .map { ["f:metadata", "f:\($0)"] }

    private static func tracked(_ set: FieldSet) -> FieldSet {
        var result = set.removing(untracked)
        result.members.remove("f:metadata")
        return result
    }

    /// The ownership after `manager` changed `old` to `new` by a create, update or patch.
    func updated(
        from old: JSON, to new: JSON, schema: Schema, by manager: Entry, release: LocalCluster.Release
    ) throws(SchemaProblem) -> ManagedFields {
        let entries = try widened(over: old, schema, release)
        let changes = schema.compare(old, new)
        let gained = Self.tracked(changes.added.union(changes.modified))
        let lost = Self.tracked(changes.removed)
        var result = ManagedFields(entries: entries)
        guard !gained.isEmpty || !lost.isEmpty else { return result }
        for index in result.entries.indices {
            result.entries[index].fields = result.entries[index].fields.subtracting(gained).subtracting(lost)
        }
        if let index = result.entries.firstIndex(where: { $0.isSameManager(as: manager) }) {
            result.entries[index].fields = result.entries[index].fields.union(entries[index].fields.subtracting(lost))
                .union(gained)
            result.entries[index].time = manager.time
        } else if !gained.isEmpty {
            var entry = manager
            entry.fields = gained
            result.entries.append(entry)
        }
        return result.tidied
    }

    /// Servers of today take an owner of the whole for no more than that.
    private func widened(over live: JSON, _ schema: Schema, _ release: LocalCluster.Release) throws(SchemaProblem)
        -> [Entry]
    {
        guard release == .kubernetes120 else { return entries }
        var result = entries
        for index in result.indices { result[index].fields = try schema.widened(result[index].fields, over: live) }
        return result
    }

    /// The outcome of a server-side apply.
    struct Applied {
        let object: JSON
        let managed: ManagedFields
    }

    /// One field that another manager owns with another value.
    struct Conflict: Sendable {
        let manager: Entry
        let path: String
    }

    enum ApplyError: Error {
        case conflicts([Conflict])
        case schema(SchemaProblem)
    }

    /// Lays `intent`, the complete wish of `manager`, over `live`, and takes away what the manager wished before and
    /// nobody wishes now.
    func applying(
        _ intent: JSON, to live: JSON, schema: Schema, by manager: Entry, force: Bool,
        release: LocalCluster.Release
    )
        throws(ApplyError) -> Applied
    {
        let isOld = release == .kubernetes120
        let conflicts: [Conflict]
        let applied: Applied
        do throws(SchemaProblem) {
            let wanted = Self.tracked(try schema.fields(of: intent, ownsEmpty: !isOld))
            var merged = try schema.merging(live, intent, keepsOrder: isOld)
            let entries = try widened(over: live, schema, release)
            var result = ManagedFields(entries: entries)
            let index = result.entries.firstIndex { $0.isSameManager(as: manager) }
            let before = index.map { entries[$0].fields } ?? FieldSet()
            var own = manager
            own.fields = wanted
            if let index {
                own.time = entries[index].time
                result.entries[index] = own
            } else {
                result.entries.append(own)
            }
            if !before.isEmpty {
                let everybodys = result.entries.reduce(FieldSet()) { $0.union($1.fields) }
                merged = try Self.pruned(merged, before: before, owned: everybodys, schema: schema, isOld: isOld)
            }

            let changes = schema.compare(live, merged)
            let changed = Self.tracked(changes.added.union(changes.modified))
            let lost = Self.tracked(changes.removed)
            var disputes: [Conflict] = []
            for (place, entry) in result.entries.enumerated() where !entry.isSameManager(as: manager) {
                let disputed = entry.fields.intersection(changed)
                disputes += disputed.paths.map { Conflict(manager: entry, path: $0) }
                result.entries[place].fields = entry.fields.subtracting(disputed).subtracting(lost)
            }
            // The time is that of the last apply that changed something.
            if !changed.isEmpty || !lost.isEmpty,
                let place = result.entries.firstIndex(where: { $0.isSameManager(as: manager) })
            {
                result.entries[place].time = manager.time
            }
            conflicts = disputes
            applied = Applied(object: merged, managed: result.tidied)
        } catch {
            throw .schema(error)
        }
        if !force, !conflicts.isEmpty { throw .conflicts(conflicts) }
        return applied
    }

    /// `merged` without what was wished `before` and is not `owned` by anybody now.
    private static func pruned(_ merged: JSON, before: FieldSet, owned: FieldSet, schema: Schema, isOld: Bool)
        throws(SchemaProblem) -> JSON
    {
        let empty = JSON.object(JSONObject())
        // Old servers did not take along the objects around what goes: null stays in their place.
        func whole(_ set: FieldSet) -> FieldSet { isOld ? set : schema.withParents(set) }
        func remove(_ set: FieldSet) throws(SchemaProblem) -> JSON {
            try schema.removing(set, from: merged, leavesNull: isOld) ?? empty
        }
        func fields(_ value: JSON) throws(SchemaProblem) -> FieldSet {
            whole(try schema.fields(of: value, ownsEmpty: !isOld))
        }
        let all = try fields(merged)
        let formerly = whole(before)
        let first = try remove(formerly)
        // What went although somebody owns it comes back.
        let kept = try fields(first).union(whole(owned))
        let second = try remove(all.subtracting(kept))
        // And so does what went only because it lay inside something that went.
        let left = try fields(second)
        return try remove(all.subtracting(left).intersection(formerly))
    }

    /// Appliers first, then by time and name; entries without fields go.
    private var tidied: ManagedFields {
        ManagedFields(
            entries: entries.filter { !$0.fields.isEmpty }.sorted {
                ($0.isApply ? 0 : 1, $0.time, $0.manager, $0.subresource ?? "")
                    < ($1.isApply ? 0 : 1, $1.time, $1.manager, $1.subresource ?? "")
            })
    }
}
