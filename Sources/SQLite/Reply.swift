import Synchronization

/// An answer that one thread gives and one task waits for, in either order. Only the first answer counts.
package final class Reply<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Value, any Error>)
        case answered(Result<Value, any Error>)
        /// The answer was taken.
        case spent
    }

    private let state = Mutex(State.empty)

    package init() {}

    package func answer(_ result: Result<Value, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .empty:
                state = .answered(result)
                return nil
            case .awaited(let continuation):
                state = .spent
                return continuation
            case .answered, .spent: return nil
            }
        }
        continuation?.resume(with: result)
    }

    /// The answer, once it is there. One task may ask, once.
    package var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Value, any Error>? in
                    switch state {
                    case .empty:
                        state = .awaited(continuation)
                        return nil
                    case .answered(let result):
                        state = .spent
                        return result
                    case .awaited, .spent: preconditionFailure("a reply is for one reader, once")
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }
}
