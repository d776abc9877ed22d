import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP server of a process for probes, Prometheus and people who look into it. No TLS and no login: it shows
/// numbers and reasons, no data; changing the log level is for callers on the same machine.
package struct AdminServer: Service {
    private let host: String
    private let port: Int
    private let endpoints: AdminEndpoints
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - host: Address to listen on; `0.0.0.0` for probes and Prometheus, `127.0.0.1` for people on the machine.
    ///   - port: 0 takes a free one.
    ///   - onListening: Told once, with the real port, when connections are taken.
    package init(
        host: String, port: Int, endpoints: AdminEndpoints, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.endpoints = endpoints
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation. Throws when the address cannot be had.
    package func run() async throws {
        let onListening = onListening
        let application = Application(
            responder: AdminResponder(endpoints: endpoints),
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: .init(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(64, logger: logger)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }
}

/// Where a request came from.
private struct AdminContext: InitializableFromSource {
    let isLocal: Bool

    init(source: ApplicationRequestContextSource) {
        let address = source.channel.remoteAddress?.ipAddress ?? ""
        isLocal = address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}

private struct AdminResponder: HTTPResponder {
    let endpoints: AdminEndpoints

    func respond(to request: Request, context: AdminContext) async throws -> Response {
        let answer: AdminEndpoints.Answer
        if let body = try await Self.body(of: request) {
            answer = await endpoints.answer(
                method: request.method.rawValue, path: request.uri.path, body: body, isLocal: context.isLocal)
        } else {
            answer = AdminEndpoints.problem(413, "The body is longer than \(AdminEndpoints.maximumBodyBytes) bytes.")
        }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: answer.contentType],
            body: .init(byteBuffer: ByteBuffer(string: answer.body)))
    }

    /// Nil when it is too long.
    private static func body(of request: Request) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= AdminEndpoints.maximumBodyBytes else { return nil }
            bytes += part.readableBytesView
        }
        return bytes
    }
}
