import Synchronization
package import WireValues

/// The time as the machine has it, or as a test wants it.
package struct TimeSource: Sendable {
    package let now: @Sendable () -> Timestamp
    package let sleep: @Sendable (Duration) async throws -> Void
    /// Time since some fixed instant: what durations are measured with, for the wall clock may be set back.
    package let elapsed: @Sendable () -> Duration

    /// - Parameter elapsed: as `now` tells it, if left out.
    package init(
        now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void,
        elapsed: (@Sendable () -> Duration)? = nil
    ) {
        self.now = now
        self.sleep = sleep
        self.elapsed = elapsed ?? { now().since(Timestamp(seconds: 0)) }
    }
}

/// Which policies hold for a call: retry( breaker( timeout( call ) ) ).
struct CallPolicy: Sendable {
    var timeout: Duration?
    var retry: RetryPolicy?
    var breaker: CircuitBreaker?

    var isEmpty: Bool { timeout == nil && retry == nil && breaker == nil }
}

/// How one attempt of a call ended.
enum Attempt<Value: Sendable>: Sendable {
    case done(Value)
    /// `status`: of the answer, if there was one.
    case failed(Value, status: Int?)
}

extension CallPolicy {
    /// Makes the call until it is done or the policy has enough; the last outcome comes back.
    ///
    /// - Parameters:
    ///   - timedOut: the value of an attempt that took longer than the timeout.
    ///   - refused: the value of an attempt that the open breaker did not let through: no more attempts follow.
    /// - Throws: `CancellationError` only.
    func run<Value: Sendable>(
        _ time: TimeSource, timedOut: @autoclosure () -> Value, refused: @autoclosure () -> Value,
        _ call: @escaping @Sendable () async throws -> Attempt<Value>
    ) async throws -> Attempt<Value> {
        let start = time.elapsed()
        var retries = 0
        while true {
            do throws(CircuitBreaker.Open) {
                try breaker?.enter()
            } catch {
                return .failed(refused(), status: nil)
            }
            let attempt: Attempt<Value>
            do {
                attempt = try await limited(time, call) ?? .failed(timedOut(), status: nil)
            } catch {
                breaker?.leave(succeeded: false)
                throw error
            }
            switch attempt {
            case .done:
                breaker?.leave(succeeded: true)
                return attempt
            case .failed(_, let status):
                breaker?.leave(succeeded: false)
                retries += 1
                guard let retry, retry.isWorthRetrying(status: status),
                    let wait = retry.wait(
                        beforeRetry: retries, elapsed: time.elapsed() - start, random: .random(in: 0..<1))
                else { return attempt }
                try await time.sleep(wait)
            }
        }
    }

    /// Nil when the time was over first.
    private func limited<Value: Sendable>(
        _ time: TimeSource, _ call: @escaping @Sendable () async throws -> Attempt<Value>
    ) async throws -> Attempt<Value>? {
        guard let timeout else { return try await call() }
        return try await withThrowingTaskGroup(of: Attempt<Value>?.self) { group in
            group.addTask { try await call() }
            group.addTask {
                try await time.sleep(timeout)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}

/// The Resiliency policies of one app: looks up what holds for a target, with the reserved names as defaults.
final class Policies: Sendable {
    enum Direction: String {
        case inbound = "Inbound"
        case outbound = "Outbound"
    }

    private let spec: ResiliencySpec
    private let elapsed: @Sendable () -> Duration
    /// One breaker for each component (both directions share it) and each app.
    private let breakers = Mutex<[String: CircuitBreaker]>([:])

    init(_ spec: ResiliencySpec, elapsed: @escaping @Sendable () -> Duration) {
        self.spec = spec
        self.elapsed = elapsed
    }

    func component(_ component: Component, _ direction: Direction) -> CallPolicy {
        let target = direction == .inbound ? spec.inbound[component.name] : spec.outbound[component.name]
        let type =
            switch component.block {
            case "pubsub": "Pubsub"
            case "state": "Statestore"
            case "secretstores": "Secretstore"
            case "bindings": "Binding"
            default: ""
            }
        let prefixes = [
            "Default\(type)Component\(direction.rawValue)", "DefaultComponent\(direction.rawValue)", "DefaultComponent",
            "Default",
        ]
        return policy(target, prefixes, breakerKey: "component \(component.name)")
    }

    /// Whether a policy was asked for by name: then Dapr's built-in retries do not hold.
    func hasTarget(app: String) -> Bool { spec.apps[app] != nil }

    func app(_ app: String) -> CallPolicy {
        policy(spec.apps[app], ["DefaultApp", "Default"], breakerKey: "app \(app)")
    }

    private func policy(_ target: ResiliencySpec.Target?, _ prefixes: [String], breakerKey: String) -> CallPolicy {
        // A name that does not exist is passed over, as in Dapr.
        func find<P>(_ named: String?, _ kind: String, in policies: [String: P]) -> P? {
            if let named, let policy = policies[named] { return policy }
            for prefix in prefixes {
                if let policy = policies["\(prefix)\(kind)Policy"] { return policy }
            }
            return nil
        }
        let breaker = find(target?.breaker, "CircuitBreaker", in: spec.breakers)
        return CallPolicy(
            timeout: find(target?.timeout, "Timeout", in: spec.timeouts),
            retry: find(target?.retry, "Retry", in: spec.retries),
            breaker: breaker.map { policy in
                breakers.withLock { breakers in
                    if let known = breakers[breakerKey] { return known }
                    let made = CircuitBreaker(policy, elapsed: elapsed)
                    breakers[breakerKey] = made
                    return made
                }
            })
    }
}
