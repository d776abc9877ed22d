import ArgumentParser
import FoundationEssentials
import KubernetesClient
import KubernetesModel
import PlatformPlan
import TodoctlCommands

/// Which cluster, and where in it.
struct ClusterOptions: ParsableArguments {
    @Option(help: "The kubeconfig file. Default: $KUBECONFIG, the pod's service account, or ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig file.")
    var context: String?

    /// Runs `body` with a connection that is closed afterwards, and the namespace that the kubeconfig names.
    func connected<Result>(_ body: (ClusterReader, _ namespace: String) async throws -> Result) async throws -> Result {
        let configuration: ClusterConfiguration
        do throws(KubernetesError) {
            configuration = try ClusterConfiguration.load(
                kubeconfig: kubeconfig, context: context, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw CommandError(error)
        }
        var options = HTTPTransport.Options()
        options.userAgent = "todoctl"
        let transport = HTTPTransport(configuration, options: options)
        // Somebody waits at a terminal: a few seconds of retries, not a minute.
        let client = KubernetesClient(
            transport: transport,
            retry: RetryPolicy(maximumAttempts: 4, maximumAttemptsAfterFailure: 2, maximumTotal: .seconds(10)))
        do {
            let result = try await body(ClusterReader(client: client), configuration.namespace ?? "default")
            await transport.shutdown()
            return result
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}

struct NamespaceOption: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long],
        help: "The namespace. Default: that of the file or of the kubeconfig, else default.")
    var namespace: String?
}

/// The cluster that is imagined where none is asked.
struct AssumedOptions: ParsableArguments {
    @Option(help: "The version of Kubernetes to write for, for example 1.28. Default: the newest.")
    var kubernetesVersion: String?

    @Option(
        name: .customLong("api"),
        help: ArgumentHelp(
            "The version of an API group to write, for example kafka.strimzi.io/v1beta2 or autoscaling/v2beta2. May be repeated.",
            valueName: "group/version"))
    var apis: [String] = []

    @Option(
        help: ArgumentHelp(
            "Systems that are not installed, with commas: dapr, strimzi, keda, cert-manager, prometheus, gateway-api.",
            valueName: "systems"))
    var without: String?

    var assumed: AssumedAPIs {
        get throws {
            var assumed = AssumedAPIs()
            assumed.kubernetesVersion = kubernetesVersion
            assumed.apis = apis
            assumed.without = try (without ?? "").split(separator: ",").map { word in
                guard let system = MissingSystem.System.allCases.first(where: { $0.word == word }) else {
                    let words = MissingSystem.System.allCases.map(\.word).joined(separator: ", ")
                    throw ValidationError("--without \(word): no such system; use \(words)")
                }
                return system
            }
            return assumed
        }
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case yaml, json
}
