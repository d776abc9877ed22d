import TaskDomain
import Testing

@testable import ServiceKit

struct SettingsTests {
    private let good = [
        "TODO_PUBSUB": "todo-pubsub", "TODO_SECRET_STORE": "kubernetes", "TODO_DATABASE_SECRET_NAME": "todo-database",
        "TODO_DATABASE_SECRET_KEY": "url", "TODO_AUTH_AUDIENCE": "todo", "TODO_AUTH_SECRET_NAME": "todo-auth",
        "TODO_AUTH_SECRET_KEY": "key",
    ]

    private func problems(_ environment: [String: String]) -> [SettingProblem] {
        let reader = SettingsReader(environment: environment)
        _ = ServiceConfiguration(reader, usesDatabase: true)
        _ = AuthenticationSettings(reader)
        return reader.problems
    }

    @Test func `what the operator sets is accepted, and the rest has defaults`() {
        let reader = SettingsReader(environment: good)
        let configuration = ServiceConfiguration(reader, usesDatabase: true)
        _ = AuthenticationSettings(reader)
        #expect(reader.problems.isEmpty)
        #expect(configuration.httpPort == 8_080)
        #expect(configuration.metricsPort == 9_464)
        #expect(configuration.daprPort == 3_500)
        #expect(configuration.topic(.taskEvents) == "task-events")
    }

    @Test func `topics have the names that they are given`() {
        let reader = SettingsReader(environment: good.merging(["TODO_TOPIC_TASK_COMMANDS": "acme.commands"]) { $1 })
        #expect(ServiceConfiguration(reader, usesDatabase: true).topic(.taskCommands) == "acme.commands")
    }

    @Test func `everything that is wrong is told at once, with name, reason and remedy`() {
        let problems = problems([
            "TODO_HTTP_PORT": "eighty", "DAPR_HTTP_PORT": "0", "TODO_LOG_LEVEL": "loud", "TODO_MIGRATE": "yes",
            "TODO_AUTH_JWKS_URL": "http://issuer.example/keys", "TODO_SHUTDOWN_SECONDS": "-1",
        ])
        #expect(
            problems.map(\.name) == [
                "DAPR_HTTP_PORT", "TODO_AUTH_AUDIENCE", "TODO_AUTH_JWKS_URL", "TODO_DATABASE_SECRET_NAME",
                "TODO_HTTP_PORT", "TODO_LOG_LEVEL", "TODO_MIGRATE", "TODO_PUBSUB", "TODO_SHUTDOWN_SECONDS",
            ])
        #expect(problems.allSatisfy { !$0.what.isEmpty && !$0.remedy.isEmpty })
        #expect("\(SettingsRefused(problems: problems))".contains("9 settings are wrong"))
    }

    @Test func `no value is repeated that could be a secret`() {
        let reader = SettingsReader(environment: [
            "TODO_DATABASE_URL": "postgresql://u:hunter2@h/db", "DAPR_API_TOKEN": "hunter3",
            "TODO_HTTP_PORT": "hunter4",
        ])
        _ = ServiceConfiguration(reader, usesDatabase: true)
        _ = AuthenticationSettings(reader)
        #expect(!"\(SettingsRefused(problems: reader.problems))".contains("hunter"))
    }

    @Test func `a service that could not tell who anybody is does not start`() {
        var environment = good
        environment["TODO_AUTH_SECRET_NAME"] = nil
        #expect(problems(environment).map(\.name) == ["TODO_AUTH_SECRET_NAME"])
        // The one way around it is loud, and spelled in full.
        environment["TODO_DEVELOPMENT_AUTH"] = "yes"
        #expect(problems(environment).map(\.name) == ["TODO_DEVELOPMENT_AUTH"])
        environment["TODO_DEVELOPMENT_AUTH"] = "trust-any-user"
        #expect(problems(environment).isEmpty)
    }

    @Test(arguments: [
        ("https://issuer.example/keys", true), ("http://localhost:8080/keys", true), ("http://127.0.0.1/keys", true),
        ("http://[::1]:80/k", true), ("http://auth.todo.svc/keys", true),
        ("http://auth.todo.svc.cluster.local:80/k", true),
        ("http://issuer.example/keys", false), ("http://localhost.evil.example/k", false),
        // The user part of an authority is no host.
        ("http://localhost@evil.example/k", false), ("http://evil.example/.svc", false), ("ftp://x/k", false),
        ("https://", false),
    ])
    func `keys come over TLS, or from near by`(url: String, isAcceptable: Bool) {
        #expect(AuthenticationSettings.isAcceptable(url) == isAcceptable)
    }

    @Test func `lists are of closed sets where there is one`() {
        let reader = SettingsReader(environment: ["A": "log, webhook", "B": "log,fax", "C": ""])
        #expect(reader.list("A", default: [], allowed: ["log", "webhook"]) == ["log", "webhook"])
        #expect(reader.list("B", default: ["log"], allowed: ["log", "webhook"]) == ["log"])
        #expect(reader.list("C", default: ["log"]) == ["log"])
        #expect(reader.problems.map(\.name) == ["B"])
        #expect(reader.problems.first?.what == "names fax, which is not known")
    }
}
