import WireValues

/// A Secret manifest: its values, decoded.
struct KubernetesSecret: Sendable {
    let name: String
    /// Nil: any namespace.
    let namespace: String?
    let values: [String: String]

    init(_ document: ResourceDocument) throws {
        name = document.name
        namespace = document.namespace
        var values: [String: String] = [:]
        for (key, value) in document.json["data"]?.object ?? JSONObject() {
            guard let bytes = Base64.decode(value.string ?? "") else {
                throw ResourceError(document.place, "data.\(key) is not base64; plain text belongs into stringData")
            }
            values[key] = String(decoding: bytes, as: UTF8.self)
        }
        for (key, value) in document.json["stringData"]?.object ?? JSONObject() { values[key] = value.scalarText ?? "" }
        self.values = values
    }
}
