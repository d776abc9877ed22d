package import KubernetesModel

/// Why a command gave up: what, where, and what to do, on one line.
package struct CommandError: Error, Hashable, Sendable, CustomStringConvertible {
    package let what: String
    package let remedy: String

    package init(_ what: String, remedy: String) {
        self.what = what
        self.remedy = remedy
    }

    package var description: String {
        "\(what); \(remedy)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension CommandError {
    /// What the API server refused, with what a person at a terminal can do about it.
    package init(_ error: KubernetesError) {
        let remedy =
            switch error.code {
            case .notFound: "\"todoctl status -A\" lists the platforms that there are"
            case .forbidden: "ask the cluster's administrator for this right, or use another --context"
            case .unauthorized: "log in again, or use another --context"
            case .transport, .unavailable, .throttled, .expired: "try \"kubectl get --raw /readyz\", then again"
            case .configuration: "see \"kubectl config view\""
            case .undecodable: "is this a Kubernetes API server?"
            case .invalid, .conflict, .alreadyExists: "correct what the server names"
            }
        self.init(error.message, remedy: remedy)
    }
}
