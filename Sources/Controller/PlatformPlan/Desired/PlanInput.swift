package import KubernetesModel
package import TodoPlatformAPI

/// Everything that the desired objects depend on. Equal inputs give byte-equal objects.
package struct PlanInput: Sendable {
    package var platform: TodoPlatform
    package var apis: ServedAPIs
    /// A digest of each secret value that `DesiredState.secrets` asks for, of those that exist. A changed digest
    /// changes the pod templates that use the value, so that their pods restart once.
    package var secretDigests: [SecretKey: String]
    /// The image that every service runs, complete with tag or digest. The caller decides; after a failed rollout it
    /// is the last good one and not the one of the spec.
    package var image: String
    /// The version that `image` stands for: the version label, and part of the migration Job's name.
    package var version: String
    /// Where the listener of an existing Strimzi cluster is reached (`status.listeners[].bootstrapServers` of the
    /// Kafka); nil while unknown.
    package var kafkaBootstrapServers: String?
    /// False while an older version runs again after a failed rollout: its migrations ran long ago.
    package var runsMigration: Bool

    package init(
        platform: TodoPlatform, apis: ServedAPIs, secretDigests: [SecretKey: String] = [:], image: String,
        version: String, kafkaBootstrapServers: String? = nil, runsMigration: Bool = true
    ) {
        self.platform = platform
        self.apis = apis
        self.secretDigests = secretDigests
        self.image = image
        self.version = version
        self.kafkaBootstrapServers = kafkaBootstrapServers
        self.runsMigration = runsMigration
    }
}
