package import KubernetesModel

/// One TodoPlatform resource (`todoplatform.dev/v1alpha1`), defaults applied.
///
/// This module holds the resource's types. Each structure declares its fields once (`static let fields`); decoding,
/// defaults, validation and the schema of the CustomResourceDefinition all come from that declaration. Entry points:
/// `TodoPlatform.init(_:)`, `effective`, `TodoPlatformCRD`.
package struct TodoPlatform: Hashable, Sendable {
    package var name: String
    package var namespace: String
    package var uid: String
    package var generation: Int
    package var resourceVersion: String
    package var creationTimestamp: String?
    package var deletionTimestamp: String?
    package var labels: [String: String]
    package var annotations: [String: String]
    package var finalizers: [String]
    package var spec: TodoPlatformSpec
    package var status: TodoPlatformStatus

    /// The version of the services that this operator was made with.
    package static let release = "0.1.0"

    package static let type = ResourceType(
        group: "todoplatform.dev", version: "v1alpha1", kind: "TodoPlatform", plural: "todoplatforms")

    /// A platform that was not read from anywhere.
    package init(
        name: String, namespace: String, uid: String = "", generation: Int = 1, spec: TodoPlatformSpec = .init()
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.generation = generation
        resourceVersion = ""
        labels = [:]
        annotations = [:]
        finalizers = []
        self.spec = spec
        status = TodoPlatformStatus()
    }

    package var isDeleting: Bool { deletionTimestamp != nil }
    package var namespacedName: NamespacedName { NamespacedName(namespace: namespace, name: name) }

    /// For the objects that the platform controls.
    package var ownerReference: OwnerReference {
        OwnerReference(apiVersion: Self.type.apiVersion, kind: Self.type.kind, name: name, uid: uid)
    }
}
