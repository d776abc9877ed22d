import KubernetesModel

/// How a cache is kept equal to a collection on a server: list, then watch, resume, and list again when history is lost.
///
/// Pure: events come in, effects come out, one request at a time; the shell (`Reflector`) performs them. Of the effects
/// returned together at most one is a request, a wait or the end, and it is the last.
struct WatchState {
    private enum State {
        /// Nothing is asked for yet. → listing, streamingList
        case idle
        /// A page of a list is asked for; what arrives is collected and does not show. → listing (next page), watching,
        /// waiting, ended
        case listing(continueToken: String?)
        /// A watch that first sends all that is there, which is collected and does not show. → watching (at the
        /// bookmark that ends it), waiting, listing (when the server cannot do it), ended
        case streamingList
        /// The cache was complete at `resourceVersion`, and all that was sent since is in it. → watching (resumed),
        /// waiting, listing, streamingList, ended
        case watching(resourceVersion: String)
        /// Waits before it watches on from `resume`, or lists anew if that is nil. → watching, listing, streamingList
        case waiting(resume: String?)
        /// The server does not have the kind. Final.
        case ended
    }

    enum Input {
        case start
        /// A page has come, and its objects are collected.
        case page(resourceVersion: String, continueToken: String?)
        /// The server accepted the watch.
        case opened
        /// ADDED, MODIFIED or DELETED; nil when the version could not be read.
        case object(resourceVersion: String?)
        case bookmark(resourceVersion: String, endsInitialEvents: Bool)
        /// The stream ended in good order.
        case closed
        /// The request was refused or broke, or the server reported an error within the stream.
        case failed(KubernetesError)
        /// Nothing came for `silenceLimit`.
        case silent
        case waited
    }

    enum Effect {
        /// Forget what was collected; a new list begins.
        case beginCollecting
        /// The object belongs to the list in progress. For a DELETED event: take it out.
        case collect
        /// The object goes into the cache.
        case apply
        /// What was collected takes the place of the cache's content.
        case commit
        /// The watch is level with the server.
        case level
        /// The server refuses streaming lists: other watches need not try.
        case streamingListRefused
        /// Something did not work; it is tried again.
        case report(KubernetesError)
        case list(continueToken: String?)
        case watch(resourceVersion: String?, sendInitialEvents: Bool, timeoutSeconds: Int)
        case wait(Duration)
        /// The kind is not served (any more).
        case end
    }

    /// Whether to list by a watch (Kubernetes 1.32 and later). A server that refuses it sets this to false.
    var streamingLists: Bool

    private var state = State.idle
    private var backOff = ReconnectBackOff()
    private var streamingFailures = 0
    /// Refused resumptions in a row, without any event in between.
    private var lostHistory = 0
    private var serverFailures = 0
    private var openedAt: Duration = .zero
    private var heardSinceOpened = false

    init(streamingLists: Bool) { self.streamingLists = streamingLists }

    /// How long the current request may send nothing before it counts as dead. The server sends a bookmark to an idle
    /// watch about once a minute. Initial events follow each other at once.
    var silenceLimit: Duration {
        switch state {
        case .watching: .seconds(90)
        case .streamingList: .seconds(15)
        case .idle, .listing, .waiting, .ended: .seconds(30)
        }
    }

    /// - Parameters:
    ///   - now: time since an arbitrary start.
    ///   - random: in 0..<1.
    mutating func handle(_ input: Input, now: Duration, random: Double) -> [Effect] {
        switch input {
        case .start: return list(random: random)
        case .page(let version, let token): return page(version, token, random: random)
        case .opened:
            openedAt = now
            heardSinceOpened = false
            backOff.opened(now: now)
            return []
        case .object(let version): return object(version)
        case .bookmark(let version, let ends): return bookmark(version, ends)
        case .closed: return closed(now: now, random: random)
        case .failed(let error): return failed(error, now: now, random: random)
        case .silent:
            if case .streamingList = state {
                // A server that does not know the parameters starts an ordinary watch, and never ends the list.
                streamingLists = false
            }
            return retry(
                KubernetesError(.transport, "nothing came for \(silenceLimit.components.seconds) s"), now: now,
                random: random)
        case .waited:
            guard case .waiting(let resume) = state else { return [] }
            guard let resume else { return list(random: random) }
            return watch(from: resume, random: random)
        }
    }

    // MARK: Requests

    private mutating func list(random: Double) -> [Effect] {
        if streamingLists {
            state = .streamingList
            return [.beginCollecting, request(nil, initial: true, random: random)]
        }
        state = .listing(continueToken: nil)
        return [.beginCollecting, .list(continueToken: nil)]
    }

    private mutating func watch(from resourceVersion: String, random: Double) -> [Effect] {
        state = .watching(resourceVersion: resourceVersion)
        return [request(resourceVersion, initial: false, random: random)]
    }

    /// Watches end after five to ten minutes, each at its own time, so that a server that comes back is not met by all.
    private func request(_ resourceVersion: String?, initial: Bool, random: Double) -> Effect {
        .watch(
            resourceVersion: resourceVersion, sendInitialEvents: initial, timeoutSeconds: 300 + Int(random * 300))
    }

    // MARK: What arrives

    private mutating func page(_ version: String, _ token: String?, random: Double) -> [Effect] {
        guard case .listing = state else { return [] }
        if let token, !token.isEmpty {
            state = .listing(continueToken: token)
            return [.list(continueToken: token)]
        }
        return [.commit] + watch(from: version, random: random)
    }

    private mutating func object(_ version: String?) -> [Effect] {
        heardSinceOpened = true
        switch state {
        case .streamingList: return [.collect]
        case .watching:
            progressed(to: version)
            return [.apply]
        case .idle, .listing, .waiting, .ended: return []
        }
    }

    private mutating func bookmark(_ version: String, _ endsInitialEvents: Bool) -> [Effect] {
        heardSinceOpened = true
        switch state {
        case .streamingList where endsInitialEvents:
            state = .watching(resourceVersion: version)
            streamingFailures = 0
            return [.commit]
        case .watching:
            progressed(to: version)
            return [.level]
        case .idle, .listing, .streamingList, .waiting, .ended: return []
        }
    }

    private mutating func progressed(to version: String?) {
        if let version { state = .watching(resourceVersion: version) }
        lostHistory = 0
        serverFailures = 0
    }

    // MARK: What goes wrong

    private mutating func closed(now: Duration, random: Double) -> [Effect] {
        switch state {
        case .watching(let version):
            // The normal end after `timeoutSeconds`. A server that closes at once would make us turn in circles.
            if heardSinceOpened || now - openedAt >= .seconds(1) { return watch(from: version, random: random) }
            return retry(KubernetesError(.transport, "the server closed the watch at once"), now: now, random: random)
        case .streamingList:
            streamingFailed()
            return retry(
                KubernetesError(.transport, "the streaming list ended before it was complete"), now: now,
                random: random)
        case .idle, .listing, .waiting, .ended: return []
        }
    }

    private mutating func failed(_ error: KubernetesError, now: Duration, random: Double) -> [Effect] {
        switch error.code {
        case .notFound:
            state = .ended
            return [.end]
        case .expired:
            lostHistory += 1
            // The first time at once: the cache is out of date until the list is there.
            if lostHistory == 1 { return [.report(error)] + list(random: random) }
            state = .waiting(resume: nil)
            return retry(error, now: now, random: random)
        case .invalid:
            if case .streamingList = state {
                streamingLists = false
                return [.streamingListRefused] + list(random: random)
            }
            state = .waiting(resume: nil)
            return retry(error, now: now, random: random)
        case .forbidden, .configuration:
            return retry(error, now: now, random: random, longest: .seconds(60))
        case .unavailable:
            serverFailures += 1
            // A server that fails on this very version will go on doing so.
            if serverFailures >= 4 {
                serverFailures = 0
                state = .waiting(resume: nil)
            }
            if case .streamingList = state { streamingFailed() }
            return retry(error, now: now, random: random)
        case .transport, .undecodable, .throttled, .unauthorized, .conflict, .alreadyExists:
            if case .streamingList = state, error.code == .transport { streamingFailed() }
            return retry(error, now: now, random: random)
        }
    }

    private mutating func streamingFailed() {
        streamingFailures += 1
        // Once may be the network. An ordinary list is the safer way from the second time on.
        if streamingFailures >= 2 { streamingLists = false }
    }

    private mutating func retry(
        _ error: KubernetesError, now: Duration, random: Double, longest: Duration = ReconnectBackOff.longest
    ) -> [Effect] {
        if case .watching(let version) = state {
            state = .waiting(resume: version)
        } else {
            state = .waiting(resume: nil)
        }
        // A wish for a longer wait would make the watch look dead.
        let wish = error.retryAfter.map { min($0, .seconds(60)) }
        let wait = backOff.failed(now: now, random: random, longest: longest, retryAfter: wish)
        return [.report(error), .wait(wait)]
    }
}
