"""What goes wrong, on purpose: one thing after the other, in an order that the seed gives."""

import json
import os
import resource
import signal
import threading
import time

from .client import Client


class Faults(threading.Thread):
    """Breaks and mends until it is told to stop; then everything is mended."""

    def __init__(self, platform, random, end, pause=1.0):
        super().__init__(daemon=True)
        self.platform = platform
        self.random = random
        self.end = end
        self.pause = pause
        self.tally = {}
        self.poison = 0
        self.failure = None
        kinds = [
            (6, "kill -9 a service", self.kill_service),
            (1, "kill -9 a service and its twin", self.kill_both),
            (2, "kill -9 the sidecars and the broker", self.kill_sidecars),
            (2, "stop a service for a while", self.pause_service),
            (2, "broker refuses", self.refuse),
            (2, "deliveries come twice", self.duplicate),
            (2, "deliveries come out of order", self.reorder),
            (2, "poison on a topic", self.publish_poison),
            (1, "SIGTERM to a service", self.restart_service),
        ]
        if platform.postgres is not None:
            kinds.append((2, "kill -9 PostgreSQL", self.kill_database))
            kinds.append((1, "database connections are cut", self.cut_connections))
        else:
            kinds.append((2, "no room for the audit's database", self.fill_disk))
        self.kinds = [kind for weight, *kind in kinds for _ in range(weight)]

    def run(self):
        try:
            # Each kind at least once, in some order, then as it comes.
            first = list({name: action for name, action in self.kinds}.items())
            self.random.shuffle(first)
            while time.monotonic() < self.end:
                name, action = first.pop() if first else self.random.choice(self.kinds)
                action()
                self.tally[name] = self.tally.get(name, 0) + 1
                time.sleep(self.random.uniform(0.3, 1.7) * self.pause)
                self.platform.revive()
        except Exception as problem:  # noqa: BLE001  told at the end
            self.failure = problem

    def mend(self):
        """Ends every fault that lasts."""
        if self.platform.postgres is not None and self.platform.postgres.process.poll() is not None:
            self.platform.postgres.restart()
        self.platform.revive()
        end = time.monotonic() + 20
        while not self._faults({"refusePublishingSeconds": 0, "duplicateEvery": 0, "reorder": False}):
            if time.monotonic() > end:
                raise AssertionError("LocalDapr does not answer any more")
            time.sleep(0.1)

    def _faults(self, wish):
        """Whether LocalDapr took it; it may just be dead."""
        try:
            return Client(self.platform.admin, timeout=5)("PUT", "/faults", wish).status == 204
        except OSError:
            return False

    def _some_service(self):
        return self.platform.processes[self.random.choice(self.platform.instances())]

    def kill_service(self):
        program = self._some_service()
        program.kill()
        time.sleep(self.random.choice([0, 0.5, 2]))
        program.start()

    def restart_service(self):
        program = self._some_service()
        program.stop()
        program.start()

    def kill_both(self):
        service = self.random.choice(["api", "reminders", "recurrence", "notifications", "audit", "sync"])
        for name in self.platform.instances(service):
            self.platform.processes[name].kill()
        time.sleep(self.random.uniform(0, 2))
        self.platform.revive()

    def kill_sidecars(self):
        self.platform.processes["local-dapr"].kill()
        time.sleep(self.random.choice([0, 1]))
        self.platform.processes["local-dapr"].start()

    def pause_service(self):
        """Late deliveries, and answers that come after the sidecar has given up."""
        program = self._some_service()
        if program.is_running:
            os.killpg(program.pid, signal.SIGSTOP)
            time.sleep(self.random.uniform(0.5, 3))
            os.killpg(program.pid, signal.SIGCONT)

    def refuse(self):
        self._faults({"refusePublishingSeconds": self.random.choice([2, 5, 10])})

    def duplicate(self):
        self._faults({"duplicateEvery": self.random.choice([0, 1, 2, 5])})

    def reorder(self):
        self._faults({"reorder": self.random.random() < 0.7})

    def publish_poison(self):
        """Things that are no events, where events are expected."""
        name, topic, component = self.random.choice([
            ("todo-api-0", "task-events", "todo-pubsub-api"), ("todo-api-0", "task-updates", "todo-pubsub-api"),
            ("todo-recurrence-0", "task-commands", "todo-pubsub-recurrence"),
            ("todo-reminders-0", "reminders", "todo-pubsub-reminders")])
        body, kind = self.random.choice([
            (b'{"specversion":"1.0","id":"poison","source":"/soak","type":"task.completed","data":{"nonsense":true}}',
             "application/cloudevents+json"),
            (json.dumps({"specversion": "1.0", "id": "poison-2", "source": "/soak", "type": "task.created",
                         "data": {"event_id": 7, "user_id": ["not", "a", "user"]}}).encode(),
             "application/cloudevents+json"),
            (b"\x00\xff nonsense", "application/octet-stream"),
        ])
        port = self.platform.settings["instances"][name]["dapr"]
        try:
            answer = Client(f"http://127.0.0.1:{port}", timeout=5)(
                "POST", f"/v1.0/publish/{component}/{topic}?metadata.partitionKey=poison", body, {"Content-Type": kind})
            if answer.status == 204:
                self.poison += 1
        except OSError:
            pass  # the sidecar was killed a moment ago

    def kill_database(self):
        self.platform.postgres.kill()
        time.sleep(self.random.choice([0, 1, 3]))
        self.platform.postgres.restart()

    def cut_connections(self):
        try:
            self.platform.postgres.psql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'")
        except RuntimeError:
            pass  # it is still starting

    def fill_disk(self):
        """The audit's files may not grow: what a full disk is to it."""
        for name in self.platform.instances("audit"):
            program = self.platform.processes[name]
            if program.is_running:
                resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        time.sleep(self.random.uniform(1, 3))
        for name in self.platform.instances("audit"):
            program = self.platform.processes[name]
            if program.is_running:
                resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
