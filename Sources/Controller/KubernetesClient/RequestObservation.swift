package import KubernetesModel

/// One attempt at a request, for metrics. Every attempt of a retried request is observed by itself.
package struct RequestObservation: Hashable, Sendable {
    package let verb: KubernetesRequest.Verb
    /// The kind that was asked for; nil for paths outside resources, such as discovery.
    package let kind: GroupKind?
    /// The HTTP status; nil when there was no answer.
    package let status: Int?
    /// Why the attempt failed; nil when it succeeded.
    package let error: KubernetesError.Code?
    /// From sending to the complete answer, for streams to its head. Waits between attempts are not in it.
    package let duration: Duration
    /// 1 for the first attempt.
    package let attempt: Int

    package init(
        verb: KubernetesRequest.Verb, kind: GroupKind?, status: Int?, error: KubernetesError.Code?, duration: Duration,
        attempt: Int
    ) {
        self.verb = verb
        self.kind = kind
        self.status = status
        self.error = error
        self.duration = duration
        self.attempt = attempt
    }
}
