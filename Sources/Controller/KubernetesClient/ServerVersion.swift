package import KubernetesModel

/// Which Kubernetes a server is, by its own word (`/version`): for the few differences that discovery does not show.
package struct ServerVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads the answer of `/version`. Vendors put signs behind the minor version, such as `27+`.
    package init?(_ answer: JSON) {
        func number(_ field: String) -> Int? {
            answer[field]?.string.flatMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
        }
        guard let major = number("major"), let minor = number("minor") else { return nil }
        self.init(major, minor)
    }

    package var description: String { "\(major).\(minor)" }

    package static func < (left: ServerVersion, right: ServerVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// Whether a watch can begin with what is there and say where that ends (`sendInitialEvents`). Some of these have it
    /// switched off, and refuse.
    package var streamsLists: Bool { self >= ServerVersion(1, 32) }

    /// Whether an apply that names a resource version creates a Service where the name is free. Before, Services had a
    /// storage of their own, which refused.
    package var appliesServicesConditionally: Bool { self >= ServerVersion(1, 23) }
}

extension KubernetesClient {
    /// Asks the server which Kubernetes it is; nil when it does not say.
    package func serverVersion() async throws(KubernetesError) -> ServerVersion? {
        do throws(KubernetesError) {
            return ServerVersion(try await send(.path("/version")))
        } catch {
            // Closed to us, or nothing sensible behind this proxy: then we go by what the server refuses. Whoever is not
            // let in at all hears it from discovery.
            if [.forbidden, .notFound, .invalid, .undecodable, .unauthorized].contains(error.code) { return nil }
            throw error
        }
    }
}
