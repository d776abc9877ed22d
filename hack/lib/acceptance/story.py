"""What all stories share: the test bed, platforms, and how to look at what became of them."""

import base64
import json
import os
import random
import secrets
import sys
import time
import unittest

import yaml

from .control_plane import ROOT, Audit, ControlPlane, wait_for
from .programs import Programs

LABEL = "app.kubernetes.io/managed-by=todo-operator"
SERVICES = ["api", "audit", "notifications", "recurrence", "reminders", "sync"]
PLATFORMS = "todoplatforms.todoplatform.dev"

# One platform with as many kinds of children as possible.
FULL = {
    "profile": "standard",
    "exposure": {"type": "ingress", "host": "todo.example.com", "tls": {"issuerRef": {"name": "letsencrypt"}}},
    "services": {
        "api": {"autoscaling": {"enabled": True, "maxReplicas": 4}},
        "audit": {"autoscaling": {"enabled": True, "lag": {"threshold": 100}}},
    },
}
GATEWAY = {"type": "gateway", "host": "todo.example.com", "gateway": {"name": "public"}, "tls": None}
REDIS = {"type": "redis", "redis": {"host": "redis.example.com:6379"}}


def say(text):
    """One line for whoever watches."""
    print("    " + text, file=sys.stderr, flush=True)


def granted_rules():
    """(group, resource, verb) of everything that config/rbac grants."""
    rules = set()
    for file in sorted((ROOT / "config/rbac").glob("*.yaml")):
        with open(file) as stream:
            for document in yaml.safe_load_all(stream):
                for rule in document.get("rules", []):
                    rules |= {(group, resource, verb) for group in rule["apiGroups"] for resource in rule["resources"]
                              for verb in rule["verbs"]}
    return rules


class Bed:
    """The control plane, the stand-ins and one operator, for all stories of a run."""

    def __init__(self, folder, binaries):
        self.folder = folder
        self.seed = int(os.environ.get("TODO_TEST_SEED", random.SystemRandom().randrange(2**31)))
        self.random = random.Random(self.seed)
        say(f"seed {self.seed} (TODO_TEST_SEED repeats it); logs in {folder}")
        self.control_plane = ControlPlane(os.path.join(folder, "cluster"))
        self.audit = Audit(self.control_plane.folder)
        self.programs = Programs(binaries, self.control_plane, folder)
        self.stand_ins = self.programs.stand_ins()
        self.operator = self.programs.operator().wait_ready()
        wait_for("the operator leads", self.operator.leads, 20)
        # kubectl refuses unknown fields once the API server has published the schema.
        wait_for("the API server explains the resource", lambda: "profile" in self.control_plane.try_kubectl(
            "explain", "tdp.spec").stdout, 30, pause=0.5)
        # What the operator may create are the kinds that a platform is made of.
        self.kinds = sorted({(group, resource) for group, resource, verb in granted_rules() if verb == "create"}
                            - {("events.k8s.io", "events"), ("coordination.k8s.io", "leases")})
        self.canaries = []
        # The names of the stories so far.
        self.told = set()
        # (begin, end) of the times in which rights were taken away on purpose.
        self.without_rights = []

    def close(self):
        """Ends everything."""
        self.programs.stop()
        self.control_plane.stop()

    def canary(self):
        """A secret value that must never show up outside of its Secret."""
        value = "canary-" + secrets.token_hex(16)
        self.canaries.append(value)
        return value

    def leaks(self, text):
        """The canaries that `text` holds, as they are or in base64."""
        return [c for c in self.canaries if c in text or base64.b64encode(c.encode()).decode() in text]


class Story(unittest.TestCase):
    """One story of a user; it has a namespace of its own, which goes with it."""

    bed: Bed = None
    longMessage = True
    maxDiff = 4000

    def setUp(self):
        self.control_plane = self.bed.control_plane
        self.kubectl = self.control_plane.kubectl
        self.audit = self.bed.audit
        self.namespaces = []
        self.bed.told.add(self._testMethodName)

    def tearDown(self):
        self.assertTrue(self.bed.operator.is_running, f"the operator died; its log: {self.bed.operator.log}")
        for path, text in self.control_plane.everything():
            self.assertEqual(self.bed.leaks(text), [], f"a secret value stands in {path}")
        for namespace in self.namespaces:
            self.remove(namespace)

    def pause(self, seconds):
        """Time in which nothing should happen."""
        time.sleep(seconds)

    # Preparing

    def namespace(self, name=None):
        """A new namespace, named after the story."""
        name = name or "story-" + self._testMethodName.split("_")[1]
        self.kubectl("create", "namespace", name)
        self.namespaces.append(name)
        return name

    def remove(self, namespace):
        """Takes a namespace away, in an order in which nothing gets stuck, and does not wait for the rest."""
        self.control_plane.try_kubectl("-n", namespace, "patch", "tdp", "todo", "--type=merge",
                                       '-p={"spec":{"deletion":{"protection":false}}}')
        for kind in (PLATFORMS, "kafkatopics.kafka.strimzi.io"):
            self.control_plane.try_kubectl("-n", namespace, "delete", kind, "--all", "--timeout=20s")
        # What a story left behind that failed.
        self.control_plane.try_kubectl("-n", namespace, "patch", "tdp", "todo", "--type=merge",
                                       '-p={"metadata":{"finalizers":null}}')
        self.control_plane.try_kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")

    def secret(self, namespace, name, key):
        """A Secret with a canary in it."""
        self.kubectl("-n", namespace, "create", "secret", "generic", name, f"--from-literal={key}={self.bed.canary()}")

    def rotate(self, namespace, name, key):
        """A new canary in the Secret."""
        self.kubectl("-n", namespace, "patch", "secret", name, "--type=merge",
                     "-p=" + json.dumps({"stringData": {key: self.bed.canary()}}))

    def secrets(self, namespace, name="todo"):
        """The two Secrets that every platform expects."""
        self.secret(namespace, f"{name}-database", "url")
        self.secret(namespace, f"{name}-authentication", "secret")

    def manifest(self, spec, name="todo"):
        """A TodoPlatform as JSON."""
        return json.dumps({"apiVersion": "todoplatform.dev/v1alpha1", "kind": "TodoPlatform",
                           "metadata": {"name": name}, "spec": spec})

    def apply(self, namespace, spec, name="todo"):
        """kubectl apply."""
        self.kubectl("-n", namespace, "apply", "-f", "-", input=self.manifest(spec, name))

    def patch(self, namespace, spec, name="todo"):
        """kubectl patch of the spec."""
        self.kubectl("-n", namespace, "patch", "tdp", name, "--type=merge", "-p=" + json.dumps({"spec": spec}))

    def start_platform(self, spec=None, name="todo", namespace=None):
        """A platform in a namespace of its own, Ready."""
        namespace = self.namespace(namespace)
        self.secrets(namespace, name)
        self.apply(namespace, spec or {}, name)
        self.wait_ready(namespace, name)
        return namespace

    # Looking

    def platform(self, namespace, name="todo"):
        """The resource; None when there is none."""
        return self.control_plane.get(
            f"/apis/todoplatform.dev/v1alpha1/namespaces/{namespace}/todoplatforms/{name}")

    def condition(self, namespace, kind, name="todo"):
        """The condition of this type; {} when there is none."""
        status = (self.platform(namespace, name) or {}).get("status", {})
        return next((c for c in status.get("conditions", []) if c["type"] == kind), {})

    def wait_condition(self, namespace, kind, seconds=15, name="todo", **wanted):
        """Waits until the condition of the present generation has these members."""
        def holds():
            platform = self.platform(namespace, name)
            condition = self.condition(namespace, kind, name)
            return (condition if platform["status"].get("observedGeneration") == platform["metadata"]["generation"]
                    and all(condition.get(key) == value for key, value in wanted.items()) else None)
        return wait_for(lambda: f"{kind} {wanted}; it is {self.why(namespace, name)}", holds, seconds)

    def wait_ready(self, namespace, name="todo", seconds=30):
        """Waits until the platform is Ready in its present generation."""
        self.wait_condition(namespace, "Ready", seconds, name, status="True")

    def why(self, namespace, name="todo"):
        """The conditions, on one line each, for the message of a failure."""
        status = (self.platform(namespace, name) or {}).get("status", {})
        return "\n".join(f"  {c['type']}={c['status']} {c['reason']}: {c['message']}"
                         for c in status.get("conditions", [])) or "without conditions"

    def children(self, namespace, name="todo", kinds=None):
        """{(resource, name): object} of everything that carries the platform's labels."""
        selector = f"{LABEL},todoplatform.dev/platform={name}"
        found = {}
        for group, resource in kinds or self.bed.kinds:
            for item in self.control_plane.list(group, resource, namespace, selector):
                found[resource, item["metadata"]["name"]] = item
        return found

    def names(self, namespace, resource, name="todo"):
        """The sorted names of the children of one kind."""
        kinds = [kind for kind in self.bed.kinds if kind[1] == resource]
        return sorted(key[1] for key in self.children(namespace, name, kinds))

    def deployments(self, namespace, name="todo"):
        """{service: Deployment}"""
        found = self.children(namespace, name, [("apps", "deployments")])
        return {key[1].removeprefix(name + "-"): item for key, item in found.items()}

    def generations(self, namespace, name="todo"):
        """{service: generation of its Deployment}: it grows when the Deployment's spec changes."""
        return {key: item["metadata"]["generation"] for key, item in self.deployments(namespace, name).items()}

    def changed(self, before, after):
        """{service: by how much its generation grew}, of those that changed."""
        return {key: after[key] - before[key] for key in after if after[key] != before[key]}

    def events(self, namespace, reason=None, name="todo"):
        """The Events about the platform, oldest first."""
        items = self.control_plane.get(f"/api/v1/namespaces/{namespace}/events")["items"]
        return [e for e in items if e["involvedObject"].get("name") == name
                and e["involvedObject"]["kind"] == "TodoPlatform" and (reason is None or e["reason"] == reason)]

    def requests(self, mark, namespace):
        """What the operator asked for in the namespace since `mark`, but for watches."""
        return [e for e in self.audit.since(mark, is_operator=True, namespace=namespace) if not e.is_background]


def quantile(values, share):
    """The value below or at which `share` of the values are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
