"""The books: what was accepted against what there is, row by row."""

import collections
import datetime
import json
import time

from .broker_log import BrokerLog
from .poison import TOPICS, marker
from .reminder_book import ReminderBook


def seconds(text):
    """RFC 3339 as seconds since 1970."""
    return datetime.datetime.fromisoformat(text).timestamp()


class Books:
    """Finds what is wrong, and counts."""

    def __init__(self, platform, users):
        self.platform = platform
        self.users = users
        self.problems = []
        self.numbers = collections.Counter()
        # By user, in order: what the API says.
        self.changes = {}

    def wrong(self, text):
        self.problems.append(text)

    def check(self, ledger, followers, poison):
        for user, follower in zip(self.users, followers):
            client = self.platform.client(user)
            changes = self.changes[user] = self.feed(client)
            entries = self.pages(client, "audit?limit=100", "entries")
            tasks = self.pages(client, "tasks?limit=100", "tasks")
            notifications = self.pages(client, "notifications?limit=100", "notifications")
            self.numbers["changes in the feed"] += len(changes)
            self.numbers["audit rows"] += len(entries)
            self.numbers["tasks"] += len(tasks)
            self.numbers["notifications"] += len(notifications)
            self.check_changes(user, ledger, changes)
            self.check_audit(user, client, changes, entries)
            self.check_tasks(user, changes, tasks)
            reminders = ReminderBook(changes, notifications, time.time() + self.platform.clocks.shift("todo-reminders-0"))
            self.numbers["reminders that had to come"] += reminders.due
            self.problems += [f"{user}: {problem}" for problem in reminders.problems]
            self.check_follower(user, follower, len(changes))
        self.check_series()
        log = BrokerLog(self.platform.broker_file)
        try:
            self.check_events(log, ledger)
            self.check_updates(log)
            self.check_reminder_events(log)
            self.check_poison(log, poison)
        finally:
            log.close()

    # MARK: What the services say

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

    def check_follower(self, user, follower, count):
        end = time.monotonic() + 90
        while follower.last < count and time.monotonic() < end:
            time.sleep(0.1)
        numbers = follower.numbers
        if numbers != list(range(1, count + 1)):
            doubled = [number for number, times in collections.Counter(numbers).items() if times > 1]
            missing = sorted(set(range(1, count + 1)) - set(numbers))
            self.wrong(f"{user}: the WebSocket client heard {len(numbers)} of {count}; missing {missing[:10]}, "
                       f"doubled {doubled[:10]}, in order: {numbers == sorted(numbers)}")

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
        by_event = {change["event_id"]: change for change in changes}
        for entry in entries:
            change = by_event.get(entry["event_id"])
            if change is None:
                continue
            # The feed does not show what a deleted task was like; the audit does.
            same = ["event_type", "task_id", "task_version"] + (["task_data"] if change["task_data"] else [])
            if any(entry[field] != change[field] for field in same):
                self.wrong(f"{user}: the audit row of event {entry['event_id']} is not what the feed says")
        answer = client("GET", "audit/verify")
        if answer.status != 200 or not answer.json.get("valid") or answer.json["entries"] != len(entries):
            self.wrong(f"{user}: the audit's chain: {answer}")

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

    def check_series(self):
        """A living series has its one open head, and no task has two successors."""
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
        self.living_series = set()
        self.ended_series = {}
        for series, user, head, data in self.platform.rows("api", "SELECT id, user_id, head_id, data FROM task_series"):
            state = json.loads(data)["state"]
            self.numbers[f"series {state}"] += 1
            if state != "live":
                self.ended_series[series] = user
                continue
            self.living_series.add(series)
            task = tasks.get(int(head)) if head else None
            if task is None or task[1] not in ("0", "f"):
                self.wrong(f"{user}: living series {series} has no open head: {head}, {task}")

    # MARK: What the broker's log says

    def events(self, log, topic, identity):
        """By user, in the order of their first appearance: the events of a topic. Published again they must be the same."""
        first, partitions = {}, collections.defaultdict(set)
        events = collections.defaultdict(list)
        for record in log.records(topic):
            if marker(record.value):
                continue
            event = json.loads(record.value)
            data = event["data"]
            self.numbers[f"records on {topic}"] += 1
            known = first.get(event["id"])
            if known is not None:
                self.numbers[f"of these written again on {topic}"] += 1
                if known != (event["time"], data):
                    self.wrong(f"{topic}: event {event['id']} was published with two contents")
                continue
            first[event["id"]] = (event["time"], data)
            partitions[data["user_id"]].add(record.partition)
            events[data["user_id"]].append(event)
            if record.key != data["user_id"]:
                self.wrong(f"{topic}: event {event['id']} has the key {record.key!r}")
        for user, found in partitions.items():
            if len(found) > 1:
                self.wrong(f"{topic}: the events of {user} lie in several partitions: {sorted(found)}")
        for user, found in events.items():
            doubled = [key for key, times in collections.Counter(map(identity, found)).items() if times > 1]
            if doubled:
                self.wrong(f"{topic}: {user} has two events for one thing: {doubled[:5]}")
        return events

    def check_events(self, log, ledger):
        """Each accepted operation and each successor has one event with one id, and a user's events came in order."""
        topic = "task-events"
        events = self.events(log, topic, lambda event: (event["data"]["task_id"], event["data"]["task_version"]))
        self.numbers["events"] = sum(map(len, events.values()))
        if set(events) - set(self.users):
            self.wrong(f"{topic}: events of strangers {sorted(set(events) - set(self.users))[:5]}")
        for user in self.users:
            mine = events[user]
            known = {(event["data"]["task_id"], event["data"]["task_version"]) for event in mine}
            lost = [entry for entry in ledger.accepted.get(user, []) if entry[:2] not in known]
            if lost:
                self.wrong(f"{topic}: {len(lost)} accepted operations of {user} without an event: {lost[:5]}")
            self.compare(topic, user, [event["id"] for event in mine])
            self.check_successors(user, mine)
        # The load's rules have no end: a series ends with the deletion of its open occurrence, and in no other way.
        deleted = {event["data"]["task_data"].get("series_id") for mine in events.values() for event in mine
                   if event["data"]["event_type"] == "deleted" and event["data"].get("reason") != "superseded"}
        for series in sorted(set(self.ended_series) - deleted):
            self.wrong(f"{self.ended_series[series]}: series {series} ended, and nobody deleted its open occurrence")

    def check_updates(self, log):
        """Each event has one update for clients, in order as well."""
        topic = "task-updates"
        updates = self.events(log, topic, lambda event: event["data"].get("event_id", event["id"]))
        for user in self.users:
            mine = [event["data"] for event in updates[user] if event["type"] == "task.changed"]
            self.compare(topic, user, [update["event_id"] for update in mine])

    def compare(self, topic, user, ids):
        """With the feed: the same events in the same order."""
        wanted = [change["event_id"] for change in self.changes[user]]
        if ids == wanted:
            return
        missing, strange = set(wanted) - set(ids), set(ids) - set(wanted)
        place = next((index for index, (one, other) in enumerate(zip(ids, wanted)) if one != other), None)
        self.wrong(f"{topic}: {user}: {len(missing)} of {len(wanted)} events missing {sorted(missing)[:3]}, {len(strange)} "
                   f"strange {sorted(strange)[:3]}; the first that is out of order is number {place}")

    def check_successors(self, user, events):
        """Row by row: whose completion stands has one successor if the series lives, and never more than one."""
        last, ends, successors = {}, set(), collections.Counter()
        for event in events:
            data = event["data"]
            task = data["task_id"]
            last[task] = data
            if data["event_type"] == "completed" and data.get("reason") == "series_ended":
                ends.add(task)
            if data["event_type"] == "created" and data.get("previous_task_id"):
                successors[data["previous_task_id"]] += 1
                self.numbers["successors made"] += 1
            if data.get("reason") == "superseded" and data["task_data"].get("id"):
                predecessor = next(event["data"]["previous_task_id"] for event in events
                                   if event["data"]["task_id"] == task)
                successors[predecessor] -= 1
                self.numbers["of these withdrawn"] += 1
        for task, data in last.items():
            count = successors[task]
            stands = data["event_type"] != "deleted" and data["task_data"]["completed"] and task not in ends
            if stands and data["task_data"]["series_id"] in self.living_series:
                self.numbers["completions of living series"] += 1
                if count != 1:
                    self.wrong(f"{user}: task {task} is completed, its series lives, and it has {count} successors")
            elif count > 1:
                self.wrong(f"{user}: task {task} has {count} successors")

    def check_reminder_events(self, log):
        """Each reminder that fell due is one event, and one notification."""
        events = self.events(log, "reminders", lambda event: (event["data"]["task_id"], event["data"]["reminder_id"],
                                                              event["data"]["remind_at"]))
        fired = {event["id"] for mine in events.values() for event in mine}
        told = [row[0] for row in self.platform.rows("notifications", "SELECT event_id FROM notifications")]
        self.numbers["reminders fired"] = len(fired)
        if sorted(told) != sorted(fired):
            self.wrong(f"{len(fired)} reminders fired, {len(told)} notifications: missing "
                       f"{sorted(fired - set(told))[:3]}, strange {sorted(set(told) - fired)[:3]}")

    # MARK: Poison

    def dead_letter_groups(self):
        """By topic: the dead letter topic and the groups that give up there."""
        with open(self.platform.resources_file) as stream:
            resources = [json.loads(text) for text in stream.read().split("\n---\n")]
        found = collections.defaultdict(set)
        for item in resources:
            if item["kind"] == "Subscription" and item["spec"].get("deadLetterTopic"):
                found[item["spec"]["topic"]] |= {(item["spec"]["deadLetterTopic"], app) for app in item["scopes"]}
        return found

    def check_poison(self, log, poison):
        """Each poison message is a dead letter of every group that reads its topic; nothing else is one."""
        groups = self.dead_letter_groups()
        required, allowed = set(), set()
        for name, (topic, is_accepted) in poison.published.items():
            wanted = {(name, *place) for place in groups[topic]}
            allowed |= wanted
            required |= wanted if is_accepted else set()
        found = collections.Counter()
        for topic in log.topics():
            for record in log.records(topic):
                if record.origin:
                    found[(marker(record.value) or record.value[:120], topic, record.origin[1])] += 1
        self.numbers["dead letters"] = len(found)
        self.numbers["dead letters written again"] = sum(found.values()) - len(found)
        if required - set(found):
            self.wrong(f"{len(required - set(found))} times poison is no dead letter: {sorted(required - set(found))[:5]}")
        if set(found) - allowed:
            self.wrong(f"{len(set(found) - allowed)} dead letters that are none: {list(set(found) - allowed)[:3]}")
        # Settled means that whatever lies behind it in its partition has been handled.
        for topic in TOPICS:
            place, behind = {}, 0
            for record in log.records(topic):
                name = marker(record.value)
                if name and not record.origin:
                    self.numbers["poison in the log"] += 1
                    place[record.partition] = place.get(record.partition, 0) + 1
                elif record.partition in place:
                    behind += 1
            self.numbers["events behind poison, all handled"] += behind
