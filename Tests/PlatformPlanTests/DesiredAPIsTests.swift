import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

/// Clusters that lack something, and clusters that serve older versions.
struct DesiredAPIsTests {
    private func everything(_ apis: ServedAPIs) -> DesiredState {
        var scenario = Scenario("x", apis) { spec in
            spec.services.audit.autoscaling.enabled = true
            spec.services.audit.autoscaling.lag = LagSpec()
            spec.exposure.type = .gateway
            spec.exposure.host = "todo.example.com"
            var gateway = GatewayReference()
            gateway.name = "public"
            spec.exposure.gateway = gateway
            var tls = TLSSpec()
            tls.issuerRef = IssuerReference()
            spec.exposure.tls = tls
        }
        scenario.apis = apis
        return scenario.state
    }

    // The group that is absent, the system, the kinds that are left out, whether nothing works without.
    @Test(arguments: [
        ("dapr.io", MissingSystem.System.dapr, ["Component", "Configuration", "Resiliency", "Subscription"], true),
        ("kafka.strimzi.io", .strimzi, ["Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "PodMonitor"], true),
        ("keda.sh", .keda, ["ScaledObject", "TriggerAuthentication"], false),
        ("cert-manager.io", .certManager, ["Certificate"], false),
        ("gateway.networking.k8s.io", .gatewayAPI, ["HTTPRoute"], false),
        ("monitoring.coreos.com", .prometheusOperator, ["PodMonitor", "PrometheusRule", "ServiceMonitor"], false),
    ])
    func `a missing system is named, and everything else is made`(
        _ group: String, _ system: MissingSystem.System, _ kinds: [String], _ isBlocking: Bool
    ) throws {
        let complete = everything(Cluster.current)
        #expect(complete.missing.isEmpty)
        let state = everything(Cluster.without(group))
        let missing = try #require(state.missing.first)
        #expect(state.missing.count == 1 && missing.system == system && missing.isBlocking == isBlocking)
        #expect(missing.remedy.contains("Install") && !missing.kinds.isEmpty && missing.system.group == group)
        let gone = Set(complete.objects.map(\.key)).subtracting(state.objects.map(\.key)).map(\.kind.kind)
        #expect(Set(gone) == Set(kinds))
    }

    @Test func `what the resource does not ask for is not missed`() {
        let state = Scenario("x", Cluster.bare.adding("dapr.io")) { spec in
            spec.messaging.type = .redis
            spec.monitoring.serviceMonitor.enabled = false
            spec.monitoring.alerts.enabled = false
        }.state
        #expect(state.missing.isEmpty)
    }

    @Test func `without KEDA a service scales on CPU`() throws {
        let autoscaler = try everything(Cluster.without("keda.sh")).object("HorizontalPodAutoscaler", "shop-audit")
        #expect(autoscaler.json[path: ["spec", "metrics"]]?[0]?["containerResource"]?["name"] == "cpu")
        #expect(try everything(Cluster.current).object("ScaledObject", "shop-audit").name == "shop-audit")
    }

    @Test func `an old cluster gets the versions that it serves, and no field that it does not know`() throws {
        let scenario = try #require(Scenario.all.first { $0.name == "old-cluster" })
        let versions = Dictionary(
            scenario.state.objects.map { ($0.object.kind, $0.object.apiVersion) },
            uniquingKeysWith: { first, _ in first })
        #expect(versions["HorizontalPodAutoscaler"] == "autoscaling/v2beta2")
        #expect(versions["PodDisruptionBudget"] == "policy/v1beta1")
        #expect(versions["Kafka"] == "kafka.strimzi.io/v1beta2" && versions["KafkaUser"] == "kafka.strimzi.io/v1beta2")
        let text = scenario.state.text
        for field in ["unhealthyPodEvictionPolicy", "matchLabelKeys", "ContainerResource", "strimziMetricsReporter"] {
            #expect(!text.contains(field), "\(field)")
        }
        let kafka = try scenario.state.object("Kafka", "shop")
        #expect(kafka.annotations == ["strimzi.io/kraft": "enabled", "strimzi.io/node-pools": "enabled"])
    }

    @Test func `Strimzi's v1 is used only when every kind has it`() throws {
        var half = Cluster.old
        half.insert(ResourceType(group: "kafka.strimzi.io", version: "v1", kind: "Kafka", plural: "kafkas"))
        let versions = Set(
            Scenario("x", half).state.objects.filter { $0.type.group == "kafka.strimzi.io" }.map(\.type.version))
        #expect(versions == ["v1beta2"])
    }

    @Test func `a cluster that serves both prefers the newer one`() {
        var both = Cluster.old
        for type in ResourceType.platformKinds { both.insert(type) }
        #expect(Scenario("x", both).state.text == Scenario("x").state.text)
    }
}
