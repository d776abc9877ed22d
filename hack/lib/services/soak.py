"""The soak: users, faults, and the books afterwards."""

import json
import random
import time

from .books import Books
from .client import Client
from .faults import Faults
from .follower import Follower
from .load import Ledger, User
from .platform import NotReady
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

    def run(self, calm=False):
        """Whether everything is as it should be."""
        begin = time.monotonic()
        end = begin + self.seconds
        ledger = Ledger()
        pause = len(self.users) / self.rate
        users = [User(self.platform, name, random.Random(f"{self.seed}/{name}"), ledger, end, pause,
                      shift=lambda: self.platform.clocks.shift("todo-api-0")) for name in self.users]
        followers = [Follower(self.platform, name) for name in self.users]
        faults = Faults(self.platform, self.seed, begin, end - 3, self.users, lambda: ledger.count)
        threads = users + followers + ([] if calm else [faults])
        for thread in threads:
            thread.start()
        self.wait_for(users, ledger, faults, begin, end)
        if not calm:
            faults.join(60)
        for thread in [*users, faults, *followers, self.platform.gates]:
            if thread.failure is not None:
                self.problems.append(f"{type(thread).__name__}: {thread.failure!r}")
        if not calm:
            faults.mend()
            try:
                self.platform.wait_ready(60)
            except NotReady as problem:
                self.problems.append(str(problem))
        # First by the clocks as they are: what stands still because one went back must show.
        settled = self.settle()
        if not calm:
            faults.times.end()
        self.settle(with_reminders=True)
        books = Books(self.platform, self.users)
        books.check(ledger, followers, faults.poison)
        for follower in followers:
            follower.is_over.set()
        self.problems += faults.problems + books.problems
        if not calm:
            self.check_deliveries()
        self.check_programs()
        self.print(ledger, faults, followers, books, settled)
        return not self.problems

    def wait_for(self, users, ledger, faults, begin, end):
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

    # MARK: Until nothing moves any more

    def settle(self, seconds=180, with_reminders=False):
        """Until outboxes are empty, groups have handled everything, no reminder is overdue (if asked for), and no count
        changes. How long that took."""
        begin = time.monotonic()
        before, since, backlogs = None, time.monotonic(), []
        while time.monotonic() - begin < seconds:
            try:
                backlogs = Client(self.platform.admin)("GET", "/backlogs").json
                state = (self.count("api", "task_changes"), self.count("audit", "audit_entries"),
                         self.count("notifications", "notifications"),
                         self.overdue() if with_reminders else 0,
                         sum(backlog["records"] for backlog in backlogs), self.waiting())
            except (OSError, RuntimeError) as problem:
                state = str(problem)
            is_settled = isinstance(state, tuple) and state[0] == state[1] and state[3:] == (0, 0, 0)
            if state != before or not is_settled:
                before, since = state, time.monotonic()
            if time.monotonic() - since > 5:
                break
            time.sleep(0.5)
        else:
            self.problems.append(f"not settled after {seconds} s: changes, audit rows, notifications, overdue reminders, "
                                 f"records and outbox rows that wait: {before}; {json.dumps(backlogs)}")
        return since - begin

    def count(self, service, table, condition="TRUE"):
        return int(self.platform.rows(service, f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])

    def overdue(self):
        now = int((time.time() + self.platform.clocks.shift("todo-reminders-0")) * 1_000_000)
        # With what fell due a moment ago, and is on its way.
        return self.count("reminders", "reminders", f"state = 'pending' AND remind_at <= {now + 2_000_000}")

    def waiting(self):
        return sum(self.count(service, f"outbox_{service}_pending")
                   for service in ("api", "reminders", "recurrence", "notifications"))

    def check_programs(self):
        """What ends by itself is started again, so that the run goes on; it must not end."""
        for name, program in self.platform.processes.items():
            program.note_end()
            if program.ends:
                self.problems.append(f"{name} ended by itself (exit codes, signals as negatives): {program.ends}")
            if program.hangs:
                self.problems.append(f"{name} did not end within 30 s of SIGTERM, {program.hangs} times")

    def check_deliveries(self):
        """A run in which nothing came twice, late or out of order shows nothing of how that is borne."""
        for name in ("delivered again", "late", "out of order"):
            if not self.platform.gates.deliveries.tally[name]:
                self.problems.append(f"no event was {name} in this run: make it longer, or raise --rate")

    def print(self, ledger, faults, followers, books, settled):
        deliveries = self.platform.gates.deliveries.tally
        lines = [f"seed {self.seed}, {self.seconds} s, {self.platform.engine}, {self.platform.replicas} replicas of each"]

        def row(name, value, indent=""):
            lines.append(f"{indent}{name:<{76 - len(indent)}} {value:>7}")

        row("operations accepted", ledger.count)
        for name, count in sorted(ledger.tally.items()):
            row(name, count, "  ")
        row("of unknown fate: no answer, or one that says so", ledger.unknown)
        lines.append("refused: " + (", ".join(f"{name} {count}" for name, count in sorted(ledger.refused.items())) or "none"))
        row("faults", sum(faults.tally.values()))
        for name, count in sorted(faults.tally.items()):
            row(name, count, "  ")
        if self.platform.audit_disk is None:
            lines.append("  no full disk for the audit: only root can mount one")
        for name, count in faults.numbers.items():
            row(name, count)
        row("poison published", faults.poison.accepted)
        for verdict, count in sorted(faults.times.verdicts.items()):
            row(f"tokens after a jump of the clock: {verdict}", count)
        for name in ("deliveries", "delivered again", "out of order", "late"):
            row({"late": "late by more than 2 s"}.get(name, name), deliveries[name])
        for name, value in books.numbers.items():
            row(name, value)
        row("WebSocket connections", sum(follower.connections for follower in followers))
        row("settled after, seconds", f"{settled:.1f}")
        lines.append("")
        lines += [f"WRONG: {problem}" for problem in self.problems[:40]]
        lines.append("nothing lost, nothing doubled" if not self.problems else f"{len(self.problems)} things are wrong")
        print("\n".join(lines), flush=True)
