import FoundationEssentials
import TestSupport

extension SeededGenerator {
    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }
}

enum Seeds {
    /// Other ones in every run, unless `TEST_SEED` fixes the first. A failed test names its seed, and
    /// `TEST_SEED=<it>` runs it again first.
    static let first: UInt64 = {
        let fixed = ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
        let seed = fixed ?? UInt64.random(in: 0..<1_000_000_000)
        print("ControllerRuntimeTests: TEST_SEED=\(seed)")
        return seed
    }()

    static func some(_ count: Int) -> [UInt64] { (0..<UInt64(count)).map { first &+ $0 } }
}
