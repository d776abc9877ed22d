import FoundationEssentials

/// A path in a folder of its own that goes away with the value.
final class TemporaryFile: Sendable {
    let path: String
    private let folder: String

    init(_ name: String = "state.sqlite") throws {
        folder = FileManager.default.temporaryDirectory.path + "/local-dapr-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/" + name
    }

    var directory: String { folder }

    deinit {
        // What is left in the temporary directory does no harm.
        try? FileManager.default.removeItem(atPath: folder)
    }
}
