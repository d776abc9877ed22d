import ArgumentParser
import KubernetesModel
import TodoPlatformAPI
import TodoctlCommands

struct RenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Writes all objects of a platform as manifests, without a cluster.",
        discussion: """
            In the order in which the operator makes them; the same text every time. What is missing goes to standard \
            error.
            """)

    @Option(name: .shortAndLong, help: "The file with the TodoPlatform; - for standard input.")
    var filename: String

    @OptionGroup var place: NamespaceOption
    @OptionGroup var cluster: AssumedOptions

    @Option(name: .shortAndLong, help: "yaml or json.")
    var output = OutputFormat.yaml

    func run() async throws {
        let apis = try cluster.assumed.served()
        var objects: [KubernetesObject] = []
        for manifest in try ManifestFile.platforms([filename], namespace: place.namespace) {
            let validation = Validation(manifest.object, apis: apis)
            for problem in validation.problems where !problem.path.isEmpty {
                Console.note("\(manifest.place(of: problem.path)): \(problem.severity.rawValue): \(problem)")
            }
            guard validation.errors.isEmpty else { throw ExitCode.failure }
            let rendering = Rendering(validation.platform, apis: apis)
            for note in rendering.notes { Console.note("\(manifest.place()): \(note)") }
            objects += rendering.objects
        }
        switch output {
        case .yaml: Console.write(Rendering.yaml(objects))
        case .json: Console.write(Rendering.json(objects))
        }
    }
}
