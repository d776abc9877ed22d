import DequeModule
import KubernetesModel

/// Which versions of objects were replaced lately: tells that an answer that arrives late is history already.
///
/// Keeps 64-bit hashes of the last `capacity` versions, some 100 bytes each. That covers the time that an answer can take.
struct RecentVersions {
    private let capacity: Int
    private var order: Deque<Int> = []
    private var hashes: Set<Int> = []

    init(capacity: Int) { self.capacity = capacity }

    mutating func insert(_ key: ObjectKey, _ resourceVersion: String) {
        let hash = Self.hash(key, resourceVersion)
        guard hashes.insert(hash).inserted else { return }
        order.append(hash)
        if order.count > capacity, let oldest = order.popFirst() { hashes.remove(oldest) }
    }

    func contains(_ key: ObjectKey, _ resourceVersion: String) -> Bool {
        hashes.contains(Self.hash(key, resourceVersion))
    }

    private static func hash(_ key: ObjectKey, _ resourceVersion: String) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        hasher.combine(resourceVersion)
        return hasher.finalize()
    }
}
