import KubernetesModel
import PlatformPlan

/// What to do about each reason, in one sentence (docs/conditions.md has the whole table).
enum Remedy {
    static func text(for reason: Reason, name: NamespacedName) -> String {
        switch reason {
        case .invalidSpec:
            "Correct the fields that the message names; \"todoctl validate -f FILE\" checks a file before it is applied."
        case .dependencyMissing: "Install what the message names; the platform goes on by itself."
        case .secretMissing: "Create the Secret that the message names."
        case .writeRefused: "Remove what the API server complains about: a quota, an admission policy or a field."
        case .forbidden: "Apply config/rbac again: the operator lacks a right."
        case .nameTaken: "Rename or delete the object that the message names, or rename the platform."
        case .writeFailed, .applying, .progressing, .degraded:
            "Wait: the operator tries again by itself. \"kubectl -n todo-system logs deploy/todo-operator\" tells more."
        case .contested:
            "Find the other writer: kubectl get KIND NAME -n \(name.namespace) -o yaml --show-managed-fields."
        case .waitingForMessaging:
            "Look at Strimzi's operator if the broker does not come: kubectl get kafka,kafkatopic -n \(name.namespace)."
        case .waitingForComponents: "Wait until the Secrets and the broker that the components need are there."
        case .migrating: "Wait for the migration Job."
        case .migrationFailed: "Read the Job's log, remove the cause, then delete the Job: it is made anew."
        case .rollingOut: "Wait for the pods; if they do not become ready, read their logs."
        case .rolloutFailed:
            "Read the log of the pods that are not ready, then correct spec.image, spec.version or the service's settings."
        case .rolledBack: "Set spec.version or spec.image to a version that works."
        case .waitingForExposure: "Look at the gateway or ingress controller, and at cert-manager's Certificate."
        case .componentFailed: "Look at the object that the message names, and at the operator that it belongs to."
        case .metricsUnavailable:
            "Wait a minute; then see whether metrics-server runs: kubectl top pods -n \(name.namespace)."
        case .paused: "Set spec.maintenance.paused to false when the work is done."
        case .deleting: "Wait until its objects are gone."
        case .deletionProtected: "Set spec.deletion.protection to false to let it go."
        case .deletionBlocked:
            "Look at the finalizers of the object that the message names, and at the operator that should remove them."
        case .reconciled, .ready, .notRequested, .healthy, .idle, .resumed, .driftCorrected, .pruned, .upgraded:
            "Nothing is to be done."
        }
    }
}
