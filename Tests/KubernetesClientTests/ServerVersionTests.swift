import KubernetesModel
import Testing

@testable import KubernetesClient

@Suite struct ServerVersionTests {
    @Test(arguments: [
        (#"{"major":"1","minor":"20","gitVersion":"v1.20.2"}"#, ServerVersion(1, 20)),
        (#"{"major":"1","minor":"27+","gitVersion":"v1.27.3-gke.100"}"#, ServerVersion(1, 27)),
        (#"{"major":"","minor":"","gitVersion":"v0.0.0-master"}"#, nil),
        (#"{"gitVersion":"v1.30.0"}"#, nil),
    ]) func `a version is read from what the server says, and vendors' signs behind it are no part of it`(
        text: String, expected: ServerVersion?
    ) throws {
        #expect(ServerVersion(try JSON(parsing: text)) == expected)
    }

    @Test func `versions are compared as numbers`() {
        #expect(ServerVersion(1, 9) < ServerVersion(1, 32))
        #expect(!ServerVersion(1, 22).appliesServicesConditionally && ServerVersion(1, 23).appliesServicesConditionally)
        #expect(!ServerVersion(1, 31).streamsLists && ServerVersion(2, 0).streamsLists)
    }

    @Test(arguments: [403, 404]) func `a server that keeps its version to itself is no error`(status: Int) async throws
    {
        let transport = ScriptedTransport([.answer(status, "{}")])
        #expect(try await KubernetesClient(transport: transport, retry: .never).serverVersion() == nil)
        #expect(transport.log == ["GET /version"])
    }
}
