/// Which lanes a relay may read now. Pure: what the tables say in, a decision out.
///
/// Lanes keep two relays from doing the same work; they do not keep the order. The order holds without them: every relay
/// publishes a key's rows from the first that is not known to be published, in order, so that whatever two relays do at
/// the same time, the first arrival of each event is in order, and later ones are duplicates that consumers know.
struct LanePlan: Equatable {
    struct Lease: Equatable {
        let lane: Int
        let relay: String
        let until: Int64
    }

    /// How long a relay has a lane for itself, and counts as alive, after it last spoke.
    static let term: Duration = .seconds(5)

    /// The lanes whose rows this relay may publish, once it has taken them or renewed its hold.
    let lanes: [Int]
    /// Lanes that it holds and another one is to have.
    let surplus: [Int]

    /// - Parameters:
    ///   - relays: every relay and when it was last seen, `me` included; microseconds by the database's clock, as all.
    init(me: String, now: Int64, relays: [(name: String, seen: Int64)], leases: [Lease]) {
        let term = Int64(Self.term / .microseconds(1))
        // A time in the future comes from a clock that was set back since: it says nothing.
        let alive = relays.filter { $0.name == me || (now - term...now).contains($0.seen) }.map(\.name).sorted()
        let mine = alive.firstIndex(of: me) ?? 0
        let count = max(alive.count, 1)
        let held = Dictionary(leases.map { ($0.lane, $0) }) { first, _ in first }
        var lanes: [Int] = []
        var surplus: [Int] = []
        for lane in 0..<Outbox.lanes {
            let lease = held[lane]
            let holds = lease?.relay == me
            let isValid = lease.map { $0.until > now && $0.until <= now + term } ?? false
            guard lane % count == mine else {
                if holds, isValid { surplus.append(lane) }
                continue
            }
            if isValid, !holds { continue }
            lanes.append(lane)
        }
        self.lanes = lanes
        self.surplus = surplus
    }
}
