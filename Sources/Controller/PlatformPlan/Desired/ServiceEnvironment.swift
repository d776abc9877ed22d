import KubernetesModel
import TodoPlatformAPI

/// The configuration of a service, as environment variables. No secret is among them: the service gets the name of a
/// secret and asks Dapr's secret store for it. Only the tokens between a service and its sidecar come as values, from
/// their Secret by the kubelet, since the way to the secret store is what they open.
extension PlanContext {
    static let httpPort = 8080
    static let metricsPort = 9464
    /// Where the sidecar answers; Dapr has no annotation to change it.
    static let daprPort = 3500

    func environment(_ service: ServiceName) -> JSON {
        var variables = platformVariables(service) + topicVariables
        if service.usesDatabase {
            variables += [
                Self.variable("TODO_DATABASE_SECRET_NAME", effective.databaseSecret.name),
                Self.variable("TODO_DATABASE_SECRET_KEY", effective.databaseSecret.key),
            ]
        }
        if service.authenticatesCallers { variables += authenticationVariables }
        variables += ownVariables(service)
        if spec.messaging.type == .strimzi {
            // The service does not use it; KEDA reads the user name here, since Strimzi's Secret has none.
            variables.append(Self.variable(Self.brokerUserVariable, kafkaUser(service)))
        }
        for token in tokens { variables.append(Self.variable(token.variable, secret: token.key)) }
        return .array(merged(variables, with: spec.services[service].environment))
    }

    static let brokerUserVariable = "TODO_BROKER_USER"

    private func platformVariables(_ service: ServiceName) -> [JSON] {
        [
            Self.variable("TODO_PLATFORM", input.platform.name),
            Self.variable("TODO_HTTP_PORT", String(Self.httpPort)),
            Self.variable("TODO_METRICS_PORT", String(Self.metricsPort)),
            Self.variable("DAPR_HTTP_PORT", String(Self.daprPort)),
            [
                "name": "TODO_POD_NAME",
                "valueFrom": ["fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.name"]],
            ],
            Self.variable("TODO_PUBSUB", pubsubName(service)),
            Self.variable("TODO_SECRET_STORE", secretStoreName),
            appIDVariable(.api),
        ]
    }

    /// The name that `service` has for its callers.
    private func appIDVariable(_ service: ServiceName) -> JSON {
        Self.variable("TODO_\(service.rawValue.uppercased())_APP_ID", appID(service))
    }

    private var topicVariables: [JSON] {
        TopicRole.allCases.map { role in
            Self.variable(
                "TODO_TOPIC_" + role.part.uppercased().split(separator: "-").joined(separator: "_"), topic(role))
        }
    }

    private var authenticationVariables: [JSON] {
        let authentication = spec.authentication
        var variables = [Self.variable("TODO_AUTH_AUDIENCE", authentication.audience)]
        if let issuer = authentication.issuer { variables.append(Self.variable("TODO_AUTH_ISSUER", issuer)) }
        if let url = authentication.jwksURL { variables.append(Self.variable("TODO_AUTH_JWKS_URL", url)) }
        if let key = effective.authenticationSecret {
            variables += [
                Self.variable("TODO_AUTH_SECRET_NAME", key.name), Self.variable("TODO_AUTH_SECRET_KEY", key.key),
            ]
        }
        return variables
    }

    private func ownVariables(_ service: ServiceName) -> [JSON] {
        switch service {
        case .api:
            // The API answers for them: it forwards what concerns them by Dapr's service invocation.
            let behind = [ServiceName.reminders, .notifications, .audit].map(appIDVariable)
            let offset = Self.variable("TODO_REMINDER_OFFSET_SECONDS", String(spec.reminders.defaultOffset.seconds))
            return [offset] + behind + (spec.exposure.host.map { [Self.variable("TODO_HOST", $0)] } ?? [])
        case .reminders: return [appIDVariable(.notifications)]  // knows what became of a reminder
        case .recurrence, .sync: return []
        case .notifications:
            let channels = spec.notifications.channels.map(\.rawValue).joined(separator: ",")
            let encryption = spec.notifications.encryptionSecretRef.map {
                [
                    Self.variable("TODO_ENCRYPTION_SECRET_NAME", $0.name),
                    Self.variable("TODO_ENCRYPTION_SECRET_KEY", $0.key),
                ]
            }
            return [appIDVariable(.reminders), Self.variable("TODO_NOTIFICATION_CHANNELS", channels)]
                + (encryption ?? []) + (smtpName.map { [Self.variable("TODO_SMTP_BINDING", $0)] } ?? [])
        case .audit:
            let retention =
                switch spec.audit.retention {
                case .forever: "forever"
                case .limited(let span): String(span.seconds)
                }
            return [Self.variable("TODO_AUDIT_RETENTION_SECONDS", retention)]
        }
    }

    /// `ours` with the resource's own variables laid over: of equal names theirs count, of theirs the last one.
    private func merged(_ ours: [JSON], with theirs: [EnvironmentVariable]) -> [JSON] {
        var result = JSONObject(ours.map { ($0["name"]?.string ?? "", $0) })
        for variable in theirs {
            if let reference = variable.secretRef {
                result[variable.name] = Self.variable(variable.name, secret: secret(reference.name, reference.key))
            } else {
                // As it is: whoever writes a container's environment knows Kubernetes' `$(NAME)`.
                result[variable.name] = ["name": .string(variable.name), "value": .string(variable.value ?? "")]
            }
        }
        return result.values
    }
}
