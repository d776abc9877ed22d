import KubernetesModel
import PlatformPlan

/// What the controllers of a cluster will say of an object once it does its work. A preview puts this in place of
/// waiting, so that it can look past the stage that the operator would wait at.
enum AssumedStatus {
    /// `object` with the status that makes it count as ready; unchanged when it is ready already.
    static func ready(_ object: KubernetesObject) -> KubernetesObject {
        guard !Readiness.of(object).isReady, !object.isDeleting else { return object }
        var ready = object
        ready.json["status"] = status(of: object)
        return ready
    }

    private static func status(of object: KubernetesObject) -> JSON {
        let replicas = JSON(object.spec?["replicas"]?.int ?? 1)
        var status: JSON = ["observedGeneration": JSON(object.generation ?? 0)]
        switch object.kind {
        case "Deployment":
            for count in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
                status[count] = replicas
            }
        case "Job": status["conditions"] = [condition("Complete")]
        case "KafkaNodePool":
            status["nodeIds"] = .array((0..<max(0, replicas.int ?? 1)).map { JSON($0) })
            status["conditions"] = [condition("Ready")]
        case "Ingress", "Service": return ["loadBalancer": ["ingress": [["hostname": "assumed.example.com"]]]]
        case "HorizontalPodAutoscaler": return ["conditions": [condition("AbleToScale"), condition("ScalingActive")]]
        case "HTTPRoute": status["parents"] = [["conditions": [condition("Accepted"), condition("ResolvedRefs")]]]
        default: status["conditions"] = [condition("Ready")]
        }
        return status
    }

    private static func condition(_ type: String) -> JSON {
        Condition(type: type, status: .isTrue, reason: "Assumed", message: "").json
    }
}
