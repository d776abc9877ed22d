import ServiceKit
struct ChatRoutes: Sendable {
    let service: TaskService
    func add(to routes: Routes) {}
}
