"""What goes wrong, on purpose: one thing after the other, in an order that the seed gives."""

import collections
import os
import random
import signal
import threading
import time

from .client import Client
from .gate import Ambush
from .poison import TOPICS, Poison
from .time_faults import TimeFaults

SERVICES = ["api", "reminders", "recurrence", "notifications", "audit", "sync"]

# Who consumes what: the service, the path of the call, and what a call must hold to have an effect.
CONSUMERS = [
    ("api", "/events/task-commands", ()),
    ("reminders", "/events/task-events", ()),
    ("reminders", "/job/", ()),
    ("recurrence", "/events/task-events", (b'"task.completed"',)),
    ("notifications", "/events/reminders", ()),
    ("audit", "/events/task-events", ()),
    ("sync", "/events/task-updates", ()),
]

# The minute without a broker, in a run that is long enough for it.
REFUSING = 60
LONG_RUN = 150
DRAINED = "seconds until the broker had them, other faults going on"


class Faults(threading.Thread):
    """Breaks and mends until it is told to stop; then everything is mended."""

    def __init__(self, platform, seed, begin, end, users, accepted, pause=1.0):
        """accepted: how many operations have been accepted so far."""
        super().__init__(daemon=True)
        self.platform = platform
        self.seed = seed
        self.begin = begin
        self.end = end
        self.accepted = accepted
        self.pause = pause
        self.tally = collections.Counter()
        self.problems = []
        self.numbers = {}
        self.poison = Poison(platform, users)
        self.times = TimeFaults(platform, self.problems)
        self.failure = None
        self.log = open(os.path.join(platform.folder, "faults.log"), "w", buffering=1)
        # What lasts while other things happen.
        self.refusing_until = None
        self.full_since = self.full_seen = None
        self.drain_since = self.last_that_waited = None
        order = random.Random(f"{seed}/order")
        self.line = [(consumer, moment) for consumer in CONSUMERS for moment in (Ambush.AFTER_EFFECT, Ambush.BEFORE_ANSWER)]
        order.shuffle(self.line)
        self.refuse_at = begin + (end - begin) * order.uniform(0.25, 0.35) if end - begin >= LONG_RUN - 10 else None
        # Weight, name, action, and what it needs: nothing of it is done while that is broken already.
        kinds = [
            (4, "kill -9 a service", self.kill_service, ""),
            (1, "kill -9 a service and its twin", self.kill_both, ""),
            (2, "kill -9 the sidecars and the broker", self.kill_sidecars, "broker"),
            (2, "stop a service for a while", self.pause_service, ""),
            (1, "broker refuses for seconds", self.refuse, "broker"),
            (2, "deliveries come twice", self.duplicate, "broker"),
            (2, "deliveries come out of order", self.reorder, "broker"),
            (2, "poison on a topic", self.publish_poison, "broker"),
            (1, "SIGTERM to a service", self.restart_service, ""),
            (8, None, self.ambush, "broker"),
            (3, "every clock jumps", self.times.jump, ""),
            (2, "one program's clock is wrong for seconds", self.times.stray, ""),
        ]
        if platform.postgres is not None:
            kinds.append((2, "kill -9 PostgreSQL", self.kill_database, "disk"))
            kinds.append((1, "database connections are cut", self.cut_connections, ""))
        if platform.audit_disk is not None:
            kinds.append((2, None, self.fill_disk, "disk broker"))
        self.kinds = kinds
        # Each kind at least once, in some order, then as it comes.
        self.first = list(kinds)
        order.shuffle(self.first)

    def run(self):
        try:
            number = 0
            while time.monotonic() < self.end:
                # What is done, and how, hangs on the seed and the number alone.
                chance = random.Random(f"{self.seed}/{number}")
                name, action = self.choose(chance)
                self.note(name or action.__name__)
                action(chance)
                if name:
                    self.tally[name] += 1
                self.look_after_what_lasts()
                time.sleep(chance.uniform(0.1, 0.9) * self.pause)
                self.platform.revive()
                number += 1
        except Exception as problem:  # noqa: BLE001  told at the end
            self.failure = problem

    def choose(self, chance):
        broken = set()
        if self.refusing_until is not None:
            broken.add("broker")
        if self.full_since is not None:
            broken.add("disk")
        possible = [kind for kind in self.first if not broken & set(kind[3].split())]
        if possible:
            self.first.remove(possible[0])
            return possible[0][1:3]
        possible = [kind for kind in self.kinds if not broken & set(kind[3].split())]
        return chance.choices(possible, [kind[0] for kind in possible])[0][1:3]

    def note(self, text):
        self.log.write(f"{time.monotonic() - self.begin:7.2f} s  {text}\n")

    # MARK: What lasts

    def look_after_what_lasts(self):
        now = time.monotonic()
        if self.refuse_at is not None and now >= self.refuse_at and self.full_since is None:
            self.refuse_at = None
            self.refuse_for_a_minute()
        if self.refusing_until is not None and now >= self.refusing_until:
            self.end_refusing()
        if self.drain_since is not None and self.waiting_events(self.last_that_waited) == 0:
            self.numbers[DRAINED] = f"{now - self.drain_since:.0f}"
            self.drain_since = None
        if self.full_since is not None:
            self.look_after_the_disk(now)

    def refuse_for_a_minute(self):
        end = time.monotonic() + 20
        # In seconds of a clock that may jump by hours.
        while not self._faults({"refusePublishingSeconds": 10**6}):
            if time.monotonic() > end:
                raise AssertionError("LocalDapr does not answer")
            time.sleep(0.1)
        self.refusing_until = time.monotonic() + REFUSING
        self.accepted_before = self.accepted()
        self.note(f"broker refuses for {REFUSING} s")

    def end_refusing(self):
        self.numbers["accepted while it refused"] = self.accepted() - self.accepted_before
        self.numbers["events that waited at its end"] = self.waiting_events()
        self.last_that_waited = self.newest_event()
        self._faults({"refusePublishingSeconds": 0})
        self.tally[f"broker refuses for {REFUSING} s"] += 1
        self.refusing_until = None
        self.drain_since = time.monotonic()
        self.note("broker takes again")

    def waiting_events(self, last=2**62):
        """How many events up to this row of the API's outbox the broker does not have."""
        return self._number(f"SELECT count(*) FROM outbox_api_pending WHERE id <= {last}")

    def newest_event(self):
        return self._number("SELECT max(id) FROM outbox_api")

    def _number(self, sql):
        end = time.monotonic() + 20
        while True:
            try:
                return int(self.platform.rows("api", sql)[0][0])
            except RuntimeError:  # PostgreSQL is starting
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def fill_disk(self, chance):
        """Until the audit has noticed, and some seconds more."""
        self.hold = chance.uniform(2, 5)
        self.full_since, self.full_seen = time.monotonic(), None
        self.platform.audit_disk.fill()

    def look_after_the_disk(self, now):
        if self.full_seen is None and any(self._says_full(name) for name in self.platform.instances("audit")):
            self.full_seen = now
        if self.full_seen is not None and now - self.full_seen >= self.hold:
            self.tally["disk of the audit full, events waited"] += 1
            self.empty_disk()
        elif now - self.full_since > 30:
            self.tally["disk of the audit full, unnoticed"] += 1
            self.empty_disk()

    def _says_full(self, name):
        port = self.platform.settings["instances"][name]["metrics"]
        try:
            return b"disk is full" in Client(f"http://127.0.0.1:{port}", timeout=2)("GET", "/readyz").body
        except OSError:
            return False

    def empty_disk(self):
        self.platform.audit_disk.free()
        self.full_since = None
        self.note("disk has room again")

    def mend(self):
        """Ends every fault that lasts. Clocks stay where they are."""
        if self.full_since is not None:
            self.empty_disk()
        if self.refusing_until is not None:
            self.end_refusing()
        if self.drain_since is not None:
            self.numbers[DRAINED] = "not yet"
        if self.platform.postgres is not None and self.platform.postgres.process.poll() is not None:
            self.platform.postgres.restart()
        self.platform.revive()
        end = time.monotonic() + 20
        while not self._faults({"refusePublishingSeconds": 0, "duplicateEvery": 0, "reorder": False}):
            if time.monotonic() > end:
                raise AssertionError("LocalDapr does not answer any more")
            time.sleep(0.1)
        self.log.close()

    def _faults(self, wish):
        """Whether LocalDapr took it; it may just be dead."""
        try:
            return Client(self.platform.admin, timeout=5)("PUT", "/faults", wish).status == 204
        except OSError:
            return False

    # MARK: Processes

    def _some_service(self, chance):
        return self.platform.processes[chance.choice(self.platform.instances())]

    def kill_service(self, chance):
        program = self._some_service(chance)
        program.kill()
        time.sleep(chance.choice([0, 0.5, 2]))
        program.start()

    def restart_service(self, chance):
        program = self._some_service(chance)
        program.stop()
        program.start()

    def kill_both(self, chance):
        for name in self.platform.instances(chance.choice(SERVICES)):
            self.platform.processes[name].kill()
        time.sleep(chance.uniform(0, 2))
        self.platform.revive()

    def kill_sidecars(self, chance):
        self.platform.processes["local-dapr"].kill()
        time.sleep(chance.choice([0, 1]))
        self.platform.processes["local-dapr"].start()

    def pause_service(self, chance):
        """Late deliveries, and answers that come after the sidecar has given up."""
        program = self._some_service(chance)
        if program.is_running:
            os.killpg(program.pid, signal.SIGSTOP)
            time.sleep(chance.uniform(0.5, 2.5))
            os.killpg(program.pid, signal.SIGCONT)

    def ambush(self, chance):
        """Three consumers, each killed at the worst moment of its next delivery."""
        laid = []
        for entry in list(self.line):
            (service, path, words), moment = entry
            if len(laid) < 3 and service not in [ambush.service for ambush in laid]:
                self.line.remove(entry)
                self.line.append(entry)
                laid.append(Ambush(service, path, moment, chance.choice([0, 0.001, 0.004]), words))
        for ambush in laid:
            self.platform.gates.lay(ambush)
        end = time.monotonic() + 4
        for ambush in laid:
            ambush.sprung.wait(max(0, end - time.monotonic()))
        for ambush in laid:
            if self.platform.gates.lift(ambush):
                self.tally[f"killed {ambush.moment}: {ambush.service}, {ambush.path.rstrip('/')}"] += 1
                self.note(f"{ambush.instance} killed {ambush.moment}")
        time.sleep(chance.choice([0, 0.3, 1]))
        self.platform.revive()

    # MARK: Broker

    def refuse(self, chance):
        self._faults({"refusePublishingSeconds": 10**6})
        time.sleep(chance.choice([2, 4, 8]))
        self._faults({"refusePublishingSeconds": 0})

    def duplicate(self, chance):
        self._faults({"duplicateEvery": chance.choice([0, 1, 2, 5])})

    def reorder(self, chance):
        self._faults({"reorder": chance.random() < 0.7})

    def publish_poison(self, chance):
        for _ in TOPICS:
            self.poison.publish(chance)

    # MARK: Database

    def kill_database(self, chance):
        self.platform.postgres.kill()
        time.sleep(chance.choice([0, 1, 3]))
        self.platform.postgres.restart()

    def cut_connections(self, chance):
        try:
            self.platform.postgres.psql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'")
        except RuntimeError:
            pass  # it is still starting
