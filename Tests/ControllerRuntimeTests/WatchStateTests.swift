import KubernetesModel
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite struct WatchStateTests {
    /// What a state answers, as text.
    private func effects(_ effects: [WatchState.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .beginCollecting: "begin"
            case .collect: "collect"
            case .apply: "apply"
            case .commit: "commit"
            case .level: "level"
            case .streamingListRefused: "refused"
            case .report(let error): "report \(error.code.rawValue)"
            case .list(let token): "list \(token ?? "")"
            case .watch(let version, let initial, _): "watch \(version ?? "")\(initial ? " initial" : "")"
            case .wait(let duration): "wait \(duration / .milliseconds(1))"
            case .end: "end"
            }
        }
    }

    private struct Step {
        let input: WatchState.Input
        let expected: [String]
        var after: Duration = .zero
    }

    private func run(_ steps: [Step], streamingLists: Bool = false) {
        var state = WatchState(streamingLists: streamingLists)
        var now: Duration = .zero
        for (index, step) in steps.enumerated() {
            now += step.after
            let found = effects(state.handle(step.input, now: now, random: 0.5))
            #expect(found == step.expected, "step \(index)")
        }
    }

    private func failure(_ code: KubernetesError.Code, retryAfter: Duration? = nil) -> WatchState.Input {
        .failed(KubernetesError(code, "test", retryAfter: retryAfter))
    }

    private var toWatching: [Step] {
        [
            Step(input: .start, expected: ["begin", "list "]),
            Step(input: .page(resourceVersion: "5", continueToken: nil), expected: ["commit", "watch 5"]),
            Step(input: .opened, expected: []),
        ]
    }

    @Test func `a list in pages, then a watch from it that is resumed where it ended`() {
        run([
            Step(input: .start, expected: ["begin", "list "]),
            Step(input: .page(resourceVersion: "5", continueToken: "more"), expected: ["list more"]),
            Step(input: .page(resourceVersion: "5", continueToken: ""), expected: ["commit", "watch 5"]),
            Step(input: .opened, expected: []),
            Step(input: .object(resourceVersion: "8"), expected: ["apply"]),
            Step(input: .bookmark(resourceVersion: "9", endsInitialEvents: false), expected: ["level"]),
            Step(input: .closed, expected: ["watch 9"], after: .seconds(400)),
        ])
    }

    @Test func `a streaming list collects until its bookmark, and goes on as a watch`() {
        run(
            [
                Step(input: .start, expected: ["begin", "watch  initial"]),
                Step(input: .opened, expected: []),
                Step(input: .object(resourceVersion: "3"), expected: ["collect"]),
                Step(input: .bookmark(resourceVersion: "4", endsInitialEvents: false), expected: []),
                Step(input: .bookmark(resourceVersion: "7", endsInitialEvents: true), expected: ["commit"]),
                Step(input: .object(resourceVersion: "8"), expected: ["apply"]),
                Step(input: failure(.transport), expected: ["report transport", "wait 400.0"]),
                Step(input: .waited, expected: ["watch 8"]),
            ], streamingLists: true)
    }

    @Test func `a server that refuses streaming lists is listed, now and later`() {
        run(
            [
                Step(input: .start, expected: ["begin", "watch  initial"]),
                Step(input: failure(.invalid), expected: ["refused", "begin", "list "]),
                Step(input: .page(resourceVersion: "5", continueToken: nil), expected: ["commit", "watch 5"]),
                Step(input: failure(.expired), expected: ["report expired", "begin", "list "]),
            ], streamingLists: true)
    }

    @Test func `a server that ignores the parameters of a streaming list is found out by its silence`() {
        var state = WatchState(streamingLists: true)
        _ = state.handle(.start, now: .zero, random: 0)
        _ = state.handle(.opened, now: .zero, random: 0)
        #expect(state.silenceLimit == .seconds(15))
        #expect(effects(state.handle(.silent, now: .seconds(15), random: 0)) == ["report transport", "wait 0.0"])
        #expect(effects(state.handle(.waited, now: .seconds(15), random: 0)) == ["begin", "list "])
    }

    @Test func `a streaming list that breaks twice is no longer tried`() {
        run(
            [
                Step(input: .start, expected: ["begin", "watch  initial"]),
                Step(input: failure(.transport), expected: ["report transport", "wait 400.0"]),
                Step(input: .waited, expected: ["begin", "watch  initial"]),
                Step(input: .closed, expected: ["report transport", "wait 800.0"]),
                Step(input: .waited, expected: ["begin", "list "]),
            ], streamingLists: true)
    }

    @Test func `lost history lists anew at once, the second time after a pause`() {
        run(
            toWatching + [
                Step(input: failure(.expired), expected: ["report expired", "begin", "list "]),
                Step(input: .page(resourceVersion: "9", continueToken: nil), expected: ["commit", "watch 9"]),
                Step(input: failure(.expired), expected: ["report expired", "wait 400.0"]),
                Step(input: .waited, expected: ["begin", "list "]),
                // A page token that is too old: from the start.
                Step(input: .page(resourceVersion: "9", continueToken: "t"), expected: ["list t"]),
                Step(input: failure(.expired), expected: ["report expired", "wait 800.0"]),
                Step(input: .waited, expected: ["begin", "list "]),
                Step(input: .page(resourceVersion: "9", continueToken: nil), expected: ["commit", "watch 9"]),
                Step(input: .object(resourceVersion: "10"), expected: ["apply"]),
                Step(input: failure(.expired), expected: ["report expired", "begin", "list "]),
            ])
    }

    @Test func `a kind that is not there ends the watch`() {
        run(toWatching + [Step(input: failure(.notFound), expected: ["end"])])
    }

    @Test func `missing rights are tried again, at last once a minute`() {
        var state = WatchState(streamingLists: false)
        _ = state.handle(.start, now: .zero, random: 1)
        var last: [String] = []
        for _ in 0..<10 {
            last = effects(state.handle(failure(.forbidden), now: .zero, random: 1))
            _ = state.handle(.waited, now: .zero, random: 1)
        }
        #expect(last == ["report forbidden", "wait 60000.0"])
    }

    @Test func `a silent watch is resumed`() {
        run(
            toWatching + [
                Step(input: .object(resourceVersion: "6"), expected: ["apply"]),
                Step(input: .silent, expected: ["report transport", "wait 400.0"], after: .seconds(90)),
                Step(input: .waited, expected: ["watch 6"]),
            ])
    }

    @Test func `a server that closes each watch at once does not make us turn in circles`() {
        run(toWatching + [Step(input: .closed, expected: ["report transport", "wait 400.0"], after: .milliseconds(5))])
    }

    @Test func `a server that goes on failing on one version is listed`() {
        var steps = toWatching
        for wait in ["400.0", "800.0", "1600.0"] {
            steps.append(Step(input: failure(.unavailable), expected: ["report unavailable", "wait \(wait)"]))
            steps.append(Step(input: .waited, expected: ["watch 5"]))
        }
        steps.append(Step(input: failure(.unavailable), expected: ["report unavailable", "wait 3200.0"]))
        steps.append(Step(input: .waited, expected: ["begin", "list "]))
        run(steps)
    }

    @Test func `the server's wish is respected but not so long that we look dead`() {
        run(
            toWatching + [
                Step(
                    input: failure(.throttled, retryAfter: .seconds(7)), expected: ["report throttled", "wait 7250.0"]),
                Step(input: .waited, expected: ["watch 5"]),
                Step(
                    input: failure(.throttled, retryAfter: .seconds(900)),
                    expected: ["report throttled", "wait 60250.0"]),
            ])
    }

    @Test func `watches end at different times between five and ten minutes`() {
        for (random, expected) in [(0.0, 300), (0.5, 450), (0.999, 599)] {
            var state = WatchState(streamingLists: false)
            _ = state.handle(.start, now: .zero, random: random)
            let effects = state.handle(
                .page(resourceVersion: "1", continueToken: nil), now: .zero, random: random)
            guard case .watch(_, _, let timeout) = effects.last else {
                Issue.record("no watch")
                continue
            }
            #expect(timeout == expected)
        }
    }
}
