/// The bounds of the server that users and the sidecar talk to.
package struct HTTPLimits: Sendable {
    /// Connections beyond this wait in the system's queue.
    package var maximumConnections = 4_096
    /// All header fields of a request together.
    package var maximumHeaderBytes = 16 * 1024
    package var maximumHeaderCount = 100
    package var maximumPathBytes = 4_096
    /// Requests of a connection that wait for their answers; behind them it ends.
    package var maximumPipelined = 32
    /// The longest body that is taken in without asking whether its route has a use for it.
    package var maximumBodyBytes = 65_536
    /// A connection on which no request begins is closed after this long. One whose other side takes nothing of what is
    /// written to it is closed as well, after once to twice this long.
    package var idleTimeout: Duration = .seconds(60)
    /// A body must be there this long after its head, however steadily it trickles.
    package var bodyTimeout: Duration = .seconds(30)
    /// What the other side has, after the last answer, for noticing the connection's end before it is cut.
    package var closingTimeout: Duration = .seconds(3)
    /// When the service ends, connections on which something is under way have this long.
    package var endTimeout: Duration = .seconds(10)
    /// What a delivery of events may have: as much as a sidecar passes on by default, and room for its envelope.
    package var maximumDeliveryBytes = 8 * 1024 * 1024

    package init() {}
}
