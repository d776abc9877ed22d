package import KubernetesModel

/// What `todoctl plan` found, with its exit code.
package struct PlanOutcome: Sendable {
    package let preview: PlatformPreview
    /// What the API server refuses; empty without a dry run.
    package let refusals: [String]

    /// 0 nothing changes, 1 the API server refuses something, 2 something changes.
    package var exitCode: Int32 { refusals.isEmpty ? (preview.changes.isEmpty ? 0 : 2) : 1 }

    /// - Parameters:
    ///   - file: what is going to be applied; nil: the platform as it is on the cluster.
    ///   - server: whether the API server checks each write (dry run).
    package static func make(
        _ platform: NamespacedName, file: KubernetesObject?, server: Bool, from cluster: ClusterReader, now: Timestamp
    ) async throws(CommandError) -> PlanOutcome {
        let snapshot = try await PlanSnapshot.read(platform, file: file, from: cluster, now: now)
        let preview = PlatformPreview(snapshot)
        guard server else { return PlanOutcome(preview: preview, refusals: []) }
        var (checked, refusals) = await preview.checked(by: cluster)
        if let file, let refusal = await cluster.refusal(of: file) {
            refusals.insert(Redaction.scrubbed(refusal).printable, at: 0)
        }
        return PlanOutcome(preview: checked, refusals: refusals)
    }
}
