import KubernetesModel
import Synchronization
import Testing

@testable import KubernetesClient

@Suite(.timeLimit(.minutes(1))) struct HTTPTransportSecurityTests {
    // MARK: Certificates

    @Test(arguments: [TestServer.Encryption.http1, .http2])
    func `the server must show a certificate of the given authority`(encryption: TestServer.Encryption) async throws {
        let server = try await TestServer(encryption) { _ in .answer(200, "{}") }
        try await withTransport(server, cluster(server, isSecure: true)) { transport in
            let answer = try await transport.send(get)
            #expect(answer.status == 200)
        }
        let other = try await TestServer(encryption) { _ in .answer(200, "{}") }
        let configuration = cluster(other, isSecure: true) {
            $0.certificateAuthority = .data(Array(TestCertificates.authorityB.utf8))
        }
        try await withTransport(other, configuration) { transport in
            let error = await failure(transport)
            #expect(error?.code == .transport)
            #expect(
                error?.message.contains("does the certificate authority of the test match") == true,
                "\(error?.message ?? "")")
        }
    }

    @Test func `tls-server-name is the name that counts`() async throws {
        for (name, isAccepted) in [("cluster.test", true), ("other.test", false), (nil, false)] {
            let server = try await TestServer(.http2, certificate: TestCertificates.namedServer) { _ in
                .answer(200, "{}")
            }
            let configuration = cluster(server, isSecure: true) { $0.serverName = name }
            try await withTransport(server, configuration) { transport in
                let error = await failure(transport)
                #expect((error == nil) == isAccepted, "\(error?.message ?? "")")
                if isAccepted { #expect(server.requests.first?.headers["host"] == "127.0.0.1:\(server.port)") }
            }
        }
    }

    @Test func `insecure-skip-tls-verify takes any certificate`() async throws {
        let server = try await TestServer(
            .http1, certificate: TestCertificates.serverB, key: TestCertificates.serverBKey
        ) { _ in .answer(200, "{}") }
        let configuration = cluster(server, isSecure: true) {
            $0.certificateAuthority = nil
            $0.skipsVerification = true
        }
        try await withTransport(server, configuration) { transport in
            let answer = try await transport.send(get)
            #expect(answer.status == 200)
        }
    }

    @Test func `a client certificate is shown to a server that asks`() async throws {
        for shows in [true, false] {
            let server = try await TestServer(.http2, clientAuthority: TestCertificates.authorityA) { _ in
                .answer(200, "{}")
            }
            let configuration = cluster(server, isSecure: true) {
                guard shows else { return }
                $0.clientCertificate = .init(
                    chain: .data(Array(TestCertificates.client.utf8)),
                    key: .data(Array(TestCertificates.clientKey.utf8)))
            }
            try await withTransport(server, configuration) { transport in
                #expect((await failure(transport) == nil) == shows)
            }
        }
    }

    @Test func `certificates that are none are named, without their content`() async throws {
        let server = try await TestServer { _ in .answer(200, "{}") }
        let configuration = cluster(server, isSecure: true) {
            $0.clientCertificate = .init(
                chain: .data(Array(TestCertificates.client.utf8)), key: .data(Array("secret".utf8)))
        }
        try await withTransport(server, configuration) { transport in
            let error = await failure(transport)
            #expect(error?.code == .configuration)
            #expect(error?.message == "the test: the client key is no private key in PEM without a passphrase")
        }
    }

    @Test func `a replaced authority is seen without a restart`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("ca.crt", TestCertificates.authorityA)
        let first = try await TestServer(.http2) { _ in .answer(200, "1") }
        let second = Mutex<TestServer?>(nil)
        let configuration = cluster(first, isSecure: true) { $0.certificateAuthority = .file(file) }
        try await withTransport(first, configuration) {
            transport in
            #expect(try await transport.send(get).body == Array("1".utf8))
            // The cluster gets a new authority: first its servers, then the file in our pod.
            let port = first.port
            try await first.stop()
            let server = try await TestServer(
                .http2, certificate: TestCertificates.serverB, key: TestCertificates.serverBKey, port: port
            ) { _ in .answer(200, "2") }
            second.withLock { $0 = server }
            #expect(await failure(transport)?.code == .transport)
            try folder.write("ca.crt", TestCertificates.authorityB)
            #expect(try await transport.send(get).body == Array("2".utf8))
        }
        try await second.withLock { $0 }?.stop()
    }

    // MARK: Credentials

    @Test func `a token file is read anew after a minute`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("token", "t-1\n")
        let server = try await TestServer { _ in .answer(200, "{}") }
        let clock = ManualClock()
        let configuration = cluster(server) { $0.credentials = .tokenFile(file) }
        try await withTransport(server, configuration, clock: clock) { transport in
            _ = try await transport.send(get)
            try folder.write("token", "t-2\n")
            clock.advance(by: .seconds(59))
            // The request's own timeout sleeps on the same clock, so it must not be under way while time moves.
            _ = try await transport.send(get)
            clock.advance(by: .seconds(1))
            _ = try await transport.send(get)
            #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer t-1", "Bearer t-1", "Bearer t-2"])
        }
    }

    @Test func `a refused token is read anew at once, and tried once`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("token", "t-1")
        let server = try await TestServer {
            $0.headers["authorization"] == "Bearer t-2" ? .answer(200, "{}") : .answer(401, "{}")
        }
        let configuration = cluster(server) { $0.credentials = .tokenFile(file) }
        try await withTransport(server, configuration) { transport in
            // Nothing newer is there: asking again would be useless.
            #expect(try await transport.send(get).status == 401)
            #expect(server.requests.count == 1)
            try folder.write("token", "t-2")
            #expect(try await transport.send(get).status == 200)
            #expect(server.requests.count == 3)
            try folder.write("token", "t-3")
            #expect(try await transport.send(get).status == 200)
            #expect(server.requests.count == 4)
        }
    }

    @Test func `a stream renews a refused token as well`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("token", "t-1")
        let server = try await TestServer {
            $0.headers["authorization"] == "Bearer t-2" ? .pieces(["x"]) : .answer(401, "{}")
        }
        let configuration = cluster(server) { $0.credentials = .tokenFile(file) }
        try await withTransport(server, configuration) { transport in
            #expect(try await transport.open(watch).status == 401)
            try folder.write("token", "t-2")
            #expect(try await transport.open(watch).status == 200)
        }
    }

    @Test func `a token file that is gone for a moment does no harm`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("token", "t-1")
        let server = try await TestServer { _ in .answer(200, "{}") }
        let clock = ManualClock()
        let configuration = cluster(server) { $0.credentials = .tokenFile(file) }
        try await withTransport(server, configuration, clock: clock) { transport in
            _ = try await transport.send(get)
            try folder.write("token", "")
            clock.advance(by: .seconds(61))
            #expect(try await transport.send(get).status == 200)
        }
    }

    @Test func `a missing token file is named`() async throws {
        let server = try await TestServer { _ in .answer(200, "{}") }
        let configuration = cluster(server) { $0.credentials = .tokenFile("/nowhere/token") }
        try await withTransport(server, configuration) { transport in
            let error = await failure(transport)
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("/nowhere/token: no such file") == true)
        }
    }

    @Test func `nothing is sent after the shutdown`() async throws {
        let server = try await TestServer { _ in .answer(200, "{}") }
        try await withTransport(server, cluster(server)) { transport in
            _ = try await transport.send(get)
            await transport.shutdown()
            #expect(await failure(transport)?.message.contains("was shut down") == true)
            #expect(server.requests.count == 1)
        }
    }

    // MARK: Proxies

    @Test func `requests go through an HTTP proxy`() async throws {
        // A proxy that refuses shows that it was asked, and with which words.
        let proxy = try await TestServer { _ in .answer(407, "") }
        let configuration = cluster(proxy) {
            $0.server = ServerAddress(isSecure: true, host: "cluster.test", port: 6443)
            $0.proxy = .http(host: "127.0.0.1", port: proxy.port, user: "me", password: "pw")
        }
        try await withTransport(proxy, configuration) { transport in
            let error = await failure(transport)
            #expect(error?.code == .transport)
            #expect(error?.message.contains("the proxy asks for a user") == true, "\(error?.message ?? "")")
            let request = try #require(proxy.requests.first)
            #expect(request.method == "CONNECT")
            #expect(request.uri == "cluster.test:6443")
            #expect(request.headers["proxy-authorization"] == "Basic bWU6cHc=")
        }
    }
}
