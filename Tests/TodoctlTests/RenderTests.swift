import FoundationEssentials
import KubernetesModel
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI
import Yams

@testable import TodoctlCommands

@Suite struct RenderTests {
    static let samples: [String] = {
        let folder = "\(TestCRDs.repository)/config/samples"
        // A folder that is not there shows as a test without cases.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && $0 != "kustomization.yaml" }.sorted().map { "\(folder)/\($0)" }
    }()

    @Test func `there are samples`() { #expect(Self.samples.count >= 3) }

    @Test(arguments: samples)
    func `a rendered sample is YAML that says exactly what the operator wants`(path: String) throws {
        let apis = try AssumedAPIs().served()
        let manifest = try #require(try ManifestFile.platforms([path], namespace: nil).first)
        let validation = Validation(manifest.object, apis: apis)
        #expect(validation.errors.isEmpty, "\(validation.errors)")
        let platform = validation.platform
        let text = Rendering.yaml(Rendering(platform, apis: apis).objects)

        let desired = DesiredState.build(
            PlanInput(platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version))
        let expected = desired.objects.map { desired in
            var object = desired.object
            object.ownerReferences = []
            return object.json
        }
        // Read by the reader of this program, which reads as kubectl does, and by the library alone.
        #expect(try Manifest.read(text, source: "rendered").map(\.object.json) == expected)
        #expect(try Array(Yams.compose_all(yaml: text)).count == expected.count)
        // The same text every time.
        #expect(Rendering.yaml(Rendering(platform, apis: apis).objects) == text)
        #expect(try JSON(parsing: Rendering.json(Rendering(platform, apis: apis).objects))["items"]?.array == expected)
    }

    @Test func `stages follow each other in the output`() throws {
        let platform = TodoPlatform(name: "shop", namespace: "todo")
        let kinds = Rendering(platform, apis: try AssumedAPIs().served()).objects.map(\.kind)
        func first(_ kind: String) throws -> Int { try #require(kinds.firstIndex(of: kind)) }
        #expect(try first("Kafka") < first("Component"))
        #expect(try first("Component") < first("Job"))
        #expect(try first("Job") < first("Deployment"))
    }

    @Test func `the Secrets to bring are listed once, with all their keys`() throws {
        let manifest = try #require(
            try Manifest.read(
                """
                apiVersion: todoplatform.dev/v1alpha1
                kind: TodoPlatform
                metadata: {name: shop}
                spec:
                  messaging:
                    type: kafka
                    kafka:
                      brokers: [broker.example.com:9093]
                      sasl: {mechanism: SCRAM-SHA-512, secretRef: {name: login}}
                      tls: {caSecretRef: {name: ca}}
                """, source: "-"
            ).first)
        let apis = try AssumedAPIs().served()
        let validation = Validation(manifest.object, apis: apis)
        #expect(
            Rendering(validation.platform, apis: apis).secretLines == [
                "ca ca.crt", "login password username", "shop-authentication secret", "shop-database url",
            ])
        // Strimzi makes those of its own users.
        #expect(
            Rendering(TodoPlatform(name: "shop", namespace: "todo"), apis: apis).secretLines == [
                "shop-authentication secret", "shop-database url",
            ])
    }

    @Test func `an owner is named only when the resource has a uid`() throws {
        let apis = try AssumedAPIs().served()
        let offline = Rendering(TodoPlatform(name: "shop", namespace: "todo"), apis: apis)
        #expect(offline.objects.allSatisfy { $0.ownerReferences.isEmpty })
        let live = Rendering(TodoPlatform(name: "shop", namespace: "todo", uid: "u-1"), apis: apis)
        #expect(live.objects.contains { $0.ownerReferences.first?.uid == "u-1" })
    }

    @Test func `the imagined cluster follows the options`() throws {
        var assumed = AssumedAPIs()
        assumed.kubernetesVersion = "1.20"
        assumed.apis = ["kafka.strimzi.io/v1beta2"]
        assumed.without = [.prometheusOperator]
        var spec = TodoPlatformSpec()
        spec.profile = .highAvailability
        let rendering = Rendering(TodoPlatform(name: "shop", namespace: "todo", spec: spec), apis: try assumed.served())
        func version(_ kind: String) -> String? { rendering.objects.first { $0.kind == kind }?.apiVersion }
        #expect(version("HorizontalPodAutoscaler") == "autoscaling/v2beta2")
        #expect(version("PodDisruptionBudget") == "policy/v1beta1")
        #expect(version("KafkaTopic") == "kafka.strimzi.io/v1beta2")
        #expect(version("ServiceMonitor") == nil)
        #expect(rendering.notes.contains { $0.hasPrefix("Prometheus Operator is not installed") }, "\(rendering.notes)")
        #expect(
            rendering.notes.contains { $0.hasPrefix("needs Secret shop-database with key url") }, "\(rendering.notes)")
    }

    @Test(arguments: ["2.0", "new", "1"]) func `a version that is none is refused`(version: String) {
        var assumed = AssumedAPIs()
        assumed.kubernetesVersion = version
        #expect(throws: CommandError.self) { try assumed.served() }
    }

    @Test(arguments: ["kafka.strimzi.io", "example.com/v1", "v1"]) func `an API that no platform uses is refused`(
        api: String
    ) {
        var assumed = AssumedAPIs()
        assumed.apis = [api]
        #expect(throws: CommandError.self) { try assumed.served() }
    }
}
