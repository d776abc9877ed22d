import KubernetesModel

extension ServicesSpec: Specification {
    package static let fields: [Field<ServicesSpec>] = [
        Field("api", \.api, .structure, "The task API: HTTP for clients, agents and other services."),
        Field("reminders", \.reminders, .structure, "Plans reminders, and fires them when they are due."),
        Field("recurrence", \.recurrence, .structure, "Creates the next task when a recurring one is completed."),
        Field("notifications", \.notifications, .structure, "Brings reminders to people."),
        Field("audit", \.audit, .structure, "Keeps the trail of all changes."),
        Field("sync", \.sync, .structure, "Tells connected clients what changed, over WebSocket."),
    ]
}

extension ServiceSpec: Specification {
    package static let fields: [Field<ServiceSpec>] = [
        Field(
            "replicas", optional: \.replicas, .integer(0...50),
            """
            Number of pods; 0 switches the service off. With autoscaling, the number to start with. Preset by the \
            profile: free-tier 1, standard 2, high-availability 3.
            """),
        Field("autoscaling", \.autoscaling, .structure, "Lets the number of pods follow the load."),
        Field(
            "resources", \.resources, .structure,
            """
            CPU and memory of the service. Preset by the profile: free-tier and standard 25m and 40Mi with at most \
            96Mi, high-availability 100m and 128Mi with at most 256Mi.
            """),
        Field(
            "environment", \.environment, .list(of: .structure, 0...50, key: "name"),
            "Further environment variables of the service."),
        Field("scheduling", \.scheduling, .structure, "Where the pods may run."),
        Field("pod", \.pod, .structure, "Metadata and life cycle of the pods."),
    ]
}

extension EnvironmentVariable: Specification {
    package static let fields: [Field<EnvironmentVariable>] = [
        Field("name", \.name, .text(.environmentName), required: true, "Name of the variable."),
        Field("value", optional: \.value, .text(.any(4096)), "Its value. For secrets use secretRef."),
        Field("secretRef", optional: \.secretRef, .structure, "The Secret that holds its value."),
    ]

    package static let rules: [Rule<EnvironmentVariable>] = [
        Rule(
            "environment-one-source",
            cel: "has(self.value) != has(self.secretRef)",
            "an environment variable needs exactly one source",
            remedy: "set value or secretRef, not both"
        ) { variable, _ in (variable.value != nil) != (variable.secretRef != nil) }
    ]
}

extension ResourcesSpec: Specification {
    package static let fields: [Field<ResourcesSpec>] = [
        Field("requests", \.requests, .structure, "What is reserved."),
        Field("limits", \.limits, .structure, "What may be used at most."),
    ]

    package static let rules: [Rule<ResourcesSpec>] = [
        // Quantities can be compared in CEL from Kubernetes 1.29 on; a schema with them is refused by older servers.
        Rule(
            "requests-within-limits", cel: nil,
            "a request is above its limit",
            remedy: "lower the request or raise the limit"
        ) { spec, _ in
            func fits(_ request: Quantity?, _ limit: Quantity?) -> Bool {
                guard let request, let limit else { return true }
                return request <= limit
            }
            return fits(spec.requests.cpu, spec.limits.cpu) && fits(spec.requests.memory, spec.limits.memory)
        }
    ]
}

extension ResourceAmounts: Specification {
    package static let fields: [Field<ResourceAmounts>] = [
        Field("cpu", optional: \.cpu, .quantity, "Cores, for example 250m or 0.5."),
        Field("memory", optional: \.memory, .quantity, "Bytes, for example 128Mi."),
    ]
}

extension PodSpec: Specification {
    package static let fields: [Field<PodSpec>] = [
        Field("labels", \.labels, .strings(keys: .labelKey, values: .labelValue), "Further labels of the pods."),
        Field(
            "annotations", \.annotations, .strings(keys: .labelKey, values: .any(4096)),
            "Further annotations of the pods."),
        Field(
            "terminationGracePeriodSeconds", optional: \.terminationGracePeriodSeconds,
            .integer(5...3600, unit: "seconds"),
            "How long a pod may take to stop. If not set: 45."),
    ]
}

extension AutoscalingSpec: Specification {
    package static let fields: [Field<AutoscalingSpec>] = [
        Field(
            "enabled", optional: \.enabled, .boolean,
            """
            Whether the number of pods follows the load; needs metrics-server. Preset by the profile: free-tier and \
            standard false, high-availability true.
            """),
        Field("minReplicas", optional: \.minReplicas, .integer(1...50), "The fewest pods. If not set: replicas."),
        Field(
            "maxReplicas", optional: \.maxReplicas, .integer(1...100),
            "The most pods. Preset by the profile: free-tier 2, standard 4, high-availability 6."),
        Field(
            "targetCPUUtilizationPercent", optional: \.targetCPUUtilizationPercent, .integer(1...1000, unit: "percent"),
            "CPU use, of what is requested, to aim at. If no target is set: 75."),
        Field(
            "targetMemoryUtilizationPercent", optional: \.targetMemoryUtilizationPercent,
            .integer(1...1000, unit: "percent"),
            "Memory use, of what is requested, to aim at."),
        Field("behavior", \.behavior, .structure, "How fast it scales. What is not set is as Kubernetes has it."),
        Field(
            "lag", optional: \.lag, .structure,
            "Scales on waiting events too, where KEDA is installed and the broker is Kafka."),
    ]

    package static let rules: [Rule<AutoscalingSpec>] = [
        Rule(
            "autoscaling-range",
            cel: "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
            "minReplicas is above maxReplicas",
            remedy: "lower minReplicas or raise maxReplicas"
        ) { spec, _ in
            guard let minimum = spec.minReplicas, let maximum = spec.maxReplicas else { return true }
            return minimum <= maximum
        }
    ]
}

extension ScalingBehavior: Specification {
    package static let fields: [Field<ScalingBehavior>] = [
        Field("scaleUp", optional: \.scaleUp, .structure, "How fast pods are added."),
        Field("scaleDown", optional: \.scaleDown, .structure, "How fast pods are removed."),
    ]
}

extension ScalingRules: Specification {
    package static let fields: [Field<ScalingRules>] = [
        Field(
            "stabilizationWindowSeconds", optional: \.stabilizationWindowSeconds, .integer(0...3600, unit: "seconds"),
            "How far it looks back, so that the number of pods does not swing."),
        Field(
            "selectPolicy", optional: \.selectPolicy, .word,
            "Which of the policies counts; Disabled: never scale this way."),
        Field("policies", \.policies, .list(of: .structure, 0...5, key: ""), "How many pods may change in a time."),
    ]
}

extension ScalingPolicy: Specification {
    package static let fields: [Field<ScalingPolicy>] = [
        Field("type", \.type, .word, "Whether value counts pods or percent of the present pods."),
        Field("value", \.value, .integer(1...1000), "How many may change."),
        Field("periodSeconds", \.periodSeconds, .integer(1...1800, unit: "seconds"), "In which time."),
    ]
}

extension LagSpec: Specification {
    package static let fields: [Field<LagSpec>] = [
        Field("threshold", \.threshold, .integer(1...1_000_000), "Waiting events per pod to aim at.")
    ]
}

extension SchedulingSpec: Specification {
    package static let fields: [Field<SchedulingSpec>] = [
        Field(
            "nodeSelector", \.nodeSelector, .strings(keys: .labelKey, values: .labelValue, maximum: 32),
            "Labels that a node must have."),
        Field(
            "tolerations", \.tolerations, .list(of: .structure, 0...32, key: ""),
            "Taints of nodes that the pods tolerate."),
        Field("affinity", optional: \.affinity, .anyObject, "A Kubernetes affinity, passed on to the pods as it is."),
        Field("priorityClassName", optional: \.priorityClassName, .text(.objectName), "Priority class of the pods."),
        Field(
            "zoneSpread", optional: \.zoneSpread, .word,
            "How strictly pods are spread over zones; required rather leaves a pod pending. If not set: preferred."
        ),
        Field(
            "nodeSpread", optional: \.nodeSpread, .word,
            "How strictly pods are spread over nodes. If not set: preferred."),
    ]
}

extension Toleration: Specification {
    package static let fields: [Field<Toleration>] = [
        Field(
            "key", optional: \.key, .text(.labelKey),
            "Key of the taint. If not set, all keys; the operator is Exists then."),
        Field("operator", optional: \.operator, .word, "How key and value are compared. If not set: Equal."),
        Field("value", optional: \.value, .text(.labelValue), "Value of the taint, for the operator Equal."),
        Field("effect", optional: \.effect, .word, "Effect of the taint. If not set, all effects."),
        Field(
            "tolerationSeconds", optional: \.tolerationSeconds, .integer(0...31_536_000, unit: "seconds"),
            "How long the taint is tolerated, for the effect NoExecute. If not set: without end."),
    ]

    package static let rules: [Rule<Toleration>] = [
        Rule(
            "toleration-key",
            cel: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            "a toleration of all keys needs the operator Exists",
            remedy: "set key, or set operator to Exists"
        ) { toleration, _ in toleration.key != nil || toleration.operator == .exists },
        Rule(
            "toleration-value",
            cel: "!(has(self.operator) && self.operator == 'Exists' && has(self.value))",
            "the operator Exists takes no value",
            remedy: "remove value, or set operator to Equal"
        ) { toleration, _ in toleration.operator != .exists || toleration.value == nil },
        Rule(
            "toleration-seconds",
            cel: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            "tolerationSeconds has a meaning for the effect NoExecute only",
            remedy: "set effect to NoExecute, or remove tolerationSeconds"
        ) { toleration, _ in toleration.tolerationSeconds == nil || toleration.effect == .noExecute },
    ]
}
