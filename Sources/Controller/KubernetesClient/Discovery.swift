package import KubernetesModel

/// Asks the API server which kinds it serves (Kubernetes documentation, "Kubernetes API: Discovery").
///
/// One aggregated document from Kubernetes 1.27 on; older servers are asked for each needed group. Two rules of our own:
/// a group that cannot answer is an error, never an absence, because kinds that are taken for absent get their objects
/// forgotten; and a version that only part of a group has counts as not served (`requiredKinds`).
package struct Discovery: Sendable {
    /// What could be found out.
    package struct Survey: Sendable {
        package var apis: ServedAPIs
        /// Groups that exist but did not answer, and why. Nothing is known about their kinds.
        package var unknown: [String: KubernetesError]
    }

    /// Versions that count as served only together with all of these kinds.
    ///
    /// Strimzi 0.49 to 0.51 serve `v1` beside `v1beta2`, and Helm does not upgrade CRDs: a cluster can have `v1` for some
    /// kinds only. Mixing versions within one Kafka cluster is not supported, so such a group is used through `v1beta2`.
    static let requiredKinds: [String: (version: String, kinds: [String])] = [
        "kafka.strimzi.io": ("v1", ["Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"])
    ]

    /// The order of the parameters matters to the server. v2: from 1.30; v2beta1: 1.27 to 1.32.
    private static let accept =
        ["v2", "v2beta1"].map { "application/json;g=apidiscovery.k8s.io;v=\($0);as=APIGroupDiscoveryList" }
        .joined(separator: ",") + ",application/json"

    private let client: KubernetesClient

    package init(client: KubernetesClient) { self.client = client }

    /// The served kinds of `groups`; the core group is the empty name. Groups that are not there are simply missing.
    ///
    /// - Throws: also when one of the groups exists and does not answer.
    package func servedAPIs(groups: Set<String>) async throws(KubernetesError) -> ServedAPIs {
        let survey = try await survey(groups: groups)
        if let error = survey.unknown.min(by: { $0.key < $1.key })?.value { throw error }
        return survey.apis
    }

    /// As `servedAPIs`, but groups that do not answer are reported beside the others.
    ///
    /// - Throws: when the list of groups itself cannot be had.
    package func survey(groups: Set<String>) async throws(KubernetesError) -> Survey {
        var found = Found()
        if groups.contains("") {
            let core = try await read("/api")
            if let items = Self.aggregated(core) {
                for item in items { await add(item, as: "", to: &found) }
            } else {
                for version in core["versions"]?.array?.compactMap(\.string) ?? [] {
                    await addVersion("", version, to: &found)
                }
            }
        }
        let named = groups.subtracting([""])
        if !named.isEmpty {
            let root = try await read("/apis")
            if let items = Self.aggregated(root) {
                for item in items {
                    guard let name = item["metadata"]?["name"]?.string, named.contains(name) else { continue }
                    await add(item, as: name, to: &found)
                }
            } else {
                guard let list = root["groups"]?.array else {
                    throw KubernetesError(.undecodable, "get /apis: the answer is no list of API groups")
                }
                for group in list {
                    guard let name = group["name"]?.string, named.contains(name) else { continue }
                    for version in group["versions"]?.array?.compactMap({ $0["version"]?.string }) ?? [] {
                        await addVersion(name, version, to: &found)
                    }
                }
            }
        }
        return found.survey()
    }

    private struct Found {
        var entries: [GroupKind: ServedAPIs.Entry] = [:]
        var unknown: [String: KubernetesError] = [:]

        mutating func insert(_ group: String, _ version: String, kind: String, plural: String, isNamespaced: Bool) {
            let key = GroupKind(group: group, kind: kind)
            entries[key, default: ServedAPIs.Entry(versions: [], plural: plural, isNamespaced: isNamespaced)]
                .versions.insert(version)
        }

        func survey() -> Survey {
            // Of a group of which only a part answered, nothing counts: the rest might hold better versions.
            var entries = entries.filter { unknown[$0.key.group] == nil }
            for (group, rule) in Discovery.requiredKinds {
                let isComplete = rule.kinds.allSatisfy {
                    entries[GroupKind(group: group, kind: $0)]?.versions.contains(rule.version) == true
                }
                if isComplete { continue }
                for key in entries.keys where key.group == group {
                    entries[key]?.versions.remove(rule.version)
                    if entries[key]?.versions.isEmpty == true { entries[key] = nil }
                }
            }
            return Survey(apis: ServedAPIs(entries), unknown: unknown)
        }
    }

    private func read(_ path: String) async throws(KubernetesError) -> JSON {
        try await client.send(
            .path(path, accept: Self.accept),
            skipping: ["subresources", "verbs", "shortNames", "categories", "singularResource"])
    }

    /// The groups of an aggregated answer; nil when the server answered in the old form.
    private static func aggregated(_ answer: JSON) -> [JSON]? {
        answer["kind"]?.string == "APIGroupDiscoveryList" ? answer["items"]?.array ?? [] : nil
    }

    /// Adds one group of an aggregated answer.
    private func add(_ item: JSON, as group: String, to found: inout Found) async {
        for entry in item["versions"]?.array ?? [] {
            guard let version = entry["version"]?.string else { continue }
            if entry["freshness"]?.string == "Stale" {
                // The server that serves this group did not answer lately: ask it ourselves.
                await addVersion(group, version, to: &found)
                continue
            }
            for resource in entry["resources"]?.array ?? [] {
                guard let plural = resource["resource"]?.string, let kind = resource["responseKind"]?["kind"]?.string,
                    !kind.isEmpty
                else { continue }
                found.insert(
                    group, version, kind: kind, plural: plural, isNamespaced: resource["scope"]?.string == "Namespaced")
            }
        }
    }

    /// Adds one group and version by its own document.
    private func addVersion(_ group: String, _ version: String, to found: inout Found) async {
        let path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        do throws(KubernetesError) {
            let list = try await client.send(
                .path(path), skipping: ["verbs", "shortNames", "categories", "singularName"])
            guard let resources = list["resources"]?.array else {
                throw KubernetesError(.undecodable, "get \(path): the answer is no list of resources")
            }
            for resource in resources {
                guard let plural = resource["name"]?.string, !plural.contains("/"), let kind = resource["kind"]?.string
                else { continue }
                found.insert(
                    group, version, kind: kind, plural: plural, isNamespaced: resource["namespaced"]?.bool ?? true)
            }
        } catch {
            // Gone between the two requests: really absent.
            if error.code != .notFound { found.unknown[group] = error }
        }
    }
}
