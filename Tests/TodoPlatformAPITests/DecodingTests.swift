import KubernetesModel
import Testing
import TodoPlatformAPI

struct DecodingTests {
    @Test func `an empty spec holds every default`() throws {
        let spec = try TodoPlatform(resource("")).spec
        #expect(spec.version == "0.1.0")
        #expect(spec.profile == .freeTier)
        #expect(spec.database.secretRef.key == "url")
        #expect(spec.messaging.type == .strimzi)
        #expect(spec.messaging.topics.taskEvents.name == "task-events")
        #expect(spec.messaging.topics.taskEvents.partitions == 6)
        #expect(spec.messaging.topics.taskEvents.retention == TimeSpan(hours: 168))
        #expect(spec.messaging.topics.reminders.partitions == 3)
        #expect(spec.messaging.topics.deadLetters.retention == TimeSpan(hours: 720))
        #expect(spec.reminders.defaultOffset == TimeSpan(minutes: 30))
        #expect(spec.audit.retention == .limited(TimeSpan(hours: 168)))
        #expect(spec.notifications.channels == [.log, .inApp])
        #expect(spec.exposure.type == .none)
        #expect(spec.upgrade == UpgradeSpec())
        #expect(spec.services.api.replicas == nil)
    }

    @Test func `a resource without a spec is the same as one with an empty spec`() throws {
        let bare = KubernetesObject(TodoPlatform.type, namespace: "shop", name: "todo")
        #expect(try TodoPlatform(bare).spec == TodoPlatform(resource("")).spec)
    }

    @Test func `what is written replaces defaults, what is beside it stays`() throws {
        let spec = try TodoPlatform(
            resource(
                """
                messaging:
                  topics:
                    reminders: {retention: 1h30m}
                  strimzi:
                    storage: {size: 1Ti}
                services:
                  api:
                    replicas: 4
                    resources: {limits: {memory: 256Mi, cpu: 1}}
                    environment: [{name: LOG, value: ""}]
                authentication:
                  secretRef: {name: tokens}
                audit: {retention: forever}
                """)
        ).spec
        #expect(spec.messaging.topics.reminders.name == "reminders")
        #expect(spec.messaging.topics.reminders.partitions == 3)
        #expect(spec.messaging.topics.reminders.retention == TimeSpan(minutes: 90))
        #expect(spec.messaging.strimzi.storage.size == "1Ti")
        #expect(spec.services.api.replicas == 4)
        #expect(spec.services.api.resources.limits.memory?.description == "256Mi")
        #expect(spec.services.api.resources.limits.cpu?.description == "1")
        #expect(spec.services.api.environment.first?.value == "")
        #expect(spec.authentication.secretRef == SecretKeyReference(name: "tokens", key: "secret"))
        #expect(spec.audit.retention == .forever)
    }

    @Test(arguments: [
        // One wrong type of each kind.
        ("profile: tiny", "spec.profile", "use one of free-tier, standard, high-availability"),
        (
            "profile: standart", "spec.profile",
            "did you mean \"standard\"? One of free-tier, standard, high-availability"
        ),
        ("profile: 1", "spec.profile", "use one of free-tier, standard, high-availability"),
        ("version: 1.0", "spec.version", "put the value in quotes"),
        ("database: url", "spec.database", "write its fields as \"name: value\""),
        (
            "database: {migrations: {enabled: \"no\"}}", "spec.database.migrations.enabled",
            "write true or false without quotes"
        ),
        ("services: {api: {replicas: \"2\"}}", "spec.services.api.replicas", "write a whole number, 0 to 50"),
        ("services: {api: {replicas: 2.5}}", "spec.services.api.replicas", "write a whole number, 0 to 50"),
        ("services: {api: {environment: {A: b}}}", "spec.services.api.environment", "write its entries as \"- entry\""),
        ("services: {api: {pod: {labels: {a: 1}}}}", "spec.services.api.pod.labels.a", "put the value in quotes"),
        (
            "reminders: {defaultOffset: 30}", "spec.reminders.defaultOffset",
            "write it like \"90s\", \"30m\" or \"168h\", with quotes"
        ),
        (
            "reminders: {defaultOffset: 7d}", "spec.reminders.defaultOffset",
            "write it like \"90s\", \"30m\" or \"168h\", with quotes"
        ),
        (
            "maintenance: {paused: true, until: tomorrow}", "spec.maintenance.until",
            "write it like \"2030-01-31T22:00:00Z\""
        ),
        (
            "services: {api: {resources: {requests: {cpu: 0.5}}}}", "spec.services.api.resources.requests.cpu",
            "write it like \"250m\", \"0.5\", \"128Mi\" or \"2Gi\""
        ),
        (
            "services: {api: {resources: {requests: {cpu: fast}}}}", "spec.services.api.resources.requests.cpu",
            "write it like \"250m\", \"0.5\", \"128Mi\" or \"2Gi\""
        ),
        // Bounds.
        // What the services would refuse to start with.
        ("reminders: {defaultOffset: 673h}", "spec.reminders.defaultOffset", "choose whole minutes, 0m to 672h"),
        ("reminders: {defaultOffset: 60500ms}", "spec.reminders.defaultOffset", "choose whole minutes, 0m to 672h"),
        ("audit: {retention: 23h}", "spec.audit.retention", "choose 24h to 876000h, or forever"),
        ("services: {api: {replicas: 51}}", "spec.services.api.replicas", "choose 0 to 50"),
        ("services: {api: {replicas: -1}}", "spec.services.api.replicas", "choose 0 to 50"),
        (
            "messaging: {topics: {reminders: {partitions: 0}}}", "spec.messaging.topics.reminders.partitions",
            "choose 1 to 200"
        ),
        ("image: {tag: \"a b\"}", "spec.image.tag", "write it like \"0.1.0\""),
        ("database: {secretRef: {name: Secret}}", "spec.database.secretRef.name", "write it like \"todo-database\""),
        (
            "messaging: {strimzi: {storage: {size: 10G}}}", "spec.messaging.strimzi.storage.size",
            "write it like \"50Gi\""
        ),
        // Missing and repeated.
        (
            "messaging: {type: rabbitmq, rabbitmq: {}}", "spec.messaging.rabbitmq.secretRef",
            "set it; The Secret with the connection string: amqps://user:password@host:5671/vhost."
        ),
        ("messaging: {type: kafka, kafka: {brokers: []}}", "spec.messaging.kafka.brokers", "give 1 to 20 entries"),
        ("notifications: {channels: [log, log]}", "spec.notifications.channels[1]", "remove one of the two"),
        (
            "services: {api: {environment: [{name: A, value: a}, {name: A, value: b}]}}",
            "spec.services.api.environment[1]",
            "remove one of the two"
        ),
        // Names of fields.
        ("service: {}", "spec.service", "did you mean \"services\"?"),
        ("services: {api: {replica: 1}}", "spec.services.api.replica", "did you mean \"replicas\"?"),
    ])
    func `what is wrong is named with its place and a remedy`(spec: String, path: String, remedy: String) throws {
        let (_, problems) = TodoPlatform.decode(try resource(spec))
        #expect(problems.map(\.path) == [path], "\(problems)")
        #expect(problems.first?.remedy == remedy)
    }

    @Test func `all problems are told at once`() throws {
        let object = try resource(
            """
            profile: tiny
            messaging: {type: kafka}
            services: {api: {replicas: 99}, web: {}}
            exposure: {type: ingress}
            """, name: "Todo")
        let (_, problems) = TodoPlatform.decode(object)
        #expect(
            Set(problems.map(\.path)) == [
                "spec.profile", "spec.messaging", "spec.services.api.replicas", "spec.services.web", "spec.exposure",
                "metadata.name",
            ])
        let error = #expect(throws: InvalidTodoPlatform.self) { try TodoPlatform(object) }
        #expect(error?.problems.count == 5)
        #expect(error?.problems.allSatisfy { $0.severity == .error } == true)
    }

    @Test func `an unknown field is a warning and makes nothing unusable`() throws {
        let object = try resource("future: {field: 1}")
        #expect(try TodoPlatform(object).spec == TodoPlatformSpec())
        #expect(TodoPlatform.decode(object).problems.map(\.severity) == [.warning])
    }

    @Test func `a value that cannot be read brings no second complaint about the default in its place`() throws {
        let (_, problems) = TodoPlatform.decode(try resource("exposure: {type: ingress, host: 5}"))
        #expect(problems.map(\.path) == ["spec.exposure.host"])
    }

    @Test func `null is the same as nothing`() throws {
        #expect(
            try TodoPlatform(resource("profile: null\ndatabase: null\nexposure: {host: null}")).spec
                == TodoPlatformSpec())
    }

    @Test(arguments: ["", "a.b", "-a", "a-", "1a", "A", String(repeating: "a", count: 41), "a\n"])
    func `names that no child could carry are refused`(name: String) throws {
        #expect(throws: InvalidTodoPlatform.self) { try TodoPlatform(resource("", name: name)) }
    }

    @Test func `another kind is refused`() {
        let object = KubernetesObject(["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "todo"]])
        #expect(throws: InvalidTodoPlatform.self) { try TodoPlatform(object) }
    }

    @Test func `metadata is read`() throws {
        var json = try resource("").json
        json[path: ["metadata", "uid"]] = "u-1"
        json[path: ["metadata", "generation"]] = 7
        json[path: ["metadata", "deletionTimestamp"]] = "2030-01-01T00:00:00Z"
        json[path: ["metadata", "finalizers"]] = ["todoplatform.dev/topics"]
        let platform = try TodoPlatform(KubernetesObject(json))
        #expect(platform.namespace == "shop")
        #expect(platform.uid == "u-1")
        #expect(platform.generation == 7)
        #expect(platform.isDeleting)
        #expect(platform.finalizers == ["todoplatform.dev/topics"])
        #expect(platform.ownerReference.kind == "TodoPlatform")
    }

    @Test func `a huge or hostile resource gives a bounded answer`() throws {
        let long = String(repeating: "x", count: 1_000_000)
        let hostile = "\n\"${HOME}\" {{ . }} \u{0}"
        let spec: JSON = .object(
            JSONObject(
                (0..<2000).map { ("\(hostile)\($0)", JSON.string(long)) }
                    + [("version", .string(long)), ("image", ["registry": .string(hostile)])]))
        let (_, problems) = TodoPlatform.decode(resource(spec))
        #expect(problems.count <= 200)
        #expect(problems.contains { $0.path == "spec.version" })
        for problem in problems {
            #expect(problem.description.utf8.count < 1000)
            #expect(!problem.description.contains("\n"))
        }
    }

    @Test func `status survives being written and read`() throws {
        var status = TodoPlatformStatus()
        status.observedGeneration = 3
        status.conditions = [
            Condition(
                type: "Ready", status: .isFalse, reason: "RollingOut", message: "api: 1 of 2", observedGeneration: 3,
                lastTransitionTime: "2030-01-01T00:00:00Z")
        ]
        status.summary = "5/6"
        status.version.current = "0.1.0"
        var api = ServiceStatus()
        (api.name, api.state, api.desired) = ("api", .progressing, 2)
        status.services = [api]
        var resources = ResourcesStatus()
        resources.requests.memory = Quantity("512Mi")
        status.resources = resources
        var drift = DriftEntry()
        (drift.time, drift.object, drift.field) = (
            Timestamp("2030-01-01T00:00:00Z"), "Deployment/todo-api", "spec.replicas"
        )
        status.drift = [drift]
        var json = try resource("").json
        json["status"] = status.compactJSON
        #expect(try TodoPlatform(KubernetesObject(json)).status == status)
        #expect(TodoPlatformStatus().compactJSON == ["observedGeneration": -1])
    }
}
