import KubernetesModel
import TodoPlatformAPI

extension PlatformStep {
    /// Decides which image runs: the one that the spec asks for, unless its rollout failed and an earlier one is known
    /// to be good. What failed and what is good stands in the status, so the decision survives a restart; a new image
    /// in the spec is a new try.
    func decideRollout() -> Rollout {
        let recorded = platform.object.status?["version"]
        var rollout = Rollout()
        rollout.target = platform.target
        rollout.current = RolloutVersion(recorded, "current")
        rollout.previous = RolloutVersion(recorded, "previous")
        rollout.failed = RolloutVersion(recorded, "failed").flatMap { $0.image == rollout.target.image ? $0 : nil }
        rollout.effective = rollout.target
        guard platform.rollsBack, let good = rollout.current, good.image != rollout.target.image else { return rollout }
        if rollout.failed == nil, deadlineExceeded(running: rollout.target.image) { rollout.failed = rollout.target }
        if rollout.failed != nil { rollout.effective = good }
        return rollout
    }

    /// Whether a Deployment gave up rolling out `image`.
    private func deadlineExceeded(running image: String) -> Bool {
        observation.children.values.contains { child in
            guard child.key.kind.kind == "Deployment" else { return false }
            let object = child.decoded()
            guard object.condition("Progressing")?.reason == "ProgressDeadlineExceeded",
                object.status?["observedGeneration"]?.int == object.generation
            else { return false }
            let containers = object.spec?["template"]?["spec"]?["containers"]?.array ?? []
            return containers.contains { $0["image"]?.string == image }
        }
    }
}
