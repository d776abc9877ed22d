import DaprClient
import NIOCore
import TaskDomain
import WireValues

/// The task API's feed of a user's changes, `GET /api/{user_id}/changes`, read with the user's own token.
struct ChangeFeed: Sendable {
    enum Failure: Error, Hashable {
        /// Worth another try.
        case unavailable(String)
        /// The token is no longer good.
        case unauthorized
        /// It will not work, however often it is tried.
        case refused(status: Int)
    }

    let read: @Sendable (_ userID: String, _ after: Int64?, _ token: String) async throws(Failure) -> FeedPage

    init(
        read: @escaping @Sendable (_ userID: String, _ after: Int64?, _ token: String) async throws(Failure) -> FeedPage
    ) {
        self.read = read
    }

    /// The feed behind the sidecar.
    init(dapr: DaprClient, apiAppID: String, pageSize: Int) {
        self.init { (userID, after, token) throws(Failure) in
            let call = DaprClient.Call(
                "GET", "/api/\(userID.percentEncoded)/changes",
                query: "since=\(after ?? ClientMessage.largestSequence)&limit=\(pageSize)",
                headers: [("Authorization", "Bearer \(token)")], body: [])
            let answer: DaprClient.Answer
            do { answer = try await dapr.invoke(apiAppID, call, timeout: .seconds(10)) } catch {
                throw .unavailable("\(error)")
            }
            return try Self.page(status: answer.status, body: answer.body)
        }
    }

    /// Reads the API's answer.
    static func page(status: Int, body: [UInt8]) throws(Failure) -> FeedPage {
        let json: JSON
        do { json = try JSON(parsing: body) } catch {
            if (400..<500).contains(status) { throw refusal(status) }
            throw .unavailable("status \(status), and no JSON")
        }
        switch status {
        case 200:
            guard let newest = json["user_seq"]?.int, let changes = json["changes"]?.array else {
                throw .unavailable("an answer without user_seq or changes")
            }
            var updates: [SyncUpdate] = []
            for change in changes {
                guard let number = change["user_seq"]?.int else { throw .unavailable("a change without user_seq") }
                updates.append(
                    SyncUpdate(sequence: Int64(number), frame: ServerMessage.event(Self.changedType, change)))
            }
            return FeedPage(
                changes: updates, newest: Int64(newest), hasMore: json["has_more"]?.bool ?? false)
        case 410: return FeedPage(newest: Int64(json["user_seq"]?.int ?? 0), isGone: true)
        default: throw refusal(status)
        }
    }

    /// The type of a numbered change.
    static let changedType = "task.changed"

    private static func refusal(_ status: Int) -> Failure {
        switch status {
        case 401: .unauthorized
        case 400, 403, 404, 405, 422: .refused(status: status)
        default: .unavailable("status \(status)")
        }
    }
}
