import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import WireValues

/// `bindings.http`
struct HTTPBinding: OutputBinding {
    private let settings: BindingSettings
    private let client: HTTPClient

    init(_ settings: BindingSettings, client: HTTPClient) {
        self.settings = settings
        self.client = client
    }

    let operations: Set<String> = ["create", "get", "head", "post", "put", "patch", "delete", "options", "trace"]

    func invoke(_ call: BindingCall) async throws -> BindingAnswer {
        let values = try await settings.values()
        guard let base = values["url"], !base.isEmpty else {
            throw BindingError(description: "metadata url is missing")
        }
        var request = HTTPClientRequest(url: base + (call.metadata["path"] ?? ""))
        let method = call.operation == "create" ? "POST" : call.operation.uppercased()
        request.method = HTTPMethod(rawValue: method)
        let json = "application/json; charset=utf-8"
        for (name, value) in call.metadata.sorted(by: { $0.key < $1.key }) where name.first?.isUppercase == true {
            request.headers.add(name: name, value: value)
        }
        if request.headers["Content-Type"].isEmpty { request.headers.add(name: "Content-Type", value: json) }
        if request.headers["Accept"].isEmpty { request.headers.add(name: "Accept", value: json) }
        if let token = values["securitytoken"], let header = values["securitytokenheader"] {
            request.headers.replaceOrAdd(name: header, value: token)
        }
        if let data = call.data, ["POST", "PUT", "PATCH", "DELETE"].contains(method) {
            // A JSON string is sent as its text, everything else as JSON.
            request.body = .bytes(ByteBuffer(bytes: data.string.map { Array($0.utf8) } ?? data.bytes))
        }
        let limit = values["responsetimeout"].flatMap { GoDuration.parseOrMilliseconds($0) } ?? .seconds(60)
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await client.execute(request, timeout: .microseconds(limit.wholeMicroseconds))
            body = try await response.body.collect(upTo: 100 << 20)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw BindingError(description: "\(method) \(base): \(error)")
        }
        var answer = BindingAnswer(body: Array(body.readableBytesView))
        answer.metadata = [
            ("statusCode", String(response.status.code)),
            ("status", "\(response.status.code) \(response.status.reasonPhrase)"),
        ]
        for header in response.headers { answer.metadata.append((header.name, header.value)) }
        let mustSucceed = (call.metadata["errorIfNot2XX"] ?? values["errorifnot2xx"] ?? "true").lowercased() != "false"
        guard !mustSucceed || (200..<300).contains(Int(response.status.code)) else {
            throw BindingError(description: "received status code \(response.status.code)", answer: answer)
        }
        return answer
    }
}
