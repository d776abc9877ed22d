import NIOCore
import NIOPosix

/// Whether a port takes connections.
enum PortProbe {
    static func isOpen(host: String, port: Int, group: any EventLoopGroup) async -> Bool {
        do {
            let channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(1)).connect(
                host: host, port: port
            ).get()
            try await channel.close()
            return true
        } catch {
            return false  // Refused, or closed again at once.
        }
    }

    /// A port that nobody listens on at the moment.
    static func free() throws -> Int {
        let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0)
            .wait()
        defer { try? channel.close().wait() }  // Already closed is as good.
        return channel.localAddress?.port ?? 0
    }
}
