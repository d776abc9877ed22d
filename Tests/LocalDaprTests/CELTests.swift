import Testing
import WireValues

@testable import LocalDapr

/// The language of routing rules (section 2.2).
@Suite struct CELTests {
    private let event: JSON = [
        "type": "task.completed",
        "data": [
            "priority": 3, "ratio": 0.5, "title": "Buy milk", "tags": ["a", "b"], "done": true, "nothing": .null,
        ],
    ]

    @Test(arguments: [
        ("event.type == 'task.completed'", true), ("event.type != \"x\"", true), ("event.data.priority > 2", true),
        ("event.data.priority >= 3.0 && event.data.ratio < 1", true), ("event.data.priority == 3", true),
        ("event.data['title'] == 'Buy milk'", true),
        ("event.data.tags[1] == 'b'", true), ("'a' in event.data.tags", true), ("'priority' in event.data", true),
        ("'x' in ['y']", false),
        ("has(event.data.title)", true), ("has(event.data.absent)", false), ("!has(event.data.absent)", true),
        ("has(event.data.absent) && event.data.absent == 1", false), ("event.data.absent == 1 || true", true),
        ("false && event.data.absent == 1", false), ("event.data.title.startsWith('Buy')", true),
        ("event.data.title.endsWith('milk')", true),
        ("event.data.title.contains('y m')", true), ("event.data.title.matches('^B.*k$')", true),
        ("event.data.tags.size() == 2", true),
        ("size(event.data.title) == 8", true), ("event.data.priority % 2 == 1", true), ("(1 + 2) * 3 == 9", true),
        ("-event.data.priority < 0", true),
        ("event.data.done ? true : false", true), ("event.data.nothing == null", true),
        ("event.data.title == 3", false), ("true || false && false", true),
        ("int('4') == 4 && string(4) == '4' && double('0.5') == event.data.ratio", true),
    ])
    func `an expression gives`(expression: String, expected: Bool) throws {
        #expect(try CELExpression(expression).isTrue(["event": event]) == expected)
    }

    @Test(arguments: [
        "event.type ==", "evnt.type == 'x'", "event.type = 'x'", "'open", "f(event)", "event.data.title.upper()",
        "has(event)", "a b", "",
        "(1", "event.", "size()", "event.data.title.matches('(')",
    ])
    func `what does not compile says so`(expression: String) {
        #expect(throws: CELError.self) { try CELExpression(expression) }
    }

    @Test(arguments: [
        "event.data.absent == 1", "event.data.priority", "event.data.title > 3", "event.data.tags[9] == 1",
        "event.type.foo == 1", "!event.type",
        "event.data.priority / 0 == 1", "event.data.title.startsWith(3)",
    ])
    func `what cannot be evaluated says so`(expression: String) throws {
        let compiled = try CELExpression(expression)
        #expect(throws: CELError.self) { try compiled.isTrue(["event": event]) }
    }
}
