package import Logging
import TaskDomain
package import WireValues

/// A Dapr job that fell due.
package struct JobCall: Sendable {
    package let name: String
    /// What the job was set with; null when it was set with nothing.
    package let data: JSON
    package let trace: TraceContext
    package let receivedAt: Timestamp
    package let logger: Logger

    package init(name: String, data: JSON, receivedAt: Timestamp, logger: Logger) {
        self.init(name: name, data: data, trace: .new(), receivedAt: receivedAt, logger: logger)
    }

    private init(name: String, data: JSON, trace: TraceContext, receivedAt: Timestamp, logger: Logger) {
        self.name = name
        self.data = data
        self.trace = trace
        self.receivedAt = receivedAt
        self.logger = logger
    }

    /// 200 ends the job, whatever the body says. Everything but 404 else is a failure, which its policy repeats; 404
    /// would be taken for success.
    static func respond(
        to request: ServiceRequest, _ handler: @Sendable (JobCall) async throws -> JobOutcome
    ) async throws -> ServiceResponse {
        var logger = request.logger
        logger[metadataKey: "job"] = "\(request["name"])"
        let body = try request.body()
        let data: JSON
        do {
            data = body.isEmpty ? .null : try JSON(parsing: body)
        } catch {
            // Nobody will set it right by calling again.
            logger.error("job with unreadable data ended", metadata: ["error": "\(error)"])
            return ServiceResponse(status: 200)
        }
        let outcome: JobOutcome
        do {
            outcome = try await handler(
                JobCall(
                    name: request["name"], data: data, trace: request.trace, receivedAt: request.receivedAt,
                    logger: logger))
        } catch {
            outcome = .retry("\(error)")
        }
        switch outcome {
        case .done: return ServiceResponse(status: 200)
        case .retry(let reason):
            logger.notice("job to be tried again", metadata: ["reason": "\(reason)"])
            return Problem.unavailable("job_failed", "The job is to be called again.").response
        }
    }
}

package enum JobOutcome: Hashable, Sendable {
    /// It has had its effect, or has none any more.
    case done
    /// To be called again, as its failure policy says.
    case retry(String)
}
