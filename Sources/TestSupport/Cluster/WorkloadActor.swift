import KubernetesModel

/// Plays the controllers of Deployments, Jobs and HorizontalPodAutoscalers, and a cluster that has room for every pod.
struct WorkloadActor: Sendable {
    let scene: ActorScene

    static let deployments = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let jobs = ResourceType(group: "batch", version: "v1", kind: "Job", plural: "jobs")
    static let autoscalers = ["v2", "v2beta2"].map {
        ResourceType(
            group: "autoscaling", version: $0, kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers")
    }

    var loops: [ActorLoop] {
        [
            ActorLoop(
                scene: scene, types: [Self.deployments],
                handle: { object, type, isGone in if !isGone { try await deployment(object, type) } },
                trigger: scene.deadlines),
            ActorLoop(
                scene: scene, types: [Self.jobs],
                handle: { object, type, isGone in if !isGone { try await job(object, type) } }),
            ActorLoop(
                scene: scene, types: Self.autoscalers,
                handle: { object, type, isGone in if !isGone { try await autoscaler(object, type) } }),
        ]
    }

    private func images(_ object: KubernetesObject) -> [String] {
        let spec = object.spec?["template"]?["spec"]
        return ((spec?["initContainers"]?.array ?? []) + (spec?["containers"]?.array ?? []))
            .compactMap { $0["image"]?.string }
    }

    // MARK: Deployments

    private func deployment(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting else { return }
        let generation = JSON(object.generation ?? 0)
        let wanted = object.spec?["replicas"]?.int ?? 1
        guard images(object).contains(where: { $0.contains("broken") }) else {
            let count = JSON(wanted)
            return try await scene.writeStatus(
                [
                    "observedGeneration": generation, "replicas": count, "updatedReplicas": count,
                    "readyReplicas": count, "availableReplicas": count, "unavailableReplicas": 0,
                    "conditions": [
                        available(true),
                        progressing("True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
                    ],
                ], of: object, type)
        }
        // Pods of the last good template stay; the new one never becomes ready.
        let alive = min(object.status?["availableReplicas"]?.int ?? 0, wanted)
        let isLate =
            switch scene.options.progressDeadline {
            case .immediately: true
            case .onCommand, .after: scene.deadlines.count > 0
            }
        let condition =
            isLate
            ? progressing("False", "ProgressDeadlineExceeded", "ReplicaSet has timed out progressing.")
            : progressing("True", "ReplicaSetUpdated", "ReplicaSet is progressing.")
        let missing = max(wanted - alive, 1)
        try await scene.writeStatus(
            [
                "observedGeneration": generation, "replicas": JSON(alive + 1), "updatedReplicas": 1,
                "readyReplicas": JSON(alive), "availableReplicas": JSON(alive), "unavailableReplicas": JSON(missing),
                "conditions": [available(alive > 0), condition],
            ], of: object, type)
        if !isLate, case .after(let deadline) = scene.options.progressDeadline {
            try await scene.options.clock.sleep(for: deadline)
            scene.deadlines.raise()
        }
    }

    private func available(_ isAvailable: Bool) -> JSON {
        [
            "type": "Available", "status": isAvailable ? "True" : "False",
            "reason": isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
            "message": isAvailable
                ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
        ]
    }

    private func progressing(_ status: String, _ reason: String, _ message: String) -> JSON {
        [
            "type": "Progressing", "status": .string(status), "reason": .string(reason), "message": .string(message),
        ]
    }

    // MARK: Jobs

    /// Kubernetes 1.31 and newer take a Job as finished only with the condition that comes before: FailureTarget, or
    /// SuccessCriteriaMet.
    private func job(_ object: KubernetesObject, _ type: ResourceType) async throws {
        let isFinished = ["Complete", "Failed"].contains { object.condition($0)?.isTrue ?? false }
        guard !object.isDeleting, !isFinished, object.spec?["suspend"]?.bool != true else { return }
        let time = JSON.string(scene.options.now().rfc3339)
        if images(object).contains(where: { $0.contains("broken-migration") }) {
            return try await scene.writeStatus(
                [
                    "startTime": time, "failed": JSON((object.spec?["backoffLimit"]?.int ?? 6) + 1),
                    "conditions": .array(
                        ["FailureTarget", "Failed"].map {
                            [
                                "type": $0, "status": "True", "reason": "BackoffLimitExceeded",
                                "message": "Job has reached the specified backoff limit",
                            ]
                        }),
                ], of: object, type)
        }
        try await scene.writeStatus(
            [
                "startTime": time, "completionTime": time, "succeeded": object.spec?["completions"] ?? 1,
                "conditions": [
                    ["type": "SuccessCriteriaMet", "status": "True"], ["type": "Complete", "status": "True"],
                ],
            ], of: object, type)
    }

    // MARK: Autoscalers

    /// Brings the target between the bounds and reports. There are no metrics: the count stays where it is otherwise.
    private func autoscaler(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting, let name = object.spec?["scaleTargetRef"]?["name"]?.string,
            object.spec?["scaleTargetRef"]?["kind"] == "Deployment"
        else { return }
        guard let target = try await scene.get(Self.deployments, namespace: object.namespace ?? "", name: name) else {
            return try await scene.writeStatus(
                [
                    "conditions": [
                        ["type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": ""]
                    ]
                ],
                of: object, type)
        }
        let current = target.spec?["replicas"]?.int ?? 1
        let desired = min(
            max(current, object.spec?["minReplicas"]?.int ?? 1), max(object.spec?["maxReplicas"]?.int ?? 1, 1))
        if desired != current, current > 0 {
            _ = try await scene.send(
                .mergePatch(
                    ["spec": ["replicas": JSON(desired)]], Self.deployments, namespace: object.namespace, name: name,
                    fieldManager: ActorScene.fieldManager, subresource: "scale"))
        }
        try await scene.writeStatus(
            [
                "currentReplicas": JSON(current == 0 ? 0 : desired),
                "desiredReplicas": JSON(current == 0 ? 0 : desired),
                "conditions": [
                    ["type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale", "message": ""],
                    [
                        "type": "ScalingActive", "status": current == 0 ? "False" : "True",
                        "reason": current == 0 ? "ScalingDisabled" : "ValidMetricFound", "message": "",
                    ],
                ],
            ], of: object, type)
    }
}
