/// The bounds of the server that users and the sidecar talk to.
package struct HTTPLimits: Sendable {
    /// Connections beyond this wait in the system's queue.
    package var maximumConnections = 4_096
    /// All header fields of a request together.
    package var maximumHeaderBytes = 16 * 1024
    package var maximumHeaderCount = 100
    package var maximumPathBytes = 4_096
    /// A connection on which nothing happens is closed after this long, also in the middle of a request.
    package var idleTimeout: Duration = .seconds(60)
    /// A body must be there after this long, however steadily it trickles.
    package var bodyTimeout: Duration = .seconds(30)
    /// What a delivery of events may have: as much as a sidecar passes on by default, and room for its envelope.
    package var maximumDeliveryBytes = 8 * 1024 * 1024

    package init() {}
}
