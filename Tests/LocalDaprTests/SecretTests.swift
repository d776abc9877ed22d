import FoundationEssentials
import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 5: secrets.
@Suite(.timeLimit(.minutes(1))) struct SecretTests {
    private func store(_ type: String, _ metadata: [String: String] = [:], name: String = "secrets") -> String {
        var text =
            "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: \(name)}\nspec:\n  type: \(type)\n  version: v1\n  metadata:\n"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text += "  - {name: \(key), value: \"\(value)\"}\n"
        }
        return text + "\n"
    }

    private let manifest = """
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: todo-database, namespace: default}
        data: {url: cG9zdGdyZXM6Ly9kYg==}
        stringData: {extra: plain}

        """

    @Test func `5 Secret manifests, decoded, also in the store that is always there`() async throws {
        try await withDapr([TestApp("app")], resources: manifest + store("secretstores.kubernetes")) { world in
            for name in ["secrets", "kubernetes"] {
                let reply = try await world.call("app", "GET", "/v1.0/secrets/\(name)/todo-database")
                #expect(reply.status == 200)
                #expect(reply.json == ["url": "postgres://db", "extra": "plain"])
            }
            let missing = try await world.call("app", "GET", "/v1.0/secrets/secrets/nope")
            #expect(missing.status == 500)
            #expect(missing.code == "ERR_SECRET_GET")
            let elsewhere = try await world.call(
                "app", "GET", "/v1.0/secrets/secrets/todo-database?metadata.namespace=other")
            #expect(elsewhere.status == 500)
            let unknown = try await world.call("app", "GET", "/v1.0/secrets/nope/x")
            #expect(unknown.status == 401)
            #expect(unknown.code == "ERR_SECRET_STORE_NOT_FOUND")
            let bulk = try await world.call("app", "GET", "/v1.0/secrets/secrets/bulk")
            #expect(bulk.json["todo-database"]?["url"]?.string == "postgres://db")
        }
    }

    @Test func `5 scopes of the Configuration: the allow list decides, then the deny list, then the default`()
        async throws
    {
        let configuration = """
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Configuration
            metadata: {name: c}
            spec:
              secrets:
                scopes:
                - {storeName: secrets, defaultAccess: deny, allowedSecrets: [other]}
                - {storeName: kubernetes, defaultAccess: allow, deniedSecrets: [todo-database]}

            """
        try await withDapr([TestApp("app")], resources: manifest + store("secretstores.kubernetes") + configuration) {
            world in
            for name in ["secrets", "kubernetes"] {
                let reply = try await world.call("app", "GET", "/v1.0/secrets/\(name)/todo-database")
                #expect(reply.status == 403)
                #expect(reply.code == "ERR_PERMISSION_DENIED")
                #expect(!reply.text.contains("postgres"))
                let bulk = try await world.call("app", "GET", "/v1.0/secrets/\(name)/bulk")
                #expect(bulk.status == 204)
            }
        }
    }

    @Test func `5 a local file, flat and multi-valued`() async throws {
        let file = try TemporaryFile("secrets.json")
        try Data(#"{"db":{"password":"p","user":"u"},"single":"s"}"#.utf8).write(to: URL(fileURLWithPath: file.path))
        let resources =
            store("secretstores.local.file", ["secretsFile": file.path], name: "flat")
            + store("secretstores.local.file", ["secretsFile": file.path, "multiValued": "true"], name: "multi")
        try await withDapr([TestApp("app")], resources: resources) { world in
            let flat = try await world.call("app", "GET", "/v1.0/secrets/flat/db:password")
            #expect(flat.json == ["db:password": "p"])
            let single = try await world.call("app", "GET", "/v1.0/secrets/flat/single")
            #expect(single.json == ["single": "s"])
            let multi = try await world.call("app", "GET", "/v1.0/secrets/multi/db")
            #expect(multi.json == ["password": "p", "user": "u"])
            let missing = try await world.call("app", "GET", "/v1.0/secrets/flat/nope")
            #expect(missing.status == 500)
        }
    }

    @Test func `5 the environment: unknown is empty, tokens are hidden`() async throws {
        try await withDapr(
            [TestApp("app")], resources: store("secretstores.local.env"),
            configure: .with { $0.environment = ["MY_KEY": "v", "DAPR_API_TOKEN": "t", "APP_API_TOKEN": "t"] }
        ) { world in
            let known = try await world.call("app", "GET", "/v1.0/secrets/secrets/MY_KEY")
            #expect(known.json == ["MY_KEY": "v"])
            let unknown = try await world.call("app", "GET", "/v1.0/secrets/secrets/OTHER")
            #expect(unknown.status == 200)
            #expect(unknown.json == ["OTHER": ""])
            let hidden = try await world.call("app", "GET", "/v1.0/secrets/secrets/DAPR_API_TOKEN")
            #expect(!hidden.text.contains("\"t\""))
        }
    }
}
