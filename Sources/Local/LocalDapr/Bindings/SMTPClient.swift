import NIOCore
import NIOPosix
import NIOSSL

/// What the mail server, or the way to it, refused.
struct SMTPError: Error, CustomStringConvertible {
    let description: String
}

/// Sends one e-mail over SMTP (RFC 5321), with STARTTLS where the server offers it, TLS from the beginning on port 465, and AUTH PLAIN or LOGIN.
struct SMTPClient: Sendable {
    let host: String
    let port: Int
    let login: (user: String, password: String)?
    let skipsVerification: Bool
    let group: any EventLoopGroup

    private struct Reply {
        let code: Int
        let lines: [String]
    }

    /// The lines of one connection, and what is left of the last read.
    private struct Conversation {
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        var buffer: [UInt8] = []

        mutating func line() async throws -> String {
            while true {
                if let end = buffer.firstIndex(of: 0x0A) {
                    var line = Array(buffer[..<end])
                    buffer.removeFirst(end + 1)
                    if line.last == 0x0D { line.removeLast() }
                    return String(decoding: line, as: UTF8.self)
                }
                guard buffer.count < 65_536, let more = try await inbound.next() else {
                    throw SMTPError(description: "the mail server closed the connection")
                }
                buffer += more.readableBytesView
            }
        }

        mutating func reply() async throws -> Reply {
            var lines: [String] = []
            while true {
                let line = try await line()
                guard let code = Int(line.prefix(3)) else {
                    throw SMTPError(description: "the mail server said \"\(line)\"")
                }
                lines.append(String(line.dropFirst(4)))
                if line.dropFirst(3).first != "-" || lines.count > 100 { return Reply(code: code, lines: lines) }
            }
        }

        /// - Throws: when the answer's first digit is another. `shown` stands for the command in messages: never a password.
        mutating func command(_ text: String, expecting digit: Int, shown: String? = nil) async throws -> Reply {
            try await outbound.write(ByteBuffer(string: text + "\r\n"))
            let reply = try await reply()
            guard reply.code / 100 == digit else {
                throw SMTPError(
                    description:
                        "the mail server answered \(reply.code) \(reply.lines.joined(separator: " ")) to \(shown ?? text)"
                )
            }
            return reply
        }
    }

    /// - Throws: `SMTPError`, `CancellationError`, the network's errors.
    func send(_ mail: MailMessage) async throws {
        let tls = port == 465
        let context = try tlsContext()
        let serverName = host.allSatisfy({ $0.isNumber || $0 == "." || $0 == ":" }) ? nil : host
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(10)).connect(
                host: host, port: port
            ) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: serverName))
                    }
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
        } catch {
            throw SMTPError(description: "\(host):\(port) cannot be reached: \(error)")
        }
        try await channel.executeThenClose { inbound, outbound in
            var talk = Conversation(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            let greeting = try await talk.reply()
            guard greeting.code == 220 else {
                throw SMTPError(description: "the mail server greets with \(greeting.code)")
            }
            var hello = try await talk.command("EHLO localhost", expecting: 2)
            if !tls, hello.lines.contains(where: { $0.uppercased() == "STARTTLS" }) {
                _ = try await talk.command("STARTTLS", expecting: 2)
                // What came in clear text after the answer must not count as said under TLS.
                talk.buffer = []
                try await channel.channel.eventLoop.submit {
                    try channel.channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: serverName), position: .first)
                }.get()
                hello = try await talk.command("EHLO localhost", expecting: 2)
            }
            if let login { try await authenticate(&talk, hello, login) }
            _ = try await talk.command("MAIL FROM:<\(MailMessage.address(mail.from))>", expecting: 2)
            for recipient in mail.recipients { _ = try await talk.command("RCPT TO:<\(recipient)>", expecting: 2) }
            _ = try await talk.command("DATA", expecting: 3)
            try await talk.outbound.write(ByteBuffer(bytes: Self.stuffed(mail.bytes)))
            _ = try await talk.command("\r\n.", expecting: 2, shown: "the message")
            _ = try await talk.command("QUIT", expecting: 2)
        }
    }

    private func tlsContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if skipsVerification { configuration.certificateVerification = .none }
        return try NIOSSLContext(configuration: configuration)
    }

    private func authenticate(_ talk: inout Conversation, _ hello: Reply, _ login: (user: String, password: String))
        async throws
    {
        let methods = hello.lines.first { $0.uppercased().hasPrefix("AUTH") }?.uppercased() ?? ""
        if methods.contains("LOGIN"), !methods.contains("PLAIN") {
            _ = try await talk.command("AUTH LOGIN", expecting: 3)
            _ = try await talk.command(Base64.encode(Array(login.user.utf8)), expecting: 3, shown: "the user name")
            _ = try await talk.command(Base64.encode(Array(login.password.utf8)), expecting: 2, shown: "the password")
        } else {
            let plain = [0] + Array(login.user.utf8) + [0] + Array(login.password.utf8)
            _ = try await talk.command("AUTH PLAIN \(Base64.encode(plain))", expecting: 2, shown: "AUTH PLAIN")
        }
    }

    /// A line that begins with a dot gets another one (RFC 5321, 4.5.2).
    private static func stuffed(_ message: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(message.count + 16)
        var isAtStart = true
        for byte in message {
            if isAtStart, byte == UInt8(ascii: ".") { output.append(byte) }
            output.append(byte)
            isAtStart = byte == 0x0A
        }
        return output
    }
}
