package import WireValues

/// Who did it.
package struct Actor: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case user, service, mcp
    }

    package let kind: Kind
    /// Of the person, the app or the client.
    package let id: String

    package init(kind: Kind, id: String) {
        self.kind = kind
        self.id = id
    }

    /// - Throws: `EventProblem.malformed`. A kind that is new to us counts as a service.
    package init(json: JSON) throws(EventProblem) {
        let reader = try EventReader(json)
        self.init(
            kind: Kind(rawValue: try reader.optionalText("kind") ?? "") ?? .service,
            id: try reader.optionalText("id") ?? "")
    }

    package var json: JSON { ["kind": .string(kind.rawValue), "id": .string(id)] }
}
