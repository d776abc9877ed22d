import KubernetesModel
import PlatformPlan

extension PlatformPreview {
    /// The same changes as the API server itself would carry them out, defaults and webhooks included (dry run).
    ///
    /// - Returns: the preview, without changes that have no effect, and what the server refuses.
    package func checked(by cluster: ClusterReader) async -> (preview: PlatformPreview, refusals: [String]) {
        var checked = self
        checked.changes = []
        var refusals: [String] = []
        for var change in changes {
            guard let object = change.object, change.kind != .replace else {
                checked.changes.append(change)
                continue
            }
            do throws(KubernetesError) {
                let result = try await cluster.dryRun(object, change.type, force: change.kind != .create)
                if let live = change.live {
                    change.fields = FieldChange.all(from: live, to: result).filter { !$0.isBookkeeping }
                    if change.fields.isEmpty, change.handedOverReplicas == nil { continue }
                }
                checked.changes.append(change)
            } catch {
                refusals.append(Redaction.scrubbed(error.message).printable)
                checked.changes.append(change)
            }
        }
        return (checked, refusals)
    }
}
