"""The control plane that the stories run on: kubectl for what a user does, plain HTTP for looking, the audit log."""

import base64
import datetime
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
ACCOUNT = "todo-system/todo-controller"
OPERATOR = "system:serviceaccount:" + ACCOUNT.replace("/", ":")


def wait_for(what, check, seconds, pause=0.05):
    """Asks `check` until it gives something true, which is returned; fails after `seconds` with the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)


class ControlPlane:
    """A real API server of its own, started by hack/test-cluster, with the definitions and the operator's rights."""

    def __init__(self, folder):
        self.folder = folder
        self.kubeconfig = os.path.join(folder, "kubeconfig")
        self.environment = dict(os.environ, KUBECONFIG=self.kubeconfig)
        self._connection = None
        self._versions = {}
        self.script("start", "--service-account", ACCOUNT, "--until", str(os.getpid()))
        self.script("crds", "Tests/Data/crds")
        self.script("crds", "crds")
        with open(self.kubeconfig) as file:
            config = yaml.safe_load(file)
        cluster = config["clusters"][0]["cluster"]
        self.address = cluster["server"].removeprefix("https://")
        self.token = config["users"][0]["user"]["token"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = ssl.create_default_context(cadata=authority)
        version = self.get("/version")
        self.minor = int("".join(c for c in version["minor"] if c.isdigit()))
        self.grant()

    def script(self, verb, *arguments):
        """Runs hack/test-cluster on this control plane."""
        done = subprocess.run(["hack/test-cluster", verb, self.folder, *arguments], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError(f"hack/test-cluster {verb}: {done.stderr.strip()}")

    def grant(self):
        """The operator's namespace and rights, as hack/up gives them."""
        files = [ROOT / "config/manager/namespace.yaml"]
        files += [f for f in sorted((ROOT / "config/rbac").glob("*.yaml")) if f.name != "kustomization.yaml"]
        self.kubectl("apply", "--server-side", "--force-conflicts", *[f"--filename={f}" for f in files])

    # What a user does

    def try_kubectl(self, *arguments, input=None, timeout=60):
        """Runs kubectl with a cache of its own; the result says how it went."""
        cache = os.path.join(self.folder, "kubectl-cache")
        return subprocess.run(["kubectl", f"--cache-dir={cache}", *arguments], env=self.environment, input=input,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)

    def kubectl(self, *arguments, input=None, timeout=60):
        """What kubectl prints; fails with what it says when it fails."""
        done = self.try_kubectl(*arguments, input=input, timeout=timeout)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)[:300]}: {done.stderr.strip()[:2000]}")
        return done.stdout

    # Looking

    def request(self, method, path, body=None, content_type="application/json"):
        """Status and decoded answer. The connection is kept; a broken one is made anew once."""
        headers = {"Authorization": "Bearer " + self.token, "Accept": "application/json"}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body), content_type
        for attempt in (1, 2):
            try:
                if self._connection is None:
                    self._connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=60)
                self._connection.request(method, path, data, headers)
                answer = self._connection.getresponse()
                text = answer.read()
                return answer.status, json.loads(text) if text[:1] in b"{[" else text
            except (OSError, http.client.HTTPException):
                self._connection = None
                if attempt == 2:
                    raise

    def get(self, path):
        """The object or list at `path`; None when there is none."""
        status, answer = self.request("GET", path)
        while status == 429:
            # Newer servers say so of a kind whose definition has just come.
            time.sleep(answer["details"]["retryAfterSeconds"])
            status, answer = self.request("GET", path)
        if status == 404:
            return None
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {answer}")
        return answer

    def path(self, group, resource, namespace=None, name=None):
        """Where `resource` is served, in the newest version that has it; None when none has."""
        if (group, resource) not in self._versions:
            found = self.get(f"/apis/{group}") if group else {"versions": [{"groupVersion": "v1"}]}
            for version in (found or {"versions": []})["versions"]:
                version = ("/apis/" if group else "/api/") + version["groupVersion"]
                if any(r["name"] == resource for r in (self.get(version) or {"resources": []})["resources"]):
                    self._versions[group, resource] = version
                    break
            else:
                return None
        path = self._versions[group, resource]
        if namespace:
            path += f"/namespaces/{namespace}"
        return f"{path}/{resource}" + (f"/{name}" if name else "")

    def list(self, group, resource, namespace=None, selector=""):
        """The items; none when the kind is not served."""
        path = self.path(group, resource, namespace)
        answer = self.get(path + (f"?labelSelector={selector}" if selector else "")) if path else None
        return answer["items"] if answer else []

    def everything(self):
        """(path, text) of every list that the server serves, but for Secrets."""
        versions = ["/api/v1"]
        versions += ["/apis/" + g["preferredVersion"]["groupVersion"] for g in self.get("/apis")["groups"]]
        for version in versions:
            for resource in (self.get(version) or {"resources": []})["resources"]:
                if "list" not in resource.get("verbs", []) or resource["name"] == "secrets":
                    continue
                status, answer = self.request("GET", f"{version}/{resource['name']}")
                if status == 200:
                    yield f"{version}/{resource['name']}", json.dumps(answer, ensure_ascii=False)

    def stop(self):
        """Ends all programs of the control plane."""
        self.script("stop")


class Audit:
    """The API server's audit log: who asked for what, when, and with what success."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "audit.log")
        self.offset = 0
        self.entries = []

    def read(self):
        """All entries so far, in the order of the log."""
        with open(self.file, "rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.offset += len(line)
                self.entries.append(Entry(json.loads(line)))
        return self.entries

    def mark(self):
        """A place in the log, for `since`."""
        return len(self.read())

    def since(self, mark, **wanted):
        """Finished requests after `mark` whose attributes are as wanted."""
        return [e for e in self.read()[mark:] if e.is_finished
                and all(getattr(e, key) == value for key, value in wanted.items())]


class Entry:
    """One line of the audit log."""

    __slots__ = ("verb", "user", "agent", "group", "resource", "subresource", "namespace", "name", "code", "begin",
                 "end", "is_finished", "is_refused")

    def __init__(self, line):
        target = line.get("objectRef", {})
        self.verb = line["verb"]
        self.user = line["user"].get("username", "")  # nobody, when the credentials are refused
        self.agent = line.get("userAgent", "")
        self.group = target.get("apiGroup", "")
        self.resource = target.get("resource", "")
        self.subresource = target.get("subresource", "")
        self.namespace = target.get("namespace", "")
        self.name = target.get("name", "")
        self.code = line.get("responseStatus", {}).get("code", 0)
        self.begin = _seconds(line["requestReceivedTimestamp"])
        self.end = _seconds(line["stageTimestamp"])
        self.is_finished = line["stage"] == "ResponseComplete"
        # Not every 403 is about rights: nothing can be made in a namespace that is going.
        self.is_refused = line.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"

    @property
    def is_operator(self):
        """Whether the operator asked."""
        return self.user == OPERATOR

    @property
    def is_background(self):
        """What an idle operator may do: watch, and keep its lease."""
        return self.verb == "watch" or self.resource == "leases"

    def __repr__(self):
        kind = self.resource + ("/" + self.subresource if self.subresource else "")
        return f"{self.verb} {kind} {self.namespace}/{self.name} {self.code}"


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
