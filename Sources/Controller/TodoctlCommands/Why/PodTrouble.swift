import KubernetesModel

/// Why one pod does not do its work.
struct PodTrouble: Hashable, Sendable {
    let pod: String
    /// For example `container api waits: ImagePullBackOff: Back-off pulling image "…"`.
    let text: String
    let remedy: String

    /// Nil for a pod that is ready, finished or merely young.
    init?(_ pod: KubernetesObject) {
        self.pod = pod.name
        if let scheduled = pod.condition("PodScheduled"), scheduled.status == .isFalse {
            text = "cannot be placed: \(scheduled.message)"
            remedy = "Add nodes, or lower what the pods ask for (spec.profile, spec.services.*.resources)."
            return
        }
        let statuses = ["initContainerStatuses", "containerStatuses"].flatMap { pod.status?[$0]?.array ?? [] }
        for status in statuses where status["ready"]?.bool != true {
            let name = status["name"]?.string ?? ""
            if let waiting = status["state"]?["waiting"], let reason = waiting["reason"]?.string,
                !["ContainerCreating", "PodInitializing"].contains(reason)
            {
                let message = waiting["message"]?.string ?? ""
                let end = status["lastState"]?["terminated"].map { "; last ended with \(Self.ending($0))" } ?? ""
                text = "container \(name) waits: \(reason)\(message.isEmpty ? "" : ": \(message)")\(end)"
                remedy = Self.remedy(reason, pod, container: name)
                return
            }
            if let ended = status["state"]?["terminated"], ended["exitCode"]?.int != 0 {
                text = "container \(name) ended with \(Self.ending(ended))"
                remedy = Self.logs(pod, container: name, previous: false)
                return
            }
        }
        return nil
    }

    private static func ending(_ state: JSON) -> String {
        let reason = state["reason"]?.string ?? ""
        let code = state["exitCode"]?.int.map { "code \($0)" } ?? "no code"
        return reason.isEmpty || reason == "Error" ? code : "\(code) (\(reason))"
    }

    private static func remedy(_ reason: String, _ pod: KubernetesObject, container: String) -> String {
        switch reason {
        case "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull":
            "Correct spec.image or spec.version, or give spec.image.pullSecrets what the registry asks for."
        case "CreateContainerConfigError": "Create the Secret or ConfigMap that the message names."
        default: logs(pod, container: container, previous: true)
        }
    }

    private static func logs(_ pod: KubernetesObject, container: String, previous: Bool) -> String {
        "Read its log: kubectl logs -n \(pod.namespace ?? "") \(pod.name) -c \(container)\(previous ? " --previous" : "")."
    }
}
