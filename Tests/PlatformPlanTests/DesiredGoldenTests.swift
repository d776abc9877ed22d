import FoundationEssentials
import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

/// What is made of each scenario, as a person reads it: `Golden/<scenario>.yaml`.
/// `UPDATE_GOLDEN=1 swift test --filter DesiredGoldenTests` writes the files anew.
struct DesiredGoldenTests {
    @Test(arguments: Scenario.all) func `the objects are those of the golden file`(_ scenario: Scenario) throws {
        var state = scenario.state
        state.objects = state.objects.map(Self.withoutDashboards)
        try Self.compare(Self.render(state), with: scenario.name)
    }

    @Test func `the dashboards are those of the golden file`() throws {
        let scenario = try #require(Scenario.all.first)
        var state = scenario.state
        state.objects.removeAll { $0.object.kind != "ConfigMap" }
        try Self.compare(Self.render(state), with: "dashboards")
    }

    @Test(arguments: Scenario.all) func `golden files hold the objects exactly`(_ scenario: Scenario) throws {
        let state = scenario.state
        let read = try YAMLText.documents(Self.render(state))
        #expect(read == state.objects.map(\.object.json))
    }

    private static func compare(_ text: String, with name: String) throws {
        let path = Repository.root + "/Tests/PlatformPlanTests/Golden/\(name).yaml"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        let golden = Repository.text(path) ?? ""
        if golden != text {
            Issue.record(
                """
                \(name).yaml differs from what is built now, first in line \(firstDifference(golden, text)).
                If the change is meant: UPDATE_GOLDEN=1 swift test --filter DesiredGoldenTests
                """)
        }
    }

    /// Dashboards are long, and the same in all scenarios: they have a file of their own.
    private static func withoutDashboards(_ object: DesiredObject) -> DesiredObject {
        guard object.object.kind == "ConfigMap" else { return object }
        var short = object.object
        for key in short.json["data"]?.object?.keys ?? [] { short.json[path: ["data", key]] = "(see dashboards.yaml)" }
        return DesiredObject(object: short, type: object.type, stage: object.stage, retention: object.retention)
    }

    private static func render(_ state: DesiredState) -> String {
        var text = ""
        var stage: Stage?
        for object in state.objects {
            text += "---\n"
            if object.stage != stage { text += "# stage: \(object.stage)\n" }
            stage = object.stage
            if object.retention == .retained { text += "# stays when the platform is deleted\n" }
            text += object.object.json.yaml
        }
        return text
    }

    private static func firstDifference(_ old: String, _ new: String) -> String {
        let olds = old.split(separator: "\n", omittingEmptySubsequences: false)
        let news = new.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in news.enumerated() where number >= olds.count || olds[number] != line {
            return "\(number + 1):\n- \(number < olds.count ? String(olds[number]) : "(end)")\n+ \(line)"
        }
        return "\(news.count): the golden file has more lines"
    }
}
