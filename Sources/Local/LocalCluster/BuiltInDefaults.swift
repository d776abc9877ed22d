import KubernetesModel

/// What the server adds to objects beyond the defaults of single fields: values that depend on others, and names,
/// addresses and ports that it hands out.
enum BuiltInDefaults {
    static func complete(
        _ json: inout JSON, old: JSON?, definition: ResourceDefinition, state: inout ClusterState, now: Timestamp
    ) {
        guard definition.isBuiltIn else { return }
        switch (definition.group, definition.kind) {
        case ("", "Namespace"): namespace(&json, old: old)
        case ("", "Secret"): secret(&json)
        case ("", "Service"): service(&json, old: old, state: &state)
        case ("", "Pod"):
            podSpec(&json, at: ["spec"])
            requests(&json)
            if json["spec"]?["enableServiceLinks"] == nil { json[path: ["spec", "enableServiceLinks"]] = true }
            if old == nil { json["status"] = ["phase": "Pending"] }
        case ("apps", "Deployment"): deployment(&json)
        case ("batch", "Job"): job(&json, old: old, release: state.release)
        case ("autoscaling", "HorizontalPodAutoscaler"): autoscaler(&json)
        case ("networking.k8s.io", "NetworkPolicy"): networkPolicy(&json)
        case ("rbac.authorization.k8s.io", _): binding(&json)
        case ("apiextensions.k8s.io", _): customResourceDefinition(&json, old: old, now: now)
        default: break
        }
    }

    private static func namespace(_ json: inout JSON, old: JSON?) {
        json[path: ["spec", "finalizers"]] = ["kubernetes"]
        json[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = json["metadata"]?["name"]
        if old == nil { json["status"] = ["phase": "Active"] }
    }

    private static func secret(_ json: inout JSON) {
        guard let texts = json["stringData"]?.object else { return }
        for (key, value) in texts {
            json[path: ["data", key]] = .string(Base64.encode(Array((value.string ?? "").utf8)))
        }
        json["stringData"] = nil
    }

    // MARK: Pods

    static func podSpec(_ json: inout JSON, at path: [String]) {
        guard var spec = json[path: path] else { return }
        for list in ["initContainers", "containers"] {
            guard let containers = spec[list]?.array else { continue }
            spec[list] = .array(containers.map(container))
        }
        // Volumes without any source are empty directories.
        if let volumes = spec["volumes"]?.array {
            spec["volumes"] = .array(
                volumes.map { volume in
                    guard volume.object?.count == 1 else { return volume }
                    var volume = volume
                    volume["emptyDir"] = [:]
                    return volume
                })
        }
        // The old name of the field follows the new one.
        if let account = spec["serviceAccountName"] ?? spec["serviceAccount"] {
            spec["serviceAccountName"] = account
            spec["serviceAccount"] = account
        }
        json[path: path] = spec
    }

    private static func container(_ container: JSON) -> JSON {
        var container = container
        if container["imagePullPolicy"] == nil {
            let image = container["image"]?.string ?? ""
            let last = image.split(separator: "/").last ?? ""
            let isLatest = !image.contains("@") && (!last.contains(":") || last.hasSuffix(":latest"))
            container["imagePullPolicy"] = isLatest ? "Always" : "IfNotPresent"
        }
        return container
    }

    /// Pods, not templates: what has a limit requests as much.
    private static func requests(_ json: inout JSON) {
        guard let containers = json["spec"]?["containers"]?.array else { return }
        json[path: ["spec", "containers"]] = .array(
            containers.map { container in
                var container = container
                for (name, amount) in container["resources"]?["limits"]?.object ?? JSONObject()
                where container[path: ["resources", "requests", name]] == nil {
                    container[path: ["resources", "requests", name]] = amount
                }
                return container
            })
    }

    private static func templateTimestamp(_ json: inout JSON) {
        // A quirk of old servers that naive comparisons stumble over.
        json[path: ["spec", "template", "metadata", "creationTimestamp"]] = .null
    }

    private static func deployment(_ json: inout JSON) {
        podSpec(&json, at: ["spec", "template", "spec"])
        templateTimestamp(&json)
        let strategy = json["spec"]?["strategy"]
        let type = strategy?["type"]?.string ?? "RollingUpdate"
        json[path: ["spec", "strategy", "type"]] = .string(type)
        if type == "RollingUpdate" {
            for name in ["maxUnavailable", "maxSurge"] where strategy?["rollingUpdate"]?[name] == nil {
                json[path: ["spec", "strategy", "rollingUpdate", name]] = "25%"
            }
        }
    }

    private static func job(_ json: inout JSON, old: JSON?, release: LocalCluster.Release) {
        podSpec(&json, at: ["spec", "template", "spec"])
        templateTimestamp(&json)
        guard json["spec"]?["manualSelector"]?.bool != true, let uid = json["metadata"]?["uid"] else { return }
        let isOld = release == .kubernetes120
        if let old {
            // Clients send what they once wrote; what the server generated stays.
            json[path: ["spec", "selector"]] = json["spec"]?["selector"] ?? old["spec"]?["selector"]
        } else {
            let label = isOld ? "controller-uid" : "batch.kubernetes.io/controller-uid"
            json[path: ["spec", "selector", "matchLabels", label]] = uid
        }
        for prefix in isOld ? [""] : ["", "batch.kubernetes.io/"] {
            let path = ["spec", "template", "metadata", "labels"]
            json[path: path + [prefix + "controller-uid"]] = uid
            json[path: path + [prefix + "job-name"]] = json["metadata"]?["name"]
        }
        if !isOld, json["spec"]?["manualSelector"] == nil { json[path: ["spec", "manualSelector"]] = false }
        // A Job without labels gets those of its pods, the generated ones included.
        if json["metadata"]?["labels"] == nil {
            json[path: ["metadata", "labels"]] = json["spec"]?["template"]?["metadata"]?["labels"]
        }
    }

    // MARK: Services

    private static func service(_ json: inout JSON, old: JSON?, state: inout ClusterState) {
        let type = json["spec"]?["type"]?.string ?? "ClusterIP"
        guard type != "ExternalName" else { return }
        let oldSpec = old?["spec"]
        if json["spec"]?["clusterIP"] == nil {
            json[path: ["spec", "clusterIP"]] = oldSpec?["clusterIP"] ?? .string(state.newClusterIP())
        }
        if let address = json["spec"]?["clusterIP"], json["spec"]?["clusterIPs"] == nil {
            json[path: ["spec", "clusterIPs"]] = .array([address])
        }
        if json["spec"]?["ipFamilies"] == nil { json[path: ["spec", "ipFamilies"]] = ["IPv4"] }
        if json["spec"]?["ipFamilyPolicy"] == nil { json[path: ["spec", "ipFamilyPolicy"]] = "SingleStack" }
        if json["spec"]?["internalTrafficPolicy"] == nil { json[path: ["spec", "internalTrafficPolicy"]] = "Cluster" }
        let isExposed = type == "NodePort" || type == "LoadBalancer"
        if isExposed, json["spec"]?["externalTrafficPolicy"] == nil {
            json[path: ["spec", "externalTrafficPolicy"]] = "Cluster"
        }
        if type == "LoadBalancer", json["spec"]?["allocateLoadBalancerNodePorts"] == nil {
            json[path: ["spec", "allocateLoadBalancerNodePorts"]] = true
        }
        let oldPorts = oldSpec?["ports"]?.array ?? []
        json[path: ["spec", "ports"]] = json["spec"]?["ports"]?.array.map { ports in
            .array(
                ports.map { port in
                    var port = port
                    if port["targetPort"] == nil { port["targetPort"] = port["port"] }
                    if isExposed, port["nodePort"] == nil {
                        let same = oldPorts.first { $0["port"] == port["port"] && $0["protocol"] == port["protocol"] }
                        port["nodePort"] = same?["nodePort"] ?? JSON(state.newNodePort())
                    }
                    return port
                })
        }
    }

    // MARK: Others

    private static func autoscaler(_ json: inout JSON) {
        if json["spec"]?["metrics"]?.array?.isEmpty ?? true {
            json[path: ["spec", "metrics"]] = [
                [
                    "type": "Resource",
                    "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]],
                ]
            ]
        }
        guard json["spec"]?["behavior"] != nil else { return }
        func complete(_ name: String, _ policies: JSON, stabilization: JSON?) {
            let path = ["spec", "behavior", name]
            var rules = json[path: path] ?? [:]
            if rules["selectPolicy"] == nil { rules["selectPolicy"] = "Max" }
            if rules["policies"]?.array?.isEmpty ?? true { rules["policies"] = policies }
            if rules["stabilizationWindowSeconds"] == nil { rules["stabilizationWindowSeconds"] = stabilization }
            json[path: path] = rules
        }
        let percent: JSON = ["type": "Percent", "value": 100, "periodSeconds": 15]
        complete("scaleUp", [["type": "Pods", "value": 4, "periodSeconds": 15], percent], stabilization: 0)
        complete("scaleDown", [percent], stabilization: nil)
    }

    private static func networkPolicy(_ json: inout JSON) {
        guard json["spec"]?["policyTypes"] == nil else { return }
        json[path: ["spec", "policyTypes"]] =
            json["spec"]?["egress"] == nil ? ["Ingress"] : ["Ingress", "Egress"]
    }

    private static func binding(_ json: inout JSON) {
        guard json["roleRef"] != nil else { return }
        let group: JSON = "rbac.authorization.k8s.io"
        if (json["roleRef"]?["apiGroup"]?.string ?? "").isEmpty { json[path: ["roleRef", "apiGroup"]] = group }
        guard let subjects = json["subjects"]?.array else { return }
        json["subjects"] = .array(
            subjects.map { subject in
                var subject = subject
                if subject["kind"]?.string != "ServiceAccount", subject["apiGroup"] == nil {
                    subject["apiGroup"] = group
                }
                return subject
            })
    }

    private static func customResourceDefinition(_ json: inout JSON, old: JSON?, now: Timestamp) {
        let kind = json["spec"]?["names"]?["kind"]?.string ?? ""
        if json["spec"]?["names"]?["singular"] == nil {
            json[path: ["spec", "names", "singular"]] = .string(kind.lowercased())
        }
        if json["spec"]?["names"]?["listKind"] == nil {
            json[path: ["spec", "names", "listKind"]] = .string(kind + "List")
        }
        if json["spec"]?["conversion"] == nil { json[path: ["spec", "conversion"]] = ["strategy": "None"] }
        guard old == nil || json["status"] == nil else { return }
        // The real server does this in a second write, a moment later.
        let storage = json["spec"]?["versions"]?.array?.first { $0["storage"]?.bool ?? false }
        func condition(_ type: String, _ reason: String, _ message: String) -> JSON {
            [
                "type": .string(type), "status": "True", "lastTransitionTime": .string(now.rfc3339),
                "reason": .string(reason), "message": .string(message),
            ]
        }
        json["status"] = [
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            "acceptedNames": json["spec"]?["names"] ?? [:],
            "storedVersions": .array([storage?["name"] ?? ""]),
        ]
        json[path: ["metadata", "finalizers"]] = .array(
            (json["metadata"]?["finalizers"]?.array ?? []) + [.string(ClusterState.customResourceCleanup)])
    }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for place in 0..<4 {
                result.append(place <= part.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
