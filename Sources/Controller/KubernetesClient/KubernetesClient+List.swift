package import KubernetesModel

/// One page of a collection.
package struct ListPage: Sendable {
    /// With `apiVersion` and `kind`, also where the server leaves them out.
    package let objects: [KubernetesObject]
    /// True for the first page and again when the list had to start over: forget the pages before.
    package let isFirst: Bool
    /// Where a watch continues from; the same on every page of one list.
    package let resourceVersion: String
}

extension KubernetesClient {
    /// Reads a collection page by page, so that only one page is in memory at a time.
    ///
    /// A continue token that has become too old (410) starts the list over, at most twice; `ListPage.isFirst` says so.
    ///
    /// - Parameters:
    ///   - namespace: nil for all namespaces.
    ///   - limit: objects per page.
    ///   - metadataOnly: objects come with `metadata` alone.
    ///   - skipping: members with these keys are dropped without being built.
    ///   - page: called for each page, in order. What it throws ends the list.
    /// - Returns: the collection's resource version.
    @discardableResult
    package func list(
        _ type: ResourceType, namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil,
        limit: Int = 500, metadataOnly: Bool = false, skipping: [StaticString] = ["managedFields"],
        page: (ListPage) async throws(KubernetesError) -> Void
    ) async throws(KubernetesError) -> String {
        var restarts = 0
        var token: String?
        while true {
            let request = KubernetesRequest.list(
                type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector, limit: limit,
                continueToken: token, metadataOnly: metadataOnly)
            let list: JSON
            do throws(KubernetesError) {
                list = try await send(request, skipping: skipping)
            } catch {
                guard error.code == .expired, token != nil, restarts < 2 else { throw error }
                restarts += 1
                token = nil
                continue
            }
            guard let metadata = list["metadata"], let version = metadata["resourceVersion"]?.string else {
                throw KubernetesError(.undecodable, "\(request.summary): the answer is no Kubernetes list")
            }
            // A list without objects may come with `items: null`.
            let objects = (list["items"]?.array ?? []).map { Self.typed($0, type) }
            try await page(ListPage(objects: objects, isFirst: token == nil, resourceVersion: version))
            guard let next = metadata["continue"]?.string, !next.isEmpty else { return version }
            token = next
        }
    }

    /// Reads a whole collection. For collections that are known to be small.
    package func list(
        _ type: ResourceType, namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil,
        metadataOnly: Bool = false
    ) async throws(KubernetesError) -> [KubernetesObject] {
        var objects: [KubernetesObject] = []
        try await list(
            type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector,
            metadataOnly: metadataOnly
        ) { page in
            if page.isFirst { objects = [] }
            objects += page.objects
        }
        return objects
    }

    /// Items of built-in kinds come without `apiVersion` and `kind`, partial ones with those of PartialObjectMetadata.
    private static func typed(_ item: JSON, _ type: ResourceType) -> KubernetesObject {
        var item = item
        item["apiVersion"] = .string(type.apiVersion)
        item["kind"] = .string(type.kind)
        return KubernetesObject(item)
    }
}
