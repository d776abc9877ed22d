package import KubernetesModel

/// How far one live object is from doing its work.
package enum Readiness: Hashable, Sendable {
    case ready
    /// On its way; the text says what is awaited.
    case progressing(String)
    /// Will not get there by waiting; the text says why.
    case failed(reason: String, String)

    package var isReady: Bool { self == .ready }

    /// Reads the readiness of `object` from its status, by the rules of its own controller.
    package static func of(_ object: KubernetesObject) -> Readiness {
        if object.isDeleting { return .progressing("is being deleted") }
        switch (object.group, object.kind) {
        case ("apps", "Deployment"): return deployment(object)
        case ("batch", "Job"): return job(object)
        case ("kafka.strimzi.io", "Kafka"), ("kafka.strimzi.io", "KafkaUser"): return kafkaOrUser(object)
        case ("kafka.strimzi.io", "KafkaNodePool"): return nodePool(object)
        case ("kafka.strimzi.io", "KafkaTopic"): return topic(object)
        case ("cert-manager.io", "Certificate"), ("keda.sh", "ScaledObject"): return readyCondition(object)
        case ("gateway.networking.k8s.io", "HTTPRoute"): return route(object)
        case ("networking.k8s.io", "Ingress"):
            return hasAddress(object)
                ? .ready : .progressing("waits for an address, which an ingress controller gives it")
        case ("", "Service") where object.spec?["type"]?.string == "LoadBalancer":
            return hasAddress(object)
                ? .ready : .progressing("waits for an address, which the cloud's load balancer gives it")
        case ("autoscaling", "HorizontalPodAutoscaler"): return podAutoscaler(object)
        default: return .ready
        }
    }

    /// The order of the checks is that of `kubectl rollout status`: a later field means nothing before the earlier
    /// ones hold.
    private static func deployment(_ object: KubernetesObject) -> Readiness {
        let status = object.status
        guard observed(object) else { return .progressing("waits for the Deployment controller") }
        if let progressing = object.condition("Progressing"), progressing.reason == "ProgressDeadlineExceeded" {
            return .failed(reason: "ProgressDeadlineExceeded", progressing.message)
        }
        if let failure = object.condition("ReplicaFailure"), failure.isTrue {
            return .failed(reason: failure.reason, failure.message)
        }
        let wanted = object.spec?["replicas"]?.int ?? 1
        let updated = status?["updatedReplicas"]?.int ?? 0
        let total = status?["replicas"]?.int ?? 0
        let available = status?["availableReplicas"]?.int ?? 0
        if updated < wanted { return .progressing("\(updated) of \(wanted) replicas are updated") }
        if total > updated { return .progressing("\(total - updated) old replicas are still to end") }
        if available < updated { return .progressing("\(available) of \(updated) replicas are available") }
        return .ready
    }

    private static func job(_ object: KubernetesObject) -> Readiness {
        if object.condition("Complete")?.isTrue == true { return .ready }
        if let failed = object.condition("Failed"), failed.isTrue {
            return .failed(reason: failed.reason.isEmpty ? "Failed" : failed.reason, failed.message)
        }
        return .progressing("is running")
    }

    /// Kafka and KafkaUser have two conditions: `Ready=True` or `NotReady=True`. A new Kafka says NotReady with reason
    /// Creating and without an observed generation.
    private static func kafkaOrUser(_ object: KubernetesObject) -> Readiness {
        guard observed(object) else { return .progressing("waits for Strimzi") }
        if object.condition("Ready")?.isTrue == true { return .ready }
        if object.condition("ReconciliationPaused")?.isTrue == true { return .progressing("is paused in Strimzi") }
        if let refused = object.condition("NotReady"), refused.isTrue, refused.reason != "Creating" {
            return .failed(reason: refused.reason, refused.message)
        }
        return .progressing("waits for Strimzi")
    }

    /// A pool has no Ready condition: it is there when every node has got its id.
    private static func nodePool(_ object: KubernetesObject) -> Readiness {
        let wanted = object.spec?["replicas"]?.int ?? 1
        let nodes = object.status?["nodeIds"]?.array?.count ?? 0
        return observed(object) && nodes == wanted ? .ready : .progressing("\(nodes) of \(wanted) nodes are known")
    }

    private static func topic(_ object: KubernetesObject) -> Readiness {
        if object.condition("Unmanaged")?.isTrue == true { return .ready }
        guard observed(object) else { return .progressing("waits for the Topic Operator") }
        guard let ready = object.condition("Ready") else { return .progressing("waits for the Topic Operator") }
        return ready.isTrue ? .ready : .failed(reason: ready.reason, ready.message)
    }

    private static func readyCondition(_ object: KubernetesObject) -> Readiness {
        guard let ready = object.condition("Ready"), isCurrent(ready, object) else {
            return .progressing("waits for its controller")
        }
        return ready.isTrue ? .ready : .progressing(ready.message.isEmpty ? ready.reason : ready.message)
    }

    /// Ready when some parent has accepted the current generation of the route and found all it refers to.
    private static func route(_ object: KubernetesObject) -> Readiness {
        let parents = object.status?["parents"]?.array ?? []
        guard !parents.isEmpty else { return .progressing("waits for a Gateway to take it") }
        var isAccepted = false
        for parent in parents {
            for condition in (parent["conditions"]?.array ?? []).compactMap(Condition.init) {
                guard condition.type == "Accepted" || condition.type == "ResolvedRefs" else { continue }
                guard isCurrent(condition, object) else { return .progressing("waits for its Gateway") }
                if condition.status == .isFalse { return .failed(reason: condition.reason, condition.message) }
                if condition.type == "Accepted", condition.isTrue { isAccepted = true }
            }
        }
        return isAccepted ? .ready : .progressing("waits for a Gateway to take it")
    }

    /// Of an Ingress or a Service: whoever serves it has said where.
    private static func hasAddress(_ object: KubernetesObject) -> Bool {
        object.status?["loadBalancer"]?["ingress"]?.array?.isEmpty == false
    }

    /// Works when it can read its target's scale and has a number to decide by. At no replicas it rests by design.
    private static func podAutoscaler(_ object: KubernetesObject) -> Readiness {
        if let able = object.condition("AbleToScale"), able.status == .isFalse {
            return .failed(reason: able.reason, able.message)
        }
        guard let active = object.condition("ScalingActive") else { return .progressing("waits for its first look") }
        if active.isTrue || active.reason == "ScalingDisabled" { return .ready }
        return .failed(reason: active.reason, active.message)
    }

    /// Whether `condition` speaks of the spec as it is now. Controllers that do not say are believed.
    private static func isCurrent(_ condition: Condition, _ object: KubernetesObject) -> Bool {
        condition.observedGeneration.map { $0 >= (object.generation ?? 0) } ?? true
    }

    private static func observed(_ object: KubernetesObject) -> Bool {
        guard let observed = object.status?["observedGeneration"]?.int else { return false }
        return observed >= (object.generation ?? 0)
    }
}

extension Readiness {
    /// Whether objects of `kind` report how far they are; all others are ready as soon as they exist.
    static func isReported(by kind: GroupKind) -> Bool {
        switch kind.group {
        case "apps", "batch", "kafka.strimzi.io", "cert-manager.io": true
        default: ["HTTPRoute", "Ingress", "HorizontalPodAutoscaler", "ScaledObject"].contains(kind.kind)
        }
    }
}
