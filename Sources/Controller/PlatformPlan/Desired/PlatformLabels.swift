import KubernetesModel

/// The labels and annotations that our objects carry.
package enum PlatformLabels {
    package static let name = "app.kubernetes.io/name"
    package static let instance = "app.kubernetes.io/instance"
    package static let component = "app.kubernetes.io/component"
    package static let partOf = "app.kubernetes.io/part-of"
    package static let managedBy = "app.kubernetes.io/managed-by"
    package static let version = "app.kubernetes.io/version"
    /// The name of the `TodoPlatform`: how the cache finds a platform's objects, and what pruning looks for.
    package static let platform = "todoplatform.dev/platform"

    /// The value of `managedBy` on everything that the operator makes; the selector of every watch on children.
    package static let managedByValue = "todo-operator"
    package static let nameValue = "todo-platform"

    /// Annotation of pod templates: a digest of the configuration and of every secret value that the pod uses. When it
    /// changes, the Deployment rolls its pods.
    package static let configDigest = "todoplatform.dev/config-digest"
}
