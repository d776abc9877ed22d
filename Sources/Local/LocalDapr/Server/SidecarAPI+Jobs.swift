import WireValues

/// Jobs (section 3 of the Dapr contract).
extension SidecarAPI {
    private func refused(_ refusal: JobDefinition.Refusal) -> APIError {
        // Job errors have no older code: both say the same.
        APIError(
            refusal.status, refusal.code, refusal.message, reason: refusal.code.hasPrefix("DAPR_") ? refusal.code : nil)
    }

    private func check(_ name: String) throws(APIError) {
        guard !name.allSatisfy(\.isWhitespace) else {
            throw APIError(
                400, "DAPR_SCHEDULER_JOB_NAME_EMPTY", "Name is empty", reason: "DAPR_SCHEDULER_JOB_NAME_EMPTY")
        }
        let isFine =
            name.utf8.count <= 500 && name != "." && name != ".."
            && name.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && !"/\\#?".unicodeScalars.contains($0)
            }
        guard isFine else {
            throw APIError(
                500, "DAPR_SCHEDULER_SCHEDULE_JOB",
                "failed to schedule job due to: rpc error: code = InvalidArgument desc = job name is invalid",
                reason: "DAPR_SCHEDULER_SCHEDULE_JOB")
        }
    }

    func createJob(_ request: APIRequest, name: String) async throws -> APIResponse {
        guard let body = request.body else {
            throw APIError(400, "ERR_BODY_READ", "the body cannot be read or is longer than 4 MiB")
        }
        do {
            let definition = try JobDefinition(body: body)
            try check(name)
            try await sidecar.machine.jobs.create(Job.Key(app: sidecar.appID, name: name), definition)
        } catch let refusal as JobDefinition.Refusal {
            throw refused(refusal)
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(
                500, "DAPR_SCHEDULER_SCHEDULE_JOB", "failed to schedule job due to: \(error)",
                reason: "DAPR_SCHEDULER_SCHEDULE_JOB")
        }
        return .noContent
    }

    func getJob(_ name: String) throws(APIError) -> APIResponse {
        guard let job = sidecar.machine.jobs.job(Job.Key(app: sidecar.appID, name: name)) else {
            throw APIError(
                500, "DAPR_SCHEDULER_GET_JOB",
                "failed to get job due to: rpc error: code = NotFound desc = job not found: \(name)",
                reason: "DAPR_SCHEDULER_GET_JOB")
        }
        return .json(200, job.definition.json(name: name))
    }

    func deleteJob(_ name: String) async throws -> APIResponse {
        do {
            try await sidecar.machine.jobs.delete(Job.Key(app: sidecar.appID, name: name))
        } catch {
            throw APIError(
                500, "DAPR_SCHEDULER_DELETE_JOB", "failed to delete job due to: \(error)",
                reason: "DAPR_SCHEDULER_DELETE_JOB")
        }
        return .noContent
    }
}
