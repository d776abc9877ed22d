import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

struct DesiredMonitoringTests {
    private func rules(_ scenario: Scenario) -> [JSON] {
        scenario.state.objects("PrometheusRule").flatMap {
            $0.json[path: ["spec", "groups"]]?[0]?["rules"]?.array ?? []
        }
    }

    @Test func `every alert says how bad it is, what it means and what to do`() throws {
        let names = Set(Scenario.all.flatMap(rules).compactMap { $0["alert"]?.string })
        #expect(names.count >= 12)
        for scenario in Scenario.all {
            for rule in rules(scenario) {
                let name = try #require(rule["alert"]?.string)
                #expect(["critical", "warning"].contains(rule[path: ["labels", "severity"]]?.string))
                #expect(rule[path: ["annotations", "summary"]]?.string?.isEmpty == false)
                #expect(
                    rule[path: ["annotations", "runbook_url"]]?.string
                        == "https://todoplatform.dev/docs/runbooks/\(name).md")
                #expect(
                    Repository.text("docs/runbooks/\(name).md")?.contains("# \(name)") == true, "no page for \(name)")
            }
        }
    }

    @Test func `every runbook is one of an alert`() throws {
        let names = Set(Scenario.all.flatMap(rules).compactMap { $0["alert"]?.string })
        for page in Repository.files("docs/runbooks") where page != "README.md" {
            #expect(names.contains(String(page.dropLast(3))), "\(page)")
        }
    }

    @Test(arguments: Scenario.all) func `expressions are closed and speak of this platform alone`(_ scenario: Scenario)
    {
        let dashboards = scenario.state.objects("ConfigMap").flatMap { map -> [String] in
            (map.json["data"]?.object?.values ?? []).compactMap(\.string).flatMap { text -> [String] in
                guard let json = try? JSON(parsing: text) else { return ["unreadable {"] }  // fails below
                return (json["panels"]?.array ?? []).flatMap { $0["targets"]?.array ?? [] }.compactMap {
                    $0["expr"]?.string
                }
            }
        }
        #expect(!dashboards.isEmpty)
        for expression in rules(scenario).compactMap({ $0["expr"]?.string }) + dashboards {
            for (open, close) in [("(", ")"), ("{", "}"), ("[", "]")] {
                #expect(
                    expression.filter { String($0) == open }.count == expression.filter { String($0) == close }.count,
                    "\(expression)")
            }
            #expect(expression.filter { $0 == "\"" }.count.isMultiple(of: 2))
            #expect(expression.contains("namespace=\"todo\""), "\(expression)")
        }
    }

    @Test func `alerts follow what there is to watch`() {
        func names(_ change: (inout TodoPlatformSpec) -> Void) -> Set<String> {
            Set(rules(Scenario("x", Cluster.current, change)).compactMap { $0["alert"]?.string })
        }
        let plain = names {
            $0.messaging.type = .redis
            $0.database.migrations.enabled = false
        }
        #expect(
            plain.isDisjoint(with: [
                "TodoMigrationFailed", "TodoAutoscalerAtLimit", "TodoCertificateExpires", "TodoKafkaUnderReplicated",
            ]))
        #expect(names { _ in }.contains("TodoMigrationFailed"))
        #expect(names { _ in }.contains("TodoKafkaUnderReplicated"))
        #expect(names { $0.services.api.autoscaling.enabled = true }.contains("TodoAutoscalerAtLimit"))
    }

    @Test func `labels of the resource reach monitors, rules and dashboards`() {
        let state = Scenario("x") { spec in
            spec.monitoring.serviceMonitor.labels = ["release": "prometheus"]
            spec.monitoring.alerts.labels = ["release": "prometheus"]
            spec.monitoring.dashboards.labels = ["grafana_dashboard": "1", "app.kubernetes.io/part-of": "other"]
        }.state
        for kind in ["ServiceMonitor", "PrometheusRule"] {
            #expect(state.objects(kind).allSatisfy { $0.labels["release"] == "prometheus" })
        }
        for map in state.objects("ConfigMap") {
            #expect(
                map.labels["grafana_dashboard"] == "1" && map.labels["app.kubernetes.io/part-of"] == "todo-platform")
        }
    }

    @Test func `dashboards of two platforms do not overwrite each other`() throws {
        var other = Scenario("x").input
        other.platform.name = "store"
        func uids(_ state: DesiredState) -> Set<String> {
            Set(
                state.objects("ConfigMap").flatMap { $0.json["data"]?.object?.values ?? [] }.compactMap { text in
                    (try? JSON(parsing: text.string ?? ""))?["uid"]?.string  // unreadable: none, and one is missing
                })
        }
        let first = uids(Scenario("x").state)
        #expect(first.count == 2 && first.isDisjoint(with: uids(DesiredState.build(other))))
        #expect(first.allSatisfy { $0.utf8.count <= 40 })
    }

    @Test func `all samples are there`() {
        let files = Repository.files("config/samples").filter { $0.hasSuffix(".yaml") && $0 != "kustomization.yaml" }
        #expect(Set(files.map { String($0.dropLast(5)) }).isSubset(of: Scenario.all.map(\.name)), "\(files)")
        #expect(files.count >= 6)
    }

    // Where users reach it, and by what.
    @Test func `a free load balancer is asked for on OKE, and shows the API alone`() throws {
        let scenario = try #require(Scenario.all.first { $0.name == "rabbitmq" })
        let service = try scenario.state.object("Service", "shop-public")
        #expect(service.annotations["service.beta.kubernetes.io/oci-load-balancer-shape"] == "flexible")
        #expect(service.annotations["service.beta.kubernetes.io/oci-load-balancer-shape-flex-max"] == "10")
        #expect(service.spec?["ports"]?.array?.count == 1)
        #expect(service.json[path: ["spec", "selector", "app.kubernetes.io/component"]] == "api")
        #expect(scenario.state.objects("Service").filter { $0.spec?["type"] == "LoadBalancer" }.count == 1)
    }

    @Test func `an Ingress on GKE has the annotation that its controller looks for`() throws {
        let ingress = try Scenario("x") { spec in
            spec.cluster = .gke
            spec.exposure.type = .ingress
        }.state.object("Ingress", "shop-web")
        #expect(ingress.annotations["kubernetes.io/ingress.class"] == "gce")
        #expect(ingress.spec?["ingressClassName"] == nil)
    }
}
