import Crypto
import Synchronization
import TaskDomain
import WireValues

/// Tokens that were verified, so that a signature is looked at once and not with every request.
///
/// An answer from here is the one that looking again would give: it holds only between the instants that the token names,
/// and only as long as the keys are those that it was verified with. Strangers cannot fill it, since only what was verified
/// is kept, and no token is: digests stand for them.
final class KnownTokens: Sendable {
    /// In each of the two halves: a few hundred bytes apiece.
    static let halfLimit = 1_024

    struct Entry: Sendable {
        let userID: String
        let actor: Actor
        /// By the token's own claims, leeway included: not before, and not from then on.
        let validity: Range<Timestamp>
        let expiresAt: Timestamp
        /// Of the keys; see `KeySource.generation`.
        let generation: Int
    }

    typealias Digest = SHA256.Digest

    private struct State {
        var young: [Digest: Entry] = [:]
        /// What was young before; what is asked for again becomes young again, the rest is forgotten.
        var old: [Digest: Entry] = [:]
    }

    private let state = Mutex(State())

    static func digest(_ token: String) -> Digest {
        var token = token
        return token.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
    }

    /// - Parameter generation: of the keys now.
    func entry(_ digest: Digest, now: Timestamp, generation: Int) -> Entry? {
        state.withLock { state in
            var entry = state.young[digest]
            let isYoung = entry != nil
            if entry == nil { entry = state.old[digest] }
            guard let entry else { return nil }
            guard entry.validity.contains(now), entry.generation == generation else {
                state.young[digest] = nil
                state.old[digest] = nil
                return nil
            }
            if !isYoung { Self.keep(entry, digest, &state) }
            return entry
        }
    }

    func keep(_ entry: Entry, _ digest: Digest) { state.withLock { Self.keep(entry, digest, &$0) } }

    private static func keep(_ entry: Entry, _ digest: Digest, _ state: inout State) {
        if state.young.count >= halfLimit {
            state.old = state.young
            state.young = [:]
        }
        state.young[digest] = entry
    }
}
