import KubernetesModel

/// What a write leaves behind.
struct WriteResult: Sendable {
    let object: StoredObject
    var isNew = false
    /// The object is gone: its last finalizer went, or nothing held it back.
    var isGone = false
}

extension ClusterState {
    /// Who owns the changed fields afterwards.
    enum Ownership {
        case update
        case applied(ManagedFields)
    }

    // MARK: Verbs

    mutating func create(_ call: ObjectCall, _ body: JSON) throws(APIStatus) -> WriteResult {
        var body = body
        try checkFrame(body, call)
        var name = body["metadata"]?["name"]?.string ?? ""
        if name.isEmpty, let prefix = body["metadata"]?["generateName"]?.string, !prefix.isEmpty {
            name = prefix + newNameSuffix()
            body[path: ["metadata", "name"]] = .string(name)
        }
        guard !name.isEmpty else {
            throw call.invalid([.required("metadata.name", "name or generateName is required")])
        }
        if let version = body["metadata"]?["resourceVersion"]?.string, !version.isEmpty {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        let call = call.named(name)
        if object(call.key) != nil { throw .alreadyExists(call.definition, name: name) }
        return try write(call, old: nil, new: body, .update)
    }

    mutating func replace(_ call: ObjectCall, _ body: JSON) throws(APIStatus) -> WriteResult {
        if call.subresource == "scale" {
            return try scale(call, to: body["spec"]?["replicas"]?.int ?? 0)
        }
        try checkFrame(body, call)
        guard body["metadata"]?["name"]?.string == call.name else {
            throw .badRequest(
                "the name of the object (\(body["metadata"]?["name"]?.string ?? "")) does not match the name on the "
                    + "URL (\(call.name))")
        }
        guard let old = object(call.key) else {
            guard call.definition.createsOnUpdate, call.subresource == nil else { throw call.notFound() }
            return try write(call, old: nil, new: body, .update)
        }
        if !call.definition.updatesUnconditionally, (body["metadata"]?["resourceVersion"]?.string ?? "").isEmpty {
            throw call.invalid([
                FieldProblem(
                    reason: "FieldValueInvalid", field: "metadata.resourceVersion",
                    message: "Invalid value: 0x0: must be specified for an update")
            ])
        }
        return try write(call, old: old, new: body, .update)
    }

    mutating func patch(_ call: ObjectCall, contentType: String, _ body: JSON) throws(APIStatus) -> WriteResult {
        if contentType == "application/apply-patch+yaml" { return try apply(call, body) }
        guard let old = object(call.key) else { throw call.notFound() }
        if call.subresource == "scale" {
            let current = scaleObject(old, call)
            let patched = try patched(current, contentType: contentType, body, .any, call)
            return try scale(call, to: patched["spec"]?["replicas"]?.int ?? 0)
        }
        var current = old.json
        current["apiVersion"] = .string(call.apiVersion)
        let new = try patched(current, contentType: contentType, body, call.version.schema, call)
        return try write(call, old: old, new: new, .update)
    }

    private func patched(_ current: JSON, contentType: String, _ body: JSON, _ schema: Schema, _ call: ObjectCall)
        throws(APIStatus) -> JSON
    {
        switch contentType {
        case "application/merge-patch+json": return Patch.merge(body, into: current)
        case "application/json-patch+json":
            do throws(Patch.Failure) {
                return try Patch.operations(body, on: current)
            } catch {
                switch error {
                case .malformed(let why): throw .badRequest(why)
                case .refused(let why):
                    throw APIStatus(
                        422, "Invalid", "the server rejected our request due to an error in our request",
                        causes: [.init(reason: "", message: why, field: "")])
                }
            }
        case "application/strategic-merge-patch+json" where call.definition.isBuiltIn:
            return Patch.strategic(body, into: current, schema: schema)
        default:
            throw APIStatus(
                415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                    + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
        }
    }

    private mutating func apply(_ call: ObjectCall, _ body: JSON) throws(APIStatus) -> WriteResult {
        guard let manager = call.query["fieldManager"], !manager.isEmpty else {
            throw APIStatus(
                422, "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
                    + "apply patch", kind: "PatchOptions", group: "meta.k8s.io",
                causes: [
                    .init(
                        reason: "FieldValueRequired", message: "Required value: is required for apply patch",
                        field: "fieldManager")
                ])
        }
        guard call.subresource != "scale" else { throw .methodNotAllowed("apply to scale is not supported") }
        try checkFrame(body, call)
        guard body["metadata"]?["managedFields"] == nil else {
            throw .badRequest("metadata.managedFields must be nil")
        }
        if let name = body["metadata"]?["name"]?.string, name != call.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(call.name))")
        }
        let old = object(call.key)
        if old == nil {
            if call.subresource != nil { throw call.notFound() }
            // Services had a storage of their own until 1.23.
            if release == .kubernetes120, call.definition.groupKind == GroupKind(group: "", kind: "Service"),
                body["metadata"]?["resourceVersion"] != nil
            {
                throw APIStatus(500, "InternalError", "resourceVersion should not be set on objects to be created")
            }
            if let uid = body["metadata"]?["uid"]?.string {
                throw .conflict(
                    call.definition, name: call.name,
                    "uid mismatch: the provided object specified uid \(uid), and no existing object was found")
            }
        }
        let schema = call.version.schema
        let problems = schema.problems(body)
        if let first = problems.first {
            let what = "\(call.namespace)/\(call.name); \(call.apiVersion), Kind=\(call.definition.kind)"
            throw APIStatus(
                500, "InternalError",
                "failed to create typed patch object (\(what)): "
                    + (problems.count == 1
                        ? first.text : "errors:\n  " + problems.map(\.text).joined(separator: "\n  ")))
        }
        var intent = body
        intent["status"] = call.definition.hasStatus && call.subresource == nil ? nil : body["status"]
        // What the request says about identity and version is checked, not applied.
        var metadata = body["metadata"] ?? .object(JSONObject())
        for name in ["uid", "resourceVersion", "generation", "creationTimestamp"] { metadata[name] = nil }
        intent["metadata"] = metadata
        if call.subresource == "status" {
            intent = [
                "apiVersion": .string(call.apiVersion), "kind": .string(call.definition.kind), "metadata": [:],
                "status": body["status"] ?? [:],
            ]
        }
        var live = old?.json ?? .object(JSONObject())
        live["apiVersion"] = .string(call.apiVersion)
        let managed = old?.managed ?? ManagedFields()
        let applied: ManagedFields.Applied
        do throws(ManagedFields.ApplyError) {
            applied = try managed.applying(
                intent, to: live, schema: schema, by: call.manager(isApply: true), force: call.isForced,
                release: release)
        } catch {
            switch error {
            case .schema(let problem): throw APIStatus(500, "InternalError", problem.text)
            case .conflicts(let conflicts): throw applyConflict(conflicts, call)
            }
        }
        var new = applied.object
        if let old {
            new[path: ["metadata", "resourceVersion"]] =
                body["metadata"]?["resourceVersion"] ?? .string(String(old.revision))
            if let uid = body["metadata"]?["uid"] { new[path: ["metadata", "uid"]] = uid }
        } else {
            if new["metadata"] == nil { new["metadata"] = [:] }
            new[path: ["metadata", "name"]] = .string(call.name)
        }
        return try write(call, old: old, new: new, .applied(applied.managed))
    }

    private func applyConflict(_ conflicts: [ManagedFields.Conflict], _ call: ObjectCall) -> APIStatus {
        func with(_ conflict: ManagedFields.Conflict) -> String {
            let operation = conflict.manager.isApply ? "" : " using \(conflict.manager.apiVersion)"
            return "conflict with \"\(conflict.manager.manager)\"\(operation)"
        }
        let what =
            conflicts.count == 1
            ? "conflict with \"\(conflicts[0].manager.manager)\": \(conflicts[0].path)"
            : "conflicts with " + conflicts.map { "\"\($0.manager.manager)\": \($0.path)" }.joined(separator: ", ")
        return APIStatus(
            409, "Conflict", "Apply failed with \(conflicts.count) conflict\(conflicts.count == 1 ? "" : "s"): \(what)",
            causes: conflicts.map { .init(reason: "FieldManagerConflict", message: with($0), field: $0.path) })
    }

    // MARK: One path for all writes

    private func checkFrame(_ body: JSON, _ call: ObjectCall) throws(APIStatus) {
        guard body.object != nil else { throw .badRequest("the body is no object") }
        guard let kind = body["kind"]?.string, !kind.isEmpty else {
            throw .badRequest("Object 'Kind' is missing in '\(body.text.prefix(200))'")
        }
        let apiVersion = body["apiVersion"]?.string ?? ""
        guard kind == call.definition.kind, apiVersion == call.apiVersion else {
            throw .badRequest(
                "the API version in the data (\(apiVersion), Kind=\(kind)) does not match the expected API version "
                    + "(\(call.apiVersion), Kind=\(call.definition.kind))")
        }
        if let namespace = body["metadata"]?["namespace"]?.string, !namespace.isEmpty, call.definition.isNamespaced,
            namespace != call.namespace
        {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    mutating func write(_ call: ObjectCall, old: StoredObject?, new: JSON, _ ownership: Ownership)
        throws(APIStatus) -> WriteResult
    {
        let definition = call.definition
        let isApply = if case .applied = ownership { true } else { false }
        try checkPreconditions(call, old: old, new: new, isApply: isApply)
        var json = try cleaned(call, old: old, new: new, isApply: isApply)
        BuiltInDefaults.complete(&json, old: old?.json, definition: definition, state: &self, now: call.now)
        let problems =
            Validation.problems(json, old: old?.json, definition: definition)
            + (definition.isBuiltIn ? [] : definition.storageSchema.violations(json))
        if !problems.isEmpty { throw call.invalid(problems) }
        raiseGeneration(&json, old: old?.json, definition)

        let managed: ManagedFields
        switch ownership {
        case .applied(let result): managed = result
        case .update:
            let start: JSON =
                old?.json ?? (definition.isBuiltIn ? ["metadata": [:], "spec": [:], "status": [:]] : ["metadata": [:]])
            do throws(SchemaProblem) {
                managed = try (old?.managed ?? ManagedFields()).updated(
                    from: start, to: json, schema: definition.storageSchema, by: call.manager(isApply: false),
                    release: release)
            } catch {
                throw APIStatus(500, "InternalError", error.text)
            }
        }
        if let old {
            var before = old.json
            before[path: ["metadata", "resourceVersion"]] = nil
            if before == json, managed.sameOwnership(as: old.managed),
                // Old servers wrote the new time of an apply whose only change fell away again.
                release != .kubernetes120 || managed.entries.map(\.time) == old.managed.entries.map(\.time)
            {
                return WriteResult(object: old)
            }
        }
        if call.isDryRun {
            return WriteResult(
                object: StoredObject(json: json, managed: managed, revision: old?.revision ?? revision),
                isNew: old == nil)
        }
        let stored = put(json, managed: managed, at: call.key)
        if stored.isDeleting, stored.object.finalizers.isEmpty, !isHeldByContents(stored, call.key) {
            drop(call.key)
            settle(now: call.now)
            return WriteResult(object: stored, isGone: true)
        }
        settle(now: call.now)
        return WriteResult(object: stored, isNew: old == nil)
    }

    private func checkPreconditions(_ call: ObjectCall, old: StoredObject?, new: JSON, isApply: Bool) throws(APIStatus)
    {
        guard let old else {
            guard call.definition.isNamespaced else { return }
            guard let namespace = object(ObjectKey(ResourceDefinition.namespace, name: call.namespace)) else {
                throw APIStatus(
                    404, "NotFound", "namespaces \"\(call.namespace)\" not found", kind: "namespaces",
                    name: call.namespace)
            }
            if namespace.isDeleting {
                var status = APIStatus.forbidden(
                    call.definition, name: call.name,
                    "unable to create new content in namespace \(call.namespace) because it is being terminated")
                status.causes = [
                    .init(
                        reason: "NamespaceTerminating",
                        message: "namespace \(call.namespace) is being terminated", field: "metadata.namespace")
                ]
                throw status
            }
            return
        }
        if let version = new["metadata"]?["resourceVersion"]?.string, !version.isEmpty,
            version != String(old.revision)
        {
            throw .conflict(
                call.definition, name: call.name,
                "the object has been modified; please apply your changes to the latest version and try again")
        }
        if let uid = new["metadata"]?["uid"]?.string, !uid.isEmpty, uid != old.uid {
            // An apply has no preconditions of its own: validation finds it.
            if isApply {
                throw call.invalid([
                    FieldProblem(
                        reason: "FieldValueInvalid", field: "metadata.uid",
                        message: "Invalid value: \"\(uid)\": field is immutable")
                ])
            }
            throw .conflict(
                call.definition, name: call.name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        if let period = new["metadata"]?["deletionGracePeriodSeconds"],
            period != old.json["metadata"]?["deletionGracePeriodSeconds"]
        {
            throw call.invalid([
                FieldProblem(
                    reason: "FieldValueInvalid", field: "metadata.deletionGracePeriodSeconds",
                    message: "Invalid value: \(period.text): field is immutable")
            ])
        }
        let name = new["metadata"]?["name"]?.string ?? call.name
        guard name == call.name else {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(call.name))")
        }
    }

    /// The object as it will be stored, but for what the kind itself adds: only the part that the endpoint may
    /// change, in normal form, with the metadata that belongs to the server.
    private mutating func cleaned(_ call: ObjectCall, old: StoredObject?, new: JSON, isApply: Bool)
        throws(APIStatus) -> JSON
    {
        let definition = call.definition
        var new = new
        if definition.isBuiltIn, !isApply,
            let first = definition.storageSchema.problems(new).first(where: { !$0.isUnknownField })
        {
            throw .badRequest(
                "\(definition.kind) in version \"\(call.version.name)\" cannot be handled as a \(definition.kind): "
                    + "json: cannot unmarshal: \(first.text)")
        }
        if call.subresource == "status", let old {
            var target = old.json
            target["status"] = new["status"]
            new = target
        } else if call.subresource == nil, definition.hasStatus {
            new["status"] = old?.json["status"]
        }
        new["apiVersion"] = .string(call.storageAPIVersion)
        new["kind"] = .string(definition.kind)
        if new["metadata"] == nil { new["metadata"] = [:] }
        new[path: ["metadata", "managedFields"]] = nil
        var normalizer = Normalizer(isBuiltIn: definition.isBuiltIn)
        var json = normalizer.object(new, call.version.schema)
        if call.isStrict, !isApply, !normalizer.unknown.isEmpty {
            throw .badRequest(
                "\(definition.kind) in version \"\(call.version.name)\" cannot be handled as a \(definition.kind): "
                    + "strict decoding error: "
                    + normalizer.unknown.map { "unknown field \"\($0)\"" }.joined(separator: ", "))
        }
        try checkMicroTimes(json, definition.storageSchema, definition)

        let before = old?.json["metadata"]
        var metadata = json["metadata"] ?? [:]
        metadata["name"] = .string(call.name)
        metadata["namespace"] = definition.isNamespaced ? .string(call.namespace) : nil
        metadata["resourceVersion"] = nil
        metadata["uid"] = before?["uid"] ?? .string(newUID())
        metadata["creationTimestamp"] = before?["creationTimestamp"] ?? .string(call.now.rfc3339)
        metadata["deletionTimestamp"] = before?["deletionTimestamp"]
        metadata["deletionGracePeriodSeconds"] = before?["deletionGracePeriodSeconds"]
        metadata["generation"] = before?["generation"]
        json["metadata"] = metadata
        return json
    }

    private func checkMicroTimes(_ value: JSON, _ schema: Schema, _ definition: ResourceDefinition) throws(APIStatus) {
        switch (schema.shape, value) {
        case (.microTime, .string(let text)):
            guard let time = Timestamp(text), time.microTime == text || text.utf8.count == time.microTime.utf8.count
            else {
                throw .badRequest(
                    "\(definition.kind) cannot be handled: parsing time \"\(text)\" as "
                        + "\"2006-01-02T15:04:05.000000Z07:00\": cannot parse")
            }
        case (.object, .object(let members)):
            for (key, inner) in members {
                guard let type = schema.properties[key] else { continue }
                try checkMicroTimes(inner, type, definition)
            }
        default: break
        }
    }

    private func raiseGeneration(_ json: inout JSON, old: JSON?, _ definition: ResourceDefinition) {
        if case .never = definition.generation { return }
        guard let old else {
            json[path: ["metadata", "generation"]] = 1
            return
        }
        let isRaised: Bool
        switch definition.generation {
        case .never: isRaised = false
        case .spec: isRaised = json["spec"] != old["spec"]
        case .specAndAnnotations:
            isRaised =
                json["spec"] != old["spec"] || json["metadata"]?["annotations"] != old["metadata"]?["annotations"]
        case .allButMetadata:
            func core(_ json: JSON) -> JSON {
                var json = json
                json["metadata"] = nil
                if definition.hasStatus { json["status"] = nil }
                return json
            }
            isRaised = core(json) != core(old)
        }
        if isRaised { json[path: ["metadata", "generation"]] = JSON((old["metadata"]?["generation"]?.int ?? 0) + 1) }
    }
}

extension SchemaProblem {
    var isUnknownField: Bool { message == "field not declared in schema" }
}
