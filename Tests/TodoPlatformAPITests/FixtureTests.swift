import KubernetesModel
import Testing
import TodoPlatformAPI

/// The same fixtures are given to the CEL rules of the CRD by `hack/checks/cel.py`.
struct FixtureTests {
    static let names: [String] = (try? Repository.files(in: "Tests/Data/cel")) ?? []

    @Test(arguments: names)
    func `each rule accepts what is right and refuses what is wrong`(name: String) throws {
        let fixture = try JSON(yaml: Repository.text("Tests/Data/cel/\(name)"))
        #expect(try problems(fixture["accepted"]).isEmpty)
        let found = try problems(fixture["refused"])
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.path == fixture["path"]?.string)
        let message = try #require(fixture["message"]?.string)
        #expect(found.first.map { "\($0.message): \($0.remedy)" }?.hasSuffix(message) == true, "\(found)")
    }

    private func problems(_ json: JSON?) throws -> [Problem] {
        let new = try #require(json?["new"])
        let old = json?["old"].map { TodoPlatform.decode(resource($0)).platform.spec }
        return TodoPlatform.decode(resource(new), replacing: old).problems
    }

    @Test func `every rule of the CRD has a fixture`() throws {
        var rules: Set<String> = []
        func visit(_ schema: JSON) {
            for rule in schema["x-kubernetes-validations"]?.array ?? [] { rules.insert(rule["message"]?.string ?? "") }
            for (_, property) in schema["properties"]?.object ?? JSONObject() { visit(property) }
            if let items = schema["items"] { visit(items) }
        }
        visit(TodoPlatformCRD.manifest()["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"] ?? .null)
        let fixtures = try Self.names.compactMap {
            try JSON(yaml: Repository.text("Tests/Data/cel/\($0)"))["message"]?.string
        }
        #expect(rules.count > 30)
        #expect(rules.subtracting(fixtures).isEmpty)
    }
}
