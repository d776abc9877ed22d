package import WireValues

/// An answer: everything of it is there before anything is sent.
package struct ServiceResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(
        _ value: JSON, status: Int = 200, headers: [(name: String, value: String)] = []
    ) -> ServiceResponse {
        .bytes(value.bytes, contentType: "application/json", status: status, headers: headers)
    }

    package static func bytes(
        _ body: [UInt8], contentType: String, status: Int = 200, headers: [(name: String, value: String)] = []
    ) -> ServiceResponse {
        ServiceResponse(status: status, headers: [("Content-Type", contentType)] + headers, body: body)
    }

    package static let noContent = ServiceResponse(status: 204)

    func has(_ name: String) -> Bool {
        let name = name.lowercased()
        return headers.contains { $0.name.lowercased() == name }
    }
}
