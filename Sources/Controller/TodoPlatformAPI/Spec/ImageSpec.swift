/// Where the one image of all services comes from.
package struct ImageSpec: Hashable, Sendable {
    package var registry = "ghcr.io"
    package var repository = "todo-platform/todo-services"
    package var tag: String?
    package var digest: String?
    package var pullPolicy = ImagePullPolicy.ifNotPresent
    package var pullSecrets: [NameReference] = []

    package init() {}
}

/// Kubernetes' own words for `imagePullPolicy`.
package enum ImagePullPolicy: String, CaseIterable, Sendable {
    case always = "Always"
    case ifNotPresent = "IfNotPresent"
    case never = "Never"
}

extension ImageSpec: Specification {
    package static let fields: [Field<ImageSpec>] = [
        Field(
            "registry", \.registry, .text(.registry), "Host of the registry, with its port and a path if it needs them."
        ),
        Field("repository", \.repository, .text(.repository), "Name of the image in the registry."),
        Field("tag", optional: \.tag, .text(.imageTag), "Tag of the image. The version if not set."),
        Field("digest", optional: \.digest, .text(.digest), "Digest of the image; wins over the tag."),
        Field("pullPolicy", \.pullPolicy, .word, "When nodes pull the image."),
        Field(
            "pullSecrets", \.pullSecrets, .list(of: .structure, 0...10, key: "name"),
            "Secrets of type kubernetes.io/dockerconfigjson for the registry."),
    ]
}
