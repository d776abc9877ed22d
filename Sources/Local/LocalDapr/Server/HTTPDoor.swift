import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// An HTTP server on the loopback address that hands whole requests to a closure.
struct HTTPDoor: Sendable {
    let host: String
    /// 0: a free one.
    let port: Int
    let logger: Logger
    let onListening: @Sendable (_ port: Int) async -> Void
    let answer: @Sendable (APIRequest) async -> APIResponse

    /// Bytes that a body may have (`dapr.io/max-body-size`).
    static let maximumBodyBytes = 4 << 20
    /// Bytes that all headers may have together (`dapr.io/read-buffer-size`).
    static let maximumHeaderBytes = 4 << 10

    /// Serves until cancelled. Throws when the address cannot be had.
    func run() async throws {
        let onListening = onListening
        // What the server says of itself at its start and end is no news.
        var logger = logger
        logger.logLevel = .critical
        let application = Application(
            responder: DoorResponder(answer: answer),
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: .init(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }
}

private struct DoorContext: InitializableFromSource {
    init(source: ApplicationRequestContextSource) {}
}

private struct DoorResponder: HTTPResponder {
    let answer: @Sendable (APIRequest) async -> APIResponse

    func respond(to request: Request, context: DoorContext) async throws -> Response {
        var headerBytes = request.uri.string.utf8.count
        var headers: [(name: String, value: String)] = []
        if let authority = request.head.authority { headers.append(("host", authority)) }
        for field in request.headers {
            headers.append((field.name.rawName, field.value))
            headerBytes += field.name.rawName.utf8.count + field.value.utf8.count + 4
        }
        guard headerBytes <= HTTPDoor.maximumHeaderBytes else {
            return Response(status: .init(code: 431), headers: [:])
        }
        let apiRequest = APIRequest(
            method: request.method.rawValue, target: request.uri.string, headers: headers,
            body: await Self.body(of: request),
            isChunked: request.headers[.transferEncoding]?.lowercased().contains("chunked") ?? false)
        return Self.response(await answer(apiRequest))
    }

    /// Nil when it is too long or ends too early. What is too long is read to its end all the same, so that the caller gets an answer.
    private static func body(of request: Request) async -> [UInt8]? {
        var bytes: [UInt8] = []
        var isTooLong = false
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length <= HTTPDoor.maximumBodyBytes {
            bytes.reserveCapacity(length)
        }
        do {
            for try await part in request.body {
                if isTooLong { continue }
                bytes += part.readableBytesView
                if bytes.count > HTTPDoor.maximumBodyBytes {
                    isTooLong = true
                    bytes = []
                }
            }
        } catch {
            return nil
        }
        return isTooLong ? nil : bytes
    }

    private static func response(_ answer: APIResponse) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        let body: ResponseBody = answer.body.isEmpty ? .init() : .init(byteBuffer: ByteBuffer(bytes: answer.body))
        return Response(status: .init(code: answer.status), headers: headers, body: body)
    }
}
