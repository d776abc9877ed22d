import TaskDomain
import WireValues

/// When a job runs again and again (section 3.2 of the Dapr contract).
enum JobSchedule: Sendable {
    /// `@every 90s`
    case every(Duration)
    case cron(CronSchedule)

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    init(_ text: String) throws(Unreadable) {
        var rest = Substring(text)
        var zone = TimeZoneRules.utc
        for prefix in ["TZ=", "CRON_TZ="] where rest.hasPrefix(prefix) {
            let name = rest.dropFirst(prefix.count).prefix { $0 != " " }
            guard let found = TimeZoneRules.named(String(name)) else {
                throw Unreadable(description: "provided bad location \(name)")
            }
            zone = found
            rest = rest.dropFirst(prefix.count + name.count).drop { $0 == " " }
            guard !rest.hasPrefix("@every") else { throw Unreadable(description: "@every takes no time zone") }
            break
        }
        if rest.hasPrefix("@every ") {
            guard let duration = GoDuration.parse(rest.dropFirst(7)), duration > .zero else {
                throw Unreadable(description: "failed to parse duration \(rest)")
            }
            self = .every(duration)
            return
        }
        let named = [
            "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
            "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
        ]
        if rest.hasPrefix("@") {
            guard let fields = named[String(rest)] else {
                throw Unreadable(description: "unrecognized descriptor: \(rest)")
            }
            rest = Substring(fields)
        }
        self = .cron(try CronSchedule(String(rest), zone: zone))
    }

    /// The first tick after `previous`; nil when there is none within eight years.
    func tick(after previous: Timestamp) -> Timestamp? {
        switch self {
        case .every(let duration): previous.advanced(by: duration)
        case .cron(let cron): cron.tick(after: previous)
        }
    }
}

/// Six fields: second, minute, hour, day of the month, month, day of the week.
struct CronSchedule: Sendable {
    private struct Field {
        var values: UInt64 = 0
        /// Written as `*` or `?`.
        var isOpen = false
        func contains(_ value: Int) -> Bool { values & (1 << UInt64(value)) != 0 }
    }

    private let zone: TimeZoneRules
    private let seconds: Field
    private let minutes: Field
    private let hours: Field
    private let days: Field
    private let months: Field
    private let weekdays: Field

    init(_ text: String, zone: TimeZoneRules) throws(JobSchedule.Unreadable) {
        let fields = text.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count == 6 else {
            throw JobSchedule.Unreadable(description: "expected exactly 6 fields, found \(fields.count): \(text)")
        }
        self.zone = zone
        let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        seconds = try Self.field(fields[0], 0...59)
        minutes = try Self.field(fields[1], 0...59)
        hours = try Self.field(fields[2], 0...23)
        days = try Self.field(fields[3], 1...31)
        months = try Self.field(fields[4], 1...12, names: monthNames, firstName: 1)
        weekdays = try Self.field(fields[5], 0...6, names: dayNames, firstName: 0)
    }

    private static func field(
        _ text: Substring, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
    ) throws(JobSchedule.Unreadable) -> Field {
        func number(_ text: Substring) throws(JobSchedule.Unreadable) -> Int {
            if let index = names.firstIndex(of: text.lowercased()) { return index + firstName }
            guard let value = Int(text), range.contains(value) else {
                throw JobSchedule.Unreadable(description: "\(text) is not in \(range.lowerBound)-\(range.upperBound)")
            }
            return value
        }
        var field = Field()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let steps = part.split(separator: "/", omittingEmptySubsequences: false)
            guard let base = steps.first, steps.count <= 2 else {
                throw JobSchedule.Unreadable(description: "too many slashes: \(part)")
            }
            var low = range.lowerBound
            var high = range.upperBound
            if base == "*" || base == "?" {
                if steps.count == 1 { field.isOpen = true }
            } else {
                let ends = base.split(separator: "-", omittingEmptySubsequences: false)
                guard let first = ends.first, ends.count <= 2 else {
                    throw JobSchedule.Unreadable(description: "too many hyphens: \(part)")
                }
                low = try number(first)
                if ends.count == 2 { high = try number(ends[1]) } else if steps.count == 1 { high = low }
            }
            var step = 1
            if steps.count == 2 {
                guard let given = Int(steps[1]), given > 0 else {
                    throw JobSchedule.Unreadable(description: "step of \(part)")
                }
                step = given
            }
            guard low <= high else { throw JobSchedule.Unreadable(description: "the range \(part) goes backwards") }
            for value in stride(from: low, through: high, by: step) { field.values |= 1 << UInt64(value) }
        }
        return field
    }

    /// Both day fields given: either suffices, as in every cron.
    private func matches(_ date: CivilDate) -> Bool {
        guard months.contains(date.month) else { return false }
        let day = days.contains(date.day)
        let weekday = weekdays.contains(date.weekday.rawValue % 7)
        return days.isOpen || weekdays.isOpen ? day && weekday : day || weekday
    }

    func tick(after previous: Timestamp) -> Timestamp? {
        let wall = zone.wallTime(at: Timestamp(seconds: previous.seconds))
        var date = wall.date
        var second = (wall.secondOfDay ?? 0) + 1
        for _ in 0..<(8 * 366) {
            if matches(date) {
                while let found = time(from: second) {
                    let instant = zone.instant(of: WallTime(date: date, secondOfDay: found))
                    // Where clocks are set back a wall time stands twice: the one that was there already does not count.
                    if instant > previous { return instant }
                    second = found + 1
                }
            }
            date = date.adding(days: 1)
            second = 0
        }
        return nil
    }

    /// The first second of the day, from `start` on, that the fields allow.
    private func time(from start: Int) -> Int? {
        guard start < 86_400 else { return nil }
        var lowMinute = start / 60 % 60
        var lowSecond = start % 60
        for hour in (start / 3_600)..<24 {
            if hours.contains(hour) {
                for minute in lowMinute..<60 {
                    if minutes.contains(minute) {
                        for second in lowSecond..<60 where seconds.contains(second) {
                            return hour * 3_600 + minute * 60 + second
                        }
                    }
                    lowSecond = 0
                }
            }
            lowMinute = 0
            lowSecond = 0
        }
        return nil
    }
}
