"""What a user does, and what must come of it. One test for each story; every story has users of its own."""

import base64
import datetime
import json
import sys
import time
import unittest
import uuid

from .listener import Listener


def say(text):
    """One line for whoever watches."""
    print("    " + text, file=sys.stderr, flush=True)


def instant(seconds=0.0):
    """So many seconds from now, as RFC 3339 in UTC."""
    moment = datetime.datetime.fromtimestamp(time.time() + seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wait_for(what, look, seconds=15):
    """Looks until `look` gives something true, which is returned, with the seconds that it took."""
    begin = time.monotonic()
    while True:
        found = look()
        took = time.monotonic() - begin
        if found:
            return found, took
        if took > seconds:
            raise AssertionError(f"{what}: not within {seconds} s; last seen {found!r}")
        time.sleep(0.01)


class Stories(unittest.TestCase):
    """In the order of their names."""

    platform = None

    def setUp(self):
        self.user = "user-" + uuid.uuid4().hex[:8]
        self.call = self.platform.client(self.user)
        self.addCleanup(self.call.close)

    def accept(self, status, method, path, body=None, headers=None):
        answer = self.call(method, path, body, headers)
        self.assertEqual(answer.status, status, f"{method} {path} {body}: {answer}")
        return answer.json

    def refuse(self, status, method, path, body=None, headers=None, field=None):
        """A problem document that names the field."""
        answer = self.call(method, path, body, headers)
        self.assertEqual(answer.status, status, f"{method} {path} {body}: {answer}")
        self.assertTrue(answer.headers["content-type"].startswith("application/problem+json"), str(answer.headers))
        problem = answer.json
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["type"].startswith("urn:todo:problem:"), problem)
        if field is not None:
            self.assertIn(field, [error["field"] for error in problem.get("errors", [])], problem)
        return problem

    def create(self, title, **fields):
        return self.accept(201, "POST", "tasks", {"title": title, **fields})

    def audit(self, query=""):
        """All entries of the user's log, in order."""
        entries, cursor = [], ""
        while True:
            page = self.accept(200, "GET", f"audit?limit=100{query}{cursor}")
            entries += page["entries"]
            if not page.get("next_cursor"):
                return entries
            cursor = f"&cursor={page['next_cursor']}"

    # MARK: Tasks

    def test_01_a_task_with_everything(self):
        """Create, read, change, list; the requirements' names of fields come back as they went in."""
        task = self.create(
            "Submit report", description="The long one", priority="high", tags=["work", "q1"], due_at=instant(3 * 86400),
            reminder_offset_minutes=60, recurring_pattern="weekly")
        self.assertEqual((task["priority"], task["tags"], task["completed"]), ("high", ["work", "q1"], False))
        self.assertEqual((task["recurring_pattern"], task["reminder_offset_minutes"]), ("weekly", 60))
        self.assertEqual(task["version"], 1)
        answer = self.call("GET", f"tasks/{task['id']}")
        self.assertEqual(answer.json, task)
        etag = answer.headers["etag"]
        changed = self.accept(200, "PATCH", f"tasks/{task['id']}", {"priority": "low"}, {"If-Match": etag})
        self.assertEqual((changed["priority"], changed["version"]), ("low", 2))
        self.refuse(412, "PATCH", f"tasks/{task['id']}", {"priority": "high"}, {"If-Match": etag})
        other = self.create("Buy milk", tags=["home"], priority="high")
        ids = [item["id"] for item in self.accept(200, "GET", "tasks?priority=high")["tasks"]]
        self.assertEqual(ids, [other["id"]])
        ids = [item["id"] for item in self.accept(200, "GET", "tasks?tag=work")["tasks"]]
        self.assertEqual(ids, [task["id"]])
        self.accept(204, "DELETE", f"tasks/{other['id']}")
        self.refuse(404, "GET", f"tasks/{other['id']}")

    def test_02_sentences(self):
        """Quick-add, dry and in earnest, and the chat's examples."""
        dry = self.accept(200, "POST", "quick-add?dry_run=true",
                          {"text": "Pay rent every month on the 1st #home !high", "time_zone": "Europe/Berlin"})
        self.assertIn("spans", json.dumps(dry))
        self.assertEqual(self.accept(200, "GET", "tasks")["tasks"], [])
        self.accept(201, "POST", "quick-add", {"text": "Call mum tomorrow 6pm", "time_zone": "Europe/Berlin"})
        for text in ["add task buy groceries due tomorrow at 5pm", "show my high priority tasks",
                     "show tasks due this week"]:
            reply = self.accept(200, "POST", "chat", {"text": text, "time_zone": "Europe/Berlin"})
            say(f"{text!r}: {json.dumps(reply)[:160]}")
        titles = {task["title"].lower() for task in self.accept(200, "GET", "tasks")["tasks"]}
        self.assertEqual(titles, {"call mum", "buy groceries"})

    def test_03_what_is_refused(self):
        """Wrong input names its field; wrong tokens and other users' paths are refused."""
        self.refuse(422, "POST", "tasks", {"title": ""}, field="/title")
        self.refuse(422, "POST", "tasks", {"title": "x", "priority": "urgent"}, field="/priority")
        self.refuse(422, "POST", "tasks", {"title": "x", "due_at": "soon"}, field="/due_at")
        self.refuse(422, "POST", "tasks", {"title": "x", "due_local": "2030-01-01T09:00:00", "time_zone": "Mars/Base"},
                    field="/time_zone")
        self.refuse(400, "POST", "tasks", b"{", {"Content-Type": "application/json"})
        task = self.create("mine")
        stranger = self.platform.client("user-stranger")
        self.assertEqual(stranger("GET", f"/api/{self.user}/tasks/{task['id']}").status, 403)
        self.assertEqual(stranger("GET", f"tasks/{task['id']}").status, 404)
        unsigned = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (
            {"alg": "none", "typ": "JWT"}, {"sub": self.user, "aud": "todo", "exp": int(time.time()) + 60})) + "."
        for token in ["", "nonsense", unsigned, self.platform.token(self.user, exp=int(time.time()) - 3600),
                      self.platform.token(self.user, aud="other"), self.platform.token(self.user) + "x"]:
            self.call.token = token
            self.refuse(401, "GET", "tasks")

    def test_04_the_same_request_twice(self):
        """With an Idempotency-Key there is one task."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        first = self.accept(201, "POST", "tasks", {"title": "once"}, headers)
        again = self.call("POST", "tasks", {"title": "once"}, headers)
        self.assertEqual((again.status, again.json["id"]), (201, first["id"]))
        self.assertEqual(len(self.accept(200, "GET", "tasks")["tasks"]), 1)

    # MARK: Events and what follows from them

    def test_05_a_series_goes_on(self):
        """Completing brings the next occurrence; the last one of a series brings none."""
        task = self.create("Standup", due_at=instant(3600), recurrence={"pattern": "daily", "count": 2})
        self.accept(200, "POST", f"tasks/{task['id']}/complete")
        successor, took = wait_for("the successor", lambda: [
            item for item in self.accept(200, "GET", "tasks?completed=false")["tasks"] if item["title"] == "Standup"])
        say(f"completion to successor: {took * 1000:.0f} ms")
        self.assertEqual(successor[0]["occurrence_index"], 2)
        due = [datetime.datetime.fromisoformat(item["due_at"].replace("Z", "+00:00")) for item in (task, successor[0])]
        self.assertEqual(due[1] - due[0], datetime.timedelta(days=1))
        self.accept(200, "POST", f"tasks/{successor[0]['id']}/complete")
        wait_for("the end of the series in the log", lambda: any(
            entry.get("reason") == "series_ended" for entry in self.audit()))
        self.assertEqual(self.accept(200, "GET", "tasks?completed=false")["tasks"], [])

    def test_06_the_log(self):
        """Every change is in the audit log, in order, and the chain of hashes holds."""
        task = self.create("Logged")
        self.accept(200, "PATCH", f"tasks/{task['id']}", {"title": "Logged twice"})
        self.accept(200, "POST", f"tasks/{task['id']}/complete")
        self.accept(204, "DELETE", f"tasks/{task['id']}")
        entries, took = wait_for("four entries", lambda: [entries for entries in [self.audit()] if len(entries) == 4])
        say(f"operation to audit row: {took * 1000:.0f} ms")
        self.assertEqual([entry["event_type"] for entry in entries[0]], ["created", "updated", "completed", "deleted"])
        self.assertEqual(len(self.audit("&event_type=completed")), 1)
        self.assertTrue(self.accept(200, "GET", "audit/verify")["valid"])

    def test_07_a_reminder_fires(self):
        """At its time, once, into the notifications and to who listens; not after completion or a move."""
        listener = Listener(self.platform, self.user)
        self.addCleanup(listener.close)
        listener.live()
        begin = time.time()
        task = self.create("Remember", due_at=instant(3600), reminders=[{"remind_at": instant(2)}])
        done = self.create("Done before", due_at=instant(3600), reminders=[{"remind_at": instant(2)}])
        moved = self.create("Moved", due_at=instant(1802), reminders=[{"before": "PT30M"}])
        self.accept(200, "POST", f"tasks/{done['id']}/complete")
        self.accept(200, "PATCH", f"tasks/{moved['id']}", {"due_at": instant(86400)})
        wait_for("the reminder in the list of pending ones", lambda: [
            item for item in self.accept(200, "GET", "reminders")["reminders"] if item["task_id"] == task["id"]], 2)
        at, message = listener.next(lambda m: m["type"] not in ("task.changed", "live", "authenticated"), 10)
        say(f"reminder {at - begin - 2:.2f} s after its time, as {message['type']}")
        self.assertEqual(message["data"]["task_id"], task["id"])
        self.assertGreaterEqual(at - begin, 1.9)
        wait_for("the notification in the list", lambda: [
            item for item in self.accept(200, "GET", "notifications")["notifications"] if item["task_id"] == task["id"]])
        time.sleep(1.5)
        ids = {item["task_id"] for item in self.accept(200, "GET", "notifications")["notifications"]}
        self.assertEqual(ids, {task["id"]})

    def test_08_a_websocket_follows(self):
        """Changes arrive as they happen, and what was missed arrives after a break; by header and by first message."""
        self.create("Before")
        first = Listener(self.platform, self.user, after=0)
        self.assertEqual(first.live(), 1)
        took = []
        for number in range(20):
            begin = time.time()
            task = self.create(f"Task {number}")
            took.append(first.change(task["id"], "created")[0] - begin)
        say(f"change to WebSocket client: median {sorted(took)[10] * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms")
        first.close()
        for number in range(5):
            self.create(f"Missed {number}")
        second = Listener(self.platform, self.user, after=first.sequence[-1], header=False)
        self.assertEqual(second.live(), 26)
        self.assertEqual(first.sequence + second.sequence, list(range(1, 27)))
        self.accept(204, "DELETE", f"tasks/{task['id']}")
        self.assertIsNone(second.change(task["id"], "deleted")[1]["data"]["task_data"])
        second.close()
        with self.assertRaises(Exception) as refused:
            Listener(self.platform, self.user, token="nonsense")
        self.assertIn("401", str(refused.exception))

    def test_09_the_document(self):
        """OpenAPI 3.1, and each of its operations is there."""
        document = self.accept(200, "GET", "/openapi.json")
        self.assertTrue(document["openapi"].startswith("3.1"))
        say(f"{sum(len(path) for path in document['paths'].values())} operations")

    # MARK: Trouble

    def test_99_everything_is_killed_in_the_middle(self):
        """kill -9 of every process while requests come; afterwards each accepted one has its event, its audit row, its
        successor and its reminder, and the client that resumes has missed nothing."""
        listener = Listener(self.platform, self.user, after=0)
        listener.live()
        series = [self.create(f"Series {number}", due_at=instant(3600), recurring_pattern="daily") for number in range(5)]
        reminded = self.create("After the break", due_at=instant(3600), reminders=[{"remind_at": instant(6)}])
        accepted = 6
        for task in series:
            self.accept(200, "POST", f"tasks/{task['id']}/complete")
            accepted += 1
        for program in self.platform.processes.values():
            program.kill()
        if self.platform.postgres is not None:
            self.platform.postgres.kill()
            self.platform.postgres.restart()
        listener.wait_closed()
        self.call.close()
        begin = time.monotonic()
        self.platform.revive()
        self.platform.wait_ready()
        say(f"killed, and ready again after {time.monotonic() - begin:.1f} s")
        for number in range(5):
            self.create(f"After {number}")
            accepted += 1
        open_series, _ = wait_for("a successor of each", lambda: [tasks for tasks in [[
            task for task in self.accept(200, "GET", "tasks?completed=false&limit=100")["tasks"]
            if task["title"].startswith("Series")]] if len(tasks) >= 5], 30)
        accepted += 5
        self.assertEqual(sorted(task["title"] for task in open_series[0]), [f"Series {number}" for number in range(5)])
        second = Listener(self.platform, self.user, after=(listener.sequence or [0])[-1])
        self.addCleanup(second.close)
        last, _ = wait_for("all changes at the client", lambda: (listener.sequence + second.sequence)[-1:] == [accepted], 30)
        self.assertEqual(listener.sequence + second.sequence, list(range(1, accepted + 1)))
        entries, _ = wait_for("all entries in the log", lambda: [
            entries for entries in [self.audit()] if len(entries) >= accepted], 30)
        self.assertEqual(len(entries[0]), accepted)
        self.assertEqual(len({entry["event_id"] for entry in entries[0]}), accepted)
        wait_for("the reminder that was set before", lambda: [
            item for item in self.accept(200, "GET", "notifications")["notifications"]
            if item["task_id"] == reminded["id"]], 30)
