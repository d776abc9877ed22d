import ServiceKit
import TaskDomain
import WireValues

/// A sentence in; a task out, or with `dry_run` what was understood.
struct QuickAddRoutes: Sendable {
    let service: TaskService

    func add(to routes: Routes) {
        for pattern in ["/api/{user_id}/quick-add", "/api/{user_id}/tasks/quick-add"] {
            routes.user(.post, pattern) { try await quickAdd($0, $1) }
        }
    }

    private func quickAdd(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly("dry_run")
        let isDryRun = try Self.flag("dry_run", request.query)
        let key = try TaskRoutes.idempotencyKey(request)
        let body = try request.json()
        let sentence = try Sentence(body)
        let settings = try await service.settings(identity.userID)
        let zone = sentence.zone ?? settings.zone
        let result = try QuickAdd.parse(
            sentence.text, now: zone.wallTime(at: service.now()), settings: .init(settings), ignoring: sentence.ignored)
        if isDryRun { return .json(result.json) }
        let input = try TaskInput(result, zone: zone)
        let answer = try await service.create(
            input, Caller(request, identity), once: key.map { .init(key: $0, action: "quick-add", body: body) })
        // The task, and beside it what a client needs to show how the sentence was read.
        var json = try JSON(parsing: answer.json)
        json["warnings"] = result.json["warnings"]
        json["spans"] = result.json["spans"]
        return .json(
            json, status: 201,
            headers: [
                ("ETag", EntityTag.text(answer.version)),
                ("Location", TaskRoutes.location(identity.userID, answer.id)),
            ])
    }

    static func flag(_ name: String, _ query: Query) throws -> Bool {
        let given = query.all(name)
        switch given {
        case []: return false
        case ["true"]: return true
        case ["false"]: return false
        default:
            throw Problem(
                400, "invalid_parameter", "The parameter \(name) is not acceptable.",
                errors: [.init("invalid_parameter", "?\(name)", "true or false is expected")])
        }
    }
}

/// The body of a request with a sentence.
struct Sentence {
    let text: String
    let ignored: Set<QuickAddKind>
    let zone: TimeZoneRules?

    /// - Throws: everything that is wrong, at once.
    init(_ json: JSON, hasIgnore: Bool = true) throws(FieldProblems) {
        guard let object = json.object else {
            throw FieldProblems([FieldProblem("wrong_type", "", "a JSON object is expected")])
        }
        var problems: [FieldProblem] = []
        let known = hasIgnore ? ["text", "ignore", "time_zone"] : ["text", "time_zone"]
        for key in object.keys where !known.contains(key) {
            problems.append(
                FieldProblem("unknown_field", "/\(key.prefix(100))", "known are \(known.joined(separator: ", "))"))
        }
        switch json["text"] {
        case .string(let given)?: text = given
        case nil:
            text = ""
            problems.append(FieldProblem("required", "/text", "a sentence is needed"))
        default:
            text = ""
            problems.append(FieldProblem("wrong_type", "/text", "text must be a string"))
        }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            problems.append(FieldProblem("invalid_characters", "/text", "control characters cannot stand here"))
        }
        var ignored: Set<QuickAddKind> = []
        switch json["ignore"] {
        case nil: break
        case .array(let items)?:
            if items.count > QuickAddKind.ignorable.count {
                problems.append(FieldProblem("too_many", "/ignore", "each kind once is enough"))
            }
            for (index, item) in items.enumerated() {
                if let kind = item.string.flatMap({ QuickAddKind(rawValue: $0) }), QuickAddKind.ignorable.contains(kind)
                {
                    ignored.insert(kind)
                } else {
                    let words = QuickAddKind.ignorable.map(\.rawValue).joined(separator: ", ")
                    problems.append(FieldProblem("not_allowed", "/ignore/\(index)", "one of \(words) is expected"))
                }
            }
        default: problems.append(FieldProblem("wrong_type", "/ignore", "ignore must be a list"))
        }
        self.ignored = ignored
        switch json["time_zone"] {
        case nil: zone = nil
        case .string(let name)? where name.utf8.count <= TaskLimits.timeZoneCharacters:
            zone = TimeZoneRules.named(name)
            if zone == nil {
                problems.append(
                    FieldProblem("unknown_time_zone", "/time_zone", "an IANA name is expected: Europe/Berlin, UTC"))
            }
        default:
            zone = nil
            problems.append(FieldProblem("wrong_type", "/time_zone", "an IANA name is expected: Europe/Berlin, UTC"))
        }
        if !problems.isEmpty { throw FieldProblems(problems) }
    }
}

extension QuickAddSettings {
    init(_ settings: UserSettings) {
        self.init(
            dateOrder: settings.dateOrder.flatMap { DateOrder(rawValue: $0.rawValue) }, weekStart: settings.weekStart)
    }
}

extension TaskInput {
    /// What a sentence says about a task.
    ///
    /// - Throws: when a part of it is longer than tasks can have.
    init(_ result: QuickAddResult, zone: TimeZoneRules) throws {
        var json: JSON = [
            "title": .string(result.title), "tags": JSON(result.tags), "time_zone": .string(zone.name),
        ]
        if let due = result.due { json["due_local"] = .string(due.text) }
        if let priority = result.priority { json["priority"] = .string(priority.rawValue) }
        if let recurrence = result.recurrence { json["recurrence"] = recurrence.ruleJSON }
        if let reminders = result.reminders {
            json["reminders"] = .array(reminders.map { ["before": .string($0)] })
        }
        do throws(FieldProblems) {
            try self.init(json: json, isPatch: false)
        } catch {
            // The sender knows one field only, the sentence.
            throw FieldProblems(
                error.problems.map { FieldProblem($0.code, "/text", "\($0.field.dropFirst()): \($0.detail)") })
        }
    }
}
