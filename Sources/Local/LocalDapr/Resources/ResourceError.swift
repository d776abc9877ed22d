/// What is wrong with a resource, an option or the app that it speaks of, and what to do about it.
package struct ResourceError: Error, Hashable, CustomStringConvertible {
    /// Where it stands: `file.yaml: Component todo-pubsub`.
    let place: String
    let problem: String
    package var description: String { "\(place): \(problem)" }

    init(_ place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }
}
