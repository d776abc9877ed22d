/// What did not become true in time.
package struct NotInTime: Error, CustomStringConvertible {
    package let description: String
}

/// Looks at `condition` again and again until it holds: for states that other tasks bring about and nobody announces.
///
/// - Parameter limit: gives up after this long.
/// - Throws: `NotInTime` naming `what`; `CancellationError` when cancelled.
package func expectEventually(
    _ what: String, within limit: Duration = .seconds(30), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try await !condition() {
        guard clock.now < end else { throw NotInTime(description: "not \(what) within \(limit)") }
        try await clock.sleep(for: .milliseconds(5))
    }
}
