package import KubernetesClient
package import KubernetesModel
package import LocalCluster

/// Carries requests straight into a `LocalCluster` of this process.
package struct InProcessTransport: KubernetesTransport {
    private let cluster: LocalCluster

    package init(_ cluster: LocalCluster) { self.cluster = cluster }

    package func send(_ request: KubernetesRequest) async throws -> KubernetesResponse {
        let answer = await cluster.handle(request)
        let headers = answer.headers.map { HeaderField(name: $0.name, value: $0.value) }
        switch answer.body {
        case .whole(let bytes): return KubernetesResponse(status: answer.status, headers: headers, body: bytes)
        case .stream(let stream):
            var bytes: [UInt8] = []
            for try await line in stream { bytes += line }
            return KubernetesResponse(status: answer.status, headers: headers, body: bytes)
        }
    }

    package func open(_ request: KubernetesRequest) async throws -> KubernetesStream {
        let answer = await cluster.handle(request)
        let headers = answer.headers.map { HeaderField(name: $0.name, value: $0.value) }
        switch answer.body {
        case .whole(let bytes):
            return KubernetesStream(status: answer.status, headers: headers, body: Chunks([bytes]))
        case .stream(let stream): return KubernetesStream(status: answer.status, headers: headers, body: stream)
        }
    }
}

/// The given pieces, one after another.
struct Chunks: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    private let chunks: [[UInt8]]

    init(_ chunks: [[UInt8]]) { self.chunks = chunks }

    func makeAsyncIterator() -> Iterator { Iterator(rest: chunks[...]) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        mutating func next() async throws -> [UInt8]? { rest.popFirst() }
    }
}
