"""Stories of the whole: an idle cluster, what the operator tells about itself, and which rights it used. They come
last, because they look back at everything before them."""

import json
import os

from .control_plane import ROOT, wait_for
from .story import FULL, REDIS, Story, granted_rules, say

# Rights that no story can show in the audit log, each with its reason.
UNSEEN = {
    ("todoplatform.dev", "todoplatforms/finalizers", "update"):
        "asked for by an admission plug-in that the test API server does not run",
    ("", "secrets", "get"):
        "handed on to the services' accounts; the API server looks whether who grants it has it",
    ("batch", "jobs", "get"):
        "used only where the name of a migration that has not run yet is taken",
}


class Idle(Story):
    """What is as it should be costs nothing."""

    def test_12_an_idle_operator_asks_for_nothing(self):
        seconds = int(os.environ.get("TODO_TEST_IDLE_SECONDS", "60"))
        for number, spec in enumerate(({}, FULL, {"messaging": REDIS})):
            self.start_platform(spec, namespace=f"story-12-{number}")

        def quiet():
            mark = self.audit.mark()
            self.pause(3)
            return not [e for e in self.audit.since(mark, is_operator=True) if not e.is_background]
        wait_for("all is converged", quiet, 60)
        mark = self.audit.mark()
        self.pause(seconds)
        entries = self.audit.since(mark, is_operator=True)
        self.assertEqual([e for e in entries if not e.is_background], [])
        renewals = [e for e in entries if e.resource == "leases" and e.verb != "watch"]
        self.assertLessEqual(len(renewals), seconds / 10 + 1)
        say(f"{seconds} s with 3 platforms: {len(renewals)} requests for the lease, no others but watches")


class Telling(Story):
    """Metrics, probes, log."""

    def test_13_the_operator_tells_about_itself(self):
        operator = self.bed.operator
        for path in ("/healthz", "/readyz"):
            self.assertEqual(operator.http(path), (200, "ok\n"), path)
        exposition = operator.http("/metrics")[1]
        documented = (ROOT / "docs/metrics.md").read_text().split("## The services")[0]
        names = [line.split("`")[1] for line in documented.splitlines() if line.startswith("| `")]
        self.assertGreater(len(names), 15)
        self.assertEqual([name for name in names if f"# TYPE {name} " not in exposition], [], "documented, not served")
        for name in ("workqueue_adds_total", "rest_client_requests_total", "controller_runtime_reconcile_total"):
            series = [line for line in exposition.splitlines() if line.startswith(name + "{")]
            value = sum(float(line.rsplit(" ", 1)[1]) for line in series)
            self.assertGreater(value, 0, name)

        self.assertIn('"level":"info"', operator.http("/loglevel")[1])
        self.assertEqual(operator.http("/loglevel", "PUT", '{"level":"debug"}')[0], 200)
        self.assertIn('"level":"debug"', operator.http("/loglevel")[1])
        namespace = self.start_platform({"messaging": REDIS})
        actions = [entry["action"] for entry in map(json.loads, operator.lines())
                   if entry["level"] == "debug" and entry["msg"] == "planned"]
        self.assertIn(f"create Deployment {namespace}/todo-api", actions)
        self.assertEqual(operator.http("/loglevel", "PUT", '{"level":"loud"}')[0], 400)
        self.assertEqual(operator.http("/loglevel", "PUT", '{"level":"info"}')[0], 200)

        count = 0
        for program in self.bed.programs.operators():
            for line in program.lines():
                entry = json.loads(line)
                self.assertLessEqual({"ts", "level", "logger", "msg"}, entry.keys())
                self.assertEqual(self.bed.leaks(line), [], "a secret value stands in the log")
                count += 1
        self.assertEqual(self.bed.leaks(exposition), [])
        self.assertGreater(len(self.bed.canaries), 1)
        say(f"{count} lines of log, {len(self.bed.canaries)} secret values looked for")


class Rights(Story):
    """config/rbac holds what is used, and nothing else."""

    def test_14_the_rights_are_those_that_are_used(self):
        used, refused, granted = set(), [], granted_rules()
        for entry in self.audit.read():
            if not entry.is_operator or not entry.resource:
                continue
            resource = entry.resource + ("/" + entry.subresource if entry.subresource else "")
            if entry.is_refused:
                if not any(begin <= entry.begin <= end for begin, end in self.bed.without_rights):
                    refused.append(entry)
                continue
            used.add((entry.group, resource, entry.verb))
            if entry.verb == "patch" and entry.code == 201:
                # An apply that creates needs both rights.
                used.add((entry.group, resource, "create"))
            may_list = (entry.group, resource, "list")
            if entry.verb == "watch" and self.control_plane.minor >= 32 and may_list in granted:
                # The watch has listed as well; the right to list is for servers that refuse that.
                used.add(may_list)
        self.assertEqual(refused, [], "refused for lack of rights")
        self.assertEqual(sorted(used - granted), [], "used, but not in config/rbac")
        if len(self.bed.told) < 10:
            self.skipTest("what is granted and not used shows only after all stories")
        self.assertEqual(sorted(granted - used - UNSEEN.keys()), [], "in config/rbac, but not used")
        say(f"{len(used)} rights used, {len(granted)} granted")
