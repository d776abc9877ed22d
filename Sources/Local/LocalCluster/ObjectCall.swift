import KubernetesModel

/// What a request says about one object or collection, once its path and query are understood.
struct ObjectCall: Sendable {
    let definition: ResourceDefinition
    let version: ResourceDefinition.Version
    let namespace: String
    /// Empty for collections.
    let name: String
    let subresource: String?
    let query: [String: String]
    let now: Timestamp

    var key: ObjectKey {
        ObjectKey(definition.groupKind, namespace: definition.isNamespaced ? namespace : "", name: name)
    }
    var apiVersion: String { definition.apiVersion(version.name) }
    var storageAPIVersion: String { definition.apiVersion(definition.storageVersion) }
    var isDryRun: Bool { query["dryRun"] == "All" }
    var isStrict: Bool { query["fieldValidation"] == "Strict" }
    var isForced: Bool { query["force"] == "true" }
    var fieldManager: String { query["fieldManager"].flatMap { $0.isEmpty ? nil : $0 } ?? "unknown" }

    /// The managed fields entry of whoever calls; its fields come later.
    func manager(isApply: Bool) -> ManagedFields.Entry {
        ManagedFields.Entry(
            manager: fieldManager, isApply: isApply, apiVersion: apiVersion, subresource: subresource,
            time: now.rfc3339, fields: FieldSet())
    }

    func notFound() -> APIStatus { .notFound(definition, name: name) }

    func invalid(_ problems: [FieldProblem]) -> APIStatus { .invalid(definition, name: name, problems) }

    func named(_ name: String) -> ObjectCall {
        ObjectCall(
            definition: definition, version: version, namespace: namespace, name: name, subresource: subresource,
            query: query, now: now)
    }
}
