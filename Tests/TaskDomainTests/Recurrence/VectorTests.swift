import DomainVectors
import FoundationEssentials
import Testing
import WireValues

struct VectorTests {
    private func file() throws -> VectorFile {
        let path = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let data = try #require(FileManager.default.contents(atPath: "/" + path + "/Data/recurrence-vectors.json"))
        return try VectorFile(parsing: [UInt8](data))
    }

    @Test func `every vector of the specification comes out as written`() throws {
        let tally = try file().tally(RecurrenceVectors.run)
        #expect(tally.differences == [])
        #expect(tally.same == 67)
        // The services' tests play these: steps that a library alone cannot take.
        #expect(tally.leftToServices == (68...75).map { "R0\($0)" })
    }

    @Test func `a vector with another expectation is told as a difference`() throws {
        var vector = try #require(try file().vectors.first)
        vector["expected"] = ["ended": false, "next_local": "2026-03-04T09:00:00"]
        let bytes = JSON.object(JSONObject([("vectors", .array([vector, ["id": "X", "op": "guess"]]))])).bytes
        let tally = try VectorFile(parsing: bytes).tally(RecurrenceVectors.run)
        #expect(tally.same == 0)
        #expect(tally.differences.count == 2)
        #expect(tally.differences.first?.hasPrefix("R001: expected ") == true)
        #expect(tally.differences.first?.contains("2026-03-03T09:00:00") == true)
    }

    @Test(arguments: ["", "[]", "{}", #"{"vectors": []}"#, "{"])
    func `a file without vectors is refused`(text: String) {
        #expect(throws: VectorFileProblem.self) { try VectorFile(parsing: Array(text.utf8)) }
    }
}
