/// One reason why a process is not healthy, or not ready yet.
package struct HealthProblem: Hashable, Sendable {
    /// What was looked at, one word or two: `watch`, `leader-election`, `cache.Deployment`.
    package var check: String
    /// What is wrong with it, or what it waits for, for a person.
    package var message: String

    package init(check: String, message: String) {
        self.check = check
        self.message = message
    }
}
