import FoundationEssentials
import WireValues

/// Everything that was read from resource files, checked and typed.
struct Resources: Sendable {
    var components: [Component] = []
    var subscriptions: [(spec: SubscriptionSpec, scopes: [String])] = []
    var resiliency: [(spec: ResiliencySpec, scopes: [String])] = []
    var configurations: [ConfigurationSpec] = []
    var topics: [String: TopicSettings] = [:]
    var secrets: [KubernetesSecret] = []

    /// - Throws: `ResourceError` naming the file and the object.
    init(_ sources: [ResourceSource], topicDefaults: TopicSettings) throws {
        for document in try sources.flatMap({ try $0.documents() }) {
            switch (document.kind, document.apiVersion.hasPrefix("dapr.io/")) {
            case ("Component", true): components.append(try Component(document))
            case ("Subscription", true): subscriptions.append((try SubscriptionSpec(document), document.scopes))
            case ("Resiliency", true): resiliency.append((try ResiliencySpec(document), document.scopes))
            case ("Configuration", true): configurations.append(ConfigurationSpec(document))
            case ("KafkaTopic", _):
                let (name, settings) = TopicSettings.strimzi(document, defaults: topicDefaults)
                topics[name] = settings
            case ("Secret", _): secrets.append(try KubernetesSecret(document))
            default: break  // A rendered platform holds Deployments and more: not our business.
            }
        }
    }
}

/// Where resources come from.
package enum ResourceSource: Sendable {
    /// A YAML file, or a directory of which every `.yaml`, `.yml` and `.json` file is read, in alphabetical order.
    case path(String)
    /// YAML itself.
    case text(String)

    func documents() throws -> [ResourceDocument] {
        switch self {
        case .text(let text): return try ResourceDocument.read(text, source: "(text)")
        case .path(let path):
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                throw ResourceError(path, "there is no such file or directory")
            }
            let files: [String]
            if isDirectory {
                files = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                    .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") || $0.hasSuffix(".json") }
                    .map { "\(path)/\($0)" }
            } else {
                files = [path]
            }
            return try files.flatMap { file in
                guard let bytes = FileManager.default.contents(atPath: file) else {
                    throw ResourceError(file, "cannot be read; check its permissions")
                }
                return try ResourceDocument.read(String(decoding: bytes, as: UTF8.self), source: file)
            }
        }
    }
}
