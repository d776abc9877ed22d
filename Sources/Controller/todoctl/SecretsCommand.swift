import ArgumentParser
import TodoPlatformAPI
import TodoctlCommands

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets",
        abstract: "Lists the Secrets that a platform needs and nobody else makes, without a cluster.",
        discussion: "One line for each Secret: its name, then its keys. What they are for is told by render.")

    @Option(name: .shortAndLong, help: "The file with the TodoPlatform; - for standard input.")
    var filename: String

    @OptionGroup var place: NamespaceOption

    func run() async throws {
        let apis = try AssumedAPIs().served()
        for manifest in try ManifestFile.platforms([filename], namespace: place.namespace) {
            let validation = Validation(manifest.object, apis: apis)
            if let error = validation.errors.first {
                throw CommandError(
                    "\(manifest.place(of: error.path)): \(error.description)", remedy: "\"todoctl validate\" shows all")
            }
            for line in Rendering(validation.platform, apis: apis).secretLines { Console.write(line + "\n") }
        }
    }
}
