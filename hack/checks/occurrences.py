#!/usr/bin/env python3
"""Holds recurrence and reminders against python-dateutil, zoneinfo and a plain enumeration, over seeded random rules.

    hack/checks/occurrences.py [--seed N] [--rules N] [--vectors PROGRAM]

Writes a file of vectors whose expectations come from the judges and runs it through hack/vectors. dateutil judges what RFC
5545 says; month ends that clamp (RFC 7529) and mixed BYDAY lists, which dateutil cannot do, an enumeration day by day;
instants the standard library's zoneinfo on the same zone database. Says what differs and exits with 1, or 0.
"""
import argparse
import calendar
import datetime as dt
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import zoneinfo

from dateutil import relativedelta, rrule

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = dt.timedelta(days=1)
HORIZON = dt.timedelta(days=21915)  # 60 years
UTC = dt.timezone.utc
WEEKDAYS = [rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU]


# ---- instants -------------------------------------------------------------------------------------------------------


def instant(local, all_day, zone):
    """Wall time to UTC. fold=0 is the first of two, and in a gap the offset before it."""
    found = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if all_day and found.astimezone(zone).replace(tzinfo=None) != local:
        low, high = found - dt.timedelta(hours=30), found  # the first instant of the date, to the second
        while high - low > dt.timedelta(seconds=1):
            middle = low + (high - low) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(zone).date() >= local.date():
                high = middle
            else:
                low = middle
        found = high
    return found


def z(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def wall(local, all_day):
    return local.strftime("%Y-%m-%d") if all_day else local.strftime("%Y-%m-%dT%H:%M:%S")


# ---- rules ----------------------------------------------------------------------------------------------------------


class Rule:
    """A random rule that the table of parts allows."""

    def __init__(self, r):
        self.freq = r.choice(["DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
        self.interval = r.choice([1, 1, 1, 2, 2, 3, 4, 5, 7, 12, r.randint(1, 60)])
        self.byday, self.bymonthday, self.bymonth, self.bysetpos = [], [], [], []
        self.wkst = r.choice([0, 0, 0, 6, r.randint(0, 6)])
        self.clamp = r.random() < 0.4
        if r.random() < 0.35:
            self.bymonth = sorted(r.sample(range(1, 13), r.randint(1, 4)))
        if self.freq != "WEEKLY" and r.random() < 0.4:
            days = [d for d in range(-31, 32) if d]
            some = r.sample(days, r.randint(1, 4)) if r.random() < 0.6 else r.sample([28, 29, 30, 31, -1], r.randint(1, 3))
            self.bymonthday = sorted(set(some))
        if (self.freq != "YEARLY" or self.bymonth) and r.random() < 0.5:
            nth = self.freq in ("MONTHLY", "YEARLY") and r.random() < 0.6
            mixed = nth and r.random() < 0.15
            names = []
            for weekday in sorted(r.sample(range(7), r.randint(1, 4))):
                ordinal = r.choice([1, 2, 3, 4, 5, -1, -2, -5]) if nth and not (mixed and r.random() < 0.5) else None
                names.append((ordinal, weekday))
            self.byday = sorted(names, key=lambda entry: (entry[0] or 0, entry[1]))
        if self.freq in ("MONTHLY", "YEARLY") and (self.byday or self.bymonthday) and r.random() < 0.3:
            self.bysetpos = sorted(set(r.choice([1, 2, 3, -1, -2, r.randint(1, 12)]) for _ in range(r.randint(1, 2))))
        self.count = self.until = None

    def text(self):
        parts = ["FREQ=" + self.freq]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        for name in ("bymonth", "bymonthday", "bysetpos"):
            values = getattr(self, name)
            if values:
                parts.append(name.upper() + "=" + ",".join(map(str, values)))
        if self.byday:
            parts.append("BYDAY=" + ",".join(f"{n or ''}{CODES[w]}" for n, w in self.byday))
        if self.wkst:
            parts.append("WKST=" + CODES[self.wkst])
        if self.count:
            parts.append(f"COUNT={self.count}")
        if self.until:
            parts.append("UNTIL=" + self.until)
        return ";".join(parts)

    @property
    def has_by_parts(self):
        return bool(self.byday or self.bymonthday or self.bymonth)

    @property
    def needs_enumeration(self):
        mixed = len({n is None for n, _ in self.byday}) > 1
        return mixed or (self.clamp and self.freq != "WEEKLY")

    def dates(self, anchor):
        """The dates after the anchor, in order, none beyond 60 years."""
        return enumerate_dates(self, anchor) if self.needs_enumeration else dateutil_dates(self, anchor)


def dateutil_dates(rule, anchor):
    parts = dict(interval=rule.interval, wkst=WEEKDAYS[rule.wkst])
    if rule.byday:
        parts["byweekday"] = [WEEKDAYS[w](n) if n else WEEKDAYS[w] for n, w in rule.byday]
    for name in ("bymonthday", "bymonth", "bysetpos"):
        if getattr(rule, name):
            parts[name] = getattr(rule, name)
    start = dt.datetime.combine(anchor, dt.time())
    for found in rrule.rrule(getattr(rrule, rule.freq), dtstart=start, until=start + HORIZON, **parts):
        if found.date() > anchor:
            yield found.date()


def enumerate_dates(rule, anchor):
    """The same by looking at each period's days one by one."""
    day = anchor
    while day - anchor <= HORIZON:
        period, day = period_of(rule, anchor, day)
        if period is None:
            continue
        chosen = [d for d in period if matches(rule, anchor, d)]
        if rule.bysetpos:
            places = {p - 1 if p > 0 else len(chosen) + p for p in rule.bysetpos}
            chosen = [d for place, d in enumerate(chosen) if place in places]
        for d in chosen:
            if d > anchor and d - anchor <= HORIZON:
                yield d


def period_of(rule, anchor, day):
    """The days of the period that holds `day` (None where the interval passes over it), and the next period's first day."""
    if rule.freq == "DAILY":
        return ([day] if (day - anchor).days % rule.interval == 0 else None), day + DAY
    if rule.freq == "MONTHLY":
        first = day.replace(day=1)
        length = calendar.monthrange(day.year, day.month)[1]
        months = (day.year - anchor.year) * 12 + day.month - anchor.month
    elif rule.freq == "YEARLY":
        first = day.replace(month=1, day=1)
        length = 366 if calendar.isleap(day.year) else 365
        months = day.year - anchor.year
    else:
        first = day - DAY * ((day.weekday() - rule.wkst) % 7)
        length = 7
        months = (first - (anchor - DAY * ((anchor.weekday() - rule.wkst) % 7))).days // 7
    days = [first + DAY * n for n in range(length)] if months % rule.interval == 0 else None
    return days, first + DAY * length


def matches(rule, anchor, day):
    length = calendar.monthrange(day.year, day.month)[1]
    if rule.bymonth and day.month not in rule.bymonth:
        return False
    wanted = rule.bymonthday
    if not wanted and not rule.byday and rule.freq in ("MONTHLY", "YEARLY"):
        wanted = [anchor.day]
        if rule.freq == "YEARLY" and not rule.bymonth and day.month != anchor.month:
            return False
    if wanted:
        real = {(min(d, length) if rule.clamp else d) if d > 0 else length + 1 + d for d in wanted}
        if day.day not in real:
            return False
    if rule.byday:
        ok = False
        for ordinal, weekday in rule.byday:
            if day.weekday() != weekday:
                continue
            nth, from_end = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
            ok = ok or ordinal in (None, nth, from_end)
        return ok
    if rule.freq == "WEEKLY":
        return day.weekday() == anchor.weekday()
    return True


# ---- vectors --------------------------------------------------------------------------------------------------------


class Vectors:
    def __init__(self, seed, zones):
        self.random = random.Random(seed)
        self.zones = zones
        self.vectors = []

    def add(self, op, data, expected):
        self.vectors.append({"id": f"{op}-{len(self.vectors)}", "op": op, "input": data, "expected": expected})

    def anchor(self, zone):
        r = self.random
        day = dt.date(1970, 1, 2) + DAY * r.randint(0, 365 * 100)
        if r.random() < 0.3:  # month ends and leap days are where it goes wrong
            day = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        all_day = r.random() < 0.25
        time = dt.time() if all_day else dt.time(r.choice([0, 1, 2, 2, 3, 9, 17, 23]), r.choice([0, 15, 30, 59]))
        return dt.datetime.combine(day, time), all_day

    def rule_input(self, rule, anchor, all_day, zone_name):
        given = {"rrule": rule.text(), "month_end": "clamp" if rule.clamp else "skip"}
        return {"rule": given, "anchor_local": wall(anchor, all_day), "time_zone": zone_name, "all_day": all_day}

    def one_rule(self):
        r = self.random
        rule = Rule(r)
        zone_name = r.choice(self.zones)
        zone = zoneinfo.ZoneInfo(zone_name)
        anchor, all_day = self.anchor(zone)
        dates, found = rule.dates(anchor.date()), []
        for date in dates:
            found.append(date)
            if len(found) == 40:
                break
        data = self.rule_input(rule, anchor, all_day, zone_name)
        if not found:
            self.add("validate", data, {"error": "rule_never_matches"})
            return
        slots = [anchor] + [dt.datetime.combine(d, anchor.time()) for d in found]
        self.limit(rule, slots, all_day, zone)
        data = self.rule_input(rule, anchor, all_day, zone_name)
        kept = [s for i, s in enumerate(slots) if self.ends(rule, i + 1, s, all_day, zone) is None]
        take = min(len(kept) + (1 if len(kept) < len(slots) else 0), 15)
        shown = kept[:take]
        self.add("expand", {**data, "take": take}, {
            "slots": [wall(s, all_day) for s in shown], "instants": [z(instant(s, all_day, zone)) for s in shown]})
        self.completion_of_due(rule, data, slots, all_day, zone)
        self.completion_after_done(rule, data, slots, all_day, zone)

    def limit(self, rule, slots, all_day, zone):
        r = self.random
        pick = r.random()
        if pick < 0.2:
            rule.count = r.randint(1, len(slots) + 1)
        elif pick < 0.4:
            last = r.choice(slots) + r.choice([-DAY, DAY * 0, DAY])
            last = max(last, slots[0])
            if r.random() < 0.5:
                rule.until = last.strftime("%Y%m%d")
            else:
                moment = instant(last, all_day, zone) + dt.timedelta(seconds=r.choice([-1, 0, 1]))
                rule.until = moment.strftime("%Y%m%dT%H%M%SZ")

    @staticmethod
    def ends(rule, index, slot, all_day, zone):
        if rule.count and index > rule.count:
            return "count"
        if rule.until and len(rule.until) == 8 and slot.strftime("%Y%m%d") > rule.until:
            return "until"
        if rule.until and len(rule.until) > 8:
            return "until" if instant(slot, all_day, zone).strftime("%Y%m%dT%H%M%SZ") > rule.until else None
        return None

    def expected(self, rule, index, slot, skipped, all_day, zone):
        reason = self.ends(rule, index, slot, all_day, zone)
        if reason:
            return {"ended": True, "reason": reason}
        return {"ended": False, "next_local": wall(slot, all_day), "next_at": z(instant(slot, all_day, zone)),
                "index": index, "skipped": skipped}

    def completion_of_due(self, rule, data, slots, all_day, zone):
        """A fixed schedule, done early or late, by looking at every slot."""
        r = self.random
        own = r.randrange(0, len(slots) - 1)
        about = instant(r.choice(slots[own:]), all_day, zone)
        done = about + dt.timedelta(seconds=r.choice([-86400 * 3, -3600, -1, 0, 1, 3600, r.randint(-10**6, 10**6)]))
        catch_up = r.choice(["skip", "skip", "each"])
        done_date = done.astimezone(zone).date()
        for place in range(own + 1, len(slots)):
            slot = slots[place]
            ahead = slot.date() > done_date if all_day else instant(slot, all_day, zone) > done
            if catch_up == "each" or ahead:
                break
        else:
            return
        self.add("next", {**data, "anchor": "due", "catch_up": catch_up, "scheduled_local": wall(slots[own], all_day),
                          "completed_at": z(done)},
                 self.expected(rule, place + 1, slot, 0 if catch_up == "each" else place - own - 1, all_day, zone))

    def completion_after_done(self, rule, data, slots, all_day, zone):
        r = self.random
        own = r.randrange(0, len(slots))
        done = instant(slots[own], all_day, zone) + dt.timedelta(seconds=r.randint(-10**7, 10**7))
        done_date = done.astimezone(zone).date()
        if not rule.has_by_parts:
            unit = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}[rule.freq]
            date = done_date + relativedelta.relativedelta(**{unit: rule.interval})
        else:
            bound = max(done_date, slots[own].date())
            date = next((d for d in rule.dates(done_date) if d > bound), None)
            if date is None:
                return
        slot = dt.datetime.combine(date, slots[0].time())
        self.add("next", {**data, "anchor": "completion", "scheduled_local": wall(slots[own], all_day),
                          "completed_at": z(done), "index": own + 1},
                 self.expected(rule, own + 2, slot, 0, all_day, zone))

    def reminders(self):
        r = self.random
        zone_name = r.choice(self.zones)
        zone = zoneinfo.ZoneInfo(zone_name)
        due, all_day = self.anchor(zone)
        offsets = []
        for _ in range(r.randint(1, 5)):
            weeks, days, hours, minutes = r.choice([0, 0, 1]), r.choice([0, 0, 1, 6]), r.choice([0, 1, 24]), r.choice([0, 15, 90])
            date_part = (f"{weeks}W" if weeks else "") + (f"{days}D" if days else "")
            time_part = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes or not (date_part or hours) else "")
            offsets.append(("P" + date_part + ("T" + time_part if time_part else ""), weeks * 7 + days, hours * 60 + minutes))
        morning = "07:30" if r.random() < 0.3 else None
        base = dt.datetime.combine(due.date(), dt.time(7, 30) if morning else dt.time(9)) if all_day else due
        seen, rows = set(), []
        for text, days, minutes in offsets:
            at = instant(base - DAY * days, False, zone) - dt.timedelta(minutes=minutes)
            if at not in seen:
                seen.add(at)
                rows.append((at, text))
        now = r.choice(rows)[0] + dt.timedelta(seconds=r.choice([-1, 0, 1, 10**5]))
        data = {"due_local": wall(due, all_day), "time_zone": zone_name, "all_day": all_day,
                "reminders": [text for text, _, _ in offsets], "now": z(now)}
        if morning:
            data["all_day_reminder_time"] = morning
        self.add("reminders", data, [
            {"before": text, "remind_at": z(at), "state": "skipped_past" if at <= now else "pending"}
            for at, text in sorted(rows)])

    def clock_changes(self, zone_name):
        """Wall times around the changes of one zone."""
        zone = zoneinfo.ZoneInfo(zone_name)
        r = self.random
        for year in r.sample(range(1970, 2200), 2):
            moment = dt.datetime(year, 1, 1, tzinfo=UTC)
            while moment.year == year:
                later = moment + DAY
                if moment.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
                    for _ in range(3):
                        local = (moment + dt.timedelta(minutes=r.randint(-600, 2040))).astimezone(zone).replace(tzinfo=None, second=0)
                        for all_day in (False, True):
                            slot = local.replace(hour=0, minute=0) if all_day else local
                            self.add("expand", {"rule": {"pattern": "daily"}, "anchor_local": wall(slot, all_day), "take": 1,
                                                "time_zone": zone_name},
                                     {"slots": [wall(slot, all_day)], "instants": [z(instant(slot, all_day, zone))]})
                moment = later


def check_judges(seed):
    """The enumeration has to agree with dateutil where both can judge, or it is no judge."""
    r = random.Random(seed)
    for _ in range(150):
        rule = Rule(r)
        rule.clamp = False
        if rule.needs_enumeration:
            continue
        anchor = dt.date(1990, 1, 1) + DAY * r.randint(0, 15000)
        pairs = zip(enumerate_dates(rule, anchor), dateutil_dates(rule, anchor))
        for place, (mine, theirs) in enumerate(pairs):
            if mine != theirs:
                sys.exit(f"the judges disagree on {rule.text()} from {anchor}: {mine} and {theirs}")
            if place == 12:
                break


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=20260305)
    parser.add_argument("--rules", type=int, default=3000)
    parser.add_argument("--vectors", default=str(ROOT / "hack" / "vectors"), help="the program that runs a file of vectors")
    options = parser.parse_args()
    check_judges(options.seed)
    # Names that every installation of the zone database has.
    zones = sorted(n for n in zoneinfo.available_timezones()
                   if n.split("/")[0] in {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe",
                                          "Indian", "Pacific"} or n == "UTC")
    vectors = Vectors(options.seed, zones)
    for _ in range(options.rules):
        vectors.one_rule()
        vectors.reminders()
    for zone in zones:
        vectors.clock_changes(zone)
    counts = {}
    for vector in vectors.vectors:
        counts[vector["op"]] = counts.get(vector["op"], 0) + 1
    print(f"seed {options.seed}: {options.rules} rules, {len(zones)} zones, vectors: {counts}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vectors.json"
        path.write_text(json.dumps({"version": 1, "vectors": vectors.vectors}))
        result = subprocess.run([options.vectors, "recurrence", str(path)], stdout=subprocess.PIPE, text=True)
        lines = result.stdout.splitlines()
        for line in lines[:20]:
            print(line)
        if len(lines) > 21:
            print(f"… {len(lines) - 21} more lines", lines[-1], sep="\n")
        by_id = {vector["id"]: vector for vector in vectors.vectors}
        for line in lines[:20]:
            vector = by_id.get(line.split(":")[0])
            if vector:
                print("   input of", vector["id"], json.dumps(vector["input"]))
    sys.exit(result.returncode)


if __name__ == "__main__":
    main()
