import DaprClient
import TaskDomain
import TaskStorage

extension Problem {
    /// What a sender is told about an error that a handler threw: the only place that decides it.
    ///
    /// - Returns: the problem, and whether it is a fault of ours that belongs into the log.
    static func describing(_ error: any Error) -> (problem: Problem, isFault: Bool) {
        switch error {
        case let problem as Problem: (problem, false)
        case let problem as FieldProblem: (.invalid([problem]), false)
        case let several as FieldProblems: (.invalid(several.problems), false)
        case let error as DatabaseError: (describing(error), !error.isTransient)
        case let error as DaprError:
            if error.isTransient {
                (.unavailable("upstream_unavailable", "Another part of the platform does not answer now."), false)
            } else {
                (Problem(502, "upstream_refused", "Another part of the platform refused to do its share."), true)
            }
        case is CancellationError: (.unavailable("stopping", "The service is about to stop."), false)
        default: (Problem(500, "internal", "The service failed; the log tells more under this request id."), true)
        }
    }

    private static func describing(_ error: DatabaseError) -> Problem {
        switch error.code {
        case .badValue: Problem(422, "invalid", "The text holds a character that cannot be stored (NUL).")
        case _ where error.isTransient:
            .unavailable("database_unavailable", "The database cannot be reached now, or is too busy.")
        default: Problem(500, "internal", "The service failed; the log tells more under this request id.")
        }
    }
}
