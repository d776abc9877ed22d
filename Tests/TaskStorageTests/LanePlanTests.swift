import Testing

@testable import TaskStorage

@Suite struct `The plan of lanes` {
    private static let now: Int64 = 1_000_000_000
    private static let second: Int64 = 1_000_000

    private func plan(_ me: String, _ relays: [(String, Int64)], _ leases: [LanePlan.Lease] = []) -> LanePlan {
        LanePlan(
            me: me, now: Self.now, relays: relays.map { (name: $0.0, seen: Self.now + $0.1 * Self.second) },
            leases: leases)
    }

    @Test func `gives a relay that is alone all lanes`() {
        #expect(plan("a", [("a", 0)]).lanes == Array(0..<16))
    }

    @Test func `divides the lanes among the living`() {
        let relays: [(String, Int64)] = [("a", 0), ("b", -4), ("c", 0), ("dead", -6)]
        let lanes = ["a", "b", "c"].map { plan($0, relays).lanes }
        #expect(Set(lanes.joined()) == Set(0..<16))
        #expect(lanes.map(\.count).reduce(0, +) == 16)
        #expect(lanes.allSatisfy { (5...6).contains($0.count) })
    }

    @Test func `does not trust a time in the future: the clock was set back`() {
        #expect(plan("a", [("a", 0), ("b", 3_600)]).lanes.count == 16)
        let lease = LanePlan.Lease(lane: 3, relay: "b", until: Self.now + 3_600 * Self.second)
        #expect(plan("a", [("a", 0)], [lease]).lanes.contains(3))
    }

    @Test func `leaves a lane alone that another one holds, and takes it when the hold lapses`() {
        let held = LanePlan.Lease(lane: 3, relay: "b", until: Self.now + Self.second)
        #expect(!plan("a", [("a", 0)], [held]).lanes.contains(3))
        let lapsed = LanePlan.Lease(lane: 3, relay: "b", until: Self.now)
        #expect(plan("a", [("a", 0)], [lapsed]).lanes.contains(3))
    }

    @Test func `gives back what another one is to have`() {
        let leases = (0..<16).map { LanePlan.Lease(lane: $0, relay: "a", until: Self.now + 4 * Self.second) }
        let plan = plan("a", [("a", 0), ("b", 0)], leases)
        #expect(plan.surplus == [1, 3, 5, 7, 9, 11, 13, 15])
        #expect(plan.lanes == [0, 2, 4, 6, 8, 10, 12, 14])
    }
}
