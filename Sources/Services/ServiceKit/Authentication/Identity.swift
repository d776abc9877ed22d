package import TaskDomain
package import WireValues

/// Who sent a request, proved by their token.
package struct Identity: Sendable {
    /// The token's `sub`.
    package let userID: String
    /// Who acts: the user, or on their behalf what the token's `act` names (RFC 8693): `{"sub": …, "kind": "mcp"}`.
    package let actor: Actor
    /// The token, to be passed on to another service of the platform; nowhere else.
    package let token: String
    package let expiresAt: Timestamp

    package init(userID: String, actor: Actor, token: String, expiresAt: Timestamp) {
        self.userID = userID
        self.actor = actor
        self.token = token
        self.expiresAt = expiresAt
    }
}
