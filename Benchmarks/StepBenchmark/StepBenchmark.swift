import KubernetesModel
import PlatformPlan
import TestSupport

/// Times the pure reconcile step on one core and prints steps per second as JSON: with everything settled, and with an
/// empty memory (every object is built and compared).
@main
enum StepBenchmark {
    static func main() {
        var world = PlanWorld(spec: ["profile": "standard", "exposure": ["type": "ingress", "host": "todo.example.com"]])
        precondition(world.converge(), "the platform did not come to rest: \(world.platform.json.prettyText)")
        let resource = PlatformResource(world.platform)
        let observation = world.observation
        let step = PlatformStep(platform: resource, observation: observation)

        var memory = world.memory
        let settled = rate(count: 200_000) {
            let plan = step.plan(&memory)
            precondition(plan.actions.isEmpty && step.conclude(plan, results: [], &memory).status == nil)
        }
        let cold = rate(count: 500) {
            var empty = PlanMemory()
            _ = step.plan(&empty)
            precondition(step.plan(&empty).actions.isEmpty)
        }
        let result: JSON = [
            "children": JSON(observation.children.count), "settled": JSON(settled.rounded()), "cold": JSON(cold.rounded()),
        ]
        print(result.text)
    }

    /// Runs `work` `count` times. - Returns: runs per second.
    private static func rate(count: Int, _ work: () -> Void) -> Double {
        work()
        let clock = ContinuousClock()
        let elapsed = clock.measure { for _ in 0..<count { work() } }
        return Double(count) / (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
    }
}
