import KubernetesModel

/// The API server's own rules for metadata and for built-in kinds: those that an operator's mistakes run into.
enum Validation {
    static func problems(_ json: JSON, old: JSON?, definition: ResourceDefinition) -> [FieldProblem] {
        var result = metadata(json, old: old, definition: definition)
        guard definition.isBuiltIn else { return result }
        result += missing(json, definition.storageSchema, path: "")
        switch (definition.group, definition.kind) {
        case ("apps", "Deployment"):
            result += selector(json, old: old) + podSpec(json, path: ["spec", "template", "spec"])
        case ("batch", "Job"):
            if old != nil { result += immutable(json, old, ["spec", "template"]) }
            result += podSpec(json, path: ["spec", "template", "spec"])
            let policy = json["spec"]?["template"]?["spec"]?["restartPolicy"] ?? .null
            if policy != "Never", policy != "OnFailure" {
                result.append(
                    .unsupported("spec.template.spec.restartPolicy", policy, ["OnFailure", "Never"]))
            }
        case ("", "Service"): result += service(json, old: old)
        case ("", "Secret"):
            result += immutable(json, old, ["type"])
            if old?["immutable"]?.bool == true { result += immutable(json, old, ["data"]) }
        case ("", "ConfigMap"): if old?["immutable"]?.bool == true { result += immutable(json, old, ["data"]) }
        case ("rbac.authorization.k8s.io", _):
            if json["roleRef"] != nil { result += immutable(json, old, ["roleRef"], "cannot change roleRef") }
        case ("policy", _):
            if json["spec"]?["minAvailable"] != nil, json["spec"]?["maxUnavailable"] != nil {
                result.append(
                    .invalid("spec", json["spec"] ?? .null, "minAvailable and maxUnavailable cannot be both set"))
            }
        case ("autoscaling", _):
            let least = json["spec"]?["minReplicas"]?.int ?? 1
            let most = json["spec"]?["maxReplicas"]?.int ?? 0
            if most < 1 {
                result.append(.invalid("spec.maxReplicas", JSON(most), "must be greater than 0"))
            } else if most < least {
                result.append(
                    .invalid("spec.maxReplicas", JSON(most), "must be greater than or equal to `minReplicas`"))
            }
        default: break
        }
        return result
    }

    // MARK: Metadata

    private static func metadata(_ json: JSON, old: JSON?, definition: ResourceDefinition) -> [FieldProblem] {
        var result: [FieldProblem] = []
        let object = KubernetesObject(json)
        let name = object.name
        switch (definition.group, definition.kind) {
        case ("", "Service"):
            if !isLabel(name, firstIsLetter: true) {
                result.append(
                    .invalid(
                        "metadata.name", .string(name),
                        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                            + "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
                            + "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"))
            }
        case ("", "Namespace"):
            if !isLabel(name) {
                result.append(
                    .invalid(
                        "metadata.name", .string(name),
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                            + "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
                            + "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"))
            }
        case ("rbac.authorization.k8s.io", _):
            if name.contains("/") || name.contains("%") || name == "." || name == ".." {
                result.append(.invalid("metadata.name", .string(name), "may not contain '/'"))
            }
        default:
            if !isSubdomain(name) {
                result.append(
                    .invalid(
                        "metadata.name", .string(name),
                        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                            + "and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
                            + "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"))
            }
        }
        for (key, value) in object.labels.sorted(by: { $0.key < $1.key }) {
            if !isLabelValue(value) {
                result.append(
                    .invalid(
                        "metadata.labels", .string(value),
                        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                            + "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
                            + "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
                )
            }
            if !isQualifiedName(key) {
                result.append(.invalid("metadata.labels", .string(key), "name part must be valid"))
            }
        }
        for key in object.annotations.keys.sorted() where !isQualifiedName(key) {
            result.append(.invalid("metadata.annotations", .string(key), "name part must be valid"))
        }
        let annotationBytes = object.annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if annotationBytes > 262_144 {
            result.append(
                FieldProblem(
                    reason: "FieldValueTooLong", field: "metadata.annotations",
                    message: "Too long: must have at most 262144 bytes"))
        }
        let controllers = object.ownerReferences.filter(\.isController)
        if controllers.count > 1 {
            result.append(
                .invalid(
                    "metadata.ownerReferences", .array(controllers.map(\.json)),
                    "Only one reference can have Controller set to true. Found \"true\" in references for "
                        + "\(controllers[0].kind)/\(controllers[0].name) and \(controllers[1].kind)/\(controllers[1].name)"
                ))
        }
        if let old, KubernetesObject(old).isDeleting {
            let known = KubernetesObject(old).finalizers
            let new = object.finalizers.filter { !known.contains($0) }
            if !new.isEmpty {
                result.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers "
                            + "[]string{\(new.map { "\"\($0)\"" }.joined(separator: ", "))}"))
            }
        }
        return result
    }

    // MARK: Built-in kinds

    /// Required fields that are missing.
    private static func missing(_ json: JSON, _ schema: Schema, path: String) -> [FieldProblem] {
        var result: [FieldProblem] = []
        switch (schema.shape, json) {
        case (.object, .object(let members)):
            for name in schema.required {
                let isMissing = members[name].map { $0.isNull || $0 == "" || $0 == .array([]) } ?? true
                if isMissing { result.append(.required(path.isEmpty ? name : "\(path).\(name)")) }
            }
            for (key, value) in members {
                guard let type = schema.properties[key] else { continue }
                result += missing(value, type, path: path.isEmpty ? key : "\(path).\(key)")
            }
        case (.list(let item, _), .array(let items)):
            for (index, value) in items.enumerated() { result += missing(value, item, path: "\(path)[\(index)]") }
        default: break
        }
        return result
    }

    private static func immutable(
        _ json: JSON, _ old: JSON?, _ path: [String], _ why: String = "field is immutable"
    ) -> [FieldProblem] {
        guard let old, json[path: path] != old[path: path] else { return [] }
        return [.invalid(path.joined(separator: "."), json[path: path] ?? .null, why)]
    }

    private static func selector(_ json: JSON, old: JSON?) -> [FieldProblem] {
        let wanted = json["spec"]?["selector"]?["matchLabels"]?.stringDictionary ?? [:]
        let labels = json["spec"]?["template"]?["metadata"]?["labels"]?.stringDictionary ?? [:]
        var result = immutable(json, old, ["spec", "selector"])
        if !wanted.allSatisfy({ labels[$0.key] == $0.value }) {
            let shown = labels.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(
                separator: ", ")
            result.append(
                FieldProblem(
                    reason: "FieldValueInvalid", field: "spec.template.metadata.labels",
                    message: "Invalid value: map[string]string{\(shown)}: `selector` does not match template `labels`"))
        }
        return result
    }

    private static func podSpec(_ json: JSON, path: [String]) -> [FieldProblem] {
        let place = path.joined(separator: ".")
        let spec = json[path: path] ?? [:]
        var result: [FieldProblem] = []
        let volumes = Set((spec["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
        for list in ["initContainers", "containers"] {
            for (index, container) in (spec[list]?.array ?? []).enumerated() {
                let here = "\(place).\(list)[\(index)]"
                let name = container["name"]?.string ?? ""
                if !name.isEmpty, !isLabel(name) {
                    result.append(
                        .invalid(
                            "\(here).name", .string(name),
                            "a lowercase RFC 1123 label must consist of lower case "
                                + "alphanumeric characters or '-'"))
                }
                if (container["image"]?.string ?? "").isEmpty { result.append(.required("\(here).image")) }
                for (mountIndex, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
                    guard let volume = mount["name"]?.string, !volumes.contains(volume) else { continue }
                    result.append(
                        FieldProblem(
                            reason: "FieldValueNotFound", field: "\(here).volumeMounts[\(mountIndex)].name",
                            message: "Not found: \"\(volume)\""))
                }
                result += resources(container["resources"], path: "\(here).resources")
            }
        }
        return result
    }

    private static func resources(_ json: JSON?, path: String) -> [FieldProblem] {
        var result: [FieldProblem] = []
        for (name, amount) in json?["requests"]?.object ?? JSONObject() {
            guard let limit = json?["limits"]?[name]?.string.flatMap({ Quantity($0) }),
                let request = amount.string.flatMap({ Quantity($0) }), request > limit
            else { continue }
            result.append(
                .invalid("\(path).requests", amount, "must be less than or equal to \(name) limit"))
        }
        return result
    }

    private static func service(_ json: JSON, old: JSON?) -> [FieldProblem] {
        var result: [FieldProblem] = []
        let spec = json["spec"]
        if spec?["type"] != "ExternalName", spec?["clusterIP"] != "None", spec?["ports"]?.array?.isEmpty ?? true {
            result.append(.required("spec.ports"))
        }
        let ports = spec?["ports"]?.array ?? []
        for (index, port) in ports.enumerated() {
            if ports.count > 1, (port["name"]?.string ?? "").isEmpty {
                result.append(.required("spec.ports[\(index)].name"))
            }
            if let number = port["port"]?.int, !(1...65_535).contains(number) {
                result.append(
                    .invalid("spec.ports[\(index)].port", JSON(number), "must be between 1 and 65535, inclusive"))
            }
        }
        if old?["spec"]?["type"] != "ExternalName", spec?["type"] != "ExternalName" {
            result += immutable(json, old, ["spec", "clusterIP"])
        }
        return result
    }

    // MARK: Names

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    static func isLabel(_ text: some StringProtocol, firstIsLetter: Bool = false) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        if firstIsLetter, !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) { return false }
        return isLowerOrDigit(first) && isLowerOrDigit(last)
            && bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                let bytes = Array(part.utf8)
                guard let first = bytes.first, let last = bytes.last else { return false }
                return isLowerOrDigit(first) && isLowerOrDigit(last)
                    && bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    static func isLabelValue(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return true }
        return bytes.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, parts.count <= 2, !name.isEmpty, isLabelValue(name) else { return false }
        return parts.count == 1 || isSubdomain(parts[0])
    }
}
