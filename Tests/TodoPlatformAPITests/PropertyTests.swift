import KubernetesModel
import TestSupport
import Testing
import TodoPlatformAPI

struct PropertyTests {
    @Test(arguments: 0..<300 as Range<UInt64>)
    func `reading anything never fails, and what it gives back is valid or has a problem`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let schema = Self.schema
        let object = resource(Self.value(of: schema, &random, sanity: Double(seed % 10) / 10))
        let (platform, problems) = TodoPlatform.decode(object)
        for problem in problems {
            #expect(!problem.path.isEmpty && !problem.message.isEmpty && !problem.remedy.isEmpty, "seed \(seed)")
        }
        // Presets are resolved without a crash even for what would be refused.
        #expect(platform.effective.services.count == ServiceName.allCases.count, "seed \(seed)")
        if problems.allSatisfy({ $0.severity == .warning }) {
            #expect(platform.spec.problems().isEmpty, "seed \(seed)")
            let again = TodoPlatform.decode(resource(platform.spec.json))
            #expect(again.problems.isEmpty, "seed \(seed): \(again.problems)")
            #expect(again.platform.spec == platform.spec, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `what follows the schema is read without a complaint about a single field`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let spec = Self.value(of: Self.schema, &random, sanity: 1)
        let problems = TodoPlatform.decode(resource(spec)).problems
        // Rules between fields may refuse it; types, bounds and names may not.
        let rules = Self.ruleMessages
        for problem in problems {
            let text = "\(problem.message): \(problem.remedy)"
            #expect(rules.contains { text.hasSuffix($0) }, "seed \(seed): \(problem)\n\(spec.yaml)")
        }
    }

    @Test func `the defaults are valid, looked at one by one`() {
        // With a spec to replace, nothing is skipped.
        #expect(TodoPlatformSpec().problems(replacing: TodoPlatformSpec()).isEmpty)
    }

    @Test func `pure JSON noise is read without a crash`() {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            _ = TodoPlatform.decode(KubernetesObject(random.json(depth: 6)))
            _ = TodoPlatform.decode(resource(random.json(depth: 6)))
        }
    }

    private static let schema =
        TodoPlatformCRD.manifest()["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]?["properties"]?["spec"]
        ?? .null

    private static let ruleMessages: [String] = {
        var messages = [
            "is there twice: remove one of the two",
            "a request is above its limit: lower the request or raise the limit",
        ]
        func visit(_ schema: JSON) {
            for rule in schema["x-kubernetes-validations"]?.array ?? [] {
                messages.append(rule["message"]?.string ?? "")
            }
            for (_, property) in schema["properties"]?.object ?? JSONObject() { visit(property) }
            if let items = schema["items"] { visit(items) }
        }
        visit(schema)
        return messages
    }()

    /// A value that follows `schema`; each part with the chance 1 - `sanity` anything else.
    private static func value(of schema: JSON, _ random: inout SeededGenerator, sanity: Double) -> JSON {
        if Double.random(in: 0..<1, using: &random) > sanity + 0.9 { return random.json(depth: 2) }
        if let words = schema["enum"]?.array { return words.randomElement(using: &random) ?? .null }
        if schema["x-kubernetes-int-or-string"] != nil {
            return ["1", "250m", "0.5", "64Mi", "2Gi", "1500M", 1, 2].randomElement(using: &random) ?? 1
        }
        switch schema["type"]?.string {
        case "boolean": return .bool(.random(using: &random))
        case "integer":
            let minimum = schema["minimum"]?.int ?? 0
            return JSON(Int.random(in: minimum...min(schema["maximum"]?.int ?? 100, minimum + 20), using: &random))
        case "array":
            let least = schema["minItems"]?.int ?? 0
            let count = Int.random(in: least...max(least, min(3, schema["maxItems"]?.int ?? 3)), using: &random)
            return .array((0..<count).map { _ in value(of: schema["items"] ?? .null, &random, sanity: sanity) })
        case "string": return .string(text(for: schema, &random))
        default:
            var members = JSONObject()
            let required = Set(schema["required"]?.array?.compactMap(\.string) ?? [])
            for (name, property) in schema["properties"]?.object ?? JSONObject()
            where required.contains(name) || Int.random(in: 0..<3, using: &random) == 0 {
                members[name] = value(of: property, &random, sanity: sanity)
            }
            if let values = schema["additionalProperties"] {
                for key in ["team", "a.b"].prefix(Int.random(in: 0...2, using: &random)) {
                    members[key] = value(of: values, &random, sanity: sanity)
                }
            }
            return .object(members)
        }
    }

    private static func text(for schema: JSON, _ random: inout SeededGenerator) -> String {
        let format = schema["format"]?.string
        if format == "date-time" { return "2030-01-31T22:00:00Z" }
        guard let pattern = schema["pattern"]?.string, let expression = try? Regex(pattern) else {
            return random.hostileText()
        }
        let candidates = [
            "a", "todo", "a-1", "shop.example.com", "kafka:9092", "4.2.0", "50Gi", "2Ti", "768m", "2g", "0.25", "1",
            "1h30m", "90s", "5m",
            "forever", "https://id.example.com/x", "todo@example.com", "LOG_LEVEL", "10.0.0.0/8",
            "sha256:" + String(repeating: "a", count: 64),
            "ghcr.io", "todo/services",
        ].shuffled(using: &random)
        let limit = schema["maxLength"]?.int ?? .max
        let fitting = candidates.first { candidate in
            guard candidate.count <= limit else { return false }
            // A candidate that the expression cannot be tried on is none.
            return (try? expression.wholeMatch(in: candidate)) != nil
        }
        return fitting ?? "no candidate for \(pattern)"
    }
}
