import ArgumentParser

struct CompletionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Writes a script that completes todoctl's commands in a shell.",
        discussion: """
            bash: todoctl completion bash > /etc/bash_completion.d/todoctl
            zsh:  todoctl completion zsh > "${fpath[1]}/_todoctl"
            fish: todoctl completion fish > ~/.config/fish/completions/todoctl.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() async throws {
        let shell: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Console.write(Todoctl.completionScript(for: shell))
    }
}
