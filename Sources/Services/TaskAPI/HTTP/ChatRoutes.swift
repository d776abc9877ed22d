import ServiceKit
import TaskDomain
import WireValues

/// A sentence in, an act and its answer out.
struct ChatRoutes: Sendable {
    let service: TaskService

    func add(to routes: Routes) {
        routes.user(.post, "/api/{user_id}/chat") { request, identity in
            try request.query.allowOnly()
            let sentence = try Sentence(try await request.json(), hasIgnore: false)
            let settings = try await service.settings(identity.userID)
            let conversation = Conversation(
                service: service, caller: Caller(request, identity), settings: settings,
                zone: sentence.zone ?? settings.zone)
            return .json(try await conversation.answer(sentence.text))
        }
    }
}
