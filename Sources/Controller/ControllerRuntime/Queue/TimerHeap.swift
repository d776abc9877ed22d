/// Keys with an instant each, the earliest first. A binary heap; entries that were replaced or cancelled are skipped when
/// they come up.
struct TimerHeap<Key: Hashable & Sendable>: Sendable {
    private struct Entry {
        let time: Duration
        let key: Key
        let serial: UInt64
    }

    private var heap: [Entry] = []
    private var current: [Key: (time: Duration, serial: UInt64)] = [:]
    private var serial: UInt64 = 0

    var count: Int { current.count }

    /// The instant of `key`, if it has one.
    func time(of key: Key) -> Duration? { current[key]?.time }

    /// The earliest instant of all.
    var earliest: Duration? {
        mutating get {
            dropStale()
            return heap.first?.time
        }
    }

    /// Sets the instant of `key`, in place of any other.
    mutating func set(_ key: Key, _ time: Duration) {
        serial += 1
        current[key] = (time, serial)
        heap.append(Entry(time: time, key: key, serial: serial))
        siftUp(from: heap.count - 1)
        // Replaced entries must not pile up in front of a far instant.
        if heap.count > 2 * current.count + 64 { rebuild() }
    }

    mutating func cancel(_ key: Key) { current[key] = nil }

    /// Takes out a key whose instant is not after `now`, the earliest first.
    mutating func popDue(_ now: Duration) -> Key? {
        dropStale()
        guard let first = heap.first, first.time <= now else { return nil }
        removeFirst()
        current[first.key] = nil
        return first.key
    }

    private mutating func dropStale() {
        while let first = heap.first, current[first.key]?.serial != first.serial { removeFirst() }
    }

    private mutating func rebuild() {
        let valid = heap.filter { current[$0.key]?.serial == $0.serial }
        heap = []
        for entry in valid {
            heap.append(entry)
            siftUp(from: heap.count - 1)
        }
    }

    private func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        (left.time, left.serial) < (right.time, right.serial)
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard isBefore(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if isBefore(heap[child], heap[smallest]) { smallest = child }
            }
            if smallest == index { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
