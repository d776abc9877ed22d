"""Stories of every day: making a platform, changing it, keeping it whole, its Secrets, taking it away."""

import json

import yaml

from .control_plane import ROOT, wait_for
from .story import FULL, GATEWAY, REDIS, SERVICES, Story, quantile, say

# One field of each kind that somebody may change by hand, as a JSON merge patch. Kinds that are not named here get
# another label only.
BY_HAND = {
    "configmaps": {"data": {"todo-events.json": "{}"}},
    "components": {"spec": {"version": "v2"}},
    "deployments": {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}},
    "horizontalpodautoscalers": {"spec": {"maxReplicas": 9}},
    "ingresses": {"spec": {"rules": [{"host": "elsewhere.example.com"}]}},
    "kafkatopics": {"spec": {"config": {"retention.ms": 1000}}},
    "networkpolicies": {"spec": {"podSelector": {"matchLabels": {"open": "wide"}}}},
    "poddisruptionbudgets": {"spec": {"maxUnavailable": 5}},
    "prometheusrules": {"spec": {"groups": []}},
    "roles": {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]},
    "services": {"spec": {"selector": {"app.kubernetes.io/instance": "elsewhere"}}},
    "subscriptions": {"spec": {"topic": "elsewhere"}},
}


class MakingAPlatform(Story):
    """The smallest resource becomes a platform that kubectl can show, explain and scale."""

    def test_01_five_lines_become_a_platform(self):
        namespace = self.namespace()
        self.secrets(namespace)
        sample = ROOT / "config/samples/minimal.yaml"
        self.assertEqual(len(sample.read_text().splitlines()), 5)
        self.kubectl("-n", namespace, "apply", f"--filename={sample}")
        self.kubectl("-n", namespace, "wait", "tdp/todo", "--for=condition=Ready", "--timeout=30s")

        counts = {}
        for (resource, _), child in self.children(namespace).items():
            counts[resource] = counts.get(resource, 0) + 1
            owners = [o["kind"] for o in child["metadata"].get("ownerReferences", [])]
            # What outlives the platform must not be collected with it.
            retained = resource in ("kafkas", "kafkanodepools", "kafkatopics")
            self.assertEqual(owners, [] if retained else ["TodoPlatform"], (resource, child["metadata"]["name"]))
        for resource, count in {"deployments": 6, "services": 6, "kafkatopics": 7, "kafkausers": 7, "kafkas": 1,
                                "kafkanodepools": 1, "jobs": 1, "serviceaccounts": 7, "configurations": 1,
                                "resiliencies": 1, "subscriptions": 6}.items():
            self.assertEqual(counts.get(resource), count, f"{resource}, of {counts}")
        self.assertGreaterEqual(sum(counts.values()), 50)
        topics = {t["metadata"]["name"]: t["spec"] for (kind, _), t in self.children(namespace).items()
                  if kind == "kafkatopics"}
        self.assertEqual((topics["todo-task-events"]["partitions"],
                          topics["todo-task-events"]["config"]["retention.ms"]), (6, 7 * 24 * 3600 * 1000))

        self.columns(namespace)
        self.explanations()
        self.kubectl("-n", namespace, "scale", "tdp", "todo", "--replicas=3")
        self.wait_ready(namespace)
        replicas = {name: d["spec"]["replicas"] for name, d in self.deployments(namespace).items()}
        self.assertEqual(replicas, {name: 3 if name == "api" else 1 for name in SERVICES})
        wait_for("status.replicas is 3",
                 lambda: self.platform(namespace)["status"].get("replicas") == 3, 10)
        say(f"{sum(counts.values())} children")

    def columns(self, namespace):
        """kubectl get, get -o wide, describe."""
        header, line = self.kubectl("-n", namespace, "get", "tdp").splitlines()
        self.assertEqual(header.split(), ["NAME", "READY", "REASON", "VERSION", "SERVICES", "URL", "AGE"])
        self.assertEqual(line.split()[:5], ["todo", "True", "Reconciled", "0.1.0", "6/6"])
        wide = self.kubectl("-n", namespace, "get", "tdp", "todo", "-o", "wide")
        for word in ("PROFILE", "MESSAGING", "MESSAGE", "free-tier", "strimzi", "All parts are as the spec asks."):
            self.assertIn(word, wide)
        described = wait_for("the event that it is ready is described", lambda: (
            text if "The platform is ready." in (text := self.kubectl("-n", namespace, "describe", "tdp", "todo"))
            else None), 10)
        for word in ("Observed Generation", "MessagingReady", "WorkloadsReady", "task-events", "Within Budget"):
            self.assertIn(word.replace(" ", ""), described.replace(" ", ""))

    def explanations(self):
        """kubectl explain is the manual."""
        text = self.kubectl("explain", "tdp.spec.messaging")
        self.assertIn("Redpanda", text)
        for field in ("strimzi", "kafka", "redis", "rabbitmq", "topics", "type"):
            self.assertIn(field, text)
        text = self.kubectl("explain", "tdp.spec.messaging.topics.taskEvents.partitions")
        self.assertIn("can only grow", " ".join(text.split()))


class ChangingIt(Story):
    """Edits reach what they concern and nothing else."""

    def test_02_edits_reach_what_they_concern(self):
        namespace = self.start_platform({"profile": "standard"})
        before = self.generations(namespace)

        self.patch(namespace, {"services": {"reminders": {"replicas": 3}}})
        self.wait_ready(namespace)
        self.assertEqual(self.deployments(namespace)["reminders"]["spec"]["replicas"], 3)
        after = self.generations(namespace)
        self.assertEqual(self.changed(before, after), {"reminders": 1})

        mark = self.audit.mark()
        self.patch(namespace, {"messaging": {"topics": {"taskEvents": {"retention": "48h"}}}})
        self.wait_ready(namespace)
        topic = self.children(namespace, kinds=[("kafka.strimzi.io", "kafkatopics")])["kafkatopics", "todo-task-events"]
        self.assertEqual(topic["spec"]["config"]["retention.ms"], 48 * 3600 * 1000)
        self.assertEqual(self.changed(after, self.generations(namespace)), {})
        written = {e.resource for e in self.requests(mark, namespace) if e.resource != "events"}
        self.assertEqual(written, {"kafkatopics", "todoplatforms"})

        self.broker(namespace)
        self.versions(namespace)

    def broker(self, namespace):
        """From Kafka to Redis and back by one field; the topics outlive it."""
        kafka = [("kafka.strimzi.io", "kafkatopics"), ("kafka.strimzi.io", "kafkas")]
        kept = {key: item["metadata"]["uid"] for key, item in self.children(namespace, kinds=kafka).items()}
        self.assertEqual(len(kept), 8)
        self.patch(namespace, {"messaging": REDIS})
        self.wait_ready(namespace)
        wait_for("the users of Kafka are pruned", lambda: not self.names(namespace, "kafkausers"), 10)
        components = self.children(namespace, kinds=[("dapr.io", "components")])
        brokers = {name: c["spec"]["type"] for (_, name), c in components.items() if "pubsub" in name}
        self.assertEqual(brokers, {"todo-pubsub": "pubsub.redis", "todo-pubsub-sync": "pubsub.redis"})
        self.assertEqual(kept, {key: item["metadata"]["uid"]
                                for key, item in self.children(namespace, kinds=kafka).items()})
        self.patch(namespace, {"messaging": {"type": "strimzi", "redis": None}})
        self.wait_ready(namespace)
        wait_for("the components of Redis are pruned",
                 lambda: "todo-pubsub" not in self.names(namespace, "components"), 10)
        self.assertEqual(kept, {key: item["metadata"]["uid"]
                                for key, item in self.children(namespace, kinds=kafka).items()})
        self.assertEqual(len(self.names(namespace, "kafkausers")), 7)

    def versions(self, namespace):
        """An upgrade migrates first; a bad image is taken back."""
        jobs = self.names(namespace, "jobs")
        mark = self.audit.mark()
        self.patch(namespace, {"version": "0.2.0"})
        self.wait_ready(namespace)
        made = [e for e in self.requests(mark, namespace) if e.resource == "jobs" and e.verb == "patch"]
        self.assertEqual(len(made), 1, made)
        self.assertNotIn(made[0].name, jobs)
        ended = [e.end for e in self.audit.since(mark, namespace=namespace, resource="jobs", subresource="status")]
        rolled = [e.begin for e in self.requests(mark, namespace) if e.resource == "deployments"]
        self.assertEqual(len(rolled), 6)
        self.assertGreater(min(rolled), max(ended), "a Deployment was written before the migration had ended")
        self.assertEqual(self.images(namespace), {"0.2.0"})
        version = self.platform(namespace)["status"]["version"]
        self.assertEqual((version["current"], version["previous"]), ("0.2.0", "0.1.0"))
        wait_for("event Upgraded", lambda: self.events(namespace, "Upgraded"), 10)

        self.patch(namespace, {"version": "0.3.0-broken"})
        condition = self.wait_condition(namespace, "Ready", status="False", reason="RolledBack")
        for word in ("0.3.0-broken", "0.2.0", "spec.version"):
            self.assertIn(word, condition["message"])
        self.assertEqual(self.condition(namespace, "Stalled")["status"], "True")
        wait_for("the good image runs everywhere", lambda: self.images(namespace) == {"0.2.0"}, 10)
        wait_for("all replicas of the good image are available", lambda: all(
            d["status"].get("availableReplicas", 0) == d["spec"]["replicas"]
            for d in self.deployments(namespace).values()), 10)
        self.assertEqual(len(wait_for("event RolledBack", lambda: self.events(namespace, "RolledBack"), 10)), 1)
        self.patch(namespace, {"version": "0.3.0"})
        self.wait_ready(namespace)
        self.assertEqual(self.images(namespace), {"0.3.0"})

    def images(self, namespace):
        """The tags that the Deployments run."""
        return {d["spec"]["template"]["spec"]["containers"][0]["image"].rsplit(":", 1)[1]
                for d in self.deployments(namespace).values()}


class KeepingItWhole(Story):
    """What somebody deletes comes back, what somebody changes is corrected, what belongs to others stays."""

    def test_03_what_is_deleted_or_changed_by_hand_heals(self):
        namespace = self.start_platform(FULL)
        self.started_at_the_lower_bound(namespace)
        self.deleted(namespace)
        self.migrated_once(namespace)
        problems = self.changed_by_hand(namespace, self.one_of_each(namespace))
        self.patch(namespace, {"exposure": GATEWAY})
        self.wait_ready(namespace)
        routes = {"httproutes": ("gateway.networking.k8s.io", self.names(namespace, "httproutes")[0])}
        problems += self.changed_by_hand(namespace, routes)
        self.assertEqual(problems, [])
        self.wait_ready(namespace)
        wait_for("event DriftCorrected", lambda: self.events(namespace, "DriftCorrected"), 10)

    def one_of_each(self, namespace):
        """{resource: (group, name)}: the first child of each kind."""
        groups = {resource: group for group, resource in self.bed.kinds}
        found = {}
        for resource, name in sorted(self.children(namespace)):
            found.setdefault(resource, (groups[resource], name))
        return found

    def started_at_the_lower_bound(self, namespace):
        """A Deployment that an autoscaler governs is made with the autoscaler's lower bound."""
        api = self.deployments(namespace)["api"]
        scaler = self.children(namespace, kinds=[("autoscaling", "horizontalpodautoscalers")])
        minimum = scaler["horizontalpodautoscalers", "todo-api"]["spec"]["minReplicas"]
        self.assertGreater(minimum, 1)
        self.assertEqual(api["spec"]["replicas"], minimum)
        self.assertEqual(api["metadata"]["generation"], 1, "it was made so, and not scaled by anybody")

    def migrated_once(self, namespace):
        """A migration that completed does not run again when somebody tidies its Job away."""
        job, = self.names(namespace, "jobs")
        self.assertEqual(self.platform(namespace)["status"]["migration"], {"job": job})
        mark = self.audit.mark()
        self.kubectl("-n", namespace, "delete", "job", job)
        self.pause(2)
        self.wait_ready(namespace)
        self.assertEqual(self.names(namespace, "jobs"), [])
        self.assertEqual([e for e in self.requests(mark, namespace) if e.resource == "jobs"], [])

    def deleted(self, namespace):
        """Each kind of child once, but for the migration, which ran."""
        delays = {}
        for resource, (group, name) in self.one_of_each(namespace).items():
            if resource == "jobs":
                continue
            path = self.control_plane.path(group, resource, namespace, name)
            uid = self.control_plane.get(path)["metadata"]["uid"]
            mark = self.audit.mark()
            self.kubectl("-n", namespace, "delete", f"{resource}.{group}".rstrip("."), name, "--wait=false")

            def is_back():
                live = self.control_plane.get(path)
                return live and live["metadata"]["uid"] != uid and "deletionTimestamp" not in live["metadata"]
            wait_for(f"{resource} {name} is back", is_back, 10)
            entries = self.audit.since(mark, namespace=namespace, resource=resource, name=name)
            made = next(e for e in entries if e.is_operator and e.code == 201)
            # Where the object had finalizers it went when the last one was taken away.
            gone = max(e.end for e in entries
                       if not e.is_operator and e.verb in ("delete", "patch") and e.end <= made.end)
            delays[resource] = made.end - gone
            if resource in ("kafkas", "kafkausers"):
                self.secrets_of_strimzi(namespace, resource, name)
            self.wait_ready(namespace)
        say(f"deleted by hand and back, {len(delays)} kinds: p50 {quantile(delays.values(), .5) * 1000:.0f} ms, "
            f"p99 {quantile(delays.values(), .99) * 1000:.0f} ms")
        self.assertGreaterEqual(len(delays), 20)
        self.assertEqual({r: d for r, d in delays.items() if d > 1}, {}, "slower than a second")

    def secrets_of_strimzi(self, namespace, resource, name):
        """The Secret that Strimzi made goes with its owner; the stand-in makes it again when the owner is touched."""
        secret = name + "-cluster-ca-cert" if resource == "kafkas" else name
        path = f"/api/v1/namespaces/{namespace}/secrets/{secret}"
        owner = self.control_plane.path("kafka.strimzi.io", resource, namespace, name)

        def is_owned():
            uid = self.control_plane.get(owner)["metadata"]["uid"]
            live = self.control_plane.get(path)
            if live and [o["uid"] for o in live["metadata"]["ownerReferences"]] == [uid]:
                return True
            if not live:
                self.kubectl("-n", namespace, "annotate", "--overwrite", f"{resource}.kafka.strimzi.io", name,
                             f"example.com/touched={self.bed.random.random()}")
            return False
        wait_for(f"Secret {secret} belongs to the new {resource}", is_owned, 30, pause=0.3)

    def changed_by_hand(self, namespace, children):
        """Changes a label that takes the child out of the operator's sight, another label, and a field of each kind.
        Returns what stayed wrong."""
        for resource, (group, name) in children.items():
            self.kubectl("-n", namespace, "annotate", f"{resource}.{group}".rstrip("."), name, "example.com/note=mine")
        problems = []
        for resource, (group, name) in children.items():
            path = self.control_plane.path(group, resource, namespace, name)
            right = self.control_plane.get(path)
            kind = f"{resource}.{group}".rstrip(".")
            changes = [{"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}},
                       {"metadata": {"labels": {"app.kubernetes.io/part-of": "elsewhere"}}}]
            changes += [BY_HAND[resource]] if resource in BY_HAND else []
            for change in changes:
                self.kubectl("-n", namespace, "patch", kind, name, "--type=merge", "-p=" + json.dumps(change))

                def is_right():
                    live = self.control_plane.get(path)
                    return all(live.get(key) == value for key, value in right.items()
                               if key not in ("metadata", "status", "kind", "apiVersion")) and (
                        live["metadata"]["labels"] == right["metadata"]["labels"])
                try:
                    wait_for(f"{resource} {name} is as before {change}", is_right, 3)
                except AssertionError as error:
                    problems.append(str(error))
            live = self.control_plane.get(path)["metadata"]
            if live["uid"] != right["metadata"]["uid"]:
                problems.append(f"{resource} {name} was made anew")
            if live["annotations"].get("example.com/note") != "mine":
                problems.append(f"{resource} {name} lost a foreign annotation")
        return problems


class Secrets(Story):
    """Secrets that are missing, come, and change."""

    def test_04_secrets_are_awaited_and_rotated(self):
        namespace = self.namespace()
        self.apply(namespace, {"profile": "standard"})
        for name, key, other in (("todo-database", "url", "uri"), ("todo-authentication", "secret", "key")):
            self.wait_message(namespace, f"Secret {name} with key {key} is missing")
            self.secret(namespace, name, other)
            self.wait_message(namespace, f"Secret {name} with key {key} is missing")
            self.assertEqual(self.deployments(namespace), {}, "pods would start without their Secret")
            self.rotate(namespace, name, key)
        self.wait_ready(namespace)
        self.assertEqual(len(self.events(namespace, "SecretMissing")), 1)

        jobs = self.names(namespace, "jobs")
        for name, key, some in (("todo-database", "url", {"api", "audit"}),
                                ("todo-authentication", "secret", {"api", "sync"})):
            users = self.users(namespace, name)
            self.assertLessEqual(some, users)
            before, mark = self.generations(namespace), self.audit.mark()
            self.rotate(namespace, name, key)
            wait_for(f"{users} have another template",
                     lambda: set(self.changed(before, self.generations(namespace))) >= users, 10)
            self.wait_ready(namespace)
            self.quiet(namespace)
            self.assertEqual(self.changed(before, self.generations(namespace)), {service: 1 for service in users})
            writes = [e.name for e in self.requests(mark, namespace) if e.resource == "deployments"]
            self.assertEqual(sorted(writes), sorted(f"todo-{service}" for service in users))
        # The same content in a new version of the Secret is no rotation.
        mark = self.audit.mark()
        self.kubectl("-n", namespace, "annotate", "secret", "todo-database", "example.com/looked-at=today")
        self.quiet(namespace)
        self.assertEqual(self.requests(mark, namespace), [])
        self.assertEqual(self.names(namespace, "jobs"), jobs, "a rotated Secret migrates nothing")

    def users(self, namespace, secret):
        """The services that fetch the Secret themselves, or whose sidecar does."""
        found = set()
        for service, deployment in self.deployments(namespace).items():
            variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
            if any(v.get("value") == secret for v in variables):
                found.add(service)
        for component in self.children(namespace, kinds=[("dapr.io", "components")]).values():
            if any(m.get("secretKeyRef", {}).get("name") == secret for m in component["spec"]["metadata"]):
                found |= {scope.removeprefix("todo-") for scope in component["scopes"]}
        return found

    def wait_message(self, namespace, text):
        """Waits for a SecretMissing that says `text`."""
        def says():
            condition = self.condition(namespace, "Ready")
            return condition.get("reason") == "SecretMissing" and text in condition["message"]
        wait_for(lambda: f"{text}; it is {self.why(namespace)}", says, 15)

    def quiet(self, namespace, seconds=2):
        """Waits until the operator has asked for nothing in the namespace for so long."""
        def is_quiet():
            mark = self.audit.mark()
            self.pause(seconds)
            return not self.requests(mark, namespace)
        wait_for("the operator is quiet", is_quiet, 30)


class TakingItAway(Story):
    """A platform goes as its policy says."""

    def test_05_deletion_follows_the_policy(self):
        self.retained()
        self.protected_and_in_order()

    def retained(self):
        """By default topics and Kafka stay, and a platform of the same name takes them up again."""
        namespace = self.start_platform(FULL, namespace="story-05-retain")
        before = {key: item["metadata"]["uid"] for key, item in self.children(namespace).items()}
        kept = {key for key in before if key[0] in ("kafkas", "kafkanodepools", "kafkatopics")}
        self.kubectl("-n", namespace, "delete", "tdp", "todo", "--timeout=30s")
        wait_for(lambda: f"only what is retained is left, and not {sorted(set(self.children(namespace)) - kept)}",
                 lambda: set(self.children(namespace)) == kept, 30)
        self.pause(1)
        left = {key: item["metadata"]["uid"] for key, item in self.children(namespace).items()}
        self.assertEqual(left, {key: before[key] for key in kept})
        self.apply(namespace, FULL)
        self.wait_ready(namespace)
        again = {key: item["metadata"]["uid"] for key, item in self.children(namespace).items()}
        self.assertEqual({key: again[key] for key in kept}, left)

    def protected_and_in_order(self):
        """Protection holds until it is lifted; then everything goes, topics before users before Kafka."""
        policy = {"topics": "delete", "data": "delete", "protection": True}
        namespace = self.start_platform({**FULL, "deletion": policy}, namespace="story-05-delete")
        self.patch(namespace, {"exposure": GATEWAY})
        self.wait_ready(namespace)
        wait_for("the Ingress and its Certificate are pruned",
                 lambda: not self.names(namespace, "ingresses") + self.names(namespace, "certificates"), 10)
        self.assertEqual(self.names(namespace, "httproutes"), ["todo-web"])
        before = set(self.children(namespace))
        self.kubectl("-n", namespace, "delete", "tdp", "todo", "--wait=false")
        condition = self.wait_condition(namespace, "DeletionBlocked", status="True", reason="DeletionProtected")
        self.assertIn("spec.deletion.protection", condition["message"])
        wait_for("event DeletionProtected", lambda: self.events(namespace, "DeletionProtected"), 10)
        self.assertEqual(set(self.children(namespace)), before)

        mark = self.audit.mark()
        self.patch(namespace, {"deletion": {"protection": False}})
        wait_for(lambda: f"the platform is gone; {self.why(namespace)}", lambda: self.platform(namespace) is None, 30)
        wait_for(lambda: f"nothing is left, and not {sorted(self.children(namespace))}",
                 lambda: not self.children(namespace), 20)
        deleted = [e for e in self.requests(mark, namespace) if e.verb == "delete" and e.code == 200]
        order = ["kafkatopics", "kafkausers", "kafkas"]
        times = {kind: [e.begin for e in deleted if e.resource == kind] for kind in order}
        self.assertEqual([len(times[kind]) for kind in order], [7, 7, 1])
        for first, second in zip(order, order[1:]):
            self.assertLess(max(times[first]), min(times[second]), f"{second} went before {first}")
        gone = max(e.end for e in self.audit.since(mark, namespace=namespace, resource="kafkatopics", verb="patch")
                   if not e.is_operator)
        self.assertLess(gone, min(times["kafkas"]), "Kafka went while a topic still had its finalizer")
        left = [s["metadata"]["name"] for s in self.control_plane.list("", "secrets", namespace)]
        # cert-manager and users keep their Secrets; Strimzi's go with their owners.
        wait_for(lambda: f"Strimzi's Secrets are gone; there are {left}", lambda: not [
            s for s in self.control_plane.list("", "secrets", namespace) if "ownerReferences" in s["metadata"]], 20)


class Installing(Story):
    """What config/ holds goes in with kubectl apply -k, and works with the rights that it grants."""

    def test_05b_every_overlay_goes_in(self):
        overlays = sorted(folder.parent for folder in (ROOT / "config/overlays").glob("*/kustomization.yaml"))
        self.assertGreaterEqual(len(overlays), 4)
        count = 0
        for folder in [ROOT / "config/default", *overlays]:
            with self.subTest(folder=folder.name):
                count += self.install(folder)
        namespace = self.namespace()
        for sample in sorted((ROOT / "config/samples").glob("*.yaml")):
            if sample.name != "kustomization.yaml":
                with self.subTest(sample=sample.name):
                    self.kubectl("-n", namespace, "apply", "--dry-run=server", f"--filename={sample}")
        self.secrets(namespace)
        self.kubectl("-n", namespace, "apply", "-k", str(ROOT / "config/samples"))
        self.wait_ready(namespace)
        say(f"{len(overlays)} overlays, {count} objects")

    def install(self, folder):
        """Applies the folder, sees to the Secrets that its platform names, waits until it is Ready, takes it away.
        Returns how many objects were applied."""
        objects = list(yaml.safe_load_all(self.kubectl("kustomize", str(folder))))
        if self.control_plane.minor >= 25:
            self.kubectl("apply", "-k", str(folder))
        else:
            objects = [fitting(o) for o in objects if o["kind"] != "CustomResourceDefinition"]
            self.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(objects))
        for item in objects:
            self.kubectl("get", *self.named(item))
        try:
            for platform in objects:
                if platform["kind"] == "TodoPlatform":
                    self.becomes_ready(platform)
        finally:
            # The next one has the same names, and the bed has an operator already.
            for item in objects:
                if item["kind"] in ("Deployment", "Service", "PodDisruptionBudget"):
                    self.kubectl("delete", *self.named(item))
                elif item["kind"] == "TodoPlatform":
                    namespace = item["metadata"]["namespace"]
                    self.remove(namespace)
                    self.kubectl("wait", "--for=delete", f"namespace/{namespace}", "--timeout=60s")
        return len(objects)

    def becomes_ready(self, platform):
        """Makes the Secrets that the platform names, and waits."""
        namespace, name = platform["metadata"]["namespace"], platform["metadata"]["name"]
        for secret, keys in secrets_of(platform).items():
            self.kubectl("-n", namespace, "create", "secret", "generic", secret,
                         *[f"--from-literal={key}={self.bed.canary()}" for key in sorted(keys)])
        self.wait_ready(namespace, name, seconds=60)

    def named(self, item):
        """How kubectl is told of this object."""
        group, _, version = item["apiVersion"].rpartition("/")
        kind = f"{item['kind']}.{version}.{group}" if group else item["kind"]
        namespace = item["metadata"].get("namespace")
        return [*(["-n", namespace] if namespace else []), kind, item["metadata"]["name"]]


def fitting(item):
    """The object as an API server before 1.25 takes it: policy/v1 came with 1.21. The definition is there already, in
    the form that the server knows."""
    return {**item, "apiVersion": "policy/v1beta1"} if item["apiVersion"] == "policy/v1" else item


def secrets_of(platform):
    """{name: keys} of the Secrets that a platform refers to."""
    name = platform["metadata"]["name"]
    found = {f"{name}-database": {"url"}, f"{name}-authentication": {"secret"}}

    def look(value, field=""):
        if isinstance(value, dict):
            if field.endswith("SecretRef") or field == "secretRef":
                found.setdefault(value["name"], set()).update({value["key"]} if "key" in value else DEFAULT_KEYS)
            for key, inner in value.items():
                look(inner, key)
        elif isinstance(value, list):
            for inner in value:
                look(inner, field)
    look(platform["spec"])
    return found


# The members of a Secret that is named without its keys.
DEFAULT_KEYS = {"username", "password"}
