import KubernetesModel

extension LocalCluster {
    var versionInfo: JSON {
        let minor = options.release == .kubernetes120 ? "20" : "34"
        return [
            "major": "1", "minor": .string(minor), "gitVersion": .string("v1.\(minor).0"), "platform": "linux/amd64",
        ]
    }

    /// The answer to a path of discovery; nil when the path is one of objects.
    func discovery(_ parts: [String], accept: String) throws(APIStatus) -> Response? {
        let definitions = try read { state throws(APIStatus) in Array(state.definitions.values) }
        let isAggregated = accept.contains("as=APIGroupDiscoveryList") && options.release == .current
        switch (parts[0], parts.count) {
        case ("api", 1):
            if isAggregated { return aggregated(definitions.filter { $0.group.isEmpty }) }
            return Response(json: ["kind": "APIVersions", "versions": ["v1"]], status: 200)
        case ("apis", 1):
            let inGroups = definitions.filter { !$0.group.isEmpty }
            if isAggregated { return aggregated(inGroups) }
            let groups = Set(inGroups.map(\.group)).sorted().map { group($0, inGroups) }
            return Response(
                json: ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)], status: 200)
        case ("apis", 2):
            let members = definitions.filter { $0.group == parts[1] }
            guard !members.isEmpty else { throw .noSuchPath }
            var json = group(parts[1], members)
            json["kind"] = "APIGroup"
            json["apiVersion"] = "v1"
            return Response(json: json, status: 200)
        case ("api", 2), ("apis", 3):
            let group = parts.count == 2 ? "" : parts[1]
            let version = parts[parts.count - 1]
            let members = definitions.filter { $0.group == group && $0.version(version) != nil }
            guard !members.isEmpty else { throw .noSuchPath }
            let list: [JSON] = members.sorted { $0.plural < $1.plural }.flatMap { resources($0) }
            return Response(
                json: [
                    "kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
                    "resources": .array(list),
                ], status: 200)
        default: return nil
        }
    }

    private static let verbs: JSON = [
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    ]

    private func versions(_ members: [ResourceDefinition]) -> [String] {
        var result: [String] = []
        for definition in members {
            for version in definition.versions where !result.contains(version.name) { result.append(version.name) }
        }
        return result.sorted(by: Self.isPreferred)
    }

    /// Stable before beta before alpha, then the higher number (Kubernetes documentation, "Version priority").
    private static func isPreferred(_ left: String, _ right: String) -> Bool {
        func rank(_ version: String) -> (Int, String) {
            (version.contains("alpha") ? 2 : version.contains("beta") ? 1 : 0, version)
        }
        let (a, b) = (rank(left), rank(right))
        return a.0 == b.0 ? a.1 > b.1 : a.0 < b.0
    }

    private func group(_ name: String, _ definitions: [ResourceDefinition]) -> JSON {
        let list = versions(definitions.filter { $0.group == name }).map { version -> JSON in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(list), "preferredVersion": list[0]]
    }

    private func resources(_ definition: ResourceDefinition) -> [JSON] {
        var main: JSON = [
            "name": .string(definition.plural), "singularName": .string(definition.singular),
            "namespaced": .bool(definition.isNamespaced), "kind": .string(definition.kind), "verbs": Self.verbs,
        ]
        if !definition.shortNames.isEmpty { main["shortNames"] = JSON(definition.shortNames) }
        if !definition.categories.isEmpty { main["categories"] = JSON(definition.categories) }
        var result = [main]
        func subresource(_ name: String, kind: String) -> JSON {
            [
                "name": .string("\(definition.plural)/\(name)"), "singularName": "",
                "namespaced": .bool(definition.isNamespaced), "kind": .string(kind),
                "verbs": ["get", "patch", "update"],
            ]
        }
        if definition.scale != nil {
            var scale = subresource("scale", kind: "Scale")
            scale["group"] = "autoscaling"
            scale["version"] = "v1"
            result.append(scale)
        }
        if definition.hasStatus { result.append(subresource("status", kind: definition.kind)) }
        return result
    }

    /// Aggregated discovery, `apidiscovery.k8s.io/v2`.
    private func aggregated(_ definitions: [ResourceDefinition]) -> Response {
        let groups = Set(definitions.map(\.group)).sorted().map { name -> JSON in
            let members = definitions.filter { $0.group == name }
            let list: [JSON] = versions(members).map { version -> JSON in
                let resources = members.filter { $0.version(version) != nil }.sorted { $0.plural < $1.plural }
                return [
                    "version": .string(version), "freshness": "Current",
                    "resources": .array(resources.map { aggregatedResource($0, version) }),
                ]
            }
            var metadata: JSON = ["creationTimestamp": .null]
            if !name.isEmpty { metadata["name"] = .string(name) }
            return ["metadata": metadata, "versions": .array(list)]
        }
        return Response(
            bytes: JSON.object(
                JSONObject([
                    ("kind", "APIGroupDiscoveryList"), ("apiVersion", "apidiscovery.k8s.io/v2"),
                    ("metadata", .object(JSONObject())),
                    ("items", .array(groups)),
                ])
            ).bytes, status: 200,
            contentType: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
    }

    private func aggregatedResource(_ definition: ResourceDefinition, _ version: String) -> JSON {
        var json: JSON = [
            "resource": .string(definition.plural),
            "responseKind": [
                "group": .string(definition.group), "version": .string(version), "kind": .string(definition.kind),
            ],
            "scope": definition.isNamespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(definition.singular), "verbs": Self.verbs,
        ]
        if !definition.shortNames.isEmpty { json["shortNames"] = JSON(definition.shortNames) }
        var subresources: [JSON] = []
        if definition.hasStatus {
            subresources.append(["subresource": "status", "verbs": ["get", "patch", "update"]])
        }
        if definition.scale != nil {
            subresources.append(["subresource": "scale", "verbs": ["get", "patch", "update"]])
        }
        if !subresources.isEmpty { json["subresources"] = .array(subresources) }
        return json
    }
}
