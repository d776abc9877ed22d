import KubernetesModel
import PlatformPlan
import TestSupport
import Testing

@Suite struct ComparisonTests {
    private func paths(_ desired: JSON, _ live: JSON?) -> [String] {
        Comparison.differences(desired: desired, live: live).map(\.path)
    }

    @Test func `what the server and others add is not a difference`() {
        let desired: JSON = [
            "spec": ["replicas": 2, "template": ["spec": ["containers": [["name": "api", "image": "a:1"]]]]]
        ]
        let live: JSON = [
            "metadata": ["uid": "u"],
            "spec": [
                "replicas": 2, "revisionHistoryLimit": 10,
                "template": [
                    "spec": [
                        "dnsPolicy": "ClusterFirst",
                        "containers": [
                            ["name": "injected", "image": "x"],
                            ["name": "api", "image": "a:1", "terminationMessagePath": "/dev/termination-log"],
                        ],
                    ]
                ],
            ], "status": ["replicas": 2],
        ]
        #expect(paths(desired, live).isEmpty)
    }

    @Test func `changed, missing and wrong-typed fields are named with their path`() {
        let desired: JSON = [
            "spec": [
                "replicas": 2, "paused": false,
                "template": ["spec": ["containers": [["name": "api", "image": "a:1"]]]],
            ]
        ]
        let live: JSON = [
            "spec": ["replicas": 5, "template": ["spec": ["containers": [["name": "api", "image": "evil:1"]]]]]
        ]
        #expect(
            paths(desired, live)
                == ["spec.replicas", "spec.paused", "spec.template.spec.containers[name=api].image"])
        #expect(paths(["spec": ["a": 1]], ["spec": "text"]) == ["spec"])
        #expect(paths(["spec": ["a": 1]], nil) == ["spec"] || paths(["spec": ["a": 1]], nil) == [""])
    }

    @Test(arguments: [("1", "1000m"), ("1Gi", "1024Mi"), ("0.5", "500m")])
    func `amounts are compared by what they mean`(desired: String, live: String) {
        let one: JSON = ["resources": ["requests": ["cpu": .string(desired)]]]
        let other: JSON = ["resources": ["requests": ["cpu": .string(live)]]]
        #expect(paths(one, other).isEmpty)
        // the same texts as an environment variable are just texts
        let first: JSON = ["env": [["name": "A", "value": .string(desired)]]]
        let second: JSON = ["env": [["name": "A", "value": .string(live)]]]
        #expect(paths(first, second) == ["env[name=A].value"])
    }

    @Test func `lists without a merge key must be equal in length and order`() {
        #expect(paths(["args": ["a", "b"]], ["args": ["a", "b"]]).isEmpty)
        #expect(paths(["args": ["a", "b"]], ["args": ["b", "a"]]) == ["args[0]", "args[1]"])
        #expect(paths(["args": ["a"]], ["args": ["a", "b"]]) == ["args"])
        #expect(paths(["tolerations": [["key": "a"]]], ["tolerations": [["key": "a", "operator": "Equal"]]]).isEmpty)
    }

    @Test func `ports merge by number and protocol`() {
        let container: JSON = ["ports": [["containerPort": 8080, "protocol": "TCP", "name": "http"]]]
        let live: JSON = [
            "ports": [
                ["containerPort": 9090, "protocol": "TCP"], ["containerPort": 8080, "protocol": "TCP", "name": "http"],
            ]
        ]
        #expect(paths(container, live).isEmpty)
        let service: JSON = ["ports": [["name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"]]]
        let liveService: JSON = ["ports": [["name": "http", "port": 80, "protocol": "UDP", "targetPort": "http"]]]
        #expect(paths(service, liveService) == ["ports[port=80,protocol=TCP]"])
    }

    @Test func `empty objects that the server drops are not missed`() {
        #expect(paths(["spec": ["selector": [:], "list": []]], ["spec": [:]]).isEmpty)
    }

    @Test func `every value is covered by itself, and by itself with more in it`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let value = random.object(depth: 4)
            #expect(paths(value, value).isEmpty, "seed \(seed)")
            var more = value
            more["added-by-somebody"] = ["x": 1]
            #expect(paths(value, more).isEmpty, "seed \(seed)")
            if let key = value.object?.keys.first, value[key]?.object?.isEmpty != true,
                value[key]?.array?.isEmpty != true,
                value[key]?.isNull != true
            {
                var less = value
                less[key] = nil
                #expect(!paths(value, less).isEmpty, "seed \(seed)")
            }
        }
    }
}

extension SeededGenerator {
    mutating func object(depth: Int) -> JSON {
        var members = JSONObject()
        for _ in 0..<Int.random(in: 0...4, using: &self) { members[key()] = value(depth: depth - 1) }
        return .object(members)
    }

    private mutating func key() -> String {
        ["spec", "name", "env", "ports", "args", "requests", "limits", "containers", "a", "b"].randomElement(
            using: &self) ?? "a"
    }

    private mutating func value(depth: Int) -> JSON {
        switch Int.random(in: 0...(depth > 0 ? 5 : 3), using: &self) {
        case 0: .integer(.random(in: 0...9, using: &self))
        case 1: .bool(.random(using: &self))
        case 2: .string(["", "1", "1Gi", "x\ny"].randomElement(using: &self) ?? "")
        case 3: .null
        case 4: .array((0..<Int.random(in: 0...3, using: &self)).map { _ in value(depth: depth - 1) })
        default: object(depth: depth - 1)
        }
    }
}
