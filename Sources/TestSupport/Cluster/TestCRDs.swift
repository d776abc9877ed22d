package import KubernetesClient
package import KubernetesModel
import Synchronization

/// The CustomResourceDefinitions of the systems that the platform is made of, from `Tests/Data/crds`.
package enum TestCRDs {
    private static let cache = Mutex<[String: [KubernetesObject]]>([:])

    package static let type = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions", isNamespaced: false)

    /// The repository's folder.
    package static let repository: String = {
        // This file is Sources/TestSupport/Cluster/TestCRDs.swift.
        let parts = #filePath.split(separator: "/").dropLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    /// Reads CRDs; a second call with the same arguments costs nothing.
    ///
    /// - Parameters:
    ///   - paths: files and folders below the repository; by default all systems.
    ///   - kubernetes: leave out what this version's API server does not know, for example `1.20`; nil: nothing.
    ///   - strimziVersion: serve Strimzi's kinds as this, for example `v1beta2`.
    /// - Throws: when `hack/lib/crds.py` cannot read them; it says why on standard error.
    package static func load(
        _ paths: [String] = ["Tests/Data/crds"], kubernetes: String? = nil, strimziVersion: String? = nil
    ) throws -> [KubernetesObject] {
        let options =
            (kubernetes.map { ["--kubernetes", $0] } ?? []) + (strimziVersion.map { ["--strimzi-version", $0] } ?? [])
        let arguments = options + paths.map { "\(repository)/\($0)" }
        let key = arguments.joined(separator: " ")
        if let known = cache.withLock({ $0[key] }) { return known }
        // Through the shell helper that finds a Python with PyYAML.
        let result = try ChildProcess.runBlocking(
            "bash",
            [
                "-c", ". \"$0/hack/lib/steps.sh\"; python_with_yaml \"$0/hack/lib/crds.py\" \"$@\"", repository,
            ] + arguments)
        guard result.status == 0 else {
            throw ChildProcess.Failure(description: "hack/lib/crds.py \(key) ended with status \(result.status)")
        }
        let objects = try result.output.split(separator: 0x0A).map { KubernetesObject(try JSON(parsing: $0)) }
        cache.withLock { $0[key] = objects }
        return objects
    }

    /// Applies CRDs by server-side apply.
    package static func install(_ crds: [KubernetesObject], on transport: any KubernetesTransport) async throws {
        for crd in crds {
            let request = KubernetesRequest.apply(crd, type, fieldManager: "test")
            let response = try await transport.send(request)
            guard response.status < 400 else {
                throw KubernetesError(doing: request.summary, status: response.status, body: response.body)
            }
        }
    }
}
