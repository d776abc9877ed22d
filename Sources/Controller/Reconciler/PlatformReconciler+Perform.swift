import ControllerRuntime
import KubernetesClient
import KubernetesModel
import PlatformPlan
import Synchronization
import TodoPlatformAPI

extension PlatformReconciler {
    /// How many writes of one platform are under way at the same time.
    private static let width = 4

    /// Performs `actions` in order, objects of one stage side by side. A refused object does not stop the others; an API
    /// server that cannot be reached does, and so does a lost lease: what is left is planned again.
    ///
    /// - Returns: what was performed, in the order of `actions`.
    func perform(_ actions: [Action], of platform: PlatformResource) async
        -> [(action: Action, result: ActionResult)]
    {
        var results: [(action: Action, result: ActionResult)] = []
        results.reserveCapacity(actions.count)
        var unavailable = 0
        var rest = actions[...]
        while !rest.isEmpty, mayWrite(), !Task.isCancelled {
            let batch = rest.prefix(Self.batchLength(rest))
            rest = rest.dropFirst(batch.count)
            let batchResults = await perform(batch: Array(batch), of: platform)
            results += batchResults
            for case (_, .failed(let error)) in batchResults {
                switch error.code {
                case .transport, .throttled, .unauthorized, .configuration: return results
                case .unavailable:
                    // One object's webhook may be away, or the whole server: some more tries tell.
                    unavailable += 1
                    if unavailable > 3 { return results }
                case .notFound, .conflict, .alreadyExists, .expired, .forbidden, .invalid, .undecodable: continue
                }
            }
        }
        return results
    }

    /// How many of the first actions need not wait for each other: objects of one stage. Everything else is a sequence: a
    /// hand-over comes before its apply, the finalizer before the first child.
    private static func batchLength(_ actions: ArraySlice<Action>) -> Int {
        guard case .apply(let first)? = actions.first else { return 1 }
        var hasRole = false
        return actions.prefix(width).prefix { action in
            guard case .apply(let apply) = action, apply.stage == first.stage else { return false }
            // Who binds a Role must have its rights: the API server reads it then.
            if apply.key.kind.kind == "RoleBinding", hasRole { return false }
            hasRole = hasRole || apply.key.kind.kind == "Role"
            return true
        }.count
    }

    private func perform(batch: [Action], of platform: PlatformResource) async
        -> [(action: Action, result: ActionResult)]
    {
        if batch.count == 1 { return [(batch[0], await result(of: batch[0], platform))] }
        return await withTaskGroup(of: (Int, ActionResult).self) { group in
            for (index, action) in batch.enumerated() {
                group.addTask { (index, await self.result(of: action, platform)) }
            }
            var results: [(Int, ActionResult)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map { (batch[$0.0], $0.1) }
        }
    }

    private func result(of action: Action, _ platform: PlatformResource) async -> ActionResult {
        do throws(KubernetesError) {
            return .done(try await perform(action, of: platform))
        } catch {
            return .failed(error)
        }
    }

    private func perform(_ action: Action, of platform: PlatformResource) async throws(KubernetesError)
        -> KubernetesObject?
    {
        switch action {
        case .apply(let apply):
            let object = try await self.apply(apply, of: platform)
            store.recordWrite(object)
            return object
        case .handOverReplicas(let key, let type, let replicas):
            var count = KubernetesObject(type, namespace: key.namespace, name: key.name)
            count.json["spec"] = ["replicas": JSON(replicas)]
            let object = try await client.apply(count, type, fieldManager: FieldManager.replicas)
            store.recordWrite(object)
            return nil
        case .delete(let key, let type, let uid, _):
            try await client.delete(type, namespace: key.namespace, name: key.name, uid: uid)
            store.recordDelete(key, uid: uid)
            return nil
        case .release(let key, let type, let finalizer):
            guard let live = store.object(key).flatMap({ try? $0.decoded() }),  // gone meanwhile: nothing to release
                let index = live.finalizers.firstIndex(of: finalizer)
            else { return nil }
            // The test keeps the patch from hitting another finalizer when the list changed meanwhile.
            let path: JSON = .string("/metadata/finalizers/\(index)")
            _ = try await client.send(
                .jsonPatch(
                    [
                        ["op": "test", "path": path, "value": .string(finalizer)], ["op": "remove", "path": path],
                    ], type, namespace: key.namespace, name: key.name, fieldManager: FieldManager.objects))
            return nil
        case .setFinalizer(let present):
            var metadata = identity(of: platform)
            if present { metadata["finalizers"] = [.string(PlatformStep.finalizer)] }
            let object = try await client.apply(
                KubernetesObject([
                    "apiVersion": .string(TodoPlatform.type.apiVersion), "kind": .string(TodoPlatform.type.kind),
                    "metadata": metadata,
                ]), TodoPlatform.type, fieldManager: FieldManager.objects)
            store.recordWrite(object)
            return nil
        }
    }

    /// Applies one object. What should not exist yet is only created: an object of the same name that belongs to somebody
    /// else is never taken over, not even where no field of it differs from ours.
    private func apply(_ apply: Action.Apply, of platform: PlatformResource) async throws(KubernetesError)
        -> KubernetesObject
    {
        guard case .missing = apply.cause else {
            return try await client.apply(apply.object, apply.type, fieldManager: FieldManager.objects)
        }
        do throws(KubernetesError) {
            return try await create(apply)
        } catch {
            guard error.code == .conflict || error.tellsOfTakenName else { throw error }
        }
        let live: KubernetesObject
        do throws(KubernetesError) {
            live = try await client.get(apply.type, namespace: apply.key.namespace, name: apply.key.name)
        } catch {
            guard error.code == .notFound else { throw error }
            // Gone again, or of a kind that cannot be asked to be created only: without force the rest is as safe.
            return try await client.apply(
                apply.object, apply.type, fieldManager: FieldManager.objects, force: false)
        }
        // Ours after all, hidden from the cache because somebody took its labels away, or because the answer to an
        // earlier try was lost? Then it is drift.
        let isOurs =
            live.controller?.uid == platform.object.uid
            || (live.controller == nil && live.annotations[IntentDigest.annotation] != nil)
        guard isOurs else {
            throw KubernetesError(
                .alreadyExists,
                "\(apply.key) exists and belongs to somebody else; rename the platform, or delete that object",
                status: 409, reason: "AlreadyExists")
        }
        return try await client.apply(apply.object, apply.type, fieldManager: FieldManager.objects)
    }

    /// Server-side apply that creates and never changes what is there.
    ///
    /// The version that it names belongs to no object, so the API server refuses the apply with a conflict where the name
    /// is taken, and does not look at the version where it is free. A plain create would do the same, but leave fields
    /// that no later apply could take away. Where a kind cannot be created so (Services before Kubernetes 1.23), the apply
    /// names a grace period of deletion: no new object has one, so it is dropped, and nobody can give one to an object
    /// that is there.
    ///
    /// - Throws: `.conflict`, or what `tellsOfTakenName` knows, when the name is taken.
    private func create(_ apply: Action.Apply) async throws(KubernetesError) -> KubernetesObject {
        func create(by field: String, _ value: JSON) async throws(KubernetesError) -> KubernetesObject {
            var object = apply.object
            object.json[path: ["metadata", field]] = value
            return try await client.apply(object, apply.type, fieldManager: FieldManager.objects, force: false)
        }
        let kind = apply.key.kind
        let isService = kind == GroupKind(group: "", kind: "Service")
        if !(isService && apis.version?.appliesServicesConditionally == false),
            !versionlessKinds.withLock({ $0.contains(kind) })
        {
            do throws(KubernetesError) {
                return try await create(by: "resourceVersion", "1")
            } catch {
                // A server that did not say how old it is.
                guard error.code == .invalid, error.message.contains("resourceVersion should not be set") else {
                    throw error
                }
                versionlessKinds.withLock { _ = $0.insert(kind) }
            }
        }
        return try await create(by: "deletionGracePeriodSeconds", 1)
    }

    /// Writes the complete status. The uid keeps a platform that was deleted meanwhile from being made again.
    ///
    /// - Returns: the platform as it then was; it may hold a spec that the cache does not know yet.
    func write(_ status: JSON, of platform: PlatformResource) async throws(KubernetesError) -> KubernetesObject {
        let written = try await client.apply(
            KubernetesObject([
                "apiVersion": .string(TodoPlatform.type.apiVersion), "kind": .string(TodoPlatform.type.kind),
                "metadata": identity(of: platform), "status": status,
            ]), TodoPlatform.type, fieldManager: FieldManager.status, subresource: "status")
        store.recordWrite(written)
        return written
    }

    private func identity(of platform: PlatformResource) -> JSON {
        [
            "name": .string(platform.object.name), "namespace": .string(platform.object.namespace ?? ""),
            "uid": .string(platform.object.uid ?? ""),
        ]
    }
}

extension KubernetesError {
    /// Whether an apply with a grace period was refused because there is an object already.
    fileprivate var tellsOfTakenName: Bool {
        code == .invalid && causes.contains { $0.field == "metadata.deletionGracePeriodSeconds" }
    }
}
