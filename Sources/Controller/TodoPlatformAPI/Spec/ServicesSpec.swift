package import KubernetesModel

/// The services of the platform; each has the same fields.
package struct ServicesSpec: Hashable, Sendable {
    package var api = ServiceSpec()
    package var reminders = ServiceSpec()
    package var recurrence = ServiceSpec()
    package var notifications = ServiceSpec()
    package var audit = ServiceSpec()
    package var sync = ServiceSpec()

    package init() {}

    package subscript(name: ServiceName) -> ServiceSpec {
        get { self[keyPath: Self.path(name)] }
        set { self[keyPath: Self.path(name)] = newValue }
    }

    private static func path(_ name: ServiceName) -> WritableKeyPath<ServicesSpec, ServiceSpec> {
        switch name {
        case .api: \.api
        case .reminders: \.reminders
        case .recurrence: \.recurrence
        case .notifications: \.notifications
        case .audit: \.audit
        case .sync: \.sync
        }
    }
}

/// The services, in the order in which they are rolled out and listed.
package enum ServiceName: String, CaseIterable, Sendable {
    case api, reminders, recurrence, notifications, audit, sync
}

/// One service. What is nil is preset by the profile.
package struct ServiceSpec: Hashable, Sendable {
    package var replicas: Int?
    package var autoscaling = AutoscalingSpec()
    package var resources = ResourcesSpec()
    package var environment: [EnvironmentVariable] = []
    package var scheduling = SchedulingSpec()
    package var pod = PodSpec()

    package init() {}
}

package struct EnvironmentVariable: Hashable, Sendable {
    package var name = ""
    package var value: String?
    package var secretRef: SecretKeyReference?

    package init() {}
}

/// What a container asks for and may use. Each nil amount is preset by the profile, or is left out where that has none.
package struct ResourcesSpec: Hashable, Sendable {
    package var requests = ResourceAmounts()
    package var limits = ResourceAmounts()

    package init() {}
}

package struct ResourceAmounts: Hashable, Sendable {
    package var cpu: Quantity?
    package var memory: Quantity?

    package init() {}
    package init(cpu: Quantity? = nil, memory: Quantity? = nil) {
        self.cpu = cpu
        self.memory = memory
    }
}

/// Metadata and life cycle of a service's pods.
package struct PodSpec: Hashable, Sendable {
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var terminationGracePeriodSeconds: Int?

    package init() {}
}
