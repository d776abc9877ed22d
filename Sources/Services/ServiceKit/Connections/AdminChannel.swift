import NIOCore
import NIOHTTP1
import Telemetry

extension ServiceChannel {
    /// Connections of the port for probes, Prometheus and people who look into the process.
    static func admin(_ endpoints: AdminEndpoints) -> ServiceChannel {
        var limits = HTTPLimits()
        limits.maximumBodyBytes = AdminEndpoints.maximumBodyBytes
        return ServiceChannel(limits: limits) { request in
            let (path, _) = ServiceResponder.target(request.head.uri)
            let answer: AdminEndpoints.Answer =
                switch request.body {
                case .whole(let body):
                    await endpoints.answer(
                        method: request.head.method.rawValue, path: path, body: Array(body.readableBytesView),
                        isLocal: request.isLocal)
                case .tooLong:
                    AdminEndpoints.problem(413, "The body is longer than \(AdminEndpoints.maximumBodyBytes) bytes.")
                case .tooSlow: AdminEndpoints.problem(408, "The body did not arrive in time.")
                case .broken: AdminEndpoints.problem(400, "The connection ended within the body.")
                }
            let bytes = ByteBuffer(string: answer.body)
            return ServiceAnswer(
                status: answer.status,
                headers: ["Content-Type": answer.contentType, "Content-Length": String(bytes.readableBytes)],
                body: request.head.method == .HEAD ? ByteBuffer() : bytes)
        }
    }
}
