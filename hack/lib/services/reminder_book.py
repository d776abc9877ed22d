"""Which reminders of a user had to come, by what the feed says of the tasks."""

import collections
import datetime
import re


def _instant(text):
    return datetime.datetime.fromisoformat(text)


def _before(text):
    """PT30M, PT1H30M, P2D: as far as hours and minutes."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return datetime.timedelta(days=days, hours=hours, minutes=minutes)


class ReminderBook:
    """Follows each task from change to change: a reminder counts from the change that set it, by the clock of that change."""

    # Seconds around `now` in which a reminder may have come or not.
    DOUBT = 15

    def __init__(self, changes, notifications, now):
        self.problems = []
        # How many had to come.
        self.due = 0
        # Of each (task, instant): how many notifications.
        told = collections.Counter((item["task_id"], _instant(item["remind_at"])) for item in notifications)
        doubled = [key for key, times in told.items() if times > 1]
        if doubled:
            self.problems.append(f"reminders that came twice: {doubled[:5]}")
        now = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
        doubt = datetime.timedelta(seconds=self.DOUBT)
        histories = collections.defaultdict(list)
        for change in changes:
            histories[change["task_id"]].append(change)
        for task, history in histories.items():
            pending, possible = self.follow(history)
            for instant in pending:
                if instant < now - doubt:
                    self.due += 1
                    if not told[(task, instant)]:
                        self.problems.append(f"task {task} was to be reminded of at {instant}, and was not")
            for (other, instant) in [key for key in told if key[0] == task]:
                if instant not in possible:
                    self.problems.append(f"task {task} was reminded of at {instant}, which nobody asked for")
                elif instant > now + doubt:
                    self.problems.append(f"task {task} was reminded of at {instant}, before its time")

    @staticmethod
    def follow(history):
        """The instants that wait at the end, and all that ever waited."""
        current, possible = {}, set()
        for change in sorted(history, key=lambda change: change["task_version"]):
            task = change["task_data"]
            wanted = {}
            if task is not None and change["event_type"] != "deleted" and not task["completed"]:
                for wish in task["reminders"]:
                    if "remind_at" in wish:
                        wanted[str(wish)] = _instant(wish["remind_at"])
                    elif task["due_at"]:
                        wanted[str(wish)] = _instant(task["due_at"]) - _before(wish["before"])
            after = {}
            for name, instant in wanted.items():
                known = current.get(name)
                is_pending = known[1] if known and known[0] == instant else instant > _instant(change["timestamp"])
                after[name] = (instant, is_pending)
                if is_pending:
                    possible.add(instant)
            current = after
        return {instant for instant, is_pending in current.values() if is_pending}, possible
