import ServiceKit
import WireValues

/// The API's description of itself.
struct OpenAPIRoutes: Sendable {
    private let bytes: [UInt8]

    /// - Parameter host: where the API is reached from outside; nil: wherever the description was read.
    init(host: String?) { bytes = APIDocument(host: host).json.bytes }

    func add(to routes: Routes) {
        let bytes = bytes
        routes.open(.get, "/openapi.json") { request in
            try request.query.allowOnly()
            return .bytes(bytes, contentType: "application/json", headers: [("Cache-Control", "max-age=300")])
        }
    }
}
