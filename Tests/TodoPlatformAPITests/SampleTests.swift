import KubernetesModel
import Testing
import TodoPlatformAPI

struct SampleTests {
    static let names: [String] = ((try? Repository.files(in: "config/samples")) ?? []).filter {
        $0.hasSuffix(".yaml") && $0 != "kustomization.yaml"
    }

    @Test(arguments: names)
    func `each sample is valid, to the last field name`(name: String) throws {
        let json = try JSON(yaml: Repository.text("config/samples/\(name)"))
        let (platform, problems) = TodoPlatform.decode(KubernetesObject(json))
        #expect(problems.isEmpty, "\(problems)")
        #expect(platform.name == "todo")
        #expect(!platform.effective.services.isEmpty)
    }

    @Test func `all samples are there`() {
        #expect(
            Self.names == [
                "external-kafka.yaml", "free-tier-oke.yaml", "high-availability.yaml", "minimal.yaml", "redis.yaml",
                "standard.yaml",
            ])
    }

    @Test func `the smallest resource has five lines and means the documented defaults`() throws {
        let text = try Repository.text("config/samples/minimal.yaml")
        #expect(text.split(separator: "\n").count == 5)
        let platform = try TodoPlatform(KubernetesObject(JSON(yaml: text)))
        #expect(platform.spec == TodoPlatformSpec())
    }
}
