package import KubernetesModel

/// How callers prove who they are.
package struct AuthenticationSpec: Hashable, Sendable {
    package var issuer: String?
    package var audience = "todo"
    package var jwksURL: String?
    package var secretRef: SecretKeyReference?

    package init() {}
}

package struct RemindersSpec: Hashable, Sendable {
    package var defaultOffset = TimeSpan(minutes: 30)

    package init() {}
}

package struct AuditSpec: Hashable, Sendable {
    package var retention = Retention.limited(TimeSpan(hours: 168))

    package init() {}
}

package struct NotificationsSpec: Hashable, Sendable {
    package var channels: [NotificationChannel] = [.log, .inApp]
    package var encryptionSecretRef: SecretKeyReference?

    package init() {}
}

package enum NotificationChannel: String, CaseIterable, Sendable {
    case log
    case inApp = "in-app"
    case webhook, email
}

package struct MonitoringSpec: Hashable, Sendable {
    package var serviceMonitor = ServiceMonitorSpec()
    package var alerts = AlertsSpec()
    package var dashboards = DashboardsSpec()

    package init() {}
}

package struct ServiceMonitorSpec: Hashable, Sendable {
    package var enabled = true
    package var interval = TimeSpan(seconds: 60)
    package var labels: [String: String] = [:]

    package init() {}
}

package struct AlertsSpec: Hashable, Sendable {
    package var enabled = true
    package var labels: [String: String] = [:]

    package init() {}
}

package struct DashboardsSpec: Hashable, Sendable {
    package var enabled = true
    package var labels = ["grafana_dashboard": "1"]

    package init() {}
}

package struct NetworkPoliciesSpec: Hashable, Sendable {
    package var enabled = true
    package var ingressNamespaces: [String] = []
    package var monitoringNamespaces = ["monitoring"]
    package var daprNamespace = "dapr-system"
    package var egressPorts = [443, 5432]

    package init() {}
}

package struct UpgradeSpec: Hashable, Sendable {
    package var progressDeadlineSeconds = 600
    package var automaticRollback = true

    package init() {}
}

package struct MaintenanceSpec: Hashable, Sendable {
    package var paused = false
    package var until: Timestamp?
    package var reason: String?

    package init() {}
}

package struct DeletionSpec: Hashable, Sendable {
    package var topics = DeletionPolicy.retain
    package var data = DeletionPolicy.retain
    package var protection = false

    package init() {}
}

package enum DeletionPolicy: String, CaseIterable, Sendable {
    case retain, delete
}
