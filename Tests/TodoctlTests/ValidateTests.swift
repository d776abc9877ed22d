import KubernetesModel
import Testing
import TodoPlatformAPI

@testable import TodoctlCommands

@Suite struct ValidateTests {
    private func report(_ text: String, strict: Bool = false) throws -> ValidationReport {
        let platforms = try Manifest.read(text, source: "shop.yaml").filter(\.isPlatform)
        return ValidationReport(platforms, apis: try AssumedAPIs().served(), isStrict: strict)
    }

    @Test func `all problems come at once, by line, each with path and remedy`() throws {
        let report = try report(
            """
            apiVersion: todoplatform.dev/v1alpha1
            kind: TodoPlatform
            metadata:
              name: shop
            spec:
              profil: standard
              services:
                api:
                  replicas: many
              messaging:
                type: nats
            """)
        #expect(report.hasErrors)
        try #require(report.lines.count == 3, "\(report.lines)")
        #expect(report.lines[0] == #"shop.yaml:6: warning: spec.profil: no such field: did you mean "profile"?"#)
        #expect(
            report.lines[1].hasPrefix(
                "shop.yaml:9: error: spec.services.api.replicas: expected an integer, found text: "))
        #expect(
            report.lines[2].hasPrefix(
                #"shop.yaml:11: error: spec.messaging.type: unknown word "nats": use one of strimzi, "#))
    }

    @Test func `a valid platform gets one line, warnings included`() throws {
        let text = """
            apiVersion: todoplatform.dev/v1alpha1
            kind: TodoPlatform
            metadata: {name: shop, namespace: todo}
            spec:
              messaging: {type: in-memory}
            """
        let report = try report(text)
        #expect(!report.hasErrors)
        #expect(report.lines.count == 2)
        #expect(
            report.lines.first?.hasPrefix("shop.yaml:1: warning: spec.messaging.type is in-memory") == true,
            "\(report.lines)")
        #expect(report.lines.last == "shop.yaml:1: valid: TodoPlatform todo/shop, 1 warning")
        #expect(try self.report(text, strict: true).hasErrors)
    }

    @Test func `other kinds are passed over and a wrong version is not`() throws {
        let report = try report(
            """
            kind: Namespace
            apiVersion: v1
            metadata: {name: todo}
            ---
            kind: TodoPlatform
            apiVersion: todoplatform.dev/v1
            metadata: {name: shop}
            """)
        #expect(report.lines.count == 1)
        #expect(report.lines.first?.contains("set apiVersion to todoplatform.dev/v1alpha1") == true, "\(report.lines)")
    }

    @Test func `one name twice in one file is an error`() throws {
        let one = "apiVersion: todoplatform.dev/v1alpha1\nkind: TodoPlatform\nmetadata: {name: shop}\nspec: {}\n"
        let report = try report(one + "---\n" + one)
        #expect(report.hasErrors)
        #expect(report.lines.last?.contains("is at shop.yaml:1 as well") == true, "\(report.lines)")
    }

    @Test func `a file that is not there and a file without platforms say so`() throws {
        let missing = try #require(throws: CommandError.self) {
            try ManifestFile.platforms(["/nowhere/shop.yaml"], namespace: nil)
        }
        #expect(
            missing.description
                == "/nowhere/shop.yaml: no such file; give the path of a manifest, or - for standard input")
    }
}
