import KubernetesModel
import TestSupport
import Testing

@testable import ControllerRuntime

// The macro cannot look into calls that change their receiver.
private func expectNew(_ isNew: Bool, _ location: SourceLocation = #_sourceLocation) {
    #expect(isNew, sourceLocation: location)
}
private func expectKnown(_ isNew: Bool, _ location: SourceLocation = #_sourceLocation) {
    #expect(!isNew, sourceLocation: location)
}
private func expectKeys(
    _ starts: [WorkQueue<String>.Start], _ keys: [String], _ location: SourceLocation = #_sourceLocation
) {
    #expect(starts.map(\.key) == keys, sourceLocation: location)
}
private func expectEqual<Value: Equatable>(
    _ left: Value, _ right: Value, _ location: SourceLocation = #_sourceLocation
) {
    #expect(left == right, sourceLocation: location)
}

@Suite struct QueueTests {
    @Test func `keys run in order, each once at a time, again when asked for meanwhile`() {
        var queue = WorkQueue<String>(maximumRunning: 2)
        expectNew(queue.add("a", now: .seconds(0)))
        expectKnown(queue.add("a", now: .seconds(1)))  // waits already
        expectNew(queue.add("b", now: .seconds(1)))
        expectNew(queue.add("c", now: .seconds(1)))
        let starts = queue.startable(now: .seconds(3))
        #expect(starts.map(\.key) == ["a", "b"])
        #expect(starts.map(\.waited) == [.seconds(3), .seconds(2)])
        expectNew(queue.add("a", now: .seconds(4)))
        expectKnown(queue.add("a", now: .seconds(5)))
        queue.finish("a")
        // c was asked for before a was asked for again.
        expectKeys(queue.startable(now: .seconds(6)), ["c"])
        queue.finish("b")
        let again = queue.startable(now: .seconds(9))
        #expect(again.map(\.key) == ["a"])
        #expect(again.map(\.waited) == [.seconds(5)])
    }

    @Test func `a key that is always asked for again does not hold up the others`() {
        var queue = WorkQueue<Int>(maximumRunning: 1)
        for key in 0..<10 { _ = queue.add(key, now: .zero) }
        var order: [Int] = []
        while order.count < 20, let start = queue.startable(now: .zero).first {
            order.append(start.key)
            _ = queue.add(0, now: .zero)
            queue.finish(start.key)
        }
        #expect(Array(order.prefix(10)) == Array(0..<10))
    }

    @Test func `a later time is kept until a run, and the earliest one counts`() {
        var queue = WorkQueue<String>(maximumRunning: 1)
        queue.add("a", at: .seconds(10))
        queue.add("a", at: .seconds(20))
        expectEqual(queue.nextTime, .seconds(10))
        queue.add("a", at: .seconds(5))
        expectEqual(queue.nextTime, .seconds(5))
        expectEqual(queue.advance(to: .seconds(4)), 0)
        expectEqual(queue.advance(to: .seconds(5)), 1)
        expectKeys(queue.startable(now: .seconds(5)), ["a"])
        expectEqual(queue.nextTime, nil)
        queue.add("a", at: .seconds(30))
        queue.finish("a")
        // A change comes earlier: its run decides anew, and the time is void.
        _ = queue.add("a", now: .seconds(6))
        expectKeys(queue.startable(now: .seconds(6)), ["a"])
        queue.finish("a")
        expectEqual(queue.nextTime, nil)
    }

    @Test func `paused collects, closed takes nothing in`() {
        var queue = WorkQueue<String>(maximumRunning: 1, isPaused: true)
        _ = queue.add("a", now: .zero)
        expectKeys(queue.startable(now: .zero), [])
        queue.resume()
        expectKeys(queue.startable(now: .zero), ["a"])
        _ = queue.add("a", now: .zero)
        _ = queue.add("b", now: .zero)
        queue.add("c", at: .seconds(1))
        queue.close()
        expectKnown(queue.add("d", now: .zero))
        expectEqual(queue.nextTime, nil)
        queue.finish("a")
        expectKeys(queue.startable(now: .seconds(2)), [])
        #expect(queue.depth == 0 && queue.runningCount == 0)
    }

    @Test(arguments: Seeds.some(200))
    func `never two runs of one key, and nothing that was asked for is lost`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let maximum = 1 + random.below(4)
        var queue = WorkQueue<Int>(maximumRunning: maximum)
        var now: Duration = .zero
        var running: Set<Int> = []
        /// Keys that must run (again) since their last start.
        var owed: Set<Int> = []
        var times: [Int: Duration] = [:]

        func start() {
            for start in queue.startable(now: now) {
                #expect(running.insert(start.key).inserted, "two runs of \(start.key)")
                #expect(running.count <= maximum)
                #expect(owed.remove(start.key) != nil, "\(start.key) runs, and nobody asked")
                times[start.key] = nil
            }
        }
        func advance() {
            _ = queue.advance(to: now)
            for (key, time) in times where time <= now {
                owed.insert(key)
                times[key] = nil
            }
        }
        for _ in 0..<400 {
            let key = random.below(8)
            switch random.below(7) {
            case 0, 1, 2:
                _ = queue.add(key, now: now)
                owed.insert(key)
            case 3:
                let time = now + .milliseconds(random.below(100))
                queue.add(key, at: time)
                times[key] = min(times[key] ?? time, time)
            case 4:
                if let key = running.randomElement(using: &random) {
                    running.remove(key)
                    queue.finish(key)
                }
            case 5:
                now += .milliseconds(random.below(30))
                advance()
            default: if random.chance(0.2) { queue.isPaused ? queue.resume() : queue.pause() }
            }
            start()
        }
        queue.resume()
        now += .seconds(10)
        advance()
        start()
        while let key = running.first {
            running.remove(key)
            queue.finish(key)
            start()
        }
        #expect(owed.isEmpty, "lost: \(owed)")
        #expect(queue.depth == 0 && queue.runningCount == 0 && queue.laterCount == 0)
    }

    @Test(arguments: Seeds.some(100))
    func `timers come out in order, each key once`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var heap = TimerHeap<Int>()
        var model: [Int: Duration] = [:]
        for _ in 0..<500 {
            let key = random.below(40)
            switch random.below(4) {
            case 0, 1:
                let time = Duration.milliseconds(random.below(1_000))
                heap.set(key, time)
                model[key] = time
            case 2:
                heap.cancel(key)
                model[key] = nil
            default:
                let limit = Duration.milliseconds(random.below(1_000))
                let earliest = model.values.min()
                expectEqual(heap.earliest, earliest)
                if let found = heap.popDue(limit) {
                    #expect(model[found] == earliest)
                    #expect(model.removeValue(forKey: found).map { $0 <= limit } == true)
                } else {
                    #expect(model.values.allSatisfy { $0 > limit })
                }
            }
            #expect(heap.count == model.count)
        }
    }

    @Test(arguments: RetryClass.allCases)
    func `waits grow within their bounds and come back down with another kind of failure`(retryClass: RetryClass) {
        var random = SeededGenerator(seed: 1)
        var backOff = RetryBackOff(retryClass)
        var longest = Duration.zero
        for count in 0..<200 {
            let wait = backOff.next(retryClass, random: random.unit())
            #expect(retryClass.bounds.contains(wait))
            if count == 0 { #expect(wait <= retryClass.bounds.lowerBound * 1.5) }
            longest = max(longest, wait)
        }
        #expect(longest == retryClass.bounds.upperBound)
        for other in RetryClass.allCases where other != retryClass {
            let wait = backOff.next(other, random: 0.9)
            #expect(wait <= other.bounds.lowerBound * 1.5)
        }
    }

    @Test func `the server's wish is respected, and not by all at the same moment`() {
        var backOff = RetryBackOff(.throttled)
        let waits = [0.0, 0.5, 0.99].map { backOff.next(.throttled, random: $0, retryAfter: .seconds(100)) }
        #expect(waits.allSatisfy { $0 >= .seconds(100) && $0 <= .seconds(120) })
        #expect(Set(waits).count == 3)
    }

    @Test(arguments: [
        (KubernetesError.Code.conflict, RetryClass.conflict), (.throttled, .throttled), (.transport, .unavailable),
        (.unavailable, .unavailable), (.forbidden, .refused), (.invalid, .refused), (.notFound, .other),
    ])
    func `what failed decides how long to wait`(code: KubernetesError.Code, expected: RetryClass) {
        #expect(RetryClass(KubernetesError(code, "")) == expected)
    }

    @Test func `reconnecting backs off and starts over after two healthy minutes`() {
        var backOff = ReconnectBackOff()
        var now: Duration = .zero
        var waits: [Duration] = []
        for _ in 0..<8 { waits.append(backOff.failed(now: now, random: 1)) }
        #expect(waits.first == .milliseconds(800))
        #expect(waits[1] == .milliseconds(1_600))
        #expect(waits.last == .seconds(30))
        backOff.opened(now: now)
        now += .seconds(119)
        expectEqual(backOff.failed(now: now, random: 1), .seconds(30))
        backOff.opened(now: now)
        now += .seconds(120)
        expectEqual(backOff.failed(now: now, random: 1), .milliseconds(800))
        let asked = backOff.failed(now: now, random: 0.25, retryAfter: .seconds(7))
        #expect(asked >= .seconds(7))
    }
}
