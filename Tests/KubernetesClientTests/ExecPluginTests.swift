import KubernetesModel
import Testing

@testable import KubernetesClient

private let version = "client.authentication.k8s.io/v1"

private func plugin(
    _ script: String, in folder: TemporaryFolder, mode: ExecPlugin.InteractiveMode = .ifAvailable,
    environment: [String: String] = [:], cluster: JSON? = nil
) throws -> ExecPlugin {
    let file = try folder.write("plugin", "#!/bin/sh\n" + script, isExecutable: true)
    return ExecPlugin(
        apiVersion: version, command: file, arguments: ["one", "two words; $HOME"],
        environment: environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }, interactiveMode: mode,
        installHint: "install it from example.com", cluster: cluster)
}

private func answer(_ status: String, version: String = version) -> String {
    "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"\(version)\",\"status\":{\(status)}}'"
}

private func run(_ plugin: ExecPlugin, hasTerminal: Bool = false) async throws -> ExecCredential {
    try await plugin.run(hasTerminal: hasTerminal, clock: ManualClock())
}

@Suite(.timeLimit(.minutes(1))) struct ExecPluginTests {
    @Test func `a plugin is run without a shell and told what the protocol says`() async throws {
        let folder = try TemporaryFolder()
        let credential = try await run(
            plugin(
                """
                printf '%s|' "$@" > \(folder.path)/arguments
                printf '%s' "$KUBERNETES_EXEC_INFO" > \(folder.path)/info
                printf '%s' "$PROFILE" > \(folder.path)/profile
                cat > \(folder.path)/input
                \(answer(#""token":"t-1","expirationTimestamp":"2026-03-05T17:00:00Z""#))
                """, in: folder, environment: ["PROFILE": "dev"], cluster: ["server": "https://h"]))
        #expect(credential.token == "t-1")
        #expect(credential.expiry == Timestamp("2026-03-05T17:00:00Z"))
        #expect(try folder.read("arguments") == "one|two words; $HOME|")
        #expect(try folder.read("profile") == "dev")
        #expect(try folder.read("input") == "")
        #expect(
            try JSON(parsing: folder.read("info")) == [
                "apiVersion": .string(version), "kind": "ExecCredential",
                "spec": ["interactive": false, "cluster": ["server": "https://h"]],
            ])
    }

    @Test(arguments: [
        ("echo 'please log in' >&2; exit 3", "please log in"),
        ("echo nonsense", "did not print an ExecCredential"),
        (
            answer("", version: "client.authentication.k8s.io/v1beta1"),
            "answered with apiVersion client.authentication.k8s.io/v1beta1"
        ),
        (answer(""), "neither a token nor a client certificate"),
        (answer(#""clientCertificateData":"x""#), "only one of clientCertificateData and clientKeyData"),
        (answer(#""clientKeyData":"x","token":"t""#), "only one of"),
        (answer(#""token":"t","expirationTimestamp":"tomorrow""#), "no RFC 3339"),
        (answer(#""token":"a\\u000Ab""#), "printable ASCII"),
        ("head -c 2000000 /dev/zero", "could not be run"),
        ("kill -9 $$", "failed"),
    ])
    func `a plugin that fails is named with its reason and how to install it`(script: String, reason: String)
        async throws
    {
        let folder = try TemporaryFolder()
        let error = await #expect(throws: KubernetesError.self) { try await run(plugin(script, in: folder)) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("\ninstall it from example.com") == true)
    }

    @Test func `a plugin that is not installed says so`() async throws {
        for command in ["no-such-plugin-anywhere", "/nowhere/plugin"] {
            let absent = ExecPlugin(
                apiVersion: version, command: command, environment: ["PATH": "/usr/bin"], installHint: "get it")
            let error = await #expect(throws: KubernetesError.self) { try await run(absent) }
            #expect(error?.message.contains("is not installed") == true, "\(error?.message ?? "")")
            #expect(error?.message.hasSuffix("get it") == true)
        }
    }

    @Test func `a plugin that must ask a person fails where there is none`() async throws {
        let folder = try TemporaryFolder()
        let error = await #expect(throws: KubernetesError.self) {
            try await run(plugin(answer(#""token":"t""#), in: folder, mode: .always))
        }
        #expect(error?.message.contains("needs a terminal") == true)
    }

    @Test func `a plugin that hangs is stopped`() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let hanging = try plugin("exec sleep 1000", in: folder)
        async let outcome = hanging.run(hasTerminal: false, clock: clock)
        await clock.sleepers(1)
        clock.advance(by: .seconds(60))
        do {
            _ = try await outcome
            Issue.record("the plugin never ends by itself")
        } catch let error as KubernetesError {
            #expect(error.code == .transport)
            #expect(error.message.contains("did not end within"))
        }
    }

    // MARK: When it is run again

    private func source(_ plugin: ExecPlugin, clock: ManualClock) -> CredentialSource {
        let configuration = ClusterConfiguration(
            server: ServerAddress(isSecure: true, host: "h", port: 443), credentials: .exec(plugin))
        // The wall clock starts at the epoch and moves with the test's.
        return CredentialSource(
            configuration, clock: clock, now: { Timestamp(seconds: 0).advanced(by: clock.now.offset) },
            hasTerminal: false)
    }

    /// Counts its runs in a file; each token is `t-<run>` and ends at 1,000 s.
    private func counting(in folder: TemporaryFolder) throws -> ExecPlugin {
        try plugin(
            """
            echo run >> \(folder.path)/runs
            n=$(wc -l < \(folder.path)/runs)
            echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"\(version)\\",\\"status\\":{\\"token\\":\\"t-$n\\",\\"expirationTimestamp\\":\\"1970-01-01T00:16:40Z\\"}}"
            """, in: folder)
    }

    @Test func `the answer is kept until half a minute before it ends`() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let source = source(try counting(in: folder), clock: clock)
        #expect(try await source.session().authorization == "Bearer t-1")
        clock.advance(by: .seconds(969))
        #expect(try await source.session().authorization == "Bearer t-1")
        clock.advance(by: .seconds(1))
        #expect(try await source.session().authorization == "Bearer t-2")
    }

    @Test func `many who ask at once wait for one run`() async throws {
        let folder = try TemporaryFolder()
        let source = source(try counting(in: folder), clock: ManualClock())
        let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try await source.session().authorization } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tokens == ["Bearer t-1"])
        #expect(try folder.read("runs") == "run\n")
    }

    @Test func `a refused credential is made anew once, however many saw it refused`() async throws {
        let folder = try TemporaryFolder()
        let source = source(try counting(in: folder), clock: ManualClock())
        let first = try await source.session()
        for _ in 0..<3 {
            await source.discard(first)
            #expect(try await source.session().authorization == "Bearer t-2")
        }
    }
}
