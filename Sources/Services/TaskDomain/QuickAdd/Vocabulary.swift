/// What a word of a sentence may stand for. Several spellings share one; `Term.value` tells them apart.
enum Word: UInt8, Sendable {
    case none
    // Command opening.
    case please, addVerb, article, new, thing, reminder, to, called, remind, me
    // Tags and priority.
    case tagged, tags, priority
    /// Value: 0 high, 1 medium, 2 low.
    case level
    /// `p1`. Value as for `level`.
    case mark
    // Reminders.
    case no, reminders, early
    // Recurrence.
    case every, other, workday, weekend, times, until, starting, from, after, completion, hourly
    /// `daily`, `fortnightly`. Value: a `Unit` and, times 16, the interval.
    case adverb
    // Dates.
    case today, tomorrow, tonight, this, next, end, endOfWeek, endOfMonth, half
    /// Value: 1 Monday to 7 Sunday.
    case weekday, shortWeekday
    /// Value: 1 to 12.
    case month
    // Times.
    case at, noon
    /// Value: minutes to add to a morning hour.
    case meridiem
    /// `morning`. Value: minute of the day.
    case dayPart
    // Numbers.
    /// `one` to `twelve`.
    case cardinal
    /// `first` to `twelfth` but for `second`, which is a unit of time, too.
    case ordinal
    case second, last, ordinalSuffix
    /// Value: raw value of `Unit`.
    case unit
    /// `h`, `m`, `d`, `w`: units only where nothing else can be meant.
    case shortUnit
    // Small words.
    case and, with, on, the, of, `for`, `in`, due, by, before
}

/// A span of time that sentences name.
enum Unit: Int, Sendable {
    case second, minute, hour, day, week, month, quarter, year

    /// Below a day: reminders and `in 2 hours` know it, recurrence does not.
    var isClock: Bool { rawValue < Unit.day.rawValue }
}

/// A word's meaning and which one of those that share it.
struct Term: Sendable {
    var word: Word
    var value: Int16

    static let none = Term(word: .none, value: 0)
}

/// The words that the reader knows, looked up by their ASCII letters in any case.
///
/// A table of our own instead of a dictionary of strings: a look-up costs a few nanoseconds and no allocation, and it
/// happens for each word of each sentence.
struct Vocabulary: Sendable {
    static let shared = Vocabulary()

    /// Up to sixteen bytes, folded to lower case.
    private struct Key: Equatable {
        var high: UInt64 = 0
        var low: UInt64 = 0

        mutating func append(_ byte: UInt8) {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }

        var slot: Int { Int(truncatingIfNeeded: ((low ^ (high &* 0x9E37_79B9)) &* 0x9E37_79B9_7F4A_7C15) >> 54) }
    }

    private static let capacity = 1_024
    private static let maximumLength = 12

    private var keys: [Key]
    private var terms: [Term]

    private init() {
        keys = Array(repeating: Key(), count: Self.capacity)
        terms = Array(repeating: .none, count: Self.capacity)
        for (spellings, word, value) in Self.entries {
            for spelling in spellings.utf8.split(separator: UInt8(ascii: " ")) {
                var key = Key()
                for byte in spelling { key.append(byte) }
                var slot = key.slot
                while keys[slot] != Key() { slot = (slot + 1) % Self.capacity }
                keys[slot] = key
                terms[slot] = Term(word: word, value: Int16(value))
            }
        }
    }

    /// The term that `bytes` (letters and digits of ASCII) spell, `.none` for other words.
    func term(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Term {
        guard bytes.count <= Self.maximumLength else { return .none }
        var key = Key()
        for byte in bytes { key.append(byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte) }
        var slot = key.slot
        while true {
            if keys[slot] == key { return terms[slot] }
            if keys[slot] == Key() { return .none }
            slot = (slot + 1) % Self.capacity
        }
    }

    private static func adverb(_ unit: Unit, _ interval: Int) -> Int { unit.rawValue + 16 * interval }

    private static let entries: [(String, Word, Int)] =
        smallWords + dateWords
        + [
            ("please", .please, 0), ("add create make", .addVerb, 0), ("a an", .article, 0), ("new", .new, 0),
            ("task todo", .thing, 0), ("reminder", .reminder, 0), ("called", .called, 0), ("remind", .remind, 0),
            ("me", .me, 0), ("tagged", .tagged, 0), ("tags", .tags, 0), ("priority", .priority, 0),
            ("high", .level, 0), ("medium", .level, 1), ("low", .level, 2), ("p1", .mark, 0), ("p2", .mark, 1),
            ("p3", .mark, 2), ("reminders", .reminders, 0), ("early ahead", .early, 0),
            ("every each ev", .every, 0), ("other", .other, 0), ("weekday workday", .workday, 0), ("times", .times, 0),
            ("until till ending", .until, 0), ("starting", .starting, 0), ("from", .from, 0), ("after", .after, 0),
            ("completion done finishing", .completion, 0), ("hourly", .hourly, 0), ("daily", .adverb, adverb(.day, 1)),
            ("weekly", .adverb, adverb(.week, 1)), ("fortnightly", .adverb, adverb(.week, 2)),
            ("monthly", .adverb, adverb(.month, 1)), ("quarterly", .adverb, adverb(.month, 3)),
            ("yearly annually", .adverb, adverb(.year, 1)),
        ]

    private static let smallWords: [(String, Word, Int)] = [
        ("and", .and, 0), ("with", .with, 0), ("on", .on, 0), ("the", .the, 0), ("of", .of, 0), ("for", .for, 0),
        ("in", .in, 0), ("due", .due, 0), ("by", .by, 0), ("before", .before, 0), ("to", .to, 0), ("no", .no, 0),
        ("one", .cardinal, 1), ("two", .cardinal, 2), ("three", .cardinal, 3), ("four", .cardinal, 4),
        ("five", .cardinal, 5), ("six", .cardinal, 6), ("seven", .cardinal, 7), ("eight", .cardinal, 8),
        ("nine", .cardinal, 9), ("ten", .cardinal, 10), ("eleven", .cardinal, 11), ("twelve", .cardinal, 12),
        ("first", .ordinal, 1), ("second", .second, 2), ("third", .ordinal, 3), ("fourth", .ordinal, 4),
        ("fifth", .ordinal, 5), ("sixth", .ordinal, 6), ("seventh", .ordinal, 7), ("eighth", .ordinal, 8),
        ("ninth", .ordinal, 9), ("tenth", .ordinal, 10), ("eleventh", .ordinal, 11), ("twelfth", .ordinal, 12),
        ("last", .last, -1), ("st nd rd th", .ordinalSuffix, 0),
    ]

    private static let dateWords: [(String, Word, Int)] = [
        ("seconds sec secs", .unit, Unit.second.rawValue), ("minute minutes min mins", .unit, Unit.minute.rawValue),
        ("hour hours hr hrs", .unit, Unit.hour.rawValue), ("day days", .unit, Unit.day.rawValue),
        ("week weeks wk wks", .unit, Unit.week.rawValue), ("month months", .unit, Unit.month.rawValue),
        ("quarter quarters", .unit, Unit.quarter.rawValue), ("year years", .unit, Unit.year.rawValue),
        ("m", .shortUnit, Unit.minute.rawValue), ("h", .shortUnit, Unit.hour.rawValue),
        ("d", .shortUnit, Unit.day.rawValue), ("w", .shortUnit, Unit.week.rawValue),
        ("today", .today, 0), ("tomorrow tmrw tmr", .tomorrow, 0), ("tonight", .tonight, 0), ("this", .this, 0),
        ("next", .next, 0), ("end", .end, 0), ("eow", .endOfWeek, 0), ("eom", .endOfMonth, 0), ("half", .half, 0),
        ("weekend", .weekend, 0), ("at", .at, 0), ("noon", .noon, 0), ("am", .meridiem, 0), ("pm", .meridiem, 720),
        ("morning", .dayPart, 540), ("afternoon", .dayPart, 900), ("evening", .dayPart, 1_140),
        ("night", .dayPart, 1_320),
        ("monday", .weekday, 1), ("tuesday", .weekday, 2), ("wednesday", .weekday, 3), ("thursday", .weekday, 4),
        ("friday", .weekday, 5), ("saturday", .weekday, 6), ("sunday", .weekday, 7),
        ("mon", .shortWeekday, 1), ("tue tues", .shortWeekday, 2), ("wed", .shortWeekday, 3),
        // Not "thus", which the same pattern would allow: that is another word.
        ("thu thur thurs", .shortWeekday, 4), ("fri", .shortWeekday, 5), ("sat", .shortWeekday, 6),
        ("sun", .shortWeekday, 7),
        ("january jan", .month, 1), ("february feb", .month, 2), ("march mar", .month, 3), ("april apr", .month, 4),
        ("may", .month, 5), ("june jun", .month, 6), ("july jul", .month, 7), ("august aug", .month, 8),
        ("september sept sep", .month, 9), ("october oct", .month, 10), ("november nov", .month, 11),
        ("december dec", .month, 12),
    ]
}
