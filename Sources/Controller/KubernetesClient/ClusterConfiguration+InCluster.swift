package import KubernetesModel

extension ClusterConfiguration {
    /// Where kubelet mounts a pod's service account.
    package static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Whether this process looks like one of a pod with a service account.
    package static func isInCluster(
        environment: [String: String], folder: String = ClusterConfiguration.serviceAccountFolder
    ) -> Bool {
        guard environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false else { return false }
        // A token that cannot be read is reported by `inCluster`; here only its presence counts.
        return (try? FileContent.readIfPresent(folder + "/token")) != nil
    }

    /// The cluster that this pod runs in, as its service account (Kubernetes documentation, "Accessing the Kubernetes
    /// API from a Pod").
    ///
    /// - Throws: `.configuration` when the process is no pod's, or the pod has no service account mounted.
    package static func inCluster(
        environment: [String: String], folder: String = ClusterConfiguration.serviceAccountFolder
    ) throws(KubernetesError) -> ClusterConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let portText = environment["KUBERNETES_SERVICE_PORT"], !portText.isEmpty
        else {
            throw KubernetesError(
                .configuration,
                "not in a cluster: the variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; run in a pod, or name a kubeconfig file"
            )
        }
        guard let port = UInt16(portText), port > 0,
            let address = ServerAddress("https://" + ServerAddress.authority(host, Int(port)))
        else {
            throw KubernetesError(
                .configuration,
                "KUBERNETES_SERVICE_HOST=\(host) and KUBERNETES_SERVICE_PORT=\(portText) are no host and port; kubelet sets them, so nothing else should"
            )
        }
        let token = folder + "/token"
        guard try FileContent.readIfPresent(token) != nil else {
            throw KubernetesError(
                .configuration,
                "\(token): no such file; give the pod a service account and do not set automountServiceAccountToken to false"
            )
        }
        let namespace = try FileContent.readIfPresent(folder + "/namespace")?.trimmedText
        return ClusterConfiguration(
            server: address, certificateAuthority: .file(folder + "/ca.crt"), credentials: .tokenFile(token),
            namespace: namespace, origin: "the pod's service account")
    }

    /// The configuration that a program without further wishes should use.
    ///
    /// In this order: the file `kubeconfig` if named, the files of the variable `KUBECONFIG`, the pod's service account,
    /// `~/.kube/config`.
    ///
    /// - Parameters:
    ///   - kubeconfig: a file named by the user.
    ///   - context: a context named by the user; nil for the file's current one.
    /// - Throws: `.configuration` with the file, the field and what to do.
    package static func load(
        kubeconfig: String? = nil, context: String? = nil, environment: [String: String],
        serviceAccountFolder: String = ClusterConfiguration.serviceAccountFolder
    ) throws(KubernetesError) -> ClusterConfiguration {
        if let kubeconfig {
            return try Kubeconfig(files: [kubeconfig], allMustExist: true)
                .configuration(context: context, environment: environment)
        }
        let listed = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty {
            return try Kubeconfig(files: listed).configuration(context: context, environment: environment)
        }
        if context == nil, isInCluster(environment: environment, folder: serviceAccountFolder) {
            return try inCluster(environment: environment, folder: serviceAccountFolder)
        }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw KubernetesError(
                .configuration,
                "no cluster to talk to: not in a pod, and neither KUBECONFIG nor HOME is set; set KUBECONFIG to a kubeconfig file"
            )
        }
        return try Kubeconfig(files: [home + "/.kube/config"]).configuration(context: context, environment: environment)
    }
}
