import AsyncHTTPClient
import NIOCore
import NIOPosix
import WireValues

/// What the sidecar, or the way to it, refused. Its texts name the operation and never hold a token or a secret.
package struct DaprError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// No connection: nothing was sent.
        case unreachable
        /// No answer in time: the call may have had its effect.
        case timedOut
        /// The connection ended before the answer was complete: the call may have had its effect.
        case broken
        /// The sidecar answered, with `status` and `errorCode`.
        case answered
        /// The answer is not what the API promises.
        case undecodable
        case cancelled
    }

    package let kind: Kind
    /// What was asked for, such as `publish to task-events`.
    package let operation: String
    /// The HTTP status; nil when there was no answer.
    package let status: Int?
    /// `ERR_PUBSUB_NOT_FOUND`, `DAPR_SCHEDULER_GET_JOB`, …; empty when the answer names none.
    package let errorCode: String
    package let message: String

    package init(_ kind: Kind, operation: String, status: Int? = nil, errorCode: String = "", message: String) {
        self.kind = kind
        self.operation = operation
        self.status = status
        self.errorCode = errorCode
        self.message = message
    }

    package var description: String {
        let answer = [status.map(String.init), errorCode.isEmpty ? nil : errorCode].compactMap(\.self)
        return "\(operation): " + (answer.isEmpty ? "" : answer.joined(separator: " ") + ": ") + message
    }

    /// Whether the same call may succeed later without anybody changing the configuration.
    package var isTransient: Bool {
        switch kind {
        case .unreachable, .timedOut, .broken: true
        case .undecodable, .cancelled: false
        case .answered:
            // An event that is no CloudEvent is 500 and stays so.
            errorCode != "ERR_PUBSUB_CLOUD_EVENTS_SER" && (status.map { $0 >= 500 || $0 == 429 || $0 == 408 } ?? false)
        }
    }

    /// Whether somebody else changed the state first: 409, or an ETag mismatch within a transaction, which is 500.
    package var isConflict: Bool {
        status == 409 || (errorCode == "ERR_STATE_TRANSACTION" && message.contains("etag mismatch"))
    }

    /// Whether what was asked for does not exist. A job that does not exist is 500.
    package var isNotFound: Bool {
        status == 404 || (errorCode == "DAPR_SCHEDULER_GET_JOB" && message.contains("NotFound"))
    }

    /// No route of the sidecar matched: an API that this version does not have, or that its configuration denies.
    var isUnknownRoute: Bool { status == 404 && errorCode == "ERR_DIRECT_INVOKE" }
}

extension DaprError {
    /// Reads an error answer: JSON with `errorCode` and `message`, or plain text.
    init(operation: String, status: Int, body: [UInt8]) {
        // A body that is no JSON is shown as text instead.
        let members = try? JSON(parsing: body)
        let text = members?["message"]?.string ?? String(decoding: body.prefix(300), as: UTF8.self)
        let remedy = status == 401 && members == nil ? " (is DAPR_API_TOKEN the sidecar's token?)" : ""
        self.init(
            .answered, operation: operation, status: status, errorCode: members?["errorCode"]?.string ?? "",
            message: (text.isEmpty ? "no reason given" : text) + remedy)
    }

    /// Names what went wrong on the way.
    init(operation: String, transport error: any Error, address: String) {
        let kind: Kind
        var reason = "\(error)"
        switch error {
        case is NIOConnectionError, ChannelError.connectTimeout, is SocketAddressError:
            kind = .unreachable
            reason = "nobody listens at \(address)"
        case let error as IOError where error.errnoCode == Self.connectionRefused:
            kind = .unreachable
            reason = "nobody listens at \(address)"
        case let error as HTTPClientError where [.connectTimeout, .getConnectionFromPoolTimeout].contains(error):
            kind = .unreachable
            reason = "no connection to \(address)"
        case let error as HTTPClientError where [.deadlineExceeded, .readTimeout, .writeTimeout].contains(error):
            kind = .timedOut
            reason = "no answer in time"
        case let error as HTTPClientError where error == .cancelled:
            kind = .cancelled
            reason = "cancelled"
        case is CancellationError:
            kind = .cancelled
            reason = "cancelled"
        case is NIOTooManyBytesError:
            kind = .undecodable
            reason = "the answer is too long"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            kind = .broken
            reason = "the sidecar closed the connection"
        default: kind = .broken
        }
        self.init(kind, operation: operation, message: reason)
    }
}
