import KubernetesClient
import KubernetesModel
import Synchronization

/// When something last showed a sign of life.
final class Heartbeat: Sendable {
    private let now: @Sendable () -> Duration
    private let time: Mutex<Duration>

    init(_ now: @escaping @Sendable () -> Duration) {
        self.now = now
        time = Mutex(now())
    }

    func beat() {
        let present = now()
        time.withLock { $0 = present }
    }

    /// The time since the last sign of life.
    var age: Duration { now() - time.withLock { $0 } }
}

/// Reads one streaming answer piece by piece, and gives up on a connection that has gone silent: a peer that vanished
/// without a word looks just like one that has nothing to say.
struct StreamReader: Sendable {
    enum End {
        /// The answer is complete.
        case closed
        /// `receive` wanted no more.
        case enough
        case silent
        case failed(KubernetesError)
    }

    let client: KubernetesClient
    let surroundings: Surroundings
    let heartbeat: Heartbeat

    /// - Parameters:
    ///   - silenceLimit: how long nothing may come; asked again after every piece.
    ///   - opened: called when the server has accepted the request; nothing of the answer is read before it returns.
    ///   - receive: gets each piece, and returns whether it wants more.
    /// - Returns: why it ended. When the calling task is cancelled, any of them.
    func read(
        _ request: KubernetesRequest, silenceLimit: @escaping @Sendable () -> Duration,
        opened: @escaping @Sendable () async throws(KubernetesError) -> Void = { () throws(KubernetesError) in },
        receive: @escaping @Sendable ([UInt8]) throws(KubernetesError) -> Bool
    ) async -> End {
        heartbeat.beat()
        return await withTaskGroup(of: End.self) { group in
            group.addTask {
                do throws(KubernetesError) {
                    return try await pieces(of: request, opened: opened, receive: receive)
                } catch {
                    return .failed(error)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    let rest = silenceLimit() - heartbeat.age
                    if rest <= .zero { break }
                    await surroundings.pause(rest)
                }
                return .silent
            }
            let end = await group.next() ?? .closed
            group.cancelAll()
            return end
        }
    }

    private func pieces(
        of request: KubernetesRequest, opened: @Sendable () async throws(KubernetesError) -> Void,
        receive: @Sendable ([UInt8]) throws(KubernetesError) -> Bool
    ) async throws(KubernetesError) -> End {
        let stream = try await client.open(request)
        heartbeat.beat()
        try await opened()
        do {
            for try await piece in stream.body {
                heartbeat.beat()
                guard try receive(piece) else { return .enough }
            }
        } catch let error as KubernetesError {
            throw error
        } catch {
            throw KubernetesError(.transport, "\(request.summary): \(error)")
        }
        return .closed
    }
}
