/// The `reason` words of our conditions and events: a closed set, part of the API. Documented in docs/conditions.md.
package enum Reason: String, CaseIterable, Sendable {
    // Ready
    /// Everything is as the spec asks.
    case reconciled = "Reconciled"
    /// The spec cannot be followed; nothing is written until it changes.
    case invalidSpec = "InvalidSpec"
    /// A system that the platform cannot run without is not installed.
    case dependencyMissing = "DependencyMissing"
    /// A Secret or one of its keys that the spec names does not exist.
    case secretMissing = "SecretMissing"
    /// The API server refused a write and will refuse it again.
    case writeRefused = "WriteRefused"
    /// The operator's own rights do not suffice.
    case forbidden = "Forbidden"
    /// An object of the name that we need belongs to somebody else.
    case nameTaken = "NameTaken"
    /// A write failed and is tried again.
    case writeFailed = "WriteFailed"
    /// Somebody else keeps changing fields of ours.
    case contested = "Contested"
    case waitingForMessaging = "WaitingForMessaging"
    case waitingForComponents = "WaitingForComponents"
    case migrating = "Migrating"
    case migrationFailed = "MigrationFailed"
    case rollingOut = "RollingOut"
    case rolloutFailed = "RolloutFailed"
    /// The new version did not come up and the last good one runs again.
    case rolledBack = "RolledBack"
    case waitingForExposure = "WaitingForExposure"
    case applying = "Applying"
    /// Some part reports a failure of its own.
    case componentFailed = "ComponentFailed"
    // Component conditions
    case ready = "Ready"
    case progressing = "Progressing"
    /// An autoscaler has no numbers to decide by.
    case metricsUnavailable = "MetricsUnavailable"
    case notRequested = "NotRequested"
    case degraded = "Degraded"
    case healthy = "Healthy"
    case idle = "Idle"
    // Deletion and maintenance
    case paused = "Paused"
    case resumed = "Resumed"
    case deleting = "Deleting"
    case deletionProtected = "DeletionProtected"
    case deletionBlocked = "DeletionBlocked"
    // Events only
    case driftCorrected = "DriftCorrected"
    case pruned = "Pruned"
    case upgraded = "Upgraded"
}
