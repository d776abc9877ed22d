import ArgumentParser
import KubernetesModel
import TodoctlCommands

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what the operator would change on the cluster, field by field, and which pods restart.",
        discussion: """
            Give a file to see what applying it brings, or a name to see what the operator has still to do. All stages are \
            shown, also those that wait for others. Reads the platform's objects and Secrets; writes nothing.

            Exit codes: 0 nothing changes, 1 an error, 2 something changes.
            """)

    @Argument(help: "The platform, as it is on the cluster.")
    var name: String?

    @Option(name: .shortAndLong, help: "A file with one TodoPlatform, as if it were applied; - for standard input.")
    var filename: String?

    @Flag(help: "Lets the API server check each object and fill in its defaults (dry run; needs the right to patch).")
    var server = false

    @OptionGroup var place: NamespaceOption
    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        guard (name == nil) != (filename == nil) else {
            throw ValidationError("Give either a NAME or --filename FILE.")
        }
    }

    func run() async throws {
        let code = try await cluster.connected { cluster, namespace in
            let file = try file(namespace)
            let platform =
                file?.namespacedName
                ?? NamespacedName(namespace: place.namespace ?? namespace, name: name ?? "")
            let outcome = try await PlanOutcome.make(
                platform, file: file, server: server, from: cluster, now: Console.now)
            Console.write(PlanText(outcome.preview, of: platform, style: Console.style).text)
            for refusal in outcome.refusals { Console.note("\(Console.errorStyle.bad("refused:")) \(refusal)") }
            return outcome.exitCode
        }
        if code != 0 { throw ExitCode(code) }
    }

    private func file(_ namespace: String) throws -> KubernetesObject? {
        guard let filename else { return nil }
        let manifests = try ManifestFile.platforms([filename], namespace: place.namespace, fallback: namespace)
        guard manifests.count == 1 else {
            throw CommandError("\(filename): \(manifests.count) platforms in one file", remedy: "plan one at a time")
        }
        return manifests[0].object
    }
}
