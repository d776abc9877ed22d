import TaskDomain
import WireValues

/// A series as its row holds it.
extension Series {
    var stored: String {
        let json: JSON = [
            "id": .string(id), "user_id": .string(userID), "rule": rule.json, "anchor_local": .string(anchorLocal.text),
            "time_zone": .string(timeZone), "state": .string(state.rawValue),
            "end_reason": endReason.map { .string($0) } ?? .null, "version": JSON(version),
            "head_id": headID.map { .integer($0) } ?? .null, "departed": departed?.json ?? .null,
        ]
        return json.text
    }

    /// - Throws: `JSONParseError`, `FieldProblem`, `EventProblem`, `TaskReading.Corrupt`: our own rows are at fault then.
    init(stored text: String) throws {
        let json = try JSON(parsing: text)
        guard let id = json["id"]?.string, let userID = json["user_id"]?.string, let rule = json["rule"],
            let anchor = json["anchor_local"]?.string.flatMap({ WallTime($0) }),
            let zone = json["time_zone"]?.string,
            let state = json["state"]?.string.flatMap({ State(rawValue: $0) }), let version = json["version"]?.int
        else { throw TaskReading.Corrupt(description: "a row of task_series cannot be read") }
        self.init(
            id: id, userID: userID, rule: try RecurrenceRule(json: rule), anchorLocal: anchor, timeZone: zone,
            state: state, endReason: json["end_reason"]?.string, version: version,
            headID: json["head_id"]?.int.map { Int64($0) },
            departed: try json["departed"].flatMap { $0.isNull ? nil : try TodoTask(json: $0) })
    }
}
