import KubernetesModel
import Testing
import TodoPlatformAPI

struct EffectiveTests {
    private func effective(_ change: (inout TodoPlatformSpec) -> Void) -> EffectiveSpec {
        var spec = TodoPlatformSpec()
        change(&spec)
        return TodoPlatform(name: "todo", namespace: "shop", spec: spec).effective
    }

    @Test func `free-tier fits two Arm cores: one of everything, nothing that scales`() {
        let spec = effective { $0.profile = .freeTier }
        #expect(spec.services.map(\.name) == ServiceName.allCases)
        for service in spec.services {
            #expect(service.replicas == 1)
            #expect(service.autoscaling == nil)
            #expect(!service.hasDisruptionBudget)
            #expect(
                service.resources.json == ["requests": ["cpu": "25m", "memory": "40Mi"], "limits": ["memory": "96Mi"]])
        }
        #expect(spec.sidecar.json == ["requests": ["cpu": "20m", "memory": "64Mi"], "limits": ["memory": "160Mi"]])
        #expect(spec.kafka?.nodes == 1)
        #expect(spec.kafka?.replicationFactor == 1)
        #expect(spec.kafka?.heap == "640m")
        #expect(
            spec.kafka?.resources.json == [
                "requests": ["cpu": "200m", "memory": "1280Mi"], "limits": ["memory": "1280Mi"],
            ])
    }

    @Test func `the presets of each profile fit its budget`() throws {
        for profile in [Profile.freeTier, .standard] {
            let spec = effective { $0.profile = profile }
            let budget = try #require(spec.budget)
            let kafka = try #require(spec.kafka)
            var cpu = Quantity(milli: 0)
            var memory = Quantity(milli: 0)
            var limits = Quantity(milli: 0)
            func add(_ resources: EffectiveResources, _ count: Int) {
                cpu = cpu + (resources.cpuRequest ?? Quantity(milli: 0)) * count
                memory = memory + (resources.memoryRequest ?? Quantity(milli: 0)) * count
                limits = limits + (resources.memoryLimit ?? Quantity(milli: 0)) * count
            }
            add(kafka.resources, kafka.nodes)
            add(kafka.entityOperatorResources, 2)
            for service in spec.services {
                add(service.resources, service.replicas)
                add(spec.sidecar, service.replicas)
            }
            #expect(cpu <= budget.cpuRequests)
            #expect(memory <= budget.memoryRequests)
            #expect(limits <= budget.memoryLimits)
        }
    }

    @Test func `high-availability has three of everything and scales`() {
        let spec = effective { $0.profile = .highAvailability }
        #expect(spec.kafka?.nodes == 3)
        #expect(spec.kafka?.replicationFactor == 3)
        #expect(spec.kafka?.minInSyncReplicas == 2)
        #expect(spec.topics.allSatisfy { $0.replicas == 3 })
        #expect(spec.budget == nil)
        for service in spec.services {
            #expect(service.autoscaling?.minReplicas == 3)
            #expect(service.autoscaling?.maxReplicas == 6)
            #expect(service.autoscaling?.targetCPUUtilizationPercent == 75)
            #expect(service.hasDisruptionBudget)
        }
    }

    @Test func `topics come with their dead letters, task-updates without`() {
        let topics = effective { $0.messaging.topics.reminders.name = "due" }.topics
        #expect(
            topics.map(\.name) == [
                "task-events", "task-events-dlq", "due", "due-dlq", "task-updates", "task-commands",
                "task-commands-dlq",
            ])
        #expect(topics.filter(\.isDeadLetter).allSatisfy { $0.partitions == 1 && $0.retention == TimeSpan(hours: 720) })
    }

    @Test func `a Kafka of others is not ours to size`() {
        let existing = effective { $0.messaging.strimzi.existingCluster = "shared" }
        #expect(existing.kafka == nil)
        #expect(existing.topics.allSatisfy { $0.replicas == nil })
        #expect(effective { $0.messaging.type = .redis }.kafka == nil)
    }

    @Test func `every preset can be overridden, part by part`() {
        let spec = effective {
            $0.profile = .highAvailability
            $0.cluster = .oke
            $0.services.api.replicas = 2
            $0.services.api.resources.requests.cpu = Quantity("50m")
            $0.services.audit.autoscaling.enabled = false
            $0.services.sync.autoscaling.maxReplicas = 2
            $0.services.recurrence.autoscaling.lag = LagSpec()
            $0.messaging.strimzi.nodes = 5
            $0.messaging.strimzi.storage.storageClassName = "fast"
            $0.exposure.loadBalancer.annotations = [
                "service.beta.kubernetes.io/oci-load-balancer-shape-flex-max": "100"
            ]
        }
        #expect(spec[service: .api].autoscaling?.minReplicas == 2)
        #expect(spec[service: .api].resources.json["requests"] == ["cpu": "50m", "memory": "128Mi"])
        #expect(spec[service: .audit].autoscaling == nil)
        #expect(spec[service: .audit].replicas == 3)
        #expect(spec[service: .sync].autoscaling?.minReplicas == 2)
        #expect(spec[service: .recurrence].autoscaling?.targetCPUUtilizationPercent == nil)
        #expect(spec[service: .recurrence].autoscaling?.lagThreshold == 10)
        #expect(spec.kafka?.nodes == 5)
        #expect(spec.kafka?.storageClassName == "fast")
        #expect(
            spec.exposure.loadBalancerAnnotations["service.beta.kubernetes.io/oci-load-balancer-shape-flex-max"]
                == "100")
        #expect(
            spec.exposure.loadBalancerAnnotations["service.beta.kubernetes.io/oci-load-balancer-shape"] == "flexible")
    }

    @Test func `a preset never makes a request that is above its limit`() {
        let spec = effective {
            $0.services.api.resources.requests.memory = Quantity("200Mi")
            $0.services.sync.resources.limits.memory = Quantity("32Mi")
        }
        #expect(spec[service: .api].resources.memoryLimit?.description == "200Mi")
        #expect(spec[service: .sync].resources.memoryRequest?.description == "32Mi")
    }

    @Test func `a service that is switched off is not switched on by an autoscaler`() {
        let spec = effective {
            $0.profile = .highAvailability
            $0.services.notifications.replicas = 0
        }
        #expect(spec[service: .notifications].autoscaling == nil)
        #expect(spec[service: .notifications].replicas == 0)
    }

    @Test func `the image is named by digest, by tag or by version`() {
        #expect(effective { _ in }.image == "ghcr.io/todo-platform/todo-services:0.1.0")
        #expect(effective { $0.image.tag = "edge" }.image == "ghcr.io/todo-platform/todo-services:edge")
        let digest = "sha256:" + String(repeating: "0", count: 64)
        let spec = effective {
            $0.image.registry = ""
            $0.image.tag = "edge"
            $0.image.digest = digest
        }
        #expect(spec.image == "todo-platform/todo-services@\(digest)")
    }

    @Test func `Secrets have names made from the platform's, unless they are named`() {
        #expect(effective { _ in }.databaseSecret == SecretKeyReference(name: "todo-database", key: "url"))
        #expect(
            effective { _ in }.authenticationSecret == SecretKeyReference(name: "todo-authentication", key: "secret"))
        #expect(effective { $0.authentication.jwksURL = "https://id.example.com/jwks" }.authenticationSecret == nil)
    }

    @Test(arguments: [
        (ClusterKind.generic, nil, nil), (.oke, "oci-bv", nil), (.minikube, "standard", "nginx"),
        (.kind, "standard", nil),
        (.doks, "do-block-storage", nil), (.aks, "managed-csi", "webapprouting.kubernetes.azure.com"),
        (.gke, "standard-rwo", nil),
    ])
    func `the kind of cluster presets storage and ingress`(cluster: ClusterKind, storage: String?, ingress: String?) {
        let spec = effective { $0.cluster = cluster }
        #expect(spec.kafka?.storageClassName == storage)
        #expect(spec.exposure.ingressClassName == ingress)
        #expect((spec.exposure.ingressClassAnnotation == "gce") == (cluster == .gke))
        #expect(spec.exposure.loadBalancerAnnotations.isEmpty == (cluster != .oke))
    }

    @Test func `what the descriptions say about presets is what the profiles preset`() throws {
        let spec = try #require(
            TodoPlatformCRD.manifest()["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]?["properties"]?["spec"])
        func description(_ path: String) -> String {
            path.split(separator: ".").reduce(spec) { $0["properties"]?[String($1)] ?? .null }["description"]?.string
                ?? ""
        }
        for profile in Profile.allCases {
            let presets = profile.presets
            #expect(description("services.api.replicas").contains("\(profile.rawValue) \(presets.replicas)"))
            #expect(
                description("services.api.autoscaling.maxReplicas").contains(
                    "\(profile.rawValue) \(presets.maxReplicas)"))
            #expect(description("messaging.strimzi.nodes").contains("\(profile.rawValue) \(presets.kafkaNodes)"))
            #expect(description("messaging.strimzi.heap").contains("\(profile.rawValue) \(presets.kafkaHeap)"))
            let resources = [
                ("services.api.resources", presets.service), ("dapr.sidecar.resources", presets.sidecar),
                ("messaging.strimzi.resources", presets.kafka),
                ("messaging.strimzi.entityOperator.resources", presets.entityOperator),
            ]
            for (path, amounts) in resources {
                for amount in [amounts.cpuRequest, amounts.memoryRequest] {
                    #expect(description(path).contains(" \(amount?.description ?? "?")"), "\(path) \(profile)")
                }
                #expect(
                    amounts.memoryLimit == amounts.memoryRequest
                        || description(path).contains("at most \(amounts.memoryLimit?.description ?? "?")"), "\(path)")
            }
        }
    }
}
