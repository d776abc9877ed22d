import KubernetesModel
import TestSupport
import Testing

@Suite struct QuantityTests {
    @Test(arguments: [
        ("250m", 250, "250m"), ("1000m", 1_000, "1"), ("0.5", 500, "500m"), ("2", 2_000, "2"), ("0", 0, "0"),
        ("1Gi", 1_073_741_824_000, "1Gi"), ("1024Mi", 1_073_741_824_000, "1Gi"),
        ("1536Mi", 1_610_612_736_000, "1536Mi"),
        ("1.5Gi", 1_610_612_736_000, "1536Mi"), ("100M", 100_000_000_000, "100M"), ("2e3", 2_000_000, "2k"),
        ("1000", 1_000_000, "1k"), ("-5", -5_000, "-5"), ("+1", 1_000, "1"),
    ])
    func `amounts are read and written canonically`(text: String, milli: Int64, canonical: String) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.milli == milli)
        #expect(quantity.description == canonical)
    }

    @Test(arguments: ["", "Mi", "1 Gi", "1gi", "abc", "1.2.3", "--1", "0.0001m", "1e", "1e99", "99999999999999999999"])
    func `what is no amount is refused`(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test func `the canonical form means the same amount`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let number = Int.random(in: 0...4_000_000, using: &random)
            let suffix = ["", "m", "k", "M", "Ki", "Mi", "Gi"][Int.random(in: 0...6, using: &random)]
            guard let quantity = Quantity("\(number)\(suffix)") else { continue }
            #expect(Quantity(quantity.description) == quantity, "seed \(seed): \(number)\(suffix)")
        }
    }

    @Test func `sums do not overflow`() {
        let huge = Quantity(milli: .max)
        #expect((huge + huge).milli == .max)
        #expect((huge * 3).milli == .max)
    }
}

@Suite struct RequestTests {
    let deployment = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")

    @Test func `an apply names its manager and the object's path`() {
        let object = KubernetesObject(deployment, namespace: "shop", name: "api")
        let request = KubernetesRequest.apply(object, deployment, fieldManager: "todo-operator")
        #expect(
            request.pathAndQuery
                == "/apis/apps/v1/namespaces/shop/deployments/api?fieldManager=todo-operator&force=true&fieldValidation=Strict"
        )
        #expect(request.contentType == "application/apply-patch+yaml")
        #expect(request.summary == "patch Deployment shop/api")
    }

    @Test func `hostile names stay inside their path segment`() {
        let request = KubernetesRequest.get(deployment, namespace: "../kube-system", name: "a/b?c#d%2F é")
        #expect(request.path == "/apis/apps/v1/namespaces/..%2Fkube-system/deployments/a%2Fb%3Fc%23d%252F%20%C3%A9")
    }

    @Test func `a watch resumes by query parameter and asks for bookmarks`() {
        let request = KubernetesRequest.watch(
            deployment, namespace: nil, labelSelector: "a=b,c", resourceVersion: "42", timeoutSeconds: 300)
        #expect(
            request.pathAndQuery
                == "/apis/apps/v1/deployments?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&labelSelector=a%3Db%2Cc&resourceVersion=42"
        )
    }
}

@Suite struct KubernetesErrorTests {
    @Test(arguments: [
        (409, "AlreadyExists", KubernetesError.Code.alreadyExists, false), (409, "Conflict", .conflict, true),
        (404, "NotFound", .notFound, false), (410, "Expired", .expired, true), (403, "Forbidden", .forbidden, false),
        (422, "Invalid", .invalid, false), (429, "TooManyRequests", .throttled, true),
        (500, "InternalError", .unavailable, true), (503, "ServiceUnavailable", .unavailable, true),
        (401, "Unauthorized", .unauthorized, true), (400, "BadRequest", .invalid, false),
    ])
    func `a status maps to one code`(status: Int, reason: String, code: KubernetesError.Code, isTransient: Bool) {
        let body: JSON = ["kind": "Status", "message": "no", "reason": .string(reason)]
        let error = KubernetesError(doing: "get Pod a", status: status, body: body.bytes)
        #expect(error.code == code)
        #expect(error.isTransient == isTransient)
        #expect(error.message == "get Pod a: no")
    }

    @Test func `flow control answers in plain text`() {
        let error = KubernetesError(
            doing: "list Pods", status: 429, body: Array("Too many requests, please try again later.\n".utf8),
            retryAfterSeconds: 1)
        #expect(error.code == .throttled)
        #expect(error.retryAfter == .seconds(1))
        #expect(error.message == "list Pods: Too many requests, please try again later.")
    }

    @Test func `a field that the schema does not know is not worth a retry`() {
        let body: JSON = ["message": "failed to create typed patch object: .spec.x: field not declared in schema"]
        #expect(KubernetesError(doing: "apply", status: 500, body: body.bytes).code == .invalid)
    }
}
