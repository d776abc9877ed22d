package import KubernetesModel
import Synchronization

/// Every request that went through a transport, in the order in which they were started.
package final class RequestLog: Sendable {
    package struct Entry: Sendable, CustomStringConvertible {
        package let request: KubernetesRequest
        /// The HTTP status; nil while there is no answer, and when none came.
        package fileprivate(set) var status: Int?

        package var verb: KubernetesRequest.Verb { request.verb }
        package var kind: String { request.target?.type.kind ?? "" }
        package var namespace: String { request.target?.namespace ?? "" }
        package var name: String { request.target?.name ?? "" }
        package var subresource: String? { request.target?.subresource }
        /// The size of the request's body.
        package var bytes: Int { request.body.count }
        package var description: String { "\(request.summary) → \(status.map(String.init) ?? "no answer")" }
    }

    private let state = Mutex([Entry]())

    package init() {}

    package var entries: [Entry] { state.withLock { $0 } }
    package var writes: [Entry] { entries(.writes) }

    package func entries(_ match: RequestMatch) -> [Entry] { entries.filter { match.matches($0.request) } }

    package func count(_ match: RequestMatch = .any) -> Int { entries(match).count }

    package func reset() { state.withLock { $0 = [] } }

    /// Returns the place for `answered`.
    func started(_ request: KubernetesRequest) -> Int {
        state.withLock { entries in
            entries.append(Entry(request: request))
            return entries.count - 1
        }
    }

    func answered(_ place: Int, status: Int, request: KubernetesRequest) {
        state.withLock { entries in
            // After a reset the place may belong to another request.
            guard entries.indices.contains(place), entries[place].request == request else { return }
            entries[place].status = status
        }
    }
}
