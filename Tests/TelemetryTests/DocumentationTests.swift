import FoundationEssentials
import Testing

/// What the code declares in words that people look up is in the documents, and what the operator is granted is what it
/// uses. Read from the tree's own files.
struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    private func swiftSources() throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
        return try paths.filter { $0.hasSuffix(".swift") }.map { try text("Sources/\($0)") }
    }

    @Test func `every metric that is registered is documented, and nothing else is`() throws {
        // The registry's own example is in a comment.
        let code = try swiftSources().map { $0.replacing(/(?m)^\s*\/\/\/.*$/, with: "") }
        let registered = Set(
            code.flatMap { $0.matches(of: /\.(?:counter|gauge|histogram)\(\s*"([a-z_:]+)"/).map { String($0.1) } }
                + code.flatMap { $0.matches(of: /static let \w+ = "(todo_[a-z_]+)"/).map { String($0.1) } })
        let documented = Set(try text("docs/metrics.md").matches(of: /(?m)^\| `([a-z_:]+)` \|/).map { String($0.1) })
        #expect(registered.contains("process_open_fds"))
        #expect(registered.subtracting(documented).sorted() == [], "not in docs/metrics.md")
        #expect(documented.subtracting(registered).sorted() == [], "in docs/metrics.md only")
    }

    @Test func `every reason is documented, and nothing else is`() throws {
        let code = try text("Sources/Controller/PlatformPlan/Status/Reason.swift")
        let declared = Set(code.matches(of: /case \w+ = "(\w+)"/).map { String($0.1) })
        let page = try text("docs/conditions.md")
        let start = try #require(page.firstRange(of: "## Reasons"))
        let documented = Set(page[start.upperBound...].matches(of: /(?m)^\| `(\w+)` \|/).map { String($0.1) })
        #expect(declared.contains("InvalidSpec"))
        #expect(declared == documented, "\(declared.symmetricDifference(documented).sorted())")
    }

    @Test func `every condition of a part is documented`() throws {
        let code = try text("Sources/Controller/PlatformPlan/Status/ComponentConditions.swift")
        let declared = code.matches(of: /case \w+ = "(\w+Ready)"/).map { String($0.1) }
        let page = try text("docs/conditions.md")
        #expect(declared.contains("MessagingReady"))
        for condition in declared { #expect(page.contains("\n| `\(condition)` |"), "\(condition)") }
    }

    @Test func `every alert has a runbook that the index names, and every runbook an alert`() throws {
        let code = try text("Sources/Controller/PlatformPlan/Desired/Alert.swift")
        let alerts = Set(code.matches(of: /name: "(Todo\w+)"/).map { String($0.1) })
        let folder = Self.root.appending(path: "docs/runbooks").path
        let pages = Set(
            try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "README.md" }.map {
                String($0.dropLast(".md".count))
            })
        let index = Set(
            try text("docs/runbooks/README.md").matches(of: /(?m)^\| \[(\w+)\]\((\w+)\.md\)/).filter { $0.1 == $0.2 }
                .map { String($0.1) })
        #expect(!alerts.isEmpty)
        #expect(alerts == pages, "\(alerts.symmetricDifference(pages).sorted())")
        #expect(alerts == index, "\(alerts.symmetricDifference(index).sorted())")
    }

    @Test func `links between the documents lead somewhere`() throws {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: Self.root.appending(path: "docs").path)
        for page in ["README.md"] + paths.filter({ $0.hasSuffix(".md") }).map({ "docs/\($0)" }) {
            let folder = Self.root.appending(path: page).deletingLastPathComponent()
            for link in try text(page).matches(of: /\]\(([^):#]+)(?:#[^)]*)?\)/) {
                let target = folder.appending(path: String(link.1)).path
                #expect(FileManager.default.fileExists(atPath: target), "\(page): \(link.1)")
            }
        }
    }

    /// Kinds that the operator makes, as `group/plural`, are those that its ClusterRole lets it write.
    @Test func `the operator may write the kinds that it makes, and no others`() throws {
        let types = try text("Sources/Controller/PlatformPlan/Desired/ObjectTypes.swift")
        let made = Set(
            types.matches(of: /group: "([\w.-]*)", version: "\w+", kind: "\w+", plural: "(\w+)"/).map {
                "\($0.1)/\($0.2)"
            })
        let role = try text("config/rbac/cluster-role.yaml")
        let rules = role.matches(of: /apiGroups: \["?([\w.-]*)"?\]\n\s+resources: \[([^\]]+)\]\n\s+verbs: \[([^\]]+)\]/)
        let writable = Set(
            rules.filter { $0.3.contains("create") && $0.1 != "events.k8s.io" }.flatMap { rule in
                rule.2.split(separator: ", ").map { "\(rule.1)/\($0)" }
            })
        #expect(made.contains("apps/deployments"))
        #expect(made == writable, "\(made.symmetricDifference(writable).sorted())")
        // Never list: that would read the Secrets of everybody.
        let secrets = rules.filter { $0.2.contains("secrets") }.map { String($0.3) }
        #expect(secrets == ["get, watch"])
        #expect(!role.contains("*]") && !role.contains("\"*\""))
    }
}
