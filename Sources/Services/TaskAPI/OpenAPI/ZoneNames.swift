import FoundationEssentials
import WireValues

/// The names of time zones, for the description.
enum ZoneNames {
    /// Every name that this machine's time zone database lists; any text when it has no list.
    static let schema: JSON = {
        var schema: JSON = ["type": "string", "maxLength": 64, "description": "A name of the IANA time zone database."]
        let names = listed()
        if !names.isEmpty { schema["enum"] = JSON(names) }
        return schema
    }()

    /// From the database's own source in its compact form: `Z <name> …` is a zone, `L <zone> <name>` another name for one.
    private static func listed() -> [String] {
        let folder = ProcessInfo.processInfo.environment["TZDIR"] ?? "/usr/share/zoneinfo"
        // Without the list the description is less exact, and nothing else is lost.
        guard let data = try? Data(contentsOf: URL(filePath: folder + "/tzdata.zi")) else { return [] }
        var names: Set<String> = ["UTC"]
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            switch words.first {
            case "Z" where words.count > 1: names.insert(String(words[1]))
            case "L" where words.count > 2: names.insert(String(words[2]))
            default: break
            }
        }
        names.remove("Factory")  // "not set up yet": no zone that anybody is in
        return names.sorted()
    }
}
