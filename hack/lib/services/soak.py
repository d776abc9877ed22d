"""The soak: users, faults, and the books afterwards."""

import collections
import json
import random
import time

from .faults import Faults
from .follower import Follower
from .load import Ledger, User
from .programs import say


class Soak:
    """One run on a platform that is up."""

    def __init__(self, platform, seed, seconds, rate, users):
        self.platform = platform
        self.seed = seed
        self.seconds = seconds
        self.rate = rate
        self.users = [f"soak-{number}" for number in range(users)]
        self.problems = []
        self.numbers = {}

    def run(self, calm=False):
        """Whether everything is as it should be."""
        begin = time.monotonic()
        end = begin + self.seconds
        ledger = Ledger()
        pause = len(self.users) / self.rate
        users = [User(self.platform, name, random.Random(f"{self.seed}/{name}"), ledger, end, pause)
                 for name in self.users]
        followers = [Follower(self.platform, name) for name in self.users]
        faults = Faults(self.platform, random.Random(f"{self.seed}/faults"), end - 3)
        threads = users + followers + ([] if calm else [faults])
        for thread in threads:
            thread.start()
        told = begin
        while time.monotonic() < end or any(user.is_alive() for user in users):
            time.sleep(0.5)
            if time.monotonic() - told > 20:
                told = time.monotonic()
                say(f"    … {told - begin:.0f} s: {ledger.count} operations accepted, {ledger.unknown} of unknown fate, "
                    f"faults {sum(faults.tally.values())}")
            if time.monotonic() > end + 120:
                self.problems.append("users are still waiting for an answer 2 minutes after the end")
                break
        if not calm:
            faults.join(60)
        for thread in users + [faults] + followers:
            if thread.failure is not None:
                self.problems.append(f"{type(thread).__name__}: {thread.failure!r}")
        if not calm:
            faults.mend()
            self.platform.wait_ready(60)
        settled = self.settle()
        self.numbers["settled after"] = f"{settled:.1f} s"
        self.books(ledger, followers)
        for follower in followers:
            follower.is_over.set()
        if not calm:
            self.dead_letters(faults)
        self.print(ledger, faults, followers)
        return not self.problems

    # MARK: Until nothing moves any more

    def settle(self, seconds=180):
        """Until outboxes are empty, groups have handled everything, and no count changes."""
        from .client import Client
        begin = time.monotonic()
        before, since = None, time.monotonic()
        while time.monotonic() - begin < seconds:
            try:
                backlogs = Client(self.platform.admin)("GET", "/backlogs").json
                waiting = sum(backlog["records"] for backlog in backlogs)
                state = (self.count("api", "task_changes"), self.count("audit", "audit_entries"),
                         self.count("notifications", "notifications"), waiting)
            except (OSError, RuntimeError) as problem:
                state = str(problem)
            is_settled = isinstance(state, tuple) and state[0] == state[1] and waiting == 0
            if state != before or not is_settled:
                before, since = state, time.monotonic()
            # Reminders fall due up to 12 s after they were asked for.
            if time.monotonic() - since > 15:
                break
            time.sleep(0.5)
        else:
            self.wrong(f"not settled after {seconds} s: {before}; {json.dumps(backlogs)}")
        return since - begin

    def count(self, service, table):
        return int(self.platform.rows(service, f"SELECT count(*) FROM {table}")[0][0])

    # MARK: The books

    def wrong(self, text):
        self.problems.append(text)

    def pages(self, client, path, key):
        """All items of a list."""
        items, cursor = [], ""
        while True:
            answer = client("GET", f"{path}{cursor}")
            if answer.status != 200:
                self.wrong(f"GET {path}: {answer}")
                return items
            items += answer.json[key]
            if answer.json.get("next_before"):
                cursor = f"&before={answer.json['next_before']}"
            elif answer.json.get("next_cursor"):
                cursor = f"&cursor={answer.json['next_cursor']}"
            else:
                return items

    def feed(self, client):
        changes, since = [], 0
        while True:
            page = client("GET", f"changes?since={since}&limit=500").json
            changes += page["changes"]
            if not page["has_more"]:
                return changes
            since = changes[-1]["user_seq"]

    def books(self, ledger, followers):
        tally = collections.Counter()
        for user, follower in zip(self.users, followers):
            client = self.platform.client(user)
            changes = self.feed(client)
            entries = self.pages(client, "audit?limit=100", "entries")
            tasks = self.pages(client, "tasks?limit=100", "tasks")
            notifications = self.pages(client, "notifications?limit=100", "notifications")
            tally["changes"] += len(changes)
            tally["audit rows"] += len(entries)
            tally["tasks"] += len(tasks)
            tally["notifications"] += len(notifications)
            self.check_changes(user, ledger, changes)
            self.check_audit(user, client, changes, entries)
            tally["reminders fired"] += self.check_reminders(user, changes, notifications)
            self.check_tasks(user, changes, tasks)
            end = time.monotonic() + 90
            while follower.last < len(changes) and time.monotonic() < end:
                time.sleep(0.1)
            if follower.numbers != list(range(1, len(changes) + 1)):
                self.wrong(f"{user}: the WebSocket client heard {self.difference(follower.numbers, len(changes))}")
        self.numbers.update(tally)
        self.check_series()

    @staticmethod
    def difference(numbers, count):
        doubled = [number for number, times in collections.Counter(numbers).items() if times > 1]
        missing = sorted(set(range(1, count + 1)) - set(numbers))
        return f"{len(numbers)} of {count}; missing {missing[:10]}, doubled {doubled[:10]}, in order: {numbers == sorted(numbers)}"

    def check_changes(self, user, ledger, changes):
        if [change["user_seq"] for change in changes] != list(range(1, len(changes) + 1)):
            self.wrong(f"{user}: user_seq has gaps")
        if len({change["event_id"] for change in changes}) != len(changes):
            self.wrong(f"{user}: an event id twice in the feed")
        known = collections.Counter((change["task_id"], change["task_version"]) for change in changes)
        doubled = [key for key, times in known.items() if times > 1]
        if doubled:
            self.wrong(f"{user}: versions with two changes {doubled[:5]}")
        accepted = ledger.accepted.get(user, [])
        lost = [entry for entry in accepted if (entry[0], entry[1]) not in known]
        if lost:
            self.wrong(f"{user}: {len(lost)} accepted operations without a change: {lost[:5]}")
        if len({entry[:2] for entry in accepted}) != len(accepted):
            self.wrong(f"{user}: two operations were accepted for one version")

    def check_audit(self, user, client, changes, entries):
        events = {change["event_id"] for change in changes}
        logged = collections.Counter(entry["event_id"] for entry in entries)
        doubled = [event for event, times in logged.items() if times > 1]
        missing, strange = events - set(logged), set(logged) - events
        if doubled or missing or strange:
            self.wrong(f"{user}: audit: {len(missing)} missing {sorted(missing)[:3]}, {len(strange)} strange, "
                       f"{len(doubled)} doubled")
        answer = client("GET", "audit/verify")
        if answer.status != 200 or not answer.json.get("valid"):
            self.wrong(f"{user}: the audit's chain: {answer}")

    def check_series(self):
        """A living series has its one open head, so every completion has its successor, and none has two."""
        tasks = {int(row[0]): row for row in self.platform.rows(
            "api", "SELECT id, completed, series_id, occurrence_index, previous_task_id, user_id FROM tasks"
                   " WHERE series_id IS NOT NULL")}
        made = collections.Counter(row[4] for row in tasks.values() if row[4])
        for predecessor, times in made.items():
            if times > 1:
                self.wrong(f"task {predecessor} has {times} successors")
        slots = collections.Counter((row[2], row[3]) for row in tasks.values())
        doubled = [slot for slot, times in slots.items() if times > 1]
        if doubled:
            self.wrong(f"occurrences that were made twice: {doubled[:5]}")
        states = collections.Counter()
        for series, user, head, data in self.platform.rows("api", "SELECT id, user_id, head_id, data FROM task_series"):
            state = json.loads(data)["state"]
            states[state] += 1
            if state != "live":
                continue
            task = tasks.get(int(head)) if head else None
            if task is None or task[1] not in ("0", "f"):
                self.wrong(f"{user}: living series {series} has no open head: {head}, {task}")
        self.numbers["series"] = ", ".join(f"{name} {count}" for name, count in sorted(states.items()))
        self.numbers["successors"] = len(made)

    def check_reminders(self, user, changes, notifications):
        """One notification for each reminder that fell due while its task was open."""
        history = collections.defaultdict(list)
        for change in changes:
            history[change["task_id"]].append(change)
        fired = collections.Counter((item["task_id"], item.get("remind_at") or item.get("reminder_id"))
                                    for item in notifications)
        doubled = [key for key, times in fired.items() if times > 1]
        if doubled:
            self.wrong(f"{user}: reminders that fired twice: {doubled[:5]}")
        expected = 0
        told = {item["task_id"] for item in notifications}
        for task_id, task_changes in history.items():
            first = task_changes[0]["task_data"]
            wishes = [wish["remind_at"] for wish in (first or {}).get("reminders", []) if "remind_at" in wish]
            if not wishes:
                continue
            last = task_changes[-1]
            still_open = last["event_type"] != "deleted" and not any(
                change["event_type"] in ("completed", "deleted") for change in task_changes)
            if still_open:
                expected += 1
                if task_id not in told:
                    self.wrong(f"{user}: task {task_id} was to be reminded of at {wishes}, and was not")
        return len(notifications)

    def check_tasks(self, user, changes, tasks):
        """What the API shows is what the last change of each task says."""
        last = {change["task_id"]: change for change in changes}
        living = {task_id: change["task_data"] for task_id, change in last.items() if change["event_type"] != "deleted"}
        shown = {task["id"]: task for task in tasks}
        if set(living) != set(shown):
            self.wrong(f"{user}: tasks and changes differ: {sorted(set(living) ^ set(shown))[:5]}")
        for task_id in set(living) & set(shown):
            if living[task_id]["version"] != shown[task_id]["version"]:
                self.wrong(f"{user}: task {task_id} has version {shown[task_id]['version']}, "
                           f"its last change {living[task_id]['version']}")

    def dead_letters(self, faults):
        from .client import Client
        letters = Client(self.platform.admin)("GET", "/dead-letters").json
        strange = [letter for letter in letters if "poison" not in json.dumps(letter) and "nonsense" not in json.dumps(letter)
                   and "octet-stream" not in json.dumps(letter)]
        self.numbers["dead letters"] = len(letters)
        if strange:
            self.wrong(f"{len(strange)} dead letters that are no poison: {json.dumps(strange[0])[:300]}")

    def print(self, ledger, faults, followers):
        lines = [f"seed {self.seed}, {self.seconds} s, {self.platform.engine}, {self.platform.replicas} replicas of each",
                 f"operations accepted      {ledger.count}: " + ", ".join(
                     f"{name} {count}" for name, count in sorted(ledger.tally.items())),
                 f"of unknown fate          {ledger.unknown}",
                 "refused                  " + (", ".join(
                     f"{name}: {count}" for name, count in sorted(ledger.refused.items())) or "none"),
                 f"faults                   {sum(faults.tally.values())}"]
        lines += [f"  {name:<38} {count:>5}" for name, count in sorted(faults.tally.items())]
        lines.append(f"poison published         {faults.poison}")
        lines += [f"{name:<24} {value}" for name, value in self.numbers.items()]
        lines.append(f"WebSocket connections    {sum(follower.connections for follower in followers)} by "
                     f"{len(followers)} clients, resets {sum(follower.resets for follower in followers)}")
        lines.append("")
        lines += [f"WRONG: {problem}" for problem in self.problems[:40]]
        lines.append("nothing lost, nothing doubled" if not self.problems else f"{len(self.problems)} things are wrong")
        print("\n".join(lines), flush=True)
