import ArgumentParser
import TodoctlCommands

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Finds everything that is wrong with platforms in files, without a cluster.",
        discussion: """
            One line for each problem: file, line, field, what is wrong, what to do. Other kinds in the files are passed \
            over. Exit code 1 when there is an error.
            """)

    @Flag(help: "Counts warnings as errors: kubectl refuses unknown fields, which are warnings here.")
    var strict = false

    @Option(name: .shortAndLong, parsing: .upToNextOption, help: "Files with TodoPlatforms; - for standard input.")
    var filename: [String]

    @OptionGroup var place: NamespaceOption
    @OptionGroup var cluster: AssumedOptions

    func run() async throws {
        let report = ValidationReport(
            try ManifestFile.platforms(filename, namespace: place.namespace), apis: try cluster.assumed.served(),
            isStrict: strict, style: Console.style)
        Console.write(report.lines.map { $0 + "\n" }.joined())
        if report.hasErrors { throw ExitCode.failure }
    }
}
