import ArgumentParser
import KubernetesModel
import TodoctlCommands

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows platforms as trees: conditions, services, topics, and what blocks.")

    @Argument(help: "The platform. Default: all of the namespace.")
    var name: String?

    @Flag(name: [.customShort("A"), .long], help: "The platforms of all namespaces.")
    var allNamespaces = false

    @Option(name: .shortAndLong, help: "tree or json.")
    var output = Format.tree

    @OptionGroup var place: NamespaceOption
    @OptionGroup var cluster: ClusterOptions

    enum Format: String, ExpressibleByArgument, CaseIterable { case tree, json }

    func validate() throws {
        if allNamespaces, name != nil || place.namespace != nil {
            throw ValidationError("--all-namespaces goes with neither a NAME nor --namespace.")
        }
    }

    func run() async throws {
        try await cluster.connected { cluster, namespace in
            let namespace = place.namespace ?? namespace
            let platforms: [KubernetesObject]
            if let name {
                platforms = [try await cluster.platform(NamespacedName(namespace: namespace, name: name))]
            } else {
                platforms = try await cluster.platforms(namespace: allNamespaces ? nil : namespace)
            }
            let now = Console.now
            let reports = platforms.map { StatusReport($0, now: now) }
            switch output {
            case .json: Console.write(JSON.array(reports.map(\.json)).prettyText + "\n")
            case .tree:
                if reports.isEmpty {
                    Console.note("No platforms\(allNamespaces ? "" : " in namespace \(namespace)").")
                }
                Console.write(reports.map { StatusTree($0, style: Console.style).text }.joined(separator: "\n"))
            }
        }
    }
}
