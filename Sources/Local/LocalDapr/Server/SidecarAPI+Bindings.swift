import WireValues

/// Output bindings (section 7 of the Dapr contract).
extension SidecarAPI {
    func invokeBinding(_ request: APIRequest, name: String) async throws -> APIResponse {
        guard let body = request.body else {
            throw APIError(400, "ERR_MALFORMED_REQUEST", "the body cannot be read or is longer than 4 MiB")
        }
        let json: JSON
        do throws(JSONParseError) {
            json = try JSON(parsing: body)
        } catch {
            throw APIError(400, "ERR_MALFORMED_REQUEST", "failed deserializing HTTP body: \(error)")
        }
        guard json.object != nil else {
            throw APIError(400, "ERR_MALFORMED_REQUEST", "failed deserializing HTTP body: no object")
        }
        func failed(_ why: String) -> APIError {
            APIError(500, "ERR_INVOKE_OUTPUT_BINDING", "error invoking output binding \(name): \(why)")
        }
        guard let binding = sidecar.bindings[name] else { throw failed("couldn't find output binding \(name)") }
        let operation = json["operation"]?.string ?? ""
        guard !operation.isEmpty else { throw failed("operation field is missing from request") }
        guard binding.operations.contains(operation) else {
            throw failed(
                "binding \(name) does not support operation \(operation). supported operations:\(binding.operations.sorted().joined(separator: " "))"
            )
        }
        var metadata: [String: String] = [:]
        for (key, value) in json["metadata"]?.object ?? JSONObject() { metadata[key] = value.scalarText ?? "" }
        let call = BindingCall(operation: operation, data: json["data"], metadata: metadata)
        do {
            let answer = try await binding.invoke(call)
            guard !answer.body.isEmpty || !answer.metadata.isEmpty else { return .noContent }
            return with(answer, answer.body.isEmpty ? .noContent : .json(200, answer.body))
        } catch let error as BindingError {
            return with(error.answer, failed(error.description).response)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw failed("\(error)")
        }
    }

    private func with(_ answer: BindingAnswer, _ response: APIResponse) -> APIResponse {
        var response = response
        for (name, value) in answer.metadata where !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            response.headers.append(("metadata.\(name)", value))
        }
        return response
    }
}
