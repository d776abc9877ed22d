import NIOCore
import NIOHTTP1
import Telemetry

extension ServiceChannel {
    /// Connections of the port for probes, Prometheus and people who look into the process.
    static func admin(_ endpoints: AdminEndpoints) -> ServiceChannel {
        ServiceChannel { head, parts, isLocal in
            let (path, _) = ServiceResponder.target(head.uri)
            let answer: AdminEndpoints.Answer
            do {
                if let body = try await body(of: parts) {
                    answer = await endpoints.answer(
                        method: head.method.rawValue, path: path, body: body, isLocal: isLocal)
                } else {
                    answer = AdminEndpoints.problem(
                        413, "The body is longer than \(AdminEndpoints.maximumBodyBytes) bytes.")
                }
            } catch {
                answer = AdminEndpoints.problem(400, "The connection ended within the body.")
            }
            let bytes = ByteBuffer(string: answer.body)
            return ServiceAnswer(
                status: answer.status,
                headers: ["Content-Type": answer.contentType, "Content-Length": String(bytes.readableBytes)],
                body: head.method == .HEAD ? ByteBuffer() : bytes)
        }
    }

    /// Nil when it is too long.
    private static func body(of parts: RequestParts) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while let part = try await parts.body() {
            guard bytes.count + part.readableBytes <= AdminEndpoints.maximumBodyBytes else { return nil }
            bytes += part.readableBytesView
        }
        return bytes
    }
}
