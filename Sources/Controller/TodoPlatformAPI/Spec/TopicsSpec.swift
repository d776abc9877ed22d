/// The topics that services publish to and subscribe.
package struct TopicsSpec: Hashable, Sendable {
    package var taskEvents = TopicSpec(name: "task-events", partitions: 6)
    package var reminders = TopicSpec(name: "reminders", partitions: 3)
    package var taskUpdates = TopicSpec(name: "task-updates", partitions: 6)
    package var taskCommands = TopicSpec(name: "task-commands", partitions: 6)
    package var deadLetters = DeadLetterTopicsSpec()

    package init() {}
}

package struct TopicSpec: Hashable, Sendable {
    package var name = ""
    package var partitions = 6
    package var retention = TimeSpan(hours: 168)
    package var replicas: Int?

    package init() {}
    package init(name: String, partitions: Int) {
        self.name = name
        self.partitions = partitions
    }
}

/// One topic for each topic with consumers, named `<topic>-dlq`.
package struct DeadLetterTopicsSpec: Hashable, Sendable {
    package var partitions = 1
    package var retention = TimeSpan(hours: 720)
    package var replicas: Int?

    package init() {}
}

extension TopicsSpec: Specification {
    package static let fields: [Field<TopicsSpec>] = [
        Field(
            "taskEvents", \.taskEvents, .structure,
            "What happened to tasks; published by api, read by reminders, recurrence and audit."),
        Field(
            "reminders", \.reminders, .structure,
            "Reminders that are due; published by reminders, read by notifications."),
        Field(
            "taskUpdates", \.taskUpdates, .structure, "What clients should show now; published by api, read by sync."),
        Field("taskCommands", \.taskCommands, .structure, "Tasks to create; published by recurrence, read by api."),
        Field(
            "deadLetters", \.deadLetters, .structure,
            "Where events go that could not be delivered: for each topic another one, named with -dlq at its end."),
    ]

    package static let rules: [Rule<TopicsSpec>] = [
        Rule(
            "topics-distinct",
            cel: [
                ("taskEvents", "reminders"), ("taskEvents", "taskUpdates"), ("taskEvents", "taskCommands"),
                ("reminders", "taskUpdates"), ("reminders", "taskCommands"), ("taskUpdates", "taskCommands"),
            ].map { left, right in
                "(!has(self.\(left)) || !has(self.\(left).name) || !has(self.\(right)) || !has(self.\(right).name) || "
                    + "self.\(left).name != self.\(right).name)"
            }.joined(separator: " && "),
            "two topics have the same name",
            remedy: "give each topic a name of its own"
        ) { spec, _ in
            Set(TopicRole.allCases.map { spec[$0].name }).count == TopicRole.allCases.count
        }
    ]
}

extension TopicSpec: Specification {
    package static let fields: [Field<TopicSpec>] = [
        Field("name", \.name, .text(.topicName), "Name on the broker. It cannot change later."),
        Field(
            "partitions", \.partitions, .integer(1...200),
            "Number of partitions, the most consumers that work side by side. It can only grow."),
        Field(
            "retention", \.retention, .timeSpan(TimeSpan(minutes: 1)...TimeSpan(hours: 87_600)),
            "How long events are kept."),
        Field(
            "replicas", optional: \.replicas, .integer(1...7),
            """
            Copies of each partition. If not set: 3 where the operator's own Kafka has three nodes or more, else 1; on \
            a Kafka that it does not own, the broker's default.
            """
        ),
    ]

    package static let rules: [Rule<TopicSpec>] = [
        Rule(
            "topic-name-fixed",
            cel: "!has(self.name) || !has(oldSelf.name) || self.name == oldSelf.name",
            "the name of a topic cannot change, as its events would stay behind",
            remedy: "set name to what it was"
        ) { new, old in old.map { $0.name == new.name } ?? true },
        Rule(
            "topic-name-no-dead-letters",
            cel: "!has(self.name) || !self.name.endsWith('-dlq')",
            "names that end with -dlq are those of dead letters",
            remedy: "choose another name"
        ) { spec, _ in !spec.name.hasSuffix("-dlq") },
        Rule(
            "topic-partitions-grow",
            cel: "!has(self.partitions) || !has(oldSelf.partitions) || self.partitions >= oldSelf.partitions",
            "Kafka cannot take partitions away",
            remedy: "set partitions to what it was, or to more"
        ) { new, old in old.map { $0.partitions <= new.partitions } ?? true },
    ]
}

extension DeadLetterTopicsSpec: Specification {
    package static let fields: [Field<DeadLetterTopicsSpec>] = [
        Field("partitions", \.partitions, .integer(1...200), "Number of partitions of each. It can only grow."),
        Field(
            "retention", \.retention, .timeSpan(TimeSpan(minutes: 1)...TimeSpan(hours: 87_600)),
            "How long they are kept."),
        Field(
            "replicas", optional: \.replicas, .integer(1...7),
            "Copies of each partition; if not set, as many as of other topics."),
    ]

    package static let rules: [Rule<DeadLetterTopicsSpec>] = [
        Rule(
            "dead-letter-partitions-grow",
            cel: "!has(self.partitions) || !has(oldSelf.partitions) || self.partitions >= oldSelf.partitions",
            "Kafka cannot take partitions away",
            remedy: "set partitions to what it was, or to more"
        ) { new, old in old.map { $0.partitions <= new.partitions } ?? true }
    ]
}
