import WireValues

extension Problem {
    /// The document as the body of an answer, without the id of the request.
    package var response: ServiceResponse {
        .bytes(bytes, contentType: "application/problem+json", status: status, headers: headers)
    }

    func response(requestID: String) -> ServiceResponse {
        var problem = self
        problem.members["request_id"] = .string(requestID)
        return problem.response
    }

    /// The whole answer to a request that is refused before it comes to the routes, as they would have answered it.
    ///
    /// - Parameter requestID: the request's `X-Request-Id`; a new one is made if it has none, or no fair one.
    package func answer(requestID offered: String?) -> ServiceResponse {
        let requestID = ServiceResponder.fairID(offered)
        var answer = response(requestID: requestID)
        answer.headers = ServiceResponder.fields(of: answer, requestID: requestID) + [("Date", HTTPDate().text)]
        return answer
    }
}
