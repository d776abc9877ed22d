package import KubernetesModel

extension TodoPlatform {
    /// Reads a resource.
    ///
    /// - Throws: everything that makes it unusable, at once. Unknown fields are no reason: an operator meets them after
    ///   it was taken back to an older version.
    package init(_ object: KubernetesObject) throws(InvalidTodoPlatform) {
        let (platform, problems) = Self.decode(object)
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty else { throw InvalidTodoPlatform(problems: errors) }
        self = platform
    }

    /// Reads a resource as far as it can be read. What cannot be read has its default.
    ///
    /// - Parameter old: the spec that this one replaces, for rules about change; nil for a new resource.
    /// - Returns: the platform and everything that is wrong in it, unknown fields as warnings.
    package static func decode(_ object: KubernetesObject, replacing old: TodoPlatformSpec? = nil)
        -> (platform: TodoPlatform, problems: [Problem])
    {
        var reader = Reader()
        if object.apiVersion != type.apiVersion || object.kind != type.kind {
            reader.report(
                "is no \(type.kind) of \(type.apiVersion)",
                "set apiVersion to \(type.apiVersion) and kind to \(type.kind)")
        }
        var platform = TodoPlatform(
            name: object.name, namespace: object.namespace ?? "", uid: object.uid ?? "",
            generation: object.generation ?? 0)
        platform.resourceVersion = object.resourceVersion ?? ""
        platform.creationTimestamp = object.creationTimestamp
        platform.deletionTimestamp = object.deletionTimestamp
        platform.labels = object.labels
        platform.annotations = object.annotations
        platform.finalizers = object.finalizers
        if let spec = object.spec, !spec.isNull {
            reader.descend(.key("spec")) { reader in platform.spec.read(spec, &reader) }
        }
        let unread = reader.problems.filter { $0.severity == .error }.map(\.path)
        var checker = Checker(unread: unread)
        checker.descend(.key("metadata")) { checker in
            checker.descend(.key("name")) { checker in Format.platformName.check(platform.name, &checker) }
        }
        checker.descend(.key("spec")) { checker in platform.spec.check(replacing: old, &checker) }
        if let status = object.status {
            // Written by an operator, maybe a newer one: what we do not understand of it we make anew.
            var ignored = Reader()
            platform.status.read(status, &ignored)
        }
        return (platform, reader.problems + checker.problems)
    }
}

extension TodoPlatformSpec {
    /// What is wrong with this spec: bounds, and rules between fields.
    ///
    /// - Parameter old: the spec that this one replaces; nil for a new resource.
    package func problems(replacing old: TodoPlatformSpec? = nil) -> [Problem] {
        var checker = Checker(at: [.key("spec")])
        check(replacing: old, &checker)
        return checker.problems
    }
}

extension TodoPlatformStatus {
    /// The status as it is written: what is empty is left out.
    package var compactJSON: JSON { json.withoutEmpty }
}

extension JSON {
    /// Without empty lists and empty objects, at any depth.
    fileprivate var withoutEmpty: JSON {
        switch self {
        case .array(let elements): .array(elements.map(\.withoutEmpty))
        case .object(let members):
            .object(
                JSONObject(
                    members.compactMap { key, value in
                        let value = value.withoutEmpty
                        return value.array?.isEmpty == true || value.object?.isEmpty == true ? nil : (key, value)
                    }))
        default: self
        }
    }
}
