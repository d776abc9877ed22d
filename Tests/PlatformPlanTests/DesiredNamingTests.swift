import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

struct DesiredNamingTests {
    @Test(arguments: [("shop", "shop"), ("a", "a"), ("todo-2", "todo-2")])
    func `a plain name is used as it is`(_ name: String, _ prefix: String) {
        #expect(Naming(platform: name).prefix == prefix)
    }

    @Test(arguments: [
        "9lives", "todo.example.com", "x-", "-", "", "Shop", String(repeating: "a", count: 41), "a.b", "a-b.",
    ])
    func `another name is made to fit, always the same way and never like another one`(_ name: String) {
        let prefix = Naming(platform: name).prefix
        #expect(prefix == Naming(platform: name).prefix)
        #expect(prefix != name && prefix.utf8.count <= Naming.maximumPrefixBytes)
        #expect(prefix.first.map { $0.isLetter } == true)
        #expect(prefix != Naming(platform: name + ".").prefix)
    }

    @Test func `long parts are shortened and stay apart`() {
        let names = Naming(platform: "shop")
        let long = String(repeating: "x", count: 80)
        #expect(names.object(long).utf8.count == 63)
        #expect(names.object(long) != names.object(long + "x"))
        #expect(Naming.label("UPPER_case").hasPrefix("-pper") == false)
    }

    @Test(arguments: [("1.2.3", "1.2.3"), ("", ""), ("v1_2-rc.1", "v1_2-rc.1")])
    func `a fitting label value is kept`(_ text: String, _ value: String) {
        #expect(Naming.labelValue(text) == value)
    }

    @Test(arguments: ["1.2.3+build", "-x", "x-", "a b", String(repeating: "v", count: 64), "🐟"])
    func `another label value is made to fit`(_ text: String) {
        let value = Naming.labelValue(text)
        #expect(value.utf8.count <= 63 && !value.isEmpty && value != text)
        #expect(
            value.first.map { $0.isLetter || $0.isNumber } == true
                && value.last.map { $0.isLetter || $0.isNumber } == true)
    }

    @Test func `two platforms in one namespace share no object, even when one name continues the other`() {
        let parts = ["api", "sync", "audit", "kafka", "pubsub", "state", "task-events", "services", "read"]
        let shop = Scenario("x").state
        let keys = Set(shop.objects.map(\.key))
        for part in parts {
            var input = Scenario("x").input
            input.platform.name = "shop-\(part)"
            let other = DesiredState.build(input).objects.map(\.key)
            #expect(keys.isDisjoint(with: other), "shop and shop-\(part): \(keys.intersection(other))")
        }
    }
}
