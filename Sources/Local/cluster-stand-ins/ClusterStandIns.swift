import ArgumentParser
import KubernetesClient
import TestSupport

/// Plays, on an API server that has none of them, the controllers whose answers a platform waits for: Deployments and
/// Jobs (without pods: no node is there), Strimzi, cert-manager and a Gateway. For trying the operator out and for
/// tests; a real cluster has the real ones.
@main
struct ClusterStandIns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-stand-ins",
        abstract: "Stands in for the controllers that a bare API server lacks. Never run it against a real cluster.")

    @Option(help: "The kubeconfig file of the API server.")
    var kubeconfig: String

    @Option(help: "Milliseconds until a stand-in answers.")
    var latency = 0

    func run() async throws {
        let transport = HTTPTransport(try ClusterConfiguration.load(kubeconfig: kubeconfig, environment: [:]))
        var options = ClusterActors.Options()
        options.latency = .milliseconds(latency)
        options.log = { line in print(line) }
        await ClusterActors.run(transport: transport, options: options)
        await transport.shutdown()
    }
}
