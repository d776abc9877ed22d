import AsyncHTTPClient
import NIOCore
import Synchronization

/// HTTP clients that connect to one address and no other: a name is looked at once, and what was found good is what is
/// connected to, so that no later answer of a name server leads elsewhere. A few are kept, since making one reads the
/// certificates that it trusts.
final class WebhookClients: Sendable {
    static let maximumCount = 32

    private struct Key: Hashable {
        let host: String
        let address: NetworkAddress
    }

    private let group: any EventLoopGroup
    private let clients = Mutex<[(key: Key, client: HTTPClient)]>([])

    init(group: any EventLoopGroup) { self.group = group }

    func client(for host: String, at address: NetworkAddress) async -> HTTPClient {
        let key = Key(host: host, address: address)
        let (client, old) = clients.withLock { clients -> (HTTPClient, HTTPClient?) in
            if let index = clients.firstIndex(where: { $0.key == key }) {
                let entry = clients.remove(at: index)
                clients.append(entry)
                return (entry.client, nil)
            }
            var settings = HTTPClient.Configuration(
                redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)))
            settings.httpVersion = .http1Only
            settings.dnsOverride = [host: address.text]
            settings.connectionPool.retryConnectionEstablishment = false
            settings.connectionPool.idleTimeout = .seconds(10)
            let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
            clients.append((key, client))
            return (client, clients.count > Self.maximumCount ? clients.removeFirst().client : nil)
        }
        // Fails only if it was shut down before, which nobody did.
        if let old { try? await old.shutdown() }
        return client
    }

    func shutdown() async {
        let all = clients.withLock { clients in
            defer { clients = [] }
            return clients.map(\.client)
        }
        // As above.
        for client in all { try? await client.shutdown() }
    }
}
