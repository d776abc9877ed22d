import ServiceKit
import TaskDomain
import WireValues

/// Answers made of tasks whose JSON is there already.
extension ServiceResponse {
    /// One task, with its entity tag.
    static func task(_ answer: TaskService.Answer, status: Int = 200, headers: [(name: String, value: String)] = [])
        -> ServiceResponse
    {
        .bytes(
            Array(answer.json.utf8), contentType: "application/json", status: status,
            headers: [("ETag", EntityTag.text(answer.version))] + headers)
    }

    /// `{"<name>": [<items>], <rest>}`.
    static func list(_ name: String, _ items: [String], _ rest: JSON) -> ServiceResponse {
        var body: [UInt8] = Array("{\"\(name)\":[".utf8)
        body.reserveCapacity(items.reduce(200) { $0 + $1.utf8.count + 1 })
        for (index, item) in items.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += item.utf8
        }
        body += "],".utf8
        body += rest.bytes.dropFirst()
        return .bytes(body, contentType: "application/json")
    }
}
