import DaprClient
import HTTPTestSupport
import Testing
import WireValues

struct JobTests {
    @Test func `a job is set with data, a policy that does not give up, and replaces its namesake`() async throws {
        try await withSidecar(answering: .by { _ in .init(204) }) { client, sidecar in
            let due = try #require(Timestamp("2026-03-05T16:00:00.250Z"))
            try await client.setJob(name: "rem-123-1", dueAt: due, data: ["generation": 3])
            let asked = try #require(sidecar.asked.first)
            #expect(asked.method == "POST")
            #expect(asked.path == "/v1.0/jobs/rem-123-1")
            #expect(
                asked.json == [
                    "dueTime": "2026-03-05T16:00:00.250000Z", "data": ["generation": 3], "overwrite": true,
                    "failurePolicy": ["constant": ["interval": "10s"]],
                ])
        }
    }

    @Test(arguments: [
        (Duration.seconds(90), "90s"), (.milliseconds(500), "0.5s"), (.milliseconds(1_050), "1.05s"),
    ])
    func `a policy's interval is seconds, which is all that the runtime reads`(
        interval: Duration, text: String
    ) async throws {
        try await withSidecar(answering: .by { _ in .init(204) }) { client, sidecar in
            var job = DaprClient.Job(name: "j", schedule: "@daily")
            job.failurePolicy = .constant(interval: interval, maxRetries: 3)
            try await client.setJob(job)
            let policy = sidecar.asked.first?.json["failurePolicy"]?["constant"]
            #expect(policy?["interval"]?.string == text)
            #expect(policy?["maxRetries"] == 3)
        }
    }

    @Test func `an older runtime is asked at its path from then on`() async throws {
        try await withSidecar(answering: .by { $0.path.hasPrefix("/v1.0-alpha1/jobs/") ? .init(204) : unknownRoute }) {
            client, sidecar in
            try await client.deleteJob("a")
            try await client.deleteJob("b")
            #expect(
                sidecar.asked.map(\.path) == ["/v1.0/jobs/a", "/v1.0-alpha1/jobs/a", "/v1.0-alpha1/jobs/b"])
        }
    }

    @Test func `a job that does not exist is none, although the sidecar answers 500`() async throws {
        let missing = refusal(
            500, "DAPR_SCHEDULER_GET_JOB",
            "failed to get job due to: rpc error: code = NotFound desc = job not found: x")
        try await withSidecar(answering: .by { _ in missing }) { client, _ in
            let job = try await client.job("x")
            #expect(job == nil)
        }
    }

    @Test func `another failure to read a job is an error`() async throws {
        try await withSidecar(answering: .by { _ in refusal(500, "DAPR_SCHEDULER_GET_JOB", "code = Unavailable") }) {
            client, _ in
            let error = await daprError { () async throws(DaprError) in _ = try await client.job("x") }
            #expect(error?.isTransient == true)
        }
    }
}
