/// One request to the Kubernetes API as a value: everything that a transport needs, nothing of how it is sent.
package struct KubernetesRequest: Hashable, Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }
    /// The verb as authorization (RBAC) and metrics name it.
    package enum Verb: String, Sendable { case get, list, watch, create, update, patch, delete }

    package let verb: Verb
    package let method: Method
    /// Percent-encoded, starting with a slash.
    package let path: String
    package let query: [QueryItem]
    package let contentType: String?
    package let accept: String
    package let body: [UInt8]
    /// What is asked for; nil for paths outside resources, such as `/version`.
    package let target: Target?

    package struct QueryItem: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package struct Target: Hashable, Sendable {
        package let type: ResourceType
        package let namespace: String
        /// Empty for collections.
        package let name: String
        package let subresource: String?
    }

    /// For errors and logs: `patch Deployment shop/api`.
    package var summary: String {
        guard let target else { return "\(verb.rawValue) \(path)" }
        let object =
            target.name.isEmpty
            ? (target.namespace.isEmpty ? "" : " in \(target.namespace)")
            : " " + (target.namespace.isEmpty ? target.name : "\(target.namespace)/\(target.name)")
        let subresource = target.subresource.map { "/\($0)" } ?? ""
        return "\(verb.rawValue) \(target.type.kind)\(subresource)\(object)"
    }

    /// Path and query as they stand in the request line.
    package var pathAndQuery: String {
        guard !query.isEmpty else { return path }
        return path + "?"
            + query.map { Self.encode($0.name) + "=" + Self.encode($0.value) }.joined(separator: "&")
    }

    package init(
        verb: Verb, method: Method, path: String, query: [QueryItem] = [], contentType: String? = nil,
        accept: String = "application/json", body: [UInt8] = [], target: Target? = nil
    ) {
        self.verb = verb
        self.method = method
        self.path = path
        self.query = query
        self.contentType = contentType
        self.accept = accept
        self.body = body
        self.target = target
    }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    package static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}

extension KubernetesRequest {
    /// How an object's dependents go when it is deleted.
    package enum Propagation: String, Sendable {
        case background = "Background"
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    private init(
        _ verb: Verb, _ method: Method, _ type: ResourceType, namespace: String?, name: String = "",
        subresource: String? = nil, query: [(String, String?)] = [], contentType: String? = nil,
        accept: String = "application/json", body: [UInt8] = []
    ) {
        var path = type.root
        if type.isNamespaced, let namespace, !namespace.isEmpty { path += "/namespaces/" + Self.encode(namespace) }
        path += "/" + type.plural
        if !name.isEmpty { path += "/" + Self.encode(name) }
        if let subresource { path += "/" + subresource }
        self.init(
            verb: verb, method: method, path: path,
            query: query.compactMap { item in item.1.map { QueryItem(name: item.0, value: $0) } },
            contentType: contentType, accept: accept, body: body,
            target: Target(type: type, namespace: namespace ?? "", name: name, subresource: subresource))
    }

    private static func accept(metadataOnly: Bool, list: Bool) -> String {
        guard metadataOnly else { return "application/json" }
        return "application/json;as=PartialObjectMetadata\(list ? "List" : "");g=meta.k8s.io;v=v1"
    }

    /// Reads one object. - Parameter subresource: for example `scale`.
    package static func get(_ type: ResourceType, namespace: String?, name: String, subresource: String? = nil)
        -> KubernetesRequest
    {
        KubernetesRequest(.get, .get, type, namespace: namespace, name: name, subresource: subresource)
    }

    /// Reads one page of a collection. - Parameter namespace: nil for all namespaces.
    package static func list(
        _ type: ResourceType, namespace: String?, labelSelector: String? = nil, fieldSelector: String? = nil,
        limit: Int? = nil, continueToken: String? = nil, metadataOnly: Bool = false
    ) -> KubernetesRequest {
        KubernetesRequest(
            .list, .get, type, namespace: namespace,
            query: [
                ("labelSelector", labelSelector), ("fieldSelector", fieldSelector), ("limit", limit.map(String.init)),
                ("continue", continueToken),
            ], accept: accept(metadataOnly: metadataOnly, list: true))
    }

    /// Follows a collection. With `resourceVersion` nil and `sendInitialEvents` true the server first sends what is
    /// there (streaming list, Kubernetes 1.32 and later).
    package static func watch(
        _ type: ResourceType, namespace: String?, labelSelector: String? = nil, fieldSelector: String? = nil,
        resourceVersion: String?, timeoutSeconds: Int, sendInitialEvents: Bool = false, metadataOnly: Bool = false
    ) -> KubernetesRequest {
        KubernetesRequest(
            .watch, .get, type, namespace: namespace,
            query: [
                ("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", String(timeoutSeconds)),
                ("labelSelector", labelSelector), ("fieldSelector", fieldSelector),
                ("resourceVersion", resourceVersion), ("sendInitialEvents", sendInitialEvents ? "true" : nil),
                ("resourceVersionMatch", sendInitialEvents ? "NotOlderThan" : nil),
            ], accept: accept(metadataOnly: metadataOnly, list: false))
    }

    /// Creates `object`; 409 AlreadyExists if it is there.
    package static func create(_ object: KubernetesObject, _ type: ResourceType, dryRun: Bool = false)
        -> KubernetesRequest
    {
        KubernetesRequest(
            .create, .post, type, namespace: object.namespace, query: [("dryRun", dryRun ? "All" : nil)],
            contentType: "application/json", body: object.json.bytes)
    }

    /// Replaces `object`; with `metadata.resourceVersion` set, only if nobody changed it meanwhile.
    package static func replace(_ object: KubernetesObject, _ type: ResourceType, subresource: String? = nil)
        -> KubernetesRequest
    {
        KubernetesRequest(
            .update, .put, type, namespace: object.namespace, name: object.name, subresource: subresource,
            contentType: "application/json", body: object.json.bytes)
    }

    /// Server-side apply: the complete intent of `fieldManager` for `object`. Creates what is missing.
    ///
    /// `force` takes fields over from other managers. Unknown fields are refused (`fieldValidation=Strict`, from
    /// Kubernetes 1.25; older servers refuse them without being asked).
    package static func apply(
        _ object: KubernetesObject, _ type: ResourceType, fieldManager: String, force: Bool = true,
        dryRun: Bool = false, subresource: String? = nil
    ) -> KubernetesRequest {
        KubernetesRequest(
            .patch, .patch, type, namespace: object.namespace, name: object.name, subresource: subresource,
            query: [
                ("fieldManager", fieldManager), ("force", force ? "true" : nil), ("dryRun", dryRun ? "All" : nil),
                ("fieldValidation", "Strict"),
            ], contentType: "application/apply-patch+yaml", body: object.json.bytes)
    }

    /// JSON merge patch (RFC 7396): members set to null go away, lists are replaced.
    package static func mergePatch(
        _ patch: JSON, _ type: ResourceType, namespace: String?, name: String, fieldManager: String,
        subresource: String? = nil
    ) -> KubernetesRequest {
        KubernetesRequest(
            .patch, .patch, type, namespace: namespace, name: name, subresource: subresource,
            query: [("fieldManager", fieldManager)], contentType: "application/merge-patch+json", body: patch.bytes)
    }

    /// JSON patch (RFC 6902): `test` operations make it conditional.
    package static func jsonPatch(
        _ operations: [JSON], _ type: ResourceType, namespace: String?, name: String, fieldManager: String
    ) -> KubernetesRequest {
        KubernetesRequest(
            .patch, .patch, type, namespace: namespace, name: name, query: [("fieldManager", fieldManager)],
            contentType: "application/json-patch+json", body: JSON.array(operations).bytes)
    }

    /// Deletes one object. - Parameter uid: refuse (409) when the name now belongs to another object.
    package static func delete(
        _ type: ResourceType, namespace: String?, name: String, propagation: Propagation = .background,
        uid: String? = nil
    ) -> KubernetesRequest {
        var options: JSON = [
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(propagation.rawValue),
        ]
        if let uid { options["preconditions"] = ["uid": .string(uid)] }
        return KubernetesRequest(
            .delete, .delete, type, namespace: namespace, name: name, contentType: "application/json",
            body: options.bytes)
    }

    /// Reads a path that is no resource: discovery, `/version`, `/readyz`.
    package static func path(_ path: String, accept: String = "application/json") -> KubernetesRequest {
        KubernetesRequest(verb: .get, method: .get, path: path, accept: accept)
    }
}
