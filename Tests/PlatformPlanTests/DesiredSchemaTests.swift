import KubernetesModel
import PlatformPlan
import Testing

/// Every object of another system fits the CRD of that system.
struct DesiredSchemaTests {
    @Test(arguments: Scenario.all)
    func `third-party objects fit their CRDs and come back as they were sent`(_ scenario: Scenario) throws {
        var checked = 0
        for object in scenario.state.objects
        where object.type.group.contains(".") && !object.type.group.hasSuffix("k8s.io")
            || object.type.group == "gateway.networking.k8s.io"
        {
            let schema = try #require(CRDLibrary.shared.schema(object.type), "no CRD for \(object.type)")
            let problems = schema.problems(of: object.object.json)
            #expect(problems.isEmpty, "\(object.key): \(problems)")
            checked += 1
        }
        #expect(checked >= 10)
    }

    @Test func `the names of kinds that we write are those of their CRDs`() {
        for type in ResourceType.platformKinds where type.group.contains(".") && !type.group.hasSuffix("k8s.io") {
            #expect(CRDLibrary.shared.types.contains(type), "\(type)")
        }
    }

    // The validator itself: each kind of mistake is found in a real schema.
    @Test(arguments: [
        (["spec", "partitions"], JSON("six"), "spec.partitions: is no integer"),
        (["spec", "partitions"], JSON(0), "spec.partitions: is below 1"),
        (["spec", "partition"], JSON(1), "spec.partition: unknown field"),
        (["spec"], JSON?.none, "required field spec is missing"),
        (["spec", "topicName"], JSON.null, "spec.topicName: null"),
    ])
    func `a wrong KafkaTopic is refused`(_ path: [String], _ value: JSON?, _ expected: String) throws {
        var topic = try Scenario("default").state.object("KafkaTopic", "shop-task-events").json
        topic[path: path] = value
        let type = ResourceType(group: "kafka.strimzi.io", version: "v1", kind: "KafkaTopic", plural: "kafkatopics")
        let problems = try #require(CRDLibrary.shared.schema(type)).problems(of: topic).map(\.description)
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test(arguments: [
        (["spec", "authorization", "acls", "0", "operations"], "is missing"),
        (["spec", "authentication", "type"], "is none of"),
    ])
    func `a wrong KafkaUser is refused`(_ path: [String], _ expected: String) throws {
        var user = try Scenario("default").state.object("KafkaUser", "shop-api-kafka").json
        if path.last == "operations" {
            user[path: ["spec", "authorization", "acls"]] = [["resource": ["type": "topic", "name": "x"]]]
        } else {
            user[path: path] = "SCRAM-SHA-512"
        }
        let type = ResourceType(group: "kafka.strimzi.io", version: "v1", kind: "KafkaUser", plural: "kafkausers")
        let problems = try #require(CRDLibrary.shared.schema(type)).problems(of: user).map(\.description)
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test func `a route that leaves out a default inside a list is refused`() throws {
        let scenario = try #require(Scenario.all.first { $0.name == "everything" })
        var route = try scenario.state.object("HTTPRoute", "shop-web").json
        route[path: ["spec", "parentRefs"]] = [["name": "public"]]
        let type = ResourceType(
            group: "gateway.networking.k8s.io", version: "v1", kind: "HTTPRoute", plural: "httproutes")
        let problems = try #require(CRDLibrary.shared.schema(type)).problems(of: route).map(\.description)
        #expect(problems.contains { $0.contains("parentRefs[0].kind: the API server would fill in a default") })
    }
}
