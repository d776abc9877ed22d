import ArgumentParser
import TodoPlatformAPI

struct CRDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crd", abstract: "Writes the CustomResourceDefinition of TodoPlatform; crds/ is made with it.")

    @Flag(help: "Leaves out the CEL rules, which API servers before Kubernetes 1.25 refuse.")
    var withoutValidations = false

    func run() async throws { Console.write(TodoPlatformCRD.yaml(withValidations: !withoutValidations)) }
}
