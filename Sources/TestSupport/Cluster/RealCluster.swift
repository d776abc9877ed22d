package import KubernetesClient
import KubernetesModel

/// A real kube-apiserver with etcd, started by `hack/test-cluster` for as long as this process lives.
package struct RealCluster: Sendable {
    package let transport: HTTPTransport
    /// The kubeconfig of a cluster admin.
    package let kubeconfig: String
    private let folder: String

    /// Whether tests against a real API server can run: `TODO_TEST_ASSETS` names a folder with kube-apiserver and etcd.
    package static var isAvailable: Bool { ChildProcess.environment("TODO_TEST_ASSETS") != nil }

    /// Whether the real API server is one of those that we support fully (Kubernetes 1.28 and newer); false when there is
    /// none.
    package static let isCurrent: Bool = {
        guard let folder = ChildProcess.environment("TODO_TEST_ASSETS"),
            let told = try? ChildProcess.runBlocking("\(folder)/kube-apiserver", ["--version"])  // none there
        else { return false }
        // Kubernetes v1.36.2
        let numbers = String(decoding: told.output, as: UTF8.self).split(separator: ".")
        return numbers.count > 1 && Int(numbers[1]) ?? 0 >= 28
    }()

    /// Starts a cluster in a new folder below the system's temporary folder.
    ///
    /// Takes some seconds.
    ///
    /// - Parameter options: of `hack/test-cluster start`.
    /// - Throws: when the script fails; it says why on standard error.
    package static func start(options: [String] = []) async throws -> RealCluster {
        let made = try await ChildProcess.run("mktemp", ["-d", "-t", "todo-cluster.XXXXXX"])
        let folder = String(decoding: made.output, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        guard made.status == 0, !folder.isEmpty else {
            throw ChildProcess.Failure(description: "no temporary folder for the test cluster")
        }
        let script = "\(TestCRDs.repository)/hack/test-cluster"
        // Should this process end without `stop`, somebody else cleans up behind it.
        let watch =
            "while kill -0 \"$1\"; do sleep 1; done; [ -e \"$0\" ] && { \"$2\" stop \"$0\"; rm -r \"$0\"; }"
        _ = try await ChildProcess.run(
            "bash",
            [
                "-c", "setsid bash -c '\(watch)' \"$0\" \"$1\" \"$2\" >/dev/null 2>&1 </dev/null &", folder,
                "\(ChildProcess.processID)", script,
            ])
        let started = try await ChildProcess.run(script, ["start", folder] + options)
        guard started.status == 0 else {
            throw ChildProcess.Failure(description: "hack/test-cluster start ended with status \(started.status)")
        }
        let kubeconfig = "\(folder)/kubeconfig"
        let configuration = try ClusterConfiguration.load(kubeconfig: kubeconfig, environment: [:])
        return RealCluster(transport: HTTPTransport(configuration), kubeconfig: kubeconfig, folder: folder)
    }

    /// Stops the cluster and removes its folder.
    package func stop() async throws {
        await transport.shutdown()
        _ = try await ChildProcess.run("\(TestCRDs.repository)/hack/test-cluster", ["stop", folder])
        _ = try await ChildProcess.run("rm", ["-r", folder])
    }
}
