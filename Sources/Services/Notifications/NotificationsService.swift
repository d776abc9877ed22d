import Logging
import NIOPosix
package import ServiceKit
package import ServiceLifecycle
import TaskDomain
package import TaskStorage
import Telemetry
import WireValues

/// Brings reminders that fell due to their users, by the channels that each chose.
///
/// A reminder is recorded once, with a delivery for each channel, in one transaction with its inbox entry; in-app goes
/// out through the outbox. Webhooks and mail are delivered from the table, each tried again apart from the others.
package struct NotificationsService: TodoService {
    package static let name = "notifications"
    package static let migrations = [NotificationTables.migrations]
    package static let usesOutbox = true

    private let context: ServiceContext
    private let settings: NotificationSettings
    private let store: NotificationStore
    private let look: TaskLook
    private let counts: Counter
    private let clients: WebhookClients

    package static func check(_ settings: SettingsReader) { _ = NotificationSettings(settings) }

    package init(context: ServiceContext) throws {
        self.context = context
        settings = NotificationSettings(context.settings)
        store = NotificationStore(
            database: context.database, outbox: context.outbox, vault: Self.vault(settings, context))
        look = TaskLook(dapr: context.dapr, app: context.configuration.apiAppID)
        clients = WebhookClients(group: MultiThreadedEventLoopGroup.singleton)
        counts = context.metrics.counter(
            "todo_notifications_total", help: "Deliveries, by what became of them.", labels: ["channel", "outcome"])
        for channel in settings.channels {
            counts.declare(channel.rawValue, "delivered")
            counts.declare(channel.rawValue, "failed")
        }
    }

    package static func secretName(_ settings: SettingsReader) -> String? {
        NotificationSettings(settings).encryptionSecret?.name
    }

    /// What is wrong with the keys is told with all other settings.
    private static func vault(_ settings: NotificationSettings, _ context: ServiceContext) -> SecretVault? {
        guard let (name, key) = settings.encryptionSecret else {
            if settings.channels.contains(.webhook) {
                context.logger.notice(
                    "webhooks' secrets are stored as they are", metadata: ["setting": "TODO_ENCRYPTION_SECRET_NAME"])
            }
            return nil
        }
        let vault = SecretVault(members: context.secret, current: key)
        if vault == nil {
            context.settings.problem(
                "secret \(name)", "holds no \(SecretVault.keyBytes) bytes in base64 under \(key)",
                remedy: "put some there (openssl rand -base64 32), or name another key")
        }
        return vault
    }

    package func routes(_ routes: Routes) {
        routes.events(.reminders) { try await handle($0) }
        NotificationRoutes(store: store, settings: settings, now: context.now).add(to: routes)
        PeerRoutes(store: store, configuration: context.configuration).add(to: routes)
    }

    package var backgroundTasks: [any ServiceLifecycle.Service] {
        var services: [any ServiceLifecycle.Service] = [WebhookClientsService(clients: clients)]
        if settings.channels.contains(.webhook) {
            services.append(
                lane(WebhookChannel(clients: clients, allowsPrivate: settings.allowsPrivateWebhooks, now: context.now)))
        }
        if settings.channels.contains(.email), let binding = settings.smtpBinding {
            services.append(lane(EmailChannel(dapr: context.dapr, binding: binding)))
        }
        return services
    }

    package func tidy() async throws {
        if let moment = settings.retention.limit(at: context.now()) { try await store.forget(before: moment) }
        try await store.resealSecrets(context.logger)
    }

    private func lane(_ channel: any DeliveryChannel) -> DeliveryLane {
        DeliveryLane(
            channel: channel, store: store, look: look, maximumAttempts: settings.maximumAttempts, clock: context.clock,
            now: context.now, counts: counts, logger: context.logger)
    }

    private func handle(_ delivery: Delivery) async throws -> Outcome {
        let reminder = try ReminderDue(delivery.event)
        let obsolete = await look.obsolescence(of: reminder)
        let recorded = try await store.record(
            reminder, event: delivery.event, cause: delivery.cause, available: settings.channels, obsolete: obsolete,
            at: context.now())
        guard case .now(let channels) = recorded else { return .duplicate }
        for channel in channels where channel.isImmediate { counts.increment(channel.rawValue, "delivered") }
        if channels.contains(.log) {
            // Who, what and when; not what they wrote.
            delivery.logger.notice(
                "reminder",
                metadata: [
                    "user.id": "\(reminder.userID)", "task.id": "\(reminder.taskID)",
                    "remind.at": "\(reminder.remindAt.shortText)",
                ])
        }
        return .success
    }
}

/// Closes the webhooks' connections when everything that uses them has ended.
private struct WebhookClientsService: ServiceLifecycle.Service {
    let clients: WebhookClients

    func run() async throws {
        // Ended by graceful shutdown, or cancelled instead.
        try? await gracefulShutdown()
        await clients.shutdown()
    }
}
