/// Lets only the service's own sidecar deliver events and jobs: by the token they share, or, where there is none, by
/// where it calls from, which is this machine.
struct SidecarGate: Sendable {
    /// `APP_API_TOKEN`.
    let token: String?

    func check(_ request: ServiceRequest) throws(Problem) {
        guard let token else {
            guard request.isLocal else {
                throw Problem(403, "not_the_sidecar", "Only the sidecar on this machine delivers here.")
            }
            return
        }
        guard let given = request.header("dapr-api-token"), ConstantTime.areEqual(given.utf8, token.utf8) else {
            throw Problem(401, "not_the_sidecar", "Only the sidecar delivers here, with its token.")
        }
    }
}

enum ConstantTime {
    /// Compares without telling by its time where the first difference is.
    static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
