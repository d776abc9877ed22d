import FoundationEssentials
import WireValues

/// Dapr's multi-app run template: which apps run beside which sidecars. Keys of Dapr's that have no meaning here (gRPC, placement, logs to
/// files) are passed over; `localDapr` holds what only this program knows.
package struct RunTemplate: Sendable {
    package struct App: Sendable {
        package var id: String
        package var name: String?
        package var directory: String
        package var appPort: Int?
        package var daprPort: Int
        package var command: [String]
        package var environment: [String: String]
        package var maxConcurrency: Int?
        package var configuration: String?
        package var healthCheck: LocalDapr.HealthCheck?
    }

    package var apps: [App]
    /// Files and directories with resources, each once.
    package var resources: [String]
    package var stateFile: String?
    package var adminPort: Int?
    package var namespace: String?
    package var mailOutbox: String?
    package var kubernetesAPIServer: String?
    package var topics: [String: TopicSettings]

    /// Reads a template. Paths in it are relative to its directory.
    ///
    /// - Parameter file: for messages, and for its directory.
    /// - Throws: `ResourceError` naming the app and the key.
    package init(_ text: String, file: String) throws {
        let json = try ResourceDocument.value(text, source: file)
        let slash = file.lastIndex(of: "/")
        let base = slash.map { String(file[..<$0]) } ?? "."
        func path(_ text: String, in directory: String) -> String {
            text.hasPrefix("/") ? text : directory + "/" + (text.hasPrefix("./") ? String(text.dropFirst(2)) : text)
        }
        guard json["version"]?.int == 1 else {
            throw ResourceError(file, "version must be 1 (Dapr's multi-app run template)")
        }
        let common = json["common"] ?? [:]
        let shared = Self.environment(common["env"])
        var resources = Self.paths(common).map { path($0, in: base) }
        var apps: [App] = []
        guard let items = json["apps"]?.array, !items.isEmpty else { throw ResourceError(file, "apps is empty") }
        for (index, item) in items.enumerated() {
            let directory = item["appDirPath"]?.string.map { path($0, in: base) } ?? base
            guard let id = item["appID"]?.string ?? item["appId"]?.string, !id.isEmpty else {
                throw ResourceError(file, "apps[\(index)].appID is missing")
            }
            resources += Self.paths(item).map { path($0, in: directory) }
            func number(_ key: String) throws -> Int? {
                guard let value = item[key] ?? common[key], !value.isNull else { return nil }
                guard let number = value.int ?? value.string.flatMap({ Int($0) }), number >= 0 else {
                    throw ResourceError(file, "apps[\(index)].\(key) (\(id)) is no number")
                }
                return number
            }
            var check: LocalDapr.HealthCheck?
            if (item["enableAppHealthCheck"] ?? common["enableAppHealthCheck"])?.bool == true {
                check = LocalDapr.HealthCheck(
                    path: (item["appHealthCheckPath"] ?? common["appHealthCheckPath"])?.string ?? "/healthz")
                if let seconds = try number("appHealthProbeInterval") { check?.interval = .seconds(max(1, seconds)) }
                if let milliseconds = try number("appHealthProbeTimeout") {
                    check?.timeout = .milliseconds(max(1, milliseconds))
                }
                if let count = try number("appHealthThreshold") { check?.threshold = max(1, count) }
            }
            let concurrency = try number("appMaxConcurrency")
            apps.append(
                App(
                    id: id, name: item["instanceName"]?.string, directory: directory, appPort: try number("appPort"),
                    daprPort: try number("daprHTTPPort") ?? 0,
                    command: item["command"]?.array?.compactMap(\.scalarText) ?? [],
                    environment: shared.merging(Self.environment(item["env"])) { $1 },
                    maxConcurrency: concurrency == 0 ? nil : concurrency,
                    configuration: (item["configName"] ?? common["configName"])?.string, healthCheck: check))
        }
        self.apps = apps
        var seen: Set<String> = []
        self.resources = resources.filter { seen.insert($0).inserted }
        let local = json["localDapr"] ?? [:]
        stateFile = local["stateFile"]?.string.map { path($0, in: base) }
        adminPort = local["adminPort"]?.int
        namespace = local["namespace"]?.string
        mailOutbox = local["mailOutbox"]?.string.map { path($0, in: base) }
        kubernetesAPIServer = local["kubernetesAPIServer"]?.string
        var topics: [String: TopicSettings] = [:]
        for (name, settings) in local["topics"]?.object ?? JSONObject() {
            var topic = TopicSettings()
            if let partitions = settings["partitions"]?.int, partitions > 0 { topic.partitions = partitions }
            if let text = settings["retention"]?.scalarText {
                guard let retention = Self.duration(text) else {
                    throw ResourceError(
                        file, "localDapr.topics.\(name).retention: \(text) is no duration (such as 168h)")
                }
                topic.retention = retention
            }
            topics[name] = topic
        }
        self.topics = topics
    }

    /// A Go duration such as `168h`, if it is positive.
    package static func duration(_ text: String) -> Duration? {
        GoDuration.parse(text).flatMap { $0 > .zero ? $0 : nil }
    }

    private static func paths(_ json: JSON) -> [String] {
        (json["resourcesPaths"]?.array?.compactMap(\.string) ?? [])
            + [json["resourcesPath"]?.string, json["configFilePath"]?.string].compactMap { $0 }
    }

    private static func environment(_ json: JSON?) -> [String: String] {
        var found: [String: String] = [:]
        for (key, value) in json?.object ?? JSONObject() { found[key] = value.scalarText ?? "" }
        return found
    }
}
