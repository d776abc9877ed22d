import FoundationEssentials
import Logging

/// What the admin server answers, without the server: a value from a request, for any transport.
package struct AdminEndpoints: Sendable {
    /// Which paths a server offers; probes and metrics often have a port of their own.
    package struct Paths: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// `/metrics`
        package static let metrics = Paths(rawValue: 1)
        /// `/healthz` and `/readyz`
        package static let probes = Paths(rawValue: 2)
        /// `/loglevel`, for callers on the same machine only
        package static let logLevel = Paths(rawValue: 4)
        package static let all: Paths = [.metrics, .probes, .logLevel]
    }

    /// An answer; the body is text or JSON as `contentType` says.
    package struct Answer: Hashable, Sendable {
        package var status: Int
        package var contentType: String
        package var body: String
    }

    /// The longest body that a request may have.
    package static let maximumBodyBytes = 4_096
    /// The longest time for which a temporary log level can be set.
    package static let longestLogLevel = Duration.seconds(24 * 3_600)

    private let paths: Paths
    private let registry: MetricRegistry
    private let levels: LogLevels
    private let health: @Sendable () async -> [HealthProblem]
    private let readiness: @Sendable () async -> [HealthProblem]

    /// - Parameters:
    ///   - health: What is wrong so that only a restart helps; empty when nothing is.
    ///   - readiness: What the process still waits for; empty when it is ready.
    package init(
        paths: Paths = .all, registry: MetricRegistry, levels: LogLevels,
        health: @escaping @Sendable () async -> [HealthProblem] = { [] },
        readiness: @escaping @Sendable () async -> [HealthProblem] = { [] }
    ) {
        self.paths = paths
        self.registry = registry
        self.levels = levels
        self.health = health
        self.readiness = readiness
    }

    /// - Parameter isLocal: Whether the caller is on this machine (loopback address).
    package func answer(method: String, path: String, body: [UInt8] = [], isLocal: Bool = false) async -> Answer {
        switch (path, method) {
        case ("/metrics", "GET") where paths.contains(.metrics):
            Answer(
                status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: registry.exposition())
        case ("/healthz", "GET") where paths.contains(.probes): Self.report(await health(), saying: "unhealthy")
        case ("/readyz", "GET") where paths.contains(.probes): Self.report(await readiness(), saying: "waiting")
        case ("/loglevel", "GET") where paths.contains(.logLevel), ("/loglevel", "PUT") where paths.contains(.logLevel):
            if isLocal {
                method == "PUT" ? setLogLevel(body) : logLevel()
            } else {
                Self.problem(403, "The log level is for callers on the same machine; use kubectl port-forward.")
            }
        default: Self.problem(404, "There is nothing here.")
        }
    }

    private static func report(_ problems: [HealthProblem], saying status: String) -> Answer {
        struct Report: Encodable {
            struct Problem: Encodable {
                let check: String
                let message: String
            }
            let problems: [Problem]
            let status: String
        }
        guard !problems.isEmpty else { return Answer(status: 200, contentType: "text/plain", body: "ok\n") }
        let sorted = problems.sorted { ($0.check, $0.message) < ($1.check, $1.message) }
        return json(
            503, Report(problems: sorted.map { .init(check: $0.check, message: $0.message) }, status: status))
    }

    private func logLevel() -> Answer {
        struct Body: Encodable {
            let level: String
            let remainingSeconds: Int64?
            let standing: String
        }
        let now = levels.snapshot
        return Self.json(
            200,
            Body(
                level: now.level.rawValue, remainingSeconds: now.remaining?.components.seconds,
                standing: now.standing.rawValue))
    }

    private func setLogLevel(_ body: [UInt8]) -> Answer {
        let form = #"send {"level":"debug"}, or {"level":"debug","for":"10m"} to have it end by itself"#
        let members: [String: String]
        do {
            members = try JSONDecoder().decode([String: String].self, from: Data(body))
        } catch {
            return Self.problem(400, "The body is no JSON object of strings: \(form).")
        }
        if let unknown = members.keys.filter({ !["level", "for"].contains($0) }).min() {
            return Self.problem(400, "Unknown field \"\(unknown)\": \(form).")
        }
        guard let level = members["level"].flatMap(Logger.Level.init(rawValue:)) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            return Self.problem(400, "\"level\" must be one of \(known): \(form).")
        }
        if let text = members["for"] {
            guard let duration = Self.duration(text), duration > .zero, duration <= Self.longestLogLevel else {
                return Self.problem(400, "\"for\" must be a time such as 90s, 10m or 1h30m, at most 24h.")
            }
            levels.set(level, for: duration)
        } else {
            levels.set(level)
        }
        return logLevel()
    }

    /// `90s`, `10m`, `1h30m`: each unit at most once, the larger first. Nil for anything else.
    static func duration(_ text: String) -> Duration? {
        var rest = text[...]
        var seconds = 0
        for (unit, factor) in [("h", 3_600), ("m", 60), ("s", 1)] {
            guard let end = rest.firstIndex(where: { !$0.isASCII || !$0.isNumber }), String(rest[end]) == unit else {
                continue
            }
            // Six digits are enough for any time that is allowed, and cannot overflow.
            guard end > rest.startIndex, rest.distance(from: rest.startIndex, to: end) <= 6,
                let count = Int(rest[..<end])
            else { return nil }
            seconds += count * factor
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty && !text.isEmpty ? .seconds(seconds) : nil
    }

    /// RFC 9457.
    package static func problem(_ status: Int, _ detail: String) -> Answer {
        struct Problem: Encodable {
            let detail: String
            let status: Int
        }
        return json(status, Problem(detail: detail, status: status), contentType: "application/problem+json")
    }

    private static func json(
        _ status: Int, _ value: some Encodable, contentType: String = "application/json"
    ) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let body = String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
            return Answer(status: status, contentType: contentType, body: body)
        } catch {
            // Strings and whole numbers always encode.
            preconditionFailure("\(value) is no JSON: \(error)")
        }
    }
}
