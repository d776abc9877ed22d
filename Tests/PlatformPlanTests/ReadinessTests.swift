import KubernetesModel
import PlatformPlan
import Testing

@Suite struct ReadinessTests {
    private func object(_ apiVersion: String, _ kind: String, generation: Int = 1, spec: JSON = [:], status: JSON?)
        -> KubernetesObject
    {
        var json: JSON = [
            "apiVersion": .string(apiVersion), "kind": .string(kind),
            "metadata": ["name": "x", "generation": JSON(generation)], "spec": spec,
        ]
        json["status"] = status
        return KubernetesObject(json)
    }

    private func deployment(_ status: JSON?, generation: Int = 2, replicas: Int = 2) -> Readiness {
        Readiness.of(
            object("apps/v1", "Deployment", generation: generation, spec: ["replicas": JSON(replicas)], status: status))
    }

    @Test func `a Deployment is ready when all its replicas are updated, alone and available`() {
        let done: JSON = ["observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2]
        #expect(deployment(done).isReady)
        #expect(!deployment(nil).isReady)
        // the controller has not seen the latest spec: its numbers are about the one before
        #expect(!deployment(done, generation: 3).isReady)
        for (field, value) in [("updatedReplicas", 1), ("replicas", 3), ("availableReplicas", 1)] {
            var status = done
            status[field] = JSON(value)
            #expect(!deployment(status).isReady, "\(field)")
        }
        #expect(deployment(["observedGeneration": 2], replicas: 0).isReady)
    }

    @Test func `a Deployment past its deadline has failed, whatever its numbers say`() {
        let status: JSON = [
            "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
            "conditions": [
                ["type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"]
            ],
        ]
        #expect(deployment(status) == .failed(reason: "ProgressDeadlineExceeded", "too slow"))
    }

    @Test func `Kafka says NotReady with reason Creating while it starts`() {
        func kafka(_ conditions: JSON, observed: Int? = 1) -> Readiness {
            var status: JSON = ["conditions": conditions]
            if let observed { status["observedGeneration"] = JSON(observed) }
            return Readiness.of(object("kafka.strimzi.io/v1", "Kafka", status: status))
        }
        #expect(!kafka([["type": "NotReady", "status": "True", "reason": "Creating"]], observed: nil).isReady)
        #expect(kafka([["type": "Ready", "status": "True"]]).isReady)
        #expect(!kafka([["type": "Ready", "status": "True"]], observed: 0).isReady)
        #expect(
            kafka([["type": "NotReady", "status": "True", "reason": "InvalidResourceException", "message": "no pool"]])
                == .failed(reason: "InvalidResourceException", "no pool"))
        // a warning is not a failure
        #expect(kafka([["type": "Warning", "status": "True"], ["type": "Ready", "status": "True"]]).isReady)
    }

    @Test func `a topic that nobody manages any more counts as ready`() {
        #expect(
            Readiness.of(
                object(
                    "kafka.strimzi.io/v1", "KafkaTopic",
                    status: ["conditions": [["type": "Unmanaged", "status": "True"]]])
            ).isReady)
        #expect(
            Readiness.of(
                object(
                    "kafka.strimzi.io/v1", "KafkaTopic",
                    status: [
                        "observedGeneration": 1,
                        "conditions": [
                            [
                                "type": "Ready", "status": "False", "reason": "NotSupported",
                                "message": "Decreasing partitions not supported",
                            ]
                        ],
                    ])) == .failed(reason: "NotSupported", "Decreasing partitions not supported"))
    }

    @Test func `a node pool is ready when every node has its id`() {
        let pool = { (ids: JSON, observed: Int) in
            Readiness.of(
                self.object(
                    "kafka.strimzi.io/v1", "KafkaNodePool", spec: ["replicas": 3],
                    status: ["nodeIds": ids, "observedGeneration": JSON(observed)]))
        }
        #expect(pool([0, 1, 2], 1).isReady)
        #expect(!pool([0, 1], 1).isReady)
        #expect(!pool([0, 1, 2], 0).isReady)
    }

    @Test func `a Job is ready once complete and failed once failed`() {
        #expect(
            Readiness.of(object("batch/v1", "Job", status: ["conditions": [["type": "Complete", "status": "True"]]]))
                .isReady)
        #expect(
            Readiness.of(
                object(
                    "batch/v1", "Job",
                    status: [
                        "conditions": [
                            ["type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"]
                        ]
                    ]))
                == .failed(reason: "BackoffLimitExceeded", "m"))
        #expect(!Readiness.of(object("batch/v1", "Job", status: ["active": 1])).isReady)
    }

    @Test func `a route is ready once a parent took it as it is now`() {
        func route(_ conditions: JSON) -> Readiness {
            Readiness.of(
                object(
                    "gateway.networking.k8s.io/v1", "HTTPRoute", generation: 2,
                    status: ["parents": [["conditions": conditions]]]))
        }
        #expect(route([["type": "Accepted", "status": "True", "observedGeneration": 2]]).isReady)
        #expect(!route([["type": "Accepted", "status": "True", "observedGeneration": 1]]).isReady)
        #expect(!route([["type": "ResolvedRefs", "status": "True", "observedGeneration": 2]]).isReady)
        #expect(
            route([
                [
                    "type": "Accepted", "status": "False", "reason": "NotAllowed", "message": "no",
                    "observedGeneration": 2,
                ]
            ])
                == .failed(reason: "NotAllowed", "no"))
    }

    @Test func `kinds without a status of their own are ready when they exist, unless they are going`() {
        #expect(Readiness.of(object("v1", "ConfigMap", status: nil)).isReady)
        var going = object("v1", "ConfigMap", status: nil)
        going.json[path: ["metadata", "deletionTimestamp"]] = "2026-01-01T00:00:00Z"
        #expect(!Readiness.of(going).isReady)
    }
}
