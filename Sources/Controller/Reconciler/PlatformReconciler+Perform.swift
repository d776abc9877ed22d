import ControllerRuntime
import KubernetesClient
import KubernetesModel
import PlatformPlan
import TodoPlatformAPI

extension PlatformReconciler {
    /// Performs `actions` in order. A refused object does not stop the others; an API server that cannot be reached
    /// does, and so does a lost lease: what is left is planned again.
    func perform(_ actions: [Action], of platform: PlatformResource) async
        -> [(action: Action, result: ActionResult)]
    {
        var results: [(action: Action, result: ActionResult)] = []
        results.reserveCapacity(actions.count)
        var unavailable = 0
        for action in actions {
            guard mayWrite(), !Task.isCancelled else { break }
            do throws(KubernetesError) {
                results.append((action, .done(try await perform(action, of: platform))))
            } catch {
                results.append((action, .failed(error)))
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

    /// Applies one object. What should not exist yet is applied without force, so that an object of the same name that
    /// belongs to somebody else is never taken over.
    private func apply(_ apply: Action.Apply, of platform: PlatformResource) async throws(KubernetesError)
        -> KubernetesObject
    {
        guard case .missing = apply.cause else {
            return try await client.apply(apply.object, apply.type, fieldManager: FieldManager.objects)
        }
        do throws(KubernetesError) {
            return try await client.apply(apply.object, apply.type, fieldManager: FieldManager.objects, force: false)
        } catch {
            let isControlled =
                error.code == .invalid && error.message.contains("Only one reference can have Controller")
            guard error.code == .conflict || isControlled else { throw error }
            // Ours after all, hidden from the cache because somebody took its labels away? Then it is drift.
            let live: KubernetesObject
            do throws(KubernetesError) {
                live = try await client.get(apply.type, namespace: apply.key.namespace, name: apply.key.name)
            } catch let missing {
                // Gone again: the conflict counts, and the next try finds the name free.
                throw missing.code == .notFound ? error : missing
            }
            let isOurs =
                live.controller?.uid == platform.object.uid
                || (live.controller == nil && live.annotations[IntentDigest.annotation] != nil)
            guard isOurs else {
                throw KubernetesError(
                    .alreadyExists,
                    "\(apply.key) exists and belongs to somebody else; rename the platform, or delete that object",
                    status: error.status, reason: error.reason, causes: error.causes)
            }
            return try await client.apply(apply.object, apply.type, fieldManager: FieldManager.objects)
        }
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
