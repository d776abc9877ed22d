import KubernetesModel
import PlatformPlan
import Testing

/// The Pod Security Standard "restricted" (Kubernetes documentation, "Pod Security Standards"), held against every pod
/// that a platform makes itself.
struct DesiredPolicyTests {
    @Test(arguments: Scenario.all) func `every pod is restricted`(_ scenario: Scenario) throws {
        let templates = scenario.state.objects.compactMap { object -> (ObjectKey, JSON)? in
            object.object.json[path: ["spec", "template", "spec"]].flatMap { spec in
                spec["containers"] == nil ? nil : (object.key, spec)
            }
        }
        #expect(templates.count == 7)  // six services and the migration
        for (key, spec) in templates {
            let violations = RestrictedPods.violations(spec)
            #expect(violations.isEmpty, "\(key): \(violations)")
        }
    }

    @Test(arguments: Scenario.all) func `Kafka's own containers are restricted too`(_ scenario: Scenario) throws {
        var contexts: [JSON] = []
        for pool in scenario.state.objects("KafkaNodePool") {
            contexts.append(pool.json[path: ["spec", "template", "kafkaContainer", "securityContext"]] ?? .null)
        }
        for kafka in scenario.state.objects("Kafka") {
            for container in ["topicOperatorContainer", "userOperatorContainer"] {
                contexts.append(
                    kafka.json[path: ["spec", "entityOperator", "template", container, "securityContext"]] ?? .null)
            }
        }
        for context in contexts {
            #expect(context["allowPrivilegeEscalation"] == false)
            #expect(context["runAsNonRoot"] == true)
            #expect(context["capabilities"] == ["drop": ["ALL"]])
            #expect(context["seccompProfile"] == ["type": "RuntimeDefault"])
        }
    }

    // What the check itself finds.
    @Test(arguments: [
        (["securityContext", "runAsUser"], JSON(0)),
        (["hostNetwork"], JSON(true)),
        (["volumes"], JSON.array([["name": "x", "hostPath": ["path": "/"]]])),
        (["containers"], JSON.array([["name": "x", "image": "y"]])),
    ])
    func `a pod that breaks a rule is found`(_ path: [String], _ value: JSON) throws {
        var spec = try #require(
            Scenario("default").state.object("Deployment", "shop-api").json[path: ["spec", "template", "spec"]])
        spec[path: path] = value
        #expect(!RestrictedPods.violations(spec).isEmpty)
    }
}

enum RestrictedPods {
    static func violations(_ spec: JSON) -> [String] {
        var violations: [String] = []
        for field in ["hostNetwork", "hostPID", "hostIPC"] where spec[field]?.bool == true {
            violations.append("\(field) is set")
        }
        let pod = spec["securityContext"] ?? .null
        if pod["runAsUser"]?.int == 0 { violations.append("the pod runs as root") }
        let allowed = [
            "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
        ]
        for volume in spec["volumes"]?.array ?? [] {
            for kind in volume.object?.keys ?? [] where kind != "name" && !allowed.contains(kind) {
                violations.append("volume of kind \(kind)")
            }
        }
        let containers = (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? [])
        if containers.isEmpty { violations.append("no container") }
        for container in containers { violations += self.violations(of: container, pod: pod) }
        return violations
    }

    private static func violations(of container: JSON, pod: JSON) -> [String] {
        var violations: [String] = []
        let context = container["securityContext"] ?? .null
        let name = container["name"]?.string ?? ""
        if context["privileged"]?.bool == true { violations.append("\(name) is privileged") }
        if context["allowPrivilegeEscalation"]?.bool != false { violations.append("\(name) may escalate privileges") }
        if context["capabilities"]?["drop"]?.array?.contains("ALL") != true {
            violations.append("\(name) keeps capabilities")
        }
        let added = context["capabilities"]?["add"]?.array ?? []
        if added.contains(where: { $0 != "NET_BIND_SERVICE" }) { violations.append("\(name) adds capabilities") }
        if (context["runAsNonRoot"] ?? pod["runAsNonRoot"])?.bool != true {
            violations.append("\(name) may run as root")
        }
        if context["runAsUser"]?.int == 0 { violations.append("\(name) runs as root") }
        let profile = (context["seccompProfile"] ?? pod["seccompProfile"])?["type"]?.string ?? ""
        if !["RuntimeDefault", "Localhost"].contains(profile) { violations.append("\(name) has no seccomp profile") }
        for port in container["ports"]?.array ?? [] where (port["hostPort"]?.int ?? 0) != 0 {
            violations.append("\(name) has a host port")
        }
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"]
        where container[path: [probe, "httpGet", "host"]] != nil { violations.append("\(name) probes another host") }
        return violations
    }
}
