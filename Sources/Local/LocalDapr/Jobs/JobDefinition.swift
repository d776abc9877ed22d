import WireValues

/// What was asked for when a job was made (section 3.2 of the Dapr contract).
struct JobDefinition: Sendable {
    /// Why a job is refused.
    struct Refusal: Error, Hashable {
        let status: Int
        let code: String
        let message: String
    }

    enum FailurePolicy: Hashable, Sendable {
        case drop
        /// `maxRetries` nil: for ever.
        case constant(interval: Duration, maxRetries: Int?)

        static let standard = FailurePolicy.constant(interval: .seconds(1), maxRetries: 3)
    }

    var scheduleText: String?
    var dueText: String?
    var ttlText: String?
    var repeats: Int?
    var data: JSON?
    var failurePolicy = FailurePolicy.standard
    var overwrite = false

    /// Reads the body of a request. Unknown members are passed over.
    init(body: [UInt8]) throws(Refusal) {
        func malformed(_ why: String) -> Refusal {
            Refusal(status: 400, code: "ERR_MALFORMED_REQUEST", message: "failed to unmarshal request body: \(why)")
        }
        let json: JSON
        if body.allSatisfy({ $0 <= 0x20 }) {
            json = .object(JSONObject())
        } else {
            do throws(JSONParseError) {
                json = try JSON(parsing: body)
            } catch {
                throw malformed("\(error)")
            }
        }
        guard json.object != nil else { throw malformed("an object is expected") }
        func text(_ names: String...) throws(Refusal) -> String? {
            for name in names {
                guard let value = json[name], !value.isNull else { continue }
                guard let text = value.string else { throw malformed("\(name) is no string") }
                return text
            }
            return nil
        }
        if json["name"] != nil, json["name"]?.string != "" {
            throw Refusal(status: 400, code: "DAPR_SCHEDULER_JOB_NAME", message: "Set the job name in the url only")
        }
        scheduleText = try text("schedule").flatMap { $0.isEmpty ? nil : $0 }
        dueText = try text("dueTime", "due_time").flatMap { $0.isEmpty ? nil : $0 }
        ttlText = try text("ttl").flatMap { $0.isEmpty ? nil : $0 }
        if let value = json["repeats"], !value.isNull {
            guard let count = value.int ?? value.string.flatMap({ Int($0) }), count >= 0, count <= Int(UInt32.max)
            else {
                throw malformed("repeats is no whole number from 0 on")
            }
            repeats = count
        }
        if let value = json["overwrite"], !value.isNull {
            guard let flag = value.bool else { throw malformed("overwrite is neither true nor false") }
            overwrite = flag
        }
        data = json["data"].map(\.throughDoubles)
        failurePolicy = try Self.policy(json["failurePolicy"] ?? json["failure_policy"], malformed)
        if scheduleText == nil, dueText == nil {
            throw Refusal(status: 400, code: "DAPR_SCHEDULER_SCHEDULE_EMPTY", message: "Schedule is empty")
        }
    }

    private static func policy(_ json: JSON?, _ malformed: (String) -> Refusal) throws(Refusal) -> FailurePolicy {
        guard let json, !json.isNull else { return .standard }
        guard json.object != nil else { throw malformed("failurePolicy is no object") }
        if let drop = json["drop"], !drop.isNull { return .drop }
        guard let constant = json["constant"], !constant.isNull else { return .standard }
        guard constant.object != nil else { throw malformed("failurePolicy.constant is no object") }
        var interval = Duration.zero
        if let value = constant["interval"], !value.isNull {
            guard let duration = value.string.flatMap({ GoDuration.parseProtobuf($0) }) else {
                throw malformed("failurePolicy.constant.interval is no number of seconds such as \"5s\"")
            }
            interval = duration
        }
        var retries: Int?
        if let value = constant["maxRetries"] ?? constant["max_retries"], !value.isNull {
            guard let count = value.int, count >= 0 else { throw malformed("failurePolicy.constant.maxRetries") }
            retries = count
        }
        return .constant(interval: interval, maxRetries: retries)
    }

    /// As it is stored, and as GET shows it; times and schedule as they were sent.
    func json(name: String) -> JSON {
        var json: JSON = ["name": .string(name)]
        json["schedule"] = scheduleText.map { .string($0) }
        json["repeats"] = repeats.map { JSON($0) }
        json["dueTime"] = dueText.map { .string($0) }
        json["ttl"] = ttlText.map { .string($0) }
        if let data { json["data"] = ["@type": "type.googleapis.com/google.protobuf.Value", "value": data] }
        switch failurePolicy {
        case .drop: json["failurePolicy"] = ["drop": [:]]
        case .constant(let interval, let maxRetries):
            var constant: JSON = ["interval": .string(GoDuration.protobufText(interval))]
            constant["maxRetries"] = maxRetries.map { JSON($0) }
            json["failurePolicy"] = ["constant": constant]
        }
        return json
    }

    /// The inverse of `json(name:)`.
    init(stored json: JSON) throws(Refusal) {
        var body = json
        body["name"] = nil
        body["data"] = json[path: ["data", "value"]]
        try self.init(body: body.bytes)
    }
}

extension JSON {
    /// The value as it is after Go has read its numbers as 64-bit floating point.
    var throughDoubles: JSON {
        switch self {
        case .integer(let value): .integer(Int64(exactly: Double(value)) ?? value)
        case .array(let elements): .array(elements.map(\.throughDoubles))
        case .object(let members): .object(JSONObject(members.map { ($0.key, $0.value.throughDoubles) }))
        default: self
        }
    }
}
