import FoundationEssentials
import Logging
import Testing
import WireValues

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// `Data/tokens.json`.
struct TokenSamples {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        let code: String
        var testDescription: String { name }
    }

    private let json: JSON

    init() throws {
        let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))
        json = try JSON(parsing: Array(try Data(contentsOf: URL(filePath: folder + "/Data/tokens.json"))))
    }

    subscript(name: String) -> JSON { json[name] ?? .null }
    func text(_ name: String) -> String { self[name].string ?? "" }
    var now: Timestamp { Timestamp(seconds: Int64(self["now"].int ?? 0)) }
    var accepted: [Sample] { samples("accepted") }
    var refused: [Sample] { samples("refused") }

    private func samples(_ name: String) -> [Sample] {
        (self[name].array ?? []).map {
            Sample(name: $0["name"]?.string ?? "", token: $0["token"]?.string ?? "", code: $0["code"]?.string ?? "")
        }
    }
}
