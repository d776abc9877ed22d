import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TaskDomain
import WireValues

/// A signed POST to the user's address. Redirects are not followed, and what is not public is not called unless the
/// platform allows it: who may name an address must not thereby reach what only we reach.
struct WebhookChannel: DeliveryChannel {
    static let timeout = TimeAmount.seconds(10)

    let channel = Channel.webhook
    let concurrency = 16
    let clients: WebhookClients
    let allowsPrivate: Bool
    let now: @Sendable () -> Timestamp
    var resolve: @Sendable (String) async throws -> [NetworkAddress] = HostResolver.addresses

    func deliver(_ delivery: DueDelivery, _ channels: UserChannels) async -> Attempt {
        guard let webhook = channels.webhook, webhook.isEnabled else { return .unwanted }
        // Later perhaps: the key that it was encrypted with may come back.
        guard let secret = webhook.secret else {
            return .failed("the secret that signs it cannot be read; set another")
        }
        guard let url = WebhookURL(webhook.url, allowsHTTP: allowsPrivate) else {
            return .refused("the address is not allowed on this platform")
        }
        let addresses: [NetworkAddress]
        do {
            addresses = try await resolve(url.host)
        } catch {
            return .failed("the name cannot be looked up")
        }
        guard let address = addresses.first else { return .failed("there is no host of that name") }
        // One that is not public is enough: whoever owns the name chose it.
        if !allowsPrivate, !addresses.allSatisfy(\.isPublic) {
            return .refused("the address is not a public one")
        }
        let body = Self.body(delivery)
        var request = HTTPClientRequest(url: url.text)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "todo-platform")
        for header in WebhookSignature.headers(
            id: delivery.eventID, seconds: now().seconds, body: body, secret: secret)
        {
            request.headers.add(name: header.name, value: header.value)
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let client = await clients.client(for: url.host, at: address)
            // Only the status counts; the body is left where it is.
            let answer = try await client.execute(request, timeout: Self.timeout)
            return Self.attempt(status: Int(answer.status.code))
        } catch {
            return .failed(Self.words(error))
        }
    }

    static func attempt(status: Int) -> Attempt {
        switch status {
        case 200..<300: .delivered
        case 300..<400: .failed("the receiver answered \(status); redirects are not followed")
        case 410: .refused("the receiver is gone (410)")
        default: .failed("the receiver answered \(status)")
        }
    }

    /// The same for every attempt, so that its signature differs by the time only.
    static func body(_ delivery: DueDelivery) -> [UInt8] {
        let reminder = delivery.reminder
        let document: JSON = [
            "type": "reminder.due", "timestamp": .string(reminder.timestamp.eventText),
            "data": [
                "event_id": .string(delivery.eventID), "notification_id": .integer(delivery.notificationID),
                "task_id": .integer(reminder.taskID), "user_id": .string(delivery.userID),
                "title": .string(reminder.title),
                "due_at": reminder.dueAt.map { .string($0.shortText) } ?? .null,
                "remind_at": .string(reminder.remindAt.shortText), "all_day": .bool(reminder.allDay),
                "time_zone": .string(reminder.timeZone),
            ],
        ]
        return document.bytes
    }

    /// For the user, who gets to see it: what was wrong at their end, nothing of ours.
    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError
        where [.deadlineExceeded, .readTimeout, .connectTimeout, .writeTimeout].contains(error):
            "the receiver did not answer in time"
        case is NIOSSLError, is NIOSSLExtraError: "the receiver's certificate is not accepted"
        case is NIOConnectionError, is IOError, ChannelError.connectTimeout: "the receiver cannot be reached"
        default: "the connection to the receiver broke"
        }
    }
}
