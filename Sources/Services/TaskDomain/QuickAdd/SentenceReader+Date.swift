internal import WireValues

/// A date that a line names.
struct DateMatch {
    /// Days since 1970-01-01.
    var day: Int
    /// Minute of the day when the phrase says one: `tonight`, `tomorrow morning`, `in 2 hours`.
    var minute: Int?
    /// `in 2 hours`: no other time can go with it.
    var isInstant = false
    /// Reads two ways, so it is text.
    var isAmbiguous = false
    /// A calendar date, in front of which its weekday may stand.
    var isCalendarDate = false
    /// The token behind the phrase.
    var end: Int
}

extension SentenceReader {
    /// Takes the last date of the line, unless a repetition already said when it starts.
    mutating func readDate() {
        guard date == nil else { return }
        var chosen: (start: Int, match: DateMatch)?
        var isAmbiguous = false
        var index = firstToken
        while index < tokens.count {
            guard tokens[index].role == .text, let match = dateMatch(at: index, isLed: leadStart(index) < index) else {
                index += 1
                continue
            }
            if match.isAmbiguous {
                isAmbiguous = true
            } else {
                chosen = (index, match)
                isAmbiguous = false
            }
            index = match.end
        }
        if isAmbiguous { warn(.ambiguousDate) }
        guard let (start, match) = chosen else { return }
        date = match
        let first = leadStart(match.isCalendarDate ? startOfWeekdayName(start, of: match.day) : start)
        settle(first..<match.end, .due, value: value(of: match))
    }

    func value(of match: DateMatch) -> JSON {
        let wall = WallTime(date: CivilDate(dayNumber: match.day), secondOfDay: match.minute.map { $0 * 60 })
        return .string(wall.minuteText)
    }

    /// Where the words `due`, `by`, `on`, `before`, `for` begin that go with a date at `index`.
    func leadStart(_ index: Int) -> Int {
        switch word(index - 1) {
        case .due: index - 1
        case .by, .on, .before, .for: word(index - 2) == .due ? index - 2 : index - 1
        default: index
        }
    }

    /// `saturday, march 7`: the name goes with the date when it is that day's.
    private func startOfWeekdayName(_ index: Int, of day: Int) -> Int {
        let at = isFreeSign(",", index - 1) ? index - 2 : index - 1
        guard let name = weekday(at), name == CivilDate.weekday(dayNumber: day).rawValue else { return index }
        return at
    }

    // MARK: Phrases

    /// The date that begins at `index`, nil when none does or when it does not count there.
    ///
    /// - Parameter isLed: One of the words that announce a date stands in front.
    func dateMatch(at index: Int, isLed: Bool) -> DateMatch? {
        guard let token = free(index) else { return nil }
        let found: DateMatch? =
            switch token.kind {
            case .isoDate:
                CivilDate(year: Int(token.a), month: Int(token.b), day: Int(token.c)).map {
                    DateMatch(day: $0.dayNumber, isCalendarDate: true, end: index + 1)
                }
            case .slashDate: slashDate(token, index, isLed: isLed)
            case .word: wordDate(token.term, index, isLed: isLed)
            case .number, .quantity: numberedDate(index, isLed: isLed)
            default: nil
            }
        guard var match = found, Self.days.contains(match.day) else { return nil }
        if match.minute == nil, !match.isAmbiguous, word(match.end) == .dayPart {
            match.minute = Int(tokens[match.end].term.value)
            match.end += 1
        }
        return match
    }

    /// The days on which a task may be due: 1970 to 2199.
    private static let days = 0...84_005

    private func wordDate(_ term: Term, _ index: Int, isLed: Bool) -> DateMatch? {
        switch term.word {
        case .today: return DateMatch(day: today, end: index + 1)
        case .tomorrow: return DateMatch(day: today + 1, end: index + 1)
        case .tonight: return DateMatch(day: today, minute: 20 * 60, end: index + 1)
        case .endOfWeek: return DateMatch(day: weekStart + 6, end: index + 1)
        case .endOfMonth: return DateMatch(day: lastDayOfMonth, end: index + 1)
        case .weekday: return DateMatch(day: next(Int(term.value)), end: index + 1)
        case .shortWeekday:
            guard isLed || isAtEnd(index + 1) || beginsTime(index + 1) || word(index + 1) == .dayPart else {
                return nil
            }
            return DateMatch(day: next(Int(term.value)), end: index + 1)
        case .this: return thisOrNext(index, weeks: 0)
        case .next: return thisOrNext(index, weeks: 1)
        case .in: return distance(index)
        case .month: return monthFirst(index)
        case .end: return endOf(index)
        case .unit: return dayAfterTomorrow(index)
        case .the:
            return endOf(index + 1) ?? dayAfterTomorrow(index + 1) ?? numberedDate(index + 1, isLed: isLed)
        default: return nil
        }
    }

    /// `this friday`, `next friday`, `next week`, `this weekend`, `this evening`.
    private func thisOrNext(_ index: Int, weeks: Int) -> DateMatch? {
        let end = index + 2
        switch word(index + 1) {
        case .weekday, .shortWeekday:
            let start = weekStart + 7 * weeks
            let day = start + offset(of: Int(tokens[index + 1].term.value))
            return DateMatch(day: weeks == 0 && day < today ? day + 7 : day, end: end)
        case .weekend:
            let saturday = weekStart + offset(of: Weekday.saturday.rawValue) + 7 * weeks
            if weeks > 0 || saturday >= today { return DateMatch(day: saturday, end: end) }
            return DateMatch(day: now.date.weekday == .sunday ? today : saturday + 7, end: end)
        case .unit where weeks == 1:
            switch unit(index + 1) {
            case .week: return DateMatch(day: weekStart + 7, end: end)
            case .month: return DateMatch(day: lastDayOfMonth + 1, end: end)
            default: return nil
            }
        case .dayPart where weeks == 0:
            let minute = Int(tokens[index + 1].term.value)
            // "this night" is nobody's phrase.
            return minute < 20 * 60 ? DateMatch(day: today, minute: minute, end: end) : nil
        default: return nil
        }
    }

    /// `end of week`, `end of the month`.
    private func endOf(_ index: Int) -> DateMatch? {
        guard word(index) == .end, word(index + 1) == .of else { return nil }
        let at = word(index + 2) == .the ? index + 3 : index + 2
        switch unit(at) {
        case .week: return DateMatch(day: weekStart + 6, end: at + 1)
        case .month: return DateMatch(day: lastDayOfMonth, end: at + 1)
        default: return nil
        }
    }

    private func dayAfterTomorrow(_ index: Int) -> DateMatch? {
        guard unit(index) == .day, word(index + 1) == .after, word(index + 2) == .tomorrow else { return nil }
        return DateMatch(day: today + 2, end: index + 3)
    }

    /// `in 3 days`, `in a month`, `in half an hour`.
    private func distance(_ index: Int) -> DateMatch? {
        if word(index + 1) == .half, word(index + 2) == .article, unit(index + 3) == .hour {
            return later(minutes: 30, end: index + 4)
        }
        let unit: Unit
        let count: Int
        var end = index + 3
        if let token = free(index + 1), token.kind == .quantity,
            token.term.word == .unit || token.term.word == .shortUnit,
            let written = Unit(rawValue: Int(token.term.value))
        {
            // "in 5m" may be metres.
            guard token.term.word == .unit || written != .minute else { return nil }
            (unit, count, end) = (written, Int(token.a), index + 2)
        } else {
            guard let named = self.unit(index + 2),
                let number = self.count(index + 1) ?? (word(index + 1) == .article ? 1 : nil)
            else { return nil }
            (unit, count) = (named, number)
        }
        switch unit {
        case .minute: return later(minutes: count, end: end)
        case .hour: return later(minutes: count * 60, end: end)
        case .day: return DateMatch(day: today + count, end: end)
        case .week: return DateMatch(day: today + 7 * count, end: end)
        case .month: return DateMatch(day: now.date.adding(months: count).dayNumber, end: end)
        case .year: return DateMatch(day: now.date.adding(months: 12 * count).dayNumber, end: end)
        case .second, .quarter: return nil
        }
    }

    private func later(minutes: Int, end: Int) -> DateMatch {
        let total = (now.secondOfDay ?? 0) / 60 + minutes
        return DateMatch(day: today + total / 1_440, minute: total % 1_440, isInstant: true, end: end)
    }

    /// `mar 5`, `march 5th, 2027`.
    private func monthFirst(_ index: Int) -> DateMatch? {
        guard let day = dayNumber(index + 1) else { return nil }
        return calendarDate(month: index, day: day, yearAt: index + 2)
    }

    /// `5 march`, `5th of march`; led by a word, `the 15th`.
    private func numberedDate(_ index: Int, isLed: Bool) -> DateMatch? {
        guard let day = dayNumber(index) else { return nil }
        if word(index + 1) == .month { return calendarDate(month: index + 1, day: day, yearAt: index + 2) }
        guard tokens[index].kind == .quantity else { return nil }
        if word(index + 1) == .of, word(index + 2) == .month {
            return calendarDate(month: index + 2, day: day, yearAt: index + 3)
        }
        let end = index + 1
        let leads = isLed || word(index - 1) == .the && leadStart(index - 1) < index - 1
        guard leads,
            isAtEnd(end) || isPart(end) || free(end)?.isClosing == true || beginsTime(end) || word(end) == .dayPart
        else { return nil }
        // The next such day after today in a month that has it.
        var first = now.date.adding(days: 1 - now.date.day)
        for _ in 0..<4 {
            if let date = CivilDate(year: first.year, month: first.month, day: day), date > now.date {
                return DateMatch(day: date.dayNumber, end: end)
            }
            first = first.adding(months: 1)
        }
        return nil
    }

    /// A day of a month: `5` or `5th`.
    private func dayNumber(_ index: Int) -> Int? {
        guard let token = free(index),
            token.kind == .number || token.kind == .quantity && token.term.word == .ordinalSuffix,
            (1...31).contains(token.a)
        else { return nil }
        return Int(token.a)
    }

    private func calendarDate(month index: Int, day: Int, yearAt: Int) -> DateMatch? {
        let month = Int(tokens[index].term.value)
        var at = yearAt
        if isFreeSign(",", at) { at += 1 }
        if let token = free(at), token.kind == .number, (1_970...2_199).contains(token.a), token.end - token.start == 4
        {
            return CivilDate(year: Int(token.a), month: month, day: day).map {
                DateMatch(day: $0.dayNumber, isCalendarDate: true, end: at + 1)
            }
        }
        return coming(month: month, day: day).map { DateMatch(day: $0, isCalendarDate: true, end: yearAt) }
    }

    /// Today or later; 29 February waits for a leap year.
    private func coming(month: Int, day: Int) -> Int? {
        for year in now.date.year...(now.date.year + 8) {
            if let date = CivilDate(year: year, month: month, day: day), date >= now.date { return date.dayNumber }
        }
        return nil
    }

    /// `25/9`, `25/9/2026`: by the user's order, else only when it reads one way.
    private func slashDate(_ token: Token, _ index: Int, isLed: Bool) -> DateMatch? {
        let end = index + 1
        let isAnnounced: Bool =
            switch word(index - 1) {
            case .on, .by, .due, .until, .starting, .from: true
            default: false
            }
        guard isAnnounced || isAtEnd(end) || beginsTime(end) else { return nil }
        func read(month: Int32, day: Int32) -> Int? {
            token.c == 0
                ? coming(month: Int(month), day: Int(day))
                : CivilDate(year: Int(token.c), month: Int(month), day: Int(day))?.dayNumber
        }
        let dayFirst = read(month: token.b, day: token.a)
        let monthFirst = read(month: token.a, day: token.b)
        guard let either = dayFirst ?? monthFirst else { return nil }
        var match = DateMatch(day: either, isCalendarDate: true, end: end)
        if let dayFirst, let monthFirst, dayFirst != monthFirst {
            switch settings.dateOrder {
            case .dmy: match.day = dayFirst
            case .mdy: match.day = monthFirst
            case nil: match.isAmbiguous = true
            }
        }
        return match
    }

    // MARK: The calendar around today

    /// The first day of this calendar week.
    private var weekStart: Int { today - offset(of: now.date.weekday.rawValue) }

    /// Days from the week's start to a weekday.
    private func offset(of weekday: Int) -> Int { (weekday - settings.weekStart.rawValue + 7) % 7 }

    /// The next such weekday after today.
    private func next(_ weekday: Int) -> Int {
        let distance = (weekday - now.date.weekday.rawValue + 7) % 7
        return today + (distance == 0 ? 7 : distance)
    }

    private var lastDayOfMonth: Int {
        today - now.date.day + CivilDate.daysIn(month: now.date.month, year: now.date.year)
    }
}
