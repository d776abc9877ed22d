import KubernetesModel
import TodoPlatformAPI

extension PlanContext {
    /// The Job that brings the database to the version that is about to run; nil when the resource wants none, or an
    /// older version runs again.
    ///
    /// Its name is made of what it does (image, version, database), so a new version is a new Job, and a Job that ran
    /// never runs again. No sidecar: a Job with one would not end, and the URL comes straight from its Secret.
    var migrationJob: DesiredObject? {
        let migrations = spec.database.migrations
        guard migrations.enabled, input.runsMigration else { return nil }
        let database = effective.databaseSecret
        let identity: JSON = [
            .string(input.image), .string(input.version), .string(database.name), .string(database.key),
        ]
        let name = names.object("\(Self.migration)-\(Digest.of(identity).prefix(10))")
        let container: JSON = .members([
            "name": .string(Self.containerName),
            "image": .string(input.image),
            "imagePullPolicy": .string(spec.image.pullPolicy.rawValue),
            "args": [.string(Self.migration)],
            "env": [Self.variable("TODO_DATABASE_URL", secret: secret(database.name, database.key))],
            "resources": effective[service: .api].resources.nonEmpty,
            "securityContext": Self.serviceContainerSecurity,
            "volumeMounts": [Self.temporaryMount],
        ])
        let scheduling = effective[service: .api].spec.scheduling
        return object(
            .job, name: name, component: Self.migration, stage: .migration, isVersioned: true, isCreateOnly: true,
            body: [
                "spec": .members([
                    "backoffLimit": JSON(migrations.backoffLimit),
                    "activeDeadlineSeconds": JSON(migrations.timeoutSeconds),
                    "template": [
                        "metadata": ["labels": .strings(labels(Self.migration, isVersioned: true))],
                        "spec": .members([
                            "serviceAccountName": .string(names.object(Self.migration)),
                            "automountServiceAccountToken": false,
                            "restartPolicy": "Never",
                            "securityContext": Self.podSecurity,
                            "nodeSelector": scheduling.nodeSelector.isEmpty ? nil : .strings(scheduling.nodeSelector),
                            "tolerations": Self.tolerations(scheduling.tolerations),
                            "containers": [container],
                            "volumes": [Self.temporaryVolume],
                        ]),
                    ],
                ])
            ])
    }
}
