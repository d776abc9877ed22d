import DaprClient
import WireValues

/// Asks notifications what became of reminders that fired. It is kept there and nowhere else; looked at only when somebody
/// wants to see it.
struct DeliveryLook: Sendable {
    /// Nobody waits longer for what may not be had.
    static let timeout = Duration.seconds(2)

    let dapr: DaprClient
    /// The app id of notifications; nil: nothing to ask.
    let app: String?

    /// - Parameter events: ids of reminders' events.
    /// - Returns: of those that are settled, `delivered` (by one channel at least), `failed` or `cancelled`. Empty when
    ///   nobody can say.
    func outcomes(of events: [String], user: String) async -> [String: String] {
        guard let app, !events.isEmpty else { return [:] }
        let path = "/internal/users/\(user.percentEncoded)/notifications/outcomes"
        let query = events.map { "event=\($0)" }.joined(separator: "&")
        // Without an answer nobody can say.
        guard
            let answer = try? await dapr.hurried(timeout: Self.timeout).invoke(app, .init("GET", path, query: query)),
            answer.status == 200, let outcomes = try? JSON(parsing: answer.body)["outcomes"]?.object
        else { return [:] }
        return Dictionary(uniqueKeysWithValues: outcomes.map { ($0, $1.string ?? "") })
    }
}
