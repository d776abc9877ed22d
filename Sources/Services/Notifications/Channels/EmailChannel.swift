import DaprClient
import TaskDomain
import WireValues

/// Mail through Dapr's SMTP binding. One at a time for each sidecar: the binding mixes up the settings of mails that it is
/// sent at once, and keeps for the next one what a mail leaves out, so each says all of it.
struct EmailChannel: DeliveryChannel {
    static let timeout = Duration.seconds(30)

    let channel = Channel.email
    let concurrency = 1
    let dapr: DaprClient
    let binding: String

    func deliver(_ delivery: DueDelivery, _ channels: UserChannels) async -> Attempt {
        guard let email = channels.email, email.isEnabled else { return .unwanted }
        do {
            _ = try await dapr.hurried(timeout: Self.timeout).binding(
                binding, operation: "create", data: .string(Self.body(delivery)),
                metadata: ["emailTo": email.address, "subject": Self.subject(delivery), "priority": "3"],
                timeout: Self.timeout)
            return .delivered
        } catch {
            return .failed(
                error.kind == .answered ? "the mail server did not take it" : "the mail server cannot be reached")
        }
    }

    /// On one line, and not endless.
    static func subject(_ delivery: DueDelivery) -> String {
        let title = String(
            String.UnicodeScalarView(
                delivery.reminder.title.unicodeScalars.map {
                    $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0
                }))
        return "Reminder: " + (title.count > 120 ? title.prefix(119) + "…" : title)
    }

    /// HTML, as the binding sends it.
    static func body(_ delivery: DueDelivery) -> String {
        let reminder = delivery.reminder
        let due = reminder.dueAt.map { "<p>Due \(escaped($0.shortText)) (\(escaped(reminder.timeZone)))</p>" } ?? ""
        return "<p><strong>\(escaped(reminder.title))</strong></p>\(due)"
    }

    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
