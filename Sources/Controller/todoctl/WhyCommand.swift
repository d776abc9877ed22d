import ArgumentParser
import KubernetesModel
import TodoctlCommands

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tells what keeps a platform from being ready, and what to do about it.",
        discussion: """
            Looks at the platform's conditions, the object that blocks, its pods and Events. Needs only the right to read; \
            Secrets are not looked at.

            Exit codes: 0 the platform is ready, 1 an error, 2 it is not ready.
            """)

    @Argument(help: "The platform.")
    var name: String

    @OptionGroup var place: NamespaceOption
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        let isReady = try await cluster.connected { cluster, namespace in
            let now = Console.now
            let diagnosis = try await Diagnosis.make(
                NamespacedName(namespace: place.namespace ?? namespace, name: name), from: cluster, now: now)
            Console.write(DiagnosisText(diagnosis, now: now, style: Console.style).text)
            return diagnosis.isReady
        }
        if !isReady { throw ExitCode(2) }
    }
}
