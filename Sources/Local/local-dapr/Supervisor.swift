import FoundationEssentials
import LocalDapr
import Logging
import ServiceLifecycle
import Subprocess
import SystemPackage

/// Runs one app, passes its lines on, and starts it again when it dies.
struct Supervisor: Service {
    let app: RunTemplate.App
    let name: String
    let logger: Logger

    /// The wait before a new start: doubled each time up to the longest, back to the shortest after a minute of life.
    static let shortestWait = Duration.milliseconds(500)
    static let longestWait = Duration.seconds(30)
    /// How long an app may take to end before it is killed.
    static let patience = Duration.seconds(15)

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await keepRunning() }
        } catch is CancellationError {}
    }

    private func keepRunning() async throws {
        var wait = Self.shortestWait
        while true {
            let start = ContinuousClock.now
            do {
                let status = try await runOnce()
                try Task.checkCancellation()
                Console.line("local-dapr", "\(name) ended: \(status)")
            } catch let error as SubprocessError {
                try Task.checkCancellation()
                Console.line("local-dapr", "\(name) could not be run: \(error)")
            }
            if ContinuousClock.now - start > .seconds(60) { wait = Self.shortestWait }
            Console.line("local-dapr", "\(name) is started again in \(wait)")
            try await Task.sleep(for: wait)
            wait = min(wait * 2, Self.longestWait)
        }
    }

    private func runOnce() async throws -> TerminationStatus {
        var variables: [Environment.Key: String?] = [
            "APP_ID": app.id, "APP_PROTOCOL": "http", "DAPR_HTTP_PORT": String(app.daprPort),
            "DAPR_HTTP_ENDPOINT": "http://127.0.0.1:\(app.daprPort)",
        ]
        if let port = app.appPort { variables["APP_PORT"] = String(port) }
        for (key, value) in app.environment {
            if let key = Environment.Key(rawValue: key) { variables[key] = value }
        }
        var platform = PlatformOptions()
        // A group of its own: Ctrl-C reaches this program alone, which ends the apps in order.
        platform.processGroupID = 0
        platform.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: Self.patience)]
        let command = app.command[0]
        let executable: Executable =
            command.contains("/")
            ? .path(FilePath(command.hasPrefix("/") ? command : app.directory + "/" + command)) : .name(command)
        let configuration = Configuration(
            executable: executable, arguments: Arguments(Array(app.command.dropFirst())),
            environment: .inherit.updating(variables), workingDirectory: FilePath(app.directory),
            platformOptions: platform)
        let name = name
        return try await Subprocess.run(configuration, input: .none, output: .sequence, error: .combinedWithOutput) {
            execution in
            Console.line("local-dapr", "\(name) started, process \(execution.processIdentifier)")
            for try await line in execution.standardOutput.strings() { Console.line(name, line) }
        }.terminationStatus
    }
}
