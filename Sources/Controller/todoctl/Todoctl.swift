import ArgumentParser
import TodoPlatformAPI

@main
struct Todoctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "todoctl",
        abstract: "Looks at TodoPlatforms: before they are applied, and on a cluster.",
        discussion: """
            Runs the operator's own code: what it renders and plans is what the operator will do. Never writes to a \
            cluster.

            Exit codes: 0 all is well; 1 an error, or a resource that is not valid; 2 plan has changes, or why found a \
            platform that is not ready; 64 wrong use.
            """,
        version: TodoPlatform.release,
        subcommands: [
            RenderCommand.self, SecretsCommand.self, ValidateCommand.self, PlanCommand.self, StatusCommand.self,
            WhyCommand.self,
            CRDCommand.self, CompletionCommand.self,
        ])
}
