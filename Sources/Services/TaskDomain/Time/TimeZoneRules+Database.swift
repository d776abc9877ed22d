import FoundationEssentials
import Synchronization

extension TimeZoneRules {
    /// The rules of an IANA zone, such as `Europe/Berlin`, from the system's zone database; nil when it has none of
    /// that name. Read once, then kept: there are some 600 names, a few KiB each.
    ///
    /// Names are case-sensitive, as the database's files are.
    package static func named(_ name: String) -> TimeZoneRules? {
        if name == "UTC" { return utc }
        if let known = known.withLock({ $0[name] }) { return known }
        guard isZoneName(name), let bytes = FileManager.default.contents(atPath: databasePath + "/" + name),
            let rules = TimeZoneRules(name: name, file: [UInt8](bytes))
        else { return nil }
        known.withLock { $0[name] = rules }
        return rules
    }

    /// Whether `name` has the form of a zone's name and can be nothing else on disk: one to three parts that begin
    /// with a letter, no dots. The folders of other clocks (`right` counts leap seconds) and the links to the
    /// machine's own zone are not zones.
    static func isZoneName(_ name: String) -> Bool {
        guard name.utf8.count <= 64 else { return false }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count),
            !["right", "posix", "posixrules", "localtime", "Factory"].contains(String(parts[0]))
        else { return false }
        return parts.allSatisfy { part in
            guard let first = part.first, isLetter(first) else { return false }
            return part.allSatisfy { byte in
                isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "_+-".utf8.contains(byte)
            }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// `TZDIR` names another place, as for the C library.
    private static let databasePath = ProcessInfo.processInfo.environment["TZDIR"] ?? "/usr/share/zoneinfo"
    private static let known = Mutex<[String: TimeZoneRules]>([:])
}
