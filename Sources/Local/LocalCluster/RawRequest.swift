import KubernetesModel

/// A request as it came in, from another part of the process or by HTTP.
struct RawRequest: Sendable {
    let method: KubernetesRequest.Method
    /// Percent-encoded.
    let path: String
    let query: [String: String]
    let contentType: String?
    let accept: String
    let body: [UInt8]
}

extension RawRequest {
    init(_ request: KubernetesRequest) {
        self.init(
            method: request.method, path: request.path,
            query: Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            contentType: request.contentType, accept: request.accept, body: request.body)
    }
}
