import TodoPlatformAPI

/// Which service publishes, consumes and needs what. Access lists, scopes, subscriptions and environment all come from
/// here.
extension ServiceName {
    /// The topic that the service subscribes to; each has exactly one.
    var consumes: TopicRole {
        switch self {
        case .api: .taskCommands
        case .reminders, .recurrence, .audit: .taskEvents
        case .notifications: .reminders
        case .sync: .taskUpdates
        }
    }

    /// Topics that the service itself publishes to. Its sidecar publishes the dead letters of `consumes` as well.
    var publishes: [TopicRole] {
        switch self {
        case .api: [.taskEvents, .taskUpdates]
        case .reminders: [.reminders]
        case .recurrence: [.taskCommands]
        case .notifications: [.taskUpdates]
        case .audit, .sync: []
        }
    }

    /// Every replica needs every message: each is a consumer group of its own, and only what is new matters.
    var hearsEverything: Bool { self == .sync }
    /// Sync asks the API for what it has to look up.
    var usesDatabase: Bool { self != .sync }
    /// Answers users, directly or through the API, so it has to know who they are.
    var authenticatesCallers: Bool { self != .recurrence }
    /// How long a sidecar may gather events for one delivery, in milliseconds, for those who have little to do for each of
    /// very many: a request and a transaction for a hundred cost about as much as for one. Nil: one at a time.
    ///
    /// On an open page somebody looks; nobody does for an audit's entry, a reminder that is set, a next occurrence.
    var bulkPatience: Int? {
        switch self {
        case .audit, .reminders, .recurrence: 50
        case .sync: 20
        case .api, .notifications: nil
        }
    }
    var isExposed: Bool { self == .api || self == .sync }
    var sendsMail: Bool { self == .notifications }
}

extension TopicRole {
    /// The part of object names, routes and environment variables.
    var part: String {
        switch self {
        case .taskEvents: "task-events"
        case .reminders: "reminders"
        case .taskUpdates: "task-updates"
        case .taskCommands: "task-commands"
        }
    }

    /// Where sidecars deliver events of the topic.
    var route: String { "/events/\(part)" }
}

extension PlanContext {
    /// The name of the topic of `role`.
    func topic(_ role: TopicRole) -> String { spec.messaging.topics[role].name }

    /// Where events of `role` go that cannot be handled; nil for `task-updates`.
    func deadLetters(_ role: TopicRole) -> String? {
        effective.topics.first { $0.role == role && $0.isDeadLetter }?.name
    }

    /// Every topic that the service or its sidecar publishes to.
    func published(by service: ServiceName) -> [String] {
        service.publishes.map(topic) + [deadLetters(service.consumes)].compactMap(\.self)
    }
}
