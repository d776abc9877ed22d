import FoundationEssentials
import KubernetesModel
import Testing
import TodoPlatformAPI

struct CRDTests {
    /// Write them anew with `WRITE_CRD=1 swift test --filter CRDTests`, or with `todoctl crd`.
    @Test func `the checked-in CRD is the one that the types make`() throws {
        let text = TodoPlatformCRD.yaml()
        let path = Repository.path("crds/todoplatform.dev_todoplatforms.yaml")
        if ProcessInfo.processInfo.environment["WRITE_CRD"] != nil {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let present = try String(contentsOfFile: path, encoding: .utf8)
        #expect(present == text, "crds/ is out of date: run todoctl crd > crds/todoplatform.dev_todoplatforms.yaml")
    }

    @Test func `the CRD fits client-side apply`() {
        // 262,144 bytes is the limit of the annotation that holds the applied object as JSON.
        #expect(TodoPlatformCRD.manifest().bytes.count < 130_000)
        #expect(TodoPlatformCRD.yaml().utf8.count < 230_000)
    }

    @Test func `every field has a description, and every number and text is bounded`() throws {
        let schema = try #require(
            TodoPlatformCRD.manifest()["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
        var seen = 0
        func visit(_ schema: JSON, _ path: String) {
            seen += 1
            switch schema["type"]?.string {
            case "integer":
                #expect(schema["minimum"] != nil && schema["maximum"] != nil || path.contains(".status."), "\(path)")
            case "boolean": break
            case "string":
                #expect(
                    schema["maxLength"] != nil || schema["enum"] != nil || schema["format"] != nil
                        || path == ".apiVersion" || path == ".kind", "\(path)")
            case "array":
                #expect(schema["maxItems"] != nil && schema["x-kubernetes-list-type"] != nil, "\(path)")
                if let items = schema["items"] { visit(items, path + "[]") }
            case "object":
                if let values = schema["additionalProperties"] {
                    #expect(schema["maxProperties"] != nil, "\(path)")
                    visit(values, path + "{}")
                }
            default: #expect(schema["x-kubernetes-int-or-string"]?.bool == true, "\(path) has no type")
            }
            for (name, property) in schema["properties"]?.object ?? JSONObject() {
                if path != "" || name != "metadata" {
                    let description = property["description"]?.string ?? ""
                    #expect(description.count > 5 && description.hasSuffix("."), "\(path).\(name): \(description)")
                }
                visit(property, "\(path).\(name)")
            }
        }
        visit(schema, "")
        #expect(seen > 300)
    }

    @Test func `old API servers get the same schema without rules`() {
        let text = TodoPlatformCRD.yaml(withValidations: false)
        #expect(!text.contains("x-kubernetes-validations"))
        #expect(text.contains("x-kubernetes-list-type"))
    }

    /// The API server checks a default before it fills in the defaults within: required fields would be missing.
    @Test func `an object with required fields has no default`() {
        func visit(_ schema: JSON, _ path: String) {
            if schema["default"]?.object?.isEmpty == true { #expect(schema["required"] == nil, "\(path)") }
            #expect(schema["default"]?.isNull != true, "\(path)")
            for (name, property) in schema["properties"]?.object ?? JSONObject() { visit(property, "\(path).\(name)") }
        }
        visit(TodoPlatformCRD.manifest()["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"] ?? .null, "")
    }
}

enum Repository {
    static func path(_ relative: String) -> String {
        // #filePath is Tests/TodoPlatformAPITests/CRDTests.swift.
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(root)/\(relative)"
    }

    static func text(_ relative: String) throws -> String {
        try String(contentsOfFile: path(relative), encoding: .utf8)
    }

    static func files(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(directory)).sorted()
    }
}
