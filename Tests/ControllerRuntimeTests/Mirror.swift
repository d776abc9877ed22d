import KubernetesModel
import Synchronization
import Testing

@testable import ControllerRuntime

/// Rebuilds the cache's content from its changes alone.
final class Mirror: Sendable {
    private let content = Mutex<[String: String]>([:])

    var versions: [String: String] { content.withLock { $0 } }

    func take(_ change: ObjectStoreChange) {
        content.withLock { content in
            #expect(content[change.key.name] == change.old?.resourceVersion, "a change that starts from elsewhere")
            content[change.key.name] = change.new?.resourceVersion
        }
    }
}
