import AsyncHTTPClient
import KubernetesModel
import NIOCore
import NIOSSL

extension HTTPTransport {
    /// Whether the connection failed before any request was sent, because of certificates.
    static func isRefusedHandshake(_ error: any Error) -> Bool {
        switch error {
        case NIOSSLError.handshakeFailed, NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate:
            true
        case is NIOSSLExtraError: true
        default: false
        }
    }

    /// Says where a request was going, what went wrong, and what may help.
    static func transportError(
        _ error: any Error, _ request: KubernetesRequest, _ cluster: ClusterConfiguration, _ options: Options
    ) -> KubernetesError {
        func failure(_ problem: String) -> KubernetesError {
            KubernetesError(.transport, "\(request.summary): \(cluster.server): \(problem)")
        }
        switch error {
        case let error as KubernetesError: return error
        case is NIOTooManyBytesError:
            return KubernetesError(
                .undecodable,
                "\(request.summary): the answer is larger than \(options.maximumBodyBytes) bytes; ask for smaller pages"
            )
        case is TimeoutError: return failure("no answer within \(options.requestTimeout)")
        case is CancellationError: return failure("cancelled")
        case let error as NIOSSLError:
            guard isRefusedHandshake(error) else { return failure("the TLS connection broke: \(error)") }
            return failure(
                "TLS handshake failed: \(error); does the certificate authority of \(cluster.origin) match the server?")
        case let error as NIOSSLExtraError:
            return failure(
                "the server's certificate is for another name: \(error); set tls-server-name to a name it carries")
        case let error as HTTPClientError: return failure(words(for: error, cluster, options))
        case ChannelError.connectTimeout: return failure("no connection within \(options.connectTimeout)")
        default: return failure("\(error)")
        }
    }

    private static func words(for error: HTTPClientError, _ cluster: ClusterConfiguration, _ options: Options) -> String
    {
        switch error {
        case .cancelled: "cancelled"
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
            "no connection within \(options.connectTimeout)"
        case .remoteConnectionClosed: "the server closed the connection"
        case .proxyAuthenticationRequired: "the proxy asks for a user; put one into the proxy-url of \(cluster.origin)"
        case .invalidProxyResponse, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            "the proxy did not connect: \(error.shortDescription)"
        default: error.shortDescription
        }
    }
}
