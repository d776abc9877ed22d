import WireValues

/// When and how often a failed call is made again.
struct RetryPolicy: Sendable, Hashable {
    enum Pace: Sendable, Hashable {
        case constant(Duration)
        /// From 500 ms, times 1.5 each time, ±50 %, up to this; given up after 15 minutes in all.
        case exponential(maximum: Duration)
    }

    var pace: Pace = .constant(.seconds(5))
    /// Nil: for ever.
    var maxRetries: Int?
    /// Statuses worth another try; nil: all.
    var statuses: [ClosedRange<Int>]?

    func isWorthRetrying(status: Int?) -> Bool {
        guard let statuses, let status else { return true }
        return statuses.contains { $0.contains(status) }
    }

    /// The wait before retry `number` (1 for the first), or nil when no more are due.
    ///
    /// - Parameters:
    ///   - elapsed: since the first attempt began.
    ///   - random: 0 ..< 1.
    func wait(beforeRetry number: Int, elapsed: Duration, random: Double) -> Duration? {
        if let maxRetries, number > maxRetries { return nil }
        switch pace {
        case .constant(let duration): return duration
        case .exponential(let maximum):
            guard elapsed < .seconds(900) else { return nil }
            var seconds = 0.5
            for _ in 1..<max(1, min(number, 64)) { seconds = min(seconds * 1.5, maximum.seconds) }
            return .nanoseconds(Int64(min(seconds, maximum.seconds) * (0.5 + random) * 1e9))
        }
    }
}

/// What keeps calls away from something that fails.
struct BreakerPolicy: Sendable {
    /// How many calls may try in the half-open state.
    var maxRequests = 1
    /// How long the breaker stays open.
    var timeout = Duration.seconds(60)
    /// After this the counts start anew while closed; zero: never.
    var interval = Duration.zero
    var trip: CELExpression?
    let name: String
}

/// A Resiliency resource: named policies, and what they are for.
struct ResiliencySpec: Sendable {
    struct Target: Sendable {
        var timeout: String?
        var retry: String?
        var breaker: String?
    }

    var timeouts: [String: Duration] = [:]
    var retries: [String: RetryPolicy] = [:]
    var breakers: [String: BreakerPolicy] = [:]
    var apps: [String: Target] = [:]
    var inbound: [String: Target] = [:]
    var outbound: [String: Target] = [:]

    init() {}

    init(_ document: ResourceDocument) throws {
        let place = document.place
        let policies = document.spec["policies"]
        for (name, value) in policies?["timeouts"]?.object ?? JSONObject() {
            guard let text = value.scalarText, let duration = GoDuration.parseOrMilliseconds(text) else {
                throw ResourceError(place, "policies.timeouts.\(name): \(value.text) is no duration (such as 5s)")
            }
            timeouts[name] = duration
        }
        for (name, value) in policies?["retries"]?.object ?? JSONObject() {
            retries[name] = try Self.retry(value, at: "\(place) policies.retries.\(name)")
        }
        for (name, value) in policies?["circuitBreakers"]?.object ?? JSONObject() {
            breakers[name] = try Self.breaker(value, name: name, at: "\(place) policies.circuitBreakers.\(name)")
        }
        let targets = document.spec["targets"]
        for (name, value) in targets?["apps"]?.object ?? JSONObject() { apps[name] = Self.target(value) }
        for (name, value) in targets?["components"]?.object ?? JSONObject() {
            if let side = value["inbound"] { inbound[name] = Self.target(side) }
            if let side = value["outbound"] { outbound[name] = Self.target(side) }
        }
    }

    /// Adds `other`; of equal names the later one counts.
    mutating func merge(_ other: ResiliencySpec) {
        timeouts.merge(other.timeouts) { $1 }
        retries.merge(other.retries) { $1 }
        breakers.merge(other.breakers) { $1 }
        apps.merge(other.apps) { $1 }
        inbound.merge(other.inbound) { $1 }
        outbound.merge(other.outbound) { $1 }
    }

    private static func target(_ json: JSON) -> Target {
        Target(timeout: json["timeout"]?.string, retry: json["retry"]?.string, breaker: json["circuitBreaker"]?.string)
    }

    private static func duration(_ json: JSON?, _ fallback: Duration, at place: String) throws -> Duration {
        guard let json, let text = json.scalarText, !text.isEmpty else { return fallback }
        guard let duration = GoDuration.parseOrMilliseconds(text) else {
            throw ResourceError(place, "\(text) is no duration (such as 5s)")
        }
        return duration
    }

    private static func retry(_ json: JSON, at place: String) throws -> RetryPolicy {
        var policy = RetryPolicy()
        switch json["policy"]?.string ?? "constant" {
        case "constant": policy.pace = .constant(try duration(json["duration"], .seconds(5), at: place))
        case "exponential":
            policy.pace = .exponential(maximum: try duration(json["maxInterval"], .seconds(60), at: place))
        case let other: throw ResourceError(place, "policy \"\(other)\" is unknown: use constant or exponential")
        }
        if let retries = json["maxRetries"]?.scalarText.flatMap(Int.init), retries >= 0 { policy.maxRetries = retries }
        if let text = json[path: ["matching", "httpStatusCodes"]]?.scalarText, !text.isEmpty {
            policy.statuses = try text.split(separator: ",").map { part in
                let ends = part.filter { $0 != " " }.split(separator: "-").compactMap { Int($0) }
                guard let low = ends.first, let high = ends.last, ends.count <= 2, low <= high else {
                    throw ResourceError(
                        place, "matching.httpStatusCodes: \"\(part)\" is no status and no range such as 500-599")
                }
                return low...high
            }
        }
        return policy
    }

    private static func breaker(_ json: JSON, name: String, at place: String) throws -> BreakerPolicy {
        var policy = BreakerPolicy(name: name)
        policy.maxRequests = json["maxRequests"]?.int.flatMap { $0 > 0 ? $0 : nil } ?? 1
        policy.timeout = try duration(json["timeout"], .seconds(60), at: place)
        policy.interval = try duration(json["interval"], .zero, at: place)
        let trip = json["trip"]?.string ?? "consecutiveFailures > 5"
        do throws(CELError) {
            policy.trip = try CELExpression(
                trip,
                variables: [
                    "requests", "totalSuccesses", "totalFailures", "consecutiveSuccesses", "consecutiveFailures",
                ])
        } catch {
            throw ResourceError(place, "trip \"\(trip)\" does not compile: \(error)")
        }
        return policy
    }
}
