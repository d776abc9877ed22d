package import KubernetesModel

/// A kind to keep in the cache, and which of its objects.
package struct WatchedKind: Hashable, Sendable {
    package let type: ResourceType
    /// Nil for all namespaces. Means nothing for kinds without namespaces.
    package let namespaces: Set<String>?
    package let labelSelector: String?
    package let fieldSelector: String?
    /// Ask the server for `metadata` alone.
    package let metadataOnly: Bool

    package init(
        _ type: ResourceType, namespaces: Set<String>? = nil, labelSelector: String? = nil,
        fieldSelector: String? = nil,
        metadataOnly: Bool = false
    ) {
        self.type = type
        self.namespaces = namespaces
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.metadataOnly = metadataOnly
    }

    /// One watch for each namespace, or one for all.
    var scopes: [WatchScope] {
        guard type.isNamespaced, let namespaces else { return [scope(nil)] }
        return namespaces.sorted().map { scope($0) }
    }

    private func scope(_ namespace: String?) -> WatchScope {
        WatchScope(
            type: type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector,
            metadataOnly: metadataOnly)
    }
}

/// What one watch covers.
struct WatchScope: Hashable, Sendable {
    let type: ResourceType
    let namespace: String?
    let labelSelector: String?
    let fieldSelector: String?
    let metadataOnly: Bool

    func listRequest(limit: Int, continueToken: String?) -> KubernetesRequest {
        .list(
            type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector, limit: limit,
            continueToken: continueToken, metadataOnly: metadataOnly)
    }

    func watchRequest(resourceVersion: String?, timeoutSeconds: Int, sendInitialEvents: Bool) -> KubernetesRequest {
        .watch(
            type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector,
            resourceVersion: resourceVersion, timeoutSeconds: timeoutSeconds, sendInitialEvents: sendInitialEvents,
            metadataOnly: metadataOnly)
    }
}
