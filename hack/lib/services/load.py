"""Users who work with their tasks, and write down what was accepted."""

import threading
import time
import uuid

from .client import Client
from .stories import instant


class Ledger:
    """What was accepted: for each user the (task, version) of every change that was answered with success."""

    def __init__(self):
        self.lock = threading.Lock()
        self.accepted = {}
        self.unknown = 0
        self.refused = {}
        self.reminders = {}
        self.tally = {}

    def accept(self, user, task_id, version, operation):
        with self.lock:
            self.accepted.setdefault(user, []).append((task_id, version, operation))
            self.tally[operation] = self.tally.get(operation, 0) + 1

    def lost(self):
        """An operation of which nobody knows whether it was done."""
        with self.lock:
            self.unknown += 1

    def refuse(self, operation, status):
        with self.lock:
            key = f"{operation} {status}"
            self.refused[key] = self.refused.get(key, 0) + 1

    @property
    def count(self):
        return sum(len(entries) for entries in self.accepted.values())


class User(threading.Thread):
    """One user, one thing at a time, at one of the API's replicas, which may go away in the middle of it."""

    def __init__(self, platform, name, random, ledger, end, pause, reminders=True, shift=lambda: 0):
        """shift: how far the platform's clock is from ours, in seconds."""
        super().__init__(daemon=True)
        self.name_of_user = name
        self.random = random
        self.ledger = ledger
        self.end = end
        self.pause = pause
        self.reminders = reminders
        self.shift = shift
        token = platform.token(name)
        self.clients = [Client(platform.url(instance), name, token, timeout=15) for instance in platform.instances("api")]
        # id -> what the API last said of it
        self.tasks = {}
        self.failure = None

    def run(self):
        try:
            while time.monotonic() < self.end:
                self.act()
                time.sleep(self.random.expovariate(1 / self.pause) if self.pause else 0)
        except Exception as problem:  # noqa: BLE001  told at the end, with the others'
            self.failure = problem

    def ask(self, operation, method, path, body=None, headers=None, repeatable=False):
        """The answer, or None if nobody knows. What may be repeated is, until somebody answers."""
        while True:
            try:
                answer = self.random.choice(self.clients)(method, path, body, headers)
                if answer.status < 500:
                    return answer
                self.ledger.refuse(operation, answer.status)
                # 503 says that nothing was done, unless the commit's outcome is not known.
                if not repeatable:
                    return None
            except ConnectionRefusedError:
                pass  # nothing was asked yet
            except OSError:
                if not repeatable:
                    return None
            except Exception as problem:  # noqa: BLE001  http.client has many names for a connection that ended
                if not repeatable or not type(problem).__module__.startswith("http"):
                    return None
            if time.monotonic() > self.end + 60:
                return None
            time.sleep(0.1)

    def act(self):
        open_tasks = [task for task in self.tasks.values() if not task["completed"]]
        done_tasks = [task for task in self.tasks.values() if task["completed"]]
        choice = self.random.random()
        if not open_tasks or choice < 0.35:
            self.create()
        elif choice < 0.65:
            self.change("complete", self.random.choice(open_tasks))
        elif choice < 0.80:
            self.change("patch", self.random.choice(open_tasks))
        elif choice < 0.86:
            self.change("delete", self.random.choice(open_tasks))
        elif choice < 0.91 and done_tasks:
            self.change("reopen", self.random.choice(done_tasks))
        elif choice < 0.95:
            series = [task for task in open_tasks if task.get("series_id")]
            if series:
                self.change("skip", self.random.choice(series))
        else:
            self.refresh()

    def instant(self, seconds):
        return instant(seconds + self.shift())

    def create(self):
        body = {"title": f"task {self.random.randrange(10**9)}", "priority": self.random.choice(["low", "medium", "high"])}
        kind = self.random.random()
        if kind < 0.5:
            body["due_at"] = self.instant(self.random.randrange(3600, 10**6))
            body["recurrence"] = {"pattern": self.random.choice(["daily", "weekly", "monthly"])}
        elif kind < 0.7 and self.reminders:
            body["due_at"] = self.instant(36_000)
            # Soon, or at some time that a jump of the clock may reach.
            wait = self.random.uniform(2, 12) if self.random.random() < 0.7 else self.random.uniform(60, 7200)
            body["reminders"] = [{"remind_at": self.instant(wait)}]
        answer = self.ask("create", "POST", "tasks", body, {"Idempotency-Key": uuid.UUID(
            int=self.random.getrandbits(128), version=4).hex}, repeatable=True)
        if answer is None:
            self.ledger.lost()
        elif answer.status == 201:
            task = answer.json
            self.tasks[task["id"]] = task
            self.ledger.accept(self.name_of_user, task["id"], task["version"], "create")
        else:
            raise AssertionError(f"create: {answer}")

    def change(self, operation, task):
        path = f"tasks/{task['id']}"
        method, body = "POST", None
        if operation == "patch":
            method, body = "PATCH", {"title": f"changed {self.random.randrange(10**9)}"}
        elif operation == "delete":
            method = "DELETE"
        else:
            path += f"/{operation}"
        answer = self.ask(operation, method, path, body, {"If-Match": f'"{task["version"]}"'})
        if answer is None:
            self.ledger.lost()
            self.look(task["id"])
        elif answer.status == 204:
            self.tasks.pop(task["id"], None)
            self.ledger.accept(self.name_of_user, task["id"], task["version"] + 1, operation)
        elif answer.status == 200:
            after = answer.json
            after = after.get("task", after)
            if after["version"] != task["version"]:
                self.ledger.accept(self.name_of_user, task["id"], after["version"], operation)
            self.tasks[task["id"]] = after
        elif answer.status in (404, 409, 412, 422):
            # Somebody else was quicker: recurrence, or ourselves in a request of which we lost the answer.
            self.ledger.refuse(operation, answer.status)
            self.look(task["id"])
        else:
            raise AssertionError(f"{operation}: {answer}")

    def look(self, task_id):
        answer = self.ask("get", "GET", f"tasks/{task_id}", repeatable=True)
        if answer is not None and answer.status == 200:
            self.tasks[task_id] = answer.json
        else:
            self.tasks.pop(task_id, None)

    def refresh(self):
        """Finds successors."""
        answer = self.ask("list", "GET", "tasks?completed=false&limit=100", repeatable=True)
        if answer is not None and answer.status == 200:
            for task in answer.json["tasks"]:
                self.tasks[task["id"]] = task
