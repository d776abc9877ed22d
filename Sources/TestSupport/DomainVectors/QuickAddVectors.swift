import TaskDomain
package import WireValues

/// Runs vectors of quick-add: a sentence (`input`), the user's wall time (`now`) and perhaps `settings`; expected is
/// the task that it says, without spans.
package enum QuickAddVectors {
    package static func run(_ vector: JSON) throws -> VectorOutcome {
        guard let text = vector["input"]?.string, let now = vector["now"]?.string.flatMap({ WallTime($0) }) else {
            throw VectorFileProblem(description: "a vector needs 'input', a text, and 'now', a wall time")
        }
        let settings = try QuickAddSettings(json: vector["settings"])
        return .result(try QuickAdd.parse(text, now: now, settings: settings).vectorJSON)
    }
}
