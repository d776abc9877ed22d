import FoundationEssentials
import NIOCore
import Synchronization
import WireValues

/// `bindings.smtp`: sends an e-mail, or writes it into a directory where nobody wants one sent.
///
/// Dapr's own merges what a call says into the component's settings for good; here each call stands for itself.
struct SMTPBinding: OutputBinding {
    private let settings: BindingSettings
    private let group: any EventLoopGroup

    init(_ settings: BindingSettings, group: any EventLoopGroup) {
        self.settings = settings
        self.group = group
    }

    let operations: Set<String> = ["create"]

    func invoke(_ call: BindingCall) async throws -> BindingAnswer {
        let values = try await settings.values()
        func setting(_ name: String) -> String {
            let given = call.metadata.first { $0.key.lowercased() == name.lowercased() }?.value
            return given ?? values[name.lowercased()] ?? ""
        }
        func addresses(_ name: String) -> [String] {
            setting(name).split(separator: ";").map { $0.filter { $0 != "\r" && $0 != "\n" } }
                .map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
        }
        let from = addresses("emailFrom")
        let to = addresses("emailTo")
        guard let sender = from.first else {
            throw BindingError(
                description: "smtp binding error: fromEmail property not supplied in configuration- or request-metadata"
            )
        }
        guard !to.isEmpty else {
            throw BindingError(
                description: "smtp binding error: emailTo property not supplied in configuration- or request-metadata")
        }
        guard !setting("subject").isEmpty else {
            throw BindingError(
                description: "smtp binding error: subject property not supplied in configuration- or request-metadata")
        }
        let priority = setting("priority").isEmpty ? 3 : Int(setting("priority")) ?? 0
        guard (1...5).contains(priority) else {
            throw BindingError(
                description: "smtp binding error: priority value must be between 1 (highest) and 5 (lowest)")
        }
        let mail = MailMessage(
            from: sender, to: to, cc: addresses("emailCC"), bcc: addresses("emailBCC"), subject: setting("subject"),
            priority: priority,
            html: call.data.map { $0.string ?? $0.text } ?? "")
        if let outbox = settings.outbox ?? values["localoutbox"] {
            try write(mail, to: outbox)
            return BindingAnswer()
        }
        guard let host = values["host"], let port = values["port"].flatMap({ Int($0) }) else {
            throw BindingError(description: "smtp binding error: host and port fields are required in metadata")
        }
        let user = values["user"] ?? ""
        let password = values["password"] ?? ""
        guard user.isEmpty == password.isEmpty else {
            throw BindingError(
                description: "smtp binding error: both user and password fields are required in metadata")
        }
        let client = SMTPClient(
            host: host, port: port, login: user.isEmpty ? nil : (user, password),
            skipsVerification: values["skiptlsverify"]?.lowercased() == "true", group: group)
        do {
            try await client.send(mail)
        } catch let error as SMTPError {
            throw BindingError(description: "smtp binding error: \(error)")
        }
        return BindingAnswer()
    }

    private func write(_ mail: MailMessage, to directory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            // The mail appears under its name when it is whole.
            let name = "\(directory)/\(UUIDText.random())"
            try Data(mail.bytes).write(to: URL(fileURLWithPath: name + ".part"))
            try FileManager.default.moveItem(atPath: name + ".part", toPath: name + ".eml")
        } catch {
            throw BindingError(description: "smtp binding error: the outbox \(directory) cannot be written: \(error)")
        }
    }
}
