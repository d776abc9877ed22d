import FoundationEssentials
import KubernetesModel

/// The CRDs of other systems that lie in `Tests/Data/crds`, by group, kind and version.
struct CRDLibrary: Sendable {
    static let shared = CRDLibrary.load()

    private let schemas: [ResourceType: JSON]
    let types: [ResourceType]

    /// The schema of `type`. Strimzi's files have only `v1`; what we write is the common part of both versions.
    func schema(_ type: ResourceType) -> StructuralSchema? {
        (schemas[type] ?? (type.version == "v1beta2" ? schemas[type.at(version: "v1")] : nil)).map(
            StructuralSchema.init)
    }

    private static func load() -> CRDLibrary {
        var schemas: [ResourceType: JSON] = [:]
        var types: [ResourceType] = []
        for folder in ["cert-manager", "dapr", "gateway-api", "keda", "prometheus-operator", "strimzi"] {
            let directory = "Tests/Data/crds/" + folder
            for file in Repository.files(directory) where file.hasSuffix(".yaml") && !file.contains("issuer") {
                guard let text = Repository.text(directory + "/" + file), let documents = try? YAMLText.documents(text)
                else { continue }  // an unreadable file shows as a kind without schema
                for crd in documents where crd["kind"]?.string == "CustomResourceDefinition" {
                    let names = crd["spec"]?["names"]
                    for version in crd["spec"]?["versions"]?.array ?? [] {
                        let type = ResourceType(
                            group: crd["spec"]?["group"]?.string ?? "", version: version["name"]?.string ?? "",
                            kind: names?["kind"]?.string ?? "", plural: names?["plural"]?.string ?? "",
                            isNamespaced: crd["spec"]?["scope"]?.string == "Namespaced")
                        schemas[type] = version["schema"]?["openAPIV3Schema"] ?? .null
                        types.append(type)
                    }
                }
            }
        }
        return CRDLibrary(schemas: schemas, types: types)
    }
}

/// Files of this repository, found from where this source file lies.
enum Repository {
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    static func text(_ path: String) -> String? {
        let absolute = path.hasPrefix("/") ? path : root + "/" + path
        guard let data = FileManager.default.contents(atPath: absolute) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    /// The names of the files in a folder; none when there is no such folder.
    static func files(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root + "/" + path)) ?? []).sorted()  // see above
    }
}
