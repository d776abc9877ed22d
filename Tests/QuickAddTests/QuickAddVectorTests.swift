import DomainVectors
import FoundationEssentials
import TaskDomain
import Testing
import WireValues

struct QuickAddVectorTests {
    @Test func `every sentence of the vector file makes the task that it says`() throws {
        var folder = URL(filePath: #filePath)
        folder.deleteLastPathComponent()
        let file = folder.appending(path: "Data/quick-add-vectors.json")
        let tally = try VectorFile(parsing: [UInt8](try Data(contentsOf: file))).tally(QuickAddVectors.run)
        #expect(tally.differences == [])
        #expect(tally.same == 63)
    }
}
