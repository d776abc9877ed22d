import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
package import WireValues

/// An HTTP server on this machine that answers as a test says, and remembers what it was asked.
package final class FakeServer: Sendable {
    package struct Asked: Sendable {
        package let method: String
        /// As it came, with the query.
        package let target: String
        /// Names in lower case.
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package var path: String { String(target.prefix { $0 != "?" }) }
        package func header(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
        /// Null when it is no JSON.
        package var json: JSON { (try? JSON(parsing: body)) ?? .null }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// What it answers to whom.
    package struct Script: Sendable {
        let answer: @Sendable (Asked) async -> Reply

        package static func by(_ answer: @escaping @Sendable (Asked) async -> Reply) -> Script {
            Script(answer: answer)
        }
    }

    package struct Reply: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package init(_ status: Int, headers: [(name: String, value: String)] = [], text: String = "") {
            self.status = status
            self.headers = headers
            body = Array(text.utf8)
        }

        package static func json(_ value: JSON, status: Int = 200) -> Reply {
            Reply(status, headers: [("Content-Type", "application/json")], text: value.text)
        }
    }

    package let port: Int
    private let log: Log

    private init(port: Int, log: Log) {
        self.port = port
        self.log = log
    }

    /// Everything it was asked so far, in order.
    package var asked: [Asked] { log.asked.withLock { $0 } }
    package func asked(_ path: String) -> [Asked] { asked.filter { $0.path == path } }

    fileprivate final class Log: Sendable {
        let asked = Mutex<[Asked]>([])
    }

    /// Serves while `body` runs.
    /// - Parameter port: 0 takes a free one.
    package static func running<Result: Sendable>(
        port: Int = 0, answering script: Script,
        _ body: @escaping @Sendable (FakeServer) async throws -> Result
    ) async throws -> Result {
        let log = Log()
        let (ports, bound) = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: Responder(log: log, answer: script.answer),
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { bound.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(
            configuration: .init(
                services: [application], logger: Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() }))
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                try await group.run()
                bound.finish()
                return nil
            }
            tasks.addTask {
                var iterator = ports.makeAsyncIterator()
                guard let port = await iterator.next() else { throw CancellationError() }
                let result = try await body(FakeServer(port: port, log: log))
                await group.triggerGracefulShutdown()
                return result
            }
            defer { tasks.cancelAll() }
            while let value = try await tasks.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    private struct Context: InitializableFromSource {
        init(source: ApplicationRequestContextSource) {}
    }

    private struct Responder: HTTPResponder {
        let log: Log
        let answer: @Sendable (Asked) async -> Reply

        func respond(to request: Request, context: Context) async throws -> Response {
            var body: [UInt8] = []
            for try await part in request.body { body += part.readableBytesView }
            let asked = Asked(
                method: request.method.rawValue, target: request.head.path ?? "",
                headers: request.headers.map { ($0.name.canonicalName, $0.value) }, body: body)
            log.asked.withLock { $0.append(asked) }
            let reply = await answer(asked)
            var response = Response(
                status: .init(code: reply.status),
                body: reply.body.isEmpty && reply.status == 204
                    ? .init() : .init(byteBuffer: ByteBuffer(bytes: reply.body)))
            for header in reply.headers {
                if let name = HTTPField.Name(header.name) { response.headers[name] = header.value }
            }
            return response
        }
    }
}
