import Logging
import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// What is read from files: resources (section 11) and run templates.
@Suite(.timeLimit(.minutes(1))) struct ResourceTests {
    /// The Dapr resources that the operator renders for a platform on Strimzi, cut short.
    private let rendered = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: todo-api}
        ---
        apiVersion: kafka.strimzi.io/v1
        kind: KafkaTopic
        metadata: {name: todo-reminders}
        spec: {topicName: reminders, partitions: 3, config: {retention.ms: "86400000"}}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: todo-pubsub-api, namespace: default}
        spec:
          type: pubsub.kafka
          version: v1
          initTimeout: "30s"
          metadata:
          - name: brokers
            value: todo-kafka-bootstrap.default.svc:9093
          - name: saslPassword
            secretKeyRef: {name: todo-api-kafka, key: password}
          - name: publishingScopes
            value: todo-api=task-events,reminders
          - name: subscriptionScopes
            value: todo-api=
        auth: {secretStore: kubernetes}
        scopes: [todo-api]
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: todo-pubsub-notifications}
        spec:
          type: pubsub.kafka
          version: v1
          metadata:
          - {name: brokers, value: "todo-kafka-bootstrap.default.svc:9093"}
          - {name: initialOffset, value: oldest}
        scopes: [todo-notifications]
        ---
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: todo-notifications-reminders}
        spec:
          pubsubname: todo-pubsub-notifications
          topic: reminders
          routes: {default: /events/reminders}
          deadLetterTopic: reminders-dlq
        scopes: [todo-notifications]

        """

    @Test func `a rendered platform works as it is: services with components of their own share the topics`()
        async throws
    {
        let api = TestApp("todo-api")
        let notifications = TestApp("todo-notifications")
        try await withDapr([api, notifications], resources: rendered) { world in
            for number in 1...30 {
                let reply = try await world.call(
                    "todo-api", "POST", "/v1.0/publish/todo-pubsub-api/reminders?metadata.partitionKey=u\(number)",
                    json: JSON(number))
                #expect(reply.status == 204)
            }
            try await notifications.wait(for: 30, on: "/events/reminders")
            // KafkaTopic: three partitions.
            #expect(Set(notifications.requests.compactMap { $0.header("__partition") }) == ["0", "1", "2"])
            let forbidden = try await world.call(
                "todo-api", "POST", "/v1.0/publish/todo-pubsub-api/task-updates", json: 1)
            #expect(forbidden.status == 403)
            let invisible = try await world.call(
                "todo-api", "POST", "/v1.0/publish/todo-pubsub-notifications/reminders", json: 1)
            #expect(invisible.status == 404)
        }
    }

    @Test(arguments: [
        ("kind: Component\napiVersion: dapr.io/v1alpha1\nmetadata: {name: x}\nspec: {type: pubsub}", "spec.type"),
        ("kind: Subscription\napiVersion: dapr.io/v2alpha1\nmetadata: {name: x}\nspec: {pubsubname: a}", "spec.topic"),
        (
            "kind: Subscription\napiVersion: dapr.io/v2alpha1\nmetadata: {name: x}\nspec: {pubsubname: a, topic: b}",
            "routes.default"
        ),
        (
            "kind: Component\napiVersion: dapr.io/v1alpha1\nmetadata: {name: x}\nspec: {type: secretstores.hashicorp.vault, version: v1}",
            "secretstores.local.file"
        ),
        ("kind: Secret\napiVersion: v1\nmetadata: {name: x}\ndata: {a: '*'}", "stringData"), ("a: [", "YAML"),
        ("- 1", "no object"),
    ])
    func `what is wrong is said with its place and its remedy`(yaml: String, words: String) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let options = LocalDapr.Options(apps: [.init(id: "app")], resources: [.text(yaml)])
        let error = #expect(throws: ResourceError.self) { try LocalDapr(options, logger: logger) }
        #expect(error?.description.contains(words) == true)
    }

    @Test func `a run template gives apps, ports, health checks and environment`() throws {
        let template = try RunTemplate(
            """
            version: 1
            common:
              resourcesPath: ./resources
              env: {A: 1, B: x}
              enableAppHealthCheck: true
              appHealthCheckPath: /readyz
            localDapr: {stateFile: state.sqlite, adminPort: 3999, topics: {reminders: {partitions: 3, retention: 24h}}}
            apps:
            - appID: todo-api
              appDirPath: ./api
              resourcesPaths: [../more, /absolute]
              appPort: 8081
              daprHTTPPort: 3501
              appHealthProbeInterval: 1
              command: [todo-services, api]
              env: {B: true}
            - appID: todo-sync
              instanceName: todo-sync-1
              appMaxConcurrency: 4
              enableAppHealthCheck: false
            """, file: "/etc/todo/apps.yaml")
        #expect(template.resources == ["/etc/todo/resources", "/etc/todo/api/../more", "/absolute"])
        #expect(template.stateFile == "/etc/todo/state.sqlite")
        #expect(template.adminPort == 3999)
        #expect(template.topics["reminders"] == TopicSettings(partitions: 3, retention: .seconds(86_400)))
        let api = template.apps[0]
        #expect(api.directory == "/etc/todo/api")
        #expect(api.appPort == 8081 && api.daprPort == 3501)
        #expect(api.environment == ["A": "1", "B": "true"])
        #expect(api.command == ["todo-services", "api"])
        #expect(api.healthCheck?.path == "/readyz" && api.healthCheck?.interval == .seconds(1))
        let sync = template.apps[1]
        #expect(sync.name == "todo-sync-1" && sync.maxConcurrency == 4 && sync.daprPort == 0 && sync.healthCheck == nil)
    }

    @Test(arguments: [
        "version: 2\napps: []", "version: 1\napps: []", "version: 1\napps: [{appPort: 1}]",
        "version: 1\napps: [{appID: a, appPort: x}]",
    ])
    func `a run template that is none is refused`(text: String) {
        #expect(throws: ResourceError.self) { try RunTemplate(text, file: "apps.yaml") }
    }

    @Test(arguments: [
        ("1h30m", 5_400_000), ("90s", 90_000), ("250ms", 250), ("0.5s", 500), ("-1s", -1_000), ("0", 0),
    ])
    func `durations of Go`(text: String, milliseconds: Int) {
        #expect(GoDuration.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "1h-1m", "1x", "abc"])
    func `what is no duration`(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }

    @Test func `durations of ISO 8601 and of protobuf`() {
        #expect(GoDuration.parseISO8601("PT5M") == .seconds(300))
        #expect(GoDuration.parseISO8601("P1DT2H") == .seconds(93_600))
        #expect(GoDuration.parseISO8601("R5/PT5M") == nil)
        #expect(GoDuration.parseISO8601("P") == nil)
        #expect(GoDuration.parseProtobuf("0.5s") == .milliseconds(500))
        #expect(GoDuration.parseProtobuf("5m") == nil)
        #expect(GoDuration.protobufText(.milliseconds(500)) == "0.500s")
    }

    @Test func `scanning JSON finds members and refuses what is none`() throws {
        let text = Array(#" {"a" : [1, {"b":"}"}], "\u0061b": -1.5e3, "n": null} "#.utf8)
        let members = try RawJSON.members(of: text)
        #expect(members.map(\.key) == ["a", "ab", "n"])
        #expect(
            members.map { String(decoding: text[$0.value], as: UTF8.self) } == [#"[1, {"b":"}"}]"#, "-1.5e3", "null"])
        for bad in [
            "", "{", "{}x", "[1,]", "{\"a\":01}", "{\"a\":tru}", "{\"a\":\"\u{1}\"}", "{\"a\":\"\\x\"}", "nul", "+1",
        ] {
            #expect(!RawJSON.isValid(Array(bad.utf8)), "\(bad)")
        }
        #expect(!RawJSON.isValid([0x22, 0xFF, 0x22]))
        #expect(!RawJSON.isValid(Array(repeating: UInt8(ascii: "["), count: 10_000)))
    }

    /// The scanner and the parser of values agree about what is JSON.
    @Test func `scanning and parsing agree on mutated texts`() {
        var generator = SeededGenerator(seed: 20_260_302)
        let seeds = [#"{"a":[1,2.5e-3,{"b":"\u00e9\n"}],"c":true,"d":null}"#, #"["",-0,1E9,"ü"]"#].map {
            Array($0.utf8)
        }
        for _ in 0..<20_000 {
            var text = seeds.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: text.remove(at: place)
                default:
                    text.insert(
                        UInt8(ascii: "{}[]\",:0e-\\".unicodeScalars.randomElement(using: &generator) ?? "0"), at: place)
                }
                if text.isEmpty { text = [0x30] }
            }
            let isValid = RawJSON.isValid(text)
            do throws(JSONParseError) {
                _ = try JSON(parsing: text)
                #expect(isValid, "seed 20260302: \(String(decoding: text, as: UTF8.self))")
            } catch {
                // What is passed on byte by byte may hold half a surrogate pair, or a number too large for a value.
                let isTolerable = error.reason == .invalidString || error.reason == .invalidNumber
                #expect(!isValid || isTolerable, "seed 20260302: \(String(decoding: text, as: UTF8.self))")
            }
        }
    }
}
