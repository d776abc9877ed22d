package import KubernetesModel

extension KubernetesClient {
    /// Reads one object. - Throws: `.notFound` when there is none.
    package func get(_ type: ResourceType, namespace: String?, name: String) async throws(KubernetesError)
        -> KubernetesObject
    {
        try await object(.get(type, namespace: namespace, name: name))
    }

    /// Creates `object` and returns it as the server completed it.
    ///
    /// When the answer is lost, the object is looked up by its name: what holds all that was sent counts as created.
    /// - Throws: `.alreadyExists` when the name is taken.
    package func create(_ object: KubernetesObject, _ type: ResourceType, dryRun: Bool = false)
        async throws(KubernetesError) -> KubernetesObject
    {
        try await self.object(.create(object, type, dryRun: dryRun))
    }

    /// Replaces `object`; its `metadata.resourceVersion` makes sure that nobody else's change is lost.
    ///
    /// - Throws: `.conflict` when it changed meanwhile. After a lost answer that may have been this very write.
    package func replace(_ object: KubernetesObject, _ type: ResourceType, subresource: String? = nil)
        async throws(KubernetesError) -> KubernetesObject
    {
        try await self.object(.replace(object, type, subresource: subresource))
    }

    /// Server-side apply: makes `object` the complete intent of `fieldManager`, creating it if need be.
    ///
    /// - Parameter skipping: as `send`; the answer tells of every field who owns it, often half of its text.
    /// - Throws: `.conflict` without `force` when others own fields; `causes` names them.
    package func apply(
        _ object: KubernetesObject, _ type: ResourceType, fieldManager: String, force: Bool = true,
        dryRun: Bool = false, subresource: String? = nil, skipping: [StaticString] = ["managedFields"]
    ) async throws(KubernetesError) -> KubernetesObject {
        try await self.object(
            .apply(
                object, type, fieldManager: fieldManager, force: force, dryRun: dryRun, subresource: subresource),
            skipping: skipping)
    }

    /// Deletes one object. An object that is not there is a success.
    ///
    /// - Parameter uid: delete only the object with this uid; without it a failed delete is not tried again.
    /// - Throws: `.conflict` when the name belongs to an object with another uid.
    package func delete(
        _ type: ResourceType, namespace: String?, name: String,
        propagation: KubernetesRequest.Propagation = .background, uid: String? = nil
    ) async throws(KubernetesError) {
        do throws(KubernetesError) {
            _ = try await response(
                to: .delete(type, namespace: namespace, name: name, propagation: propagation, uid: uid))
        } catch {
            if error.code != .notFound { throw error }
        }
    }

    /// Sends `request`, whose answer is one object.
    package func object(_ request: KubernetesRequest, skipping: [StaticString] = []) async throws(KubernetesError)
        -> KubernetesObject
    {
        let json = try await send(request, skipping: skipping)
        guard json["metadata"]?.object != nil else {
            throw KubernetesError(.undecodable, "\(request.summary): the answer is no Kubernetes object")
        }
        return KubernetesObject(json)
    }
}
