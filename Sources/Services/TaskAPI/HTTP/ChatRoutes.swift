import ServiceKit
import TaskDomain
import WireValues

/// A sentence in, an act and its answer out.
struct ChatRoutes: Sendable {
    let service: TaskService

    func add(to routes: Routes) {
        routes.user(.post, "/api/{user_id}/chat") { request, identity in
            try request.query.allowOnly()
            let key = try TaskRoutes.idempotencyKey(request)
            let body = try request.json()
            let sentence = try Sentence(body, hasIgnore: false)
            let settings = try await service.settings(identity.userID)
            let conversation = Conversation(
                service: service, caller: Caller(request, identity), settings: settings,
                zone: sentence.zone ?? settings.zone, request: key.map { .init(key: $0, action: "chat", body: body) })
            return .json(try await conversation.answer(sentence.text))
        }
    }
}
