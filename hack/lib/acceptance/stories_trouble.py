"""Stories of trouble: systems that vanish, input that cannot be followed or is hostile, crashes, rights, namespaces."""

import json
import os
import time

import yaml

from .control_plane import wait_for
from .story import FULL, REDIS, Story, say

# What must be refused by the API server, each with what its message has to name. None of it may be fixed up silently.
REFUSED = [
    ("profile", {"profile": "huge"}),
    ("replicas", {"services": {"api": {"replicas": -1}}}),
    ("replicas", {"services": {"api": {"replicas": "many"}}}),
    ("type", {"messaging": {"type": "carrier-pigeon"}}),
    ("profil", {"profil": "standard"}),
    ("value", {"services": {"api": {"environment": [{"name": "LONG", "value": "x" * 10_240}]}}}),
    ("name", {"services": {"api": {"environment": [{"name": "A B", "value": "x"}]}}}),
    ("host", {"exposure": {"type": "ingress", "host": "todo.example.com\n"}}),
    ("host", {"exposure": {"type": "ingress", "host": 'todo"; rm -rf /'}}),
    ("host", {"exposure": {"type": "ingress", "host": "${jndi:ldap://example.com}"}}),
    ("host", {"exposure": {"type": "ingress", "host": "a" * 10_240}}),
    ("host", {"messaging": {"type": "redis", "redis": {"host": "{podName}:6379"}}}),
    ("labels", {"services": {"api": {"pod": {"labels": {"team": 'a"b'}}}}}),
    ("labels", {"monitoring": {"alerts": {"labels": {"team": "a\nb"}}}}),
    ("name", {"messaging": {"topics": {"taskEvents": {"name": "a,b;c=d"}}}}),
    ("version", {"version": "1.0\n---\nkind: Secret"}),
    ("name", {"database": {"secretRef": {"name": "../../etc/passwd"}}}),
    ("reason", {"maintenance": {"paused": True, "reason": "line\nline"}}),
]

# Text that means something to some language on the way. Values may hold it; it must arrive as it is.
HOSTILE = [
    '\'"`\\', "a\nb\r\n: c\n- d", "${HOME} $(whoami) `id` $$", "{podName} {{ .Values }} %s %n", "# no comment",
    "\u202egnp.exe \u2028 \u2029 \u0085 \U0001f600", "\x07\x1b[31m\x7f\x9f \ufeff\ufffe", "null",
    "---\nkind: Secret", "x" * 4096,
]


class VanishingSystems(Story):
    """Optional systems go and come while the operator runs."""

    def test_06_a_definition_goes_and_comes_back(self):
        self.addCleanup(self.restore)
        namespace = self.start_platform()
        operator = self.bed.operator.process.pid
        rules = "prometheusrules.monitoring.coreos.com"
        definitions = self.definitions(rules)
        self.kubectl("delete", "crd", rules, "--timeout=30s")
        condition = self.wait_condition(namespace, "MonitoringReady", status="Unknown", reason="DependencyMissing")
        self.assertIn("Install the Prometheus Operator", condition["message"])
        self.assertEqual(self.condition(namespace, "Ready")["status"], "True", "monitoring keeps nobody from working")
        took = self.reinstalled(definitions, lambda: self.names(namespace, "prometheusrules"))
        self.wait_condition(namespace, "MonitoringReady", status="True")
        say(f"the Prometheus operator's definition back: healed in {took:.1f} s")

        before = self.generations(namespace)
        # In an order in which no topic loses the Kafka that has to let it go.
        strimzi = [f"{kind}.kafka.strimzi.io" for kind in ("kafkatopics", "kafkausers", "kafkanodepools", "kafkas")]
        definitions = self.definitions(*strimzi)
        for definition in strimzi:
            self.kubectl("delete", "crd", definition, "--timeout=30s")
        condition = self.wait_condition(namespace, "Ready", 30, status="False", reason="DependencyMissing")
        self.assertIn("Install Strimzi", condition["message"])
        self.assertEqual(self.condition(namespace, "MessagingReady")["reason"], "DependencyMissing")
        self.assertEqual(self.generations(namespace), before, "what runs is left alone")
        # The Secrets of the old cluster go with it; Strimzi's stand-in would take them for those of the new one.
        wait_for("Strimzi's Secrets are collected", lambda: not [
            s for s in self.control_plane.list("", "secrets", namespace) if "ownerReferences" in s["metadata"]], 60)
        took = self.reinstalled(definitions, lambda: self.condition(namespace, "Ready").get("status") == "True")
        say(f"Strimzi's definitions back: healed in {took:.1f} s")
        self.assertEqual(len(self.names(namespace, "kafkatopics")), 7)
        self.assertEqual(self.changed(before, self.generations(namespace)), {}, "the same Secrets, so no pod restarts")
        self.assertEqual(self.bed.operator.process.pid, operator)

    def restore(self):
        """Whatever happened, the stories after this one find all definitions, and a garbage collector that knows them:
        it looks for new kinds when it starts."""
        def installed():
            try:
                self.control_plane.script("crds", "Tests/Data/crds")
                return True
            except RuntimeError:
                # One is still on its way out, with topics that nobody lets go any more.
                for topic in self.control_plane.list("kafka.strimzi.io", "kafkatopics"):
                    path = self.control_plane.path(
                        "kafka.strimzi.io", "kafkatopics", topic["metadata"]["namespace"], topic["metadata"]["name"])
                    self.control_plane.request("PATCH", path, {"metadata": {"finalizers": None}},
                                               "application/merge-patch+json")
                return False
        wait_for("all definitions are there", installed, 60, pause=1)

    def definitions(self, *names):
        """These definitions as one could have installed them."""
        found = [json.loads(self.kubectl("get", "crd", name, "-o", "json")) for name in names]
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": d["apiVersion"], "kind": d["kind"], "metadata": {"name": d["metadata"]["name"]},
             "spec": d["spec"]} for d in found]})

    def reinstalled(self, definitions, is_healed):
        """Seconds from the moment when they are established until all is well."""
        self.kubectl("create", "-f", "-", input=definitions)
        names = [item["metadata"]["name"] for item in json.loads(definitions)["items"]]
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *[f"crd/{name}" for name in names])
        begin = time.monotonic()
        wait_for("it heals", is_healed, 30)
        took = time.monotonic() - begin
        # Some three seconds alone on the machine; twice that beside a build.
        self.assertLess(took, 10)
        return took


class BadInput(Story):
    """What cannot be followed is refused with the reason, and costs nothing."""

    def test_07_what_cannot_be_followed_is_said_once(self):
        namespace = self.namespace()
        self.secrets(namespace)
        spec = {"exposure": {"type": "ingress"}}
        remedy = "set exposure.host, or set exposure.type to none"
        if self.control_plane.minor >= 25:
            done = self.control_plane.try_kubectl("-n", namespace, "apply", "-f", "-", input=self.manifest(spec))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(remedy, done.stderr)
            return
        self.apply(namespace, spec)
        condition = self.wait_condition(namespace, "Ready", status="False", reason="InvalidSpec")
        for word in ("spec.exposure", "an ingress or a gateway route needs a host name", remedy):
            self.assertIn(word, condition["message"])
        self.assertEqual(self.condition(namespace, "Stalled")["status"], "True")
        events = wait_for("event InvalidSpec", lambda: self.events(namespace, "InvalidSpec"), 10)
        self.assertIn(remedy, events[0]["message"])
        self.pause(1)

        mark = self.audit.mark()
        self.kubectl("-n", namespace, "annotate", "tdp", "todo", "example.com/seen=yes")
        self.pause(4)
        self.assertEqual(self.requests(mark, namespace), [], "it is not tried again until it changes")
        events = self.events(namespace)
        self.assertEqual([(e["reason"], (e.get("series") or {}).get("count", 1)) for e in events], [("InvalidSpec", 1)])
        self.assertEqual(self.children(namespace), {})

        self.patch(namespace, {"exposure": {"host": "todo.example.com"}})
        self.wait_ready(namespace)
        children = {key: item["metadata"]["uid"] for key, item in self.children(namespace).items()}
        # An edit that cannot be followed leaves what runs as it is.
        self.patch(namespace, {"exposure": {"host": None}, "services": {"api": {"replicas": 0}}})
        self.wait_condition(namespace, "Ready", status="False", reason="InvalidSpec")
        self.pause(1)
        self.assertEqual({key: item["metadata"]["uid"] for key, item in self.children(namespace).items()}, children)
        self.assertEqual(self.deployments(namespace)["api"]["spec"]["replicas"], 1)

    def test_08_hostile_text_is_refused_or_arrives_as_it_is(self):
        namespace = self.namespace()
        problems = []
        for field, spec in REFUSED:
            done = self.control_plane.try_kubectl("-n", namespace, "apply", "--dry-run=server", "-f", "-",
                                                  input=self.manifest(spec))
            if done.returncode == 0:
                problems.append(f"taken: {json.dumps(spec)[:100]}")
            elif field not in done.stderr:
                problems.append(f"refused without naming {field}: {done.stderr[:200]}")
        for name in ("Upper", "1st", "a.b", "x" * 41, "a_b"):
            done = self.control_plane.try_kubectl("-n", namespace, "apply", "--dry-run=server", "-f", "-",
                                                  input=self.manifest({}, name))
            if done.returncode == 0:
                problems.append(f"taken: a platform named {name}")
        self.assertEqual(problems, [])

        self.secrets(namespace)
        variables = [{"name": f"HOSTILE_{n}", "value": text} for n, text in enumerate(HOSTILE)]
        note = {"example.com/hostile": HOSTILE[1] + HOSTILE[0]}
        audience = "a\";}${x}{podName}$(id)'"
        self.apply(namespace, {
            "services": {"api": {"environment": variables, "pod": {"annotations": note}}},
            "authentication": {"audience": audience}, "monitoring": {"dashboards": {"labels": {"team": "a.b_c-d"}}}})
        self.wait_ready(namespace)
        template = self.deployments(namespace)["api"]["spec"]["template"]
        container = template["spec"]["containers"][0]
        found = {v["name"]: v.get("value") for v in container["env"]}
        for variable in variables:
            self.assertEqual(found[variable["name"]], variable["value"])
        # The kubelet reads "$$" as "$", and "$(NAME)" as another variable: what is ours must come out as it went in.
        self.assertEqual(found["TODO_AUTH_AUDIENCE"].replace("$$", "$"), audience)
        self.assertNotIn("$(", found["TODO_AUTH_AUDIENCE"].replace("$$", ""))
        self.assertEqual(template["metadata"]["annotations"]["example.com/hostile"], note["example.com/hostile"])
        self.assertEqual(container["args"], ["api"])
        twin = self.start_platform(namespace="story-08-twin")
        self.assertEqual(set(self.children(namespace)), set(self.children(twin)))
        mark = self.audit.mark()
        self.pause(3)
        self.assertEqual(self.requests(mark, namespace), [], "hostile text is no drift")
        for line in self.bed.operator.lines():
            json.loads(line)


    def test_08b_what_belongs_to_others_is_not_taken_over(self):
        namespace = self.namespace()
        self.secrets(namespace)
        # The one has no field of ours in it, the other one the same type; neither conflicts with what we would apply.
        foreign = {
            "serviceaccount/todo-audit": {"apiVersion": "v1", "kind": "ServiceAccount"},
            "service/todo-api": {"apiVersion": "v1", "kind": "Service", "spec": {
                "type": "ClusterIP", "clusterIP": "None", "selector": {"app": "other"}}},
        }
        for name, body in foreign.items():
            self.kubectl("-n", namespace, "create", "-f", "-",
                         input=json.dumps({**body, "metadata": {"name": name.split("/")[1]}}))
        before = {name: self.read(namespace, name) for name in foreign}
        self.apply(namespace, {"messaging": REDIS})
        while before:
            def named():
                condition = self.condition(namespace, "Ready")
                if condition.get("reason") == "NameTaken" and "delete that object" in condition["message"]:
                    words = condition["message"].lower()
                    return next((n for n in before if all(word in words for word in n.split("/"))), None)
            name = wait_for(lambda: f"one of {list(before)} is named; it is {self.why(namespace)}", named, 60)
            self.assertEqual(self.read(namespace, name), before.pop(name))
            self.kubectl("-n", namespace, "delete", name)
        self.wait_ready(namespace, seconds=60)
        for name in foreign:
            owners = [o["kind"] for o in self.read(namespace, name)["metadata"]["ownerReferences"]]
            self.assertEqual(owners, ["TodoPlatform"], name)

    def read(self, namespace, name):
        """One object, by KIND/NAME."""
        return json.loads(self.kubectl("-n", namespace, "get", name, "-o", "json"))

    def test_08c_a_kafka_of_somebody_else_is_used_and_left_alone(self):
        namespace = self.namespace()
        self.secrets(namespace)
        self.apply(namespace, {"messaging": {"type": "strimzi", "strimzi": {"existingCluster": "company"}}})
        condition = self.wait_condition(namespace, "Ready", status="False", reason="DependencyMissing")
        self.assertIn("Kafka company", condition["message"])
        version = self.control_plane.path("kafka.strimzi.io", "kafkas").removeprefix("/apis/").removesuffix("/kafkas")
        listeners = [{"name": "plain", "port": 9092, "type": "internal", "tls": False},
                     {"name": "tls", "port": 9095, "type": "internal", "tls": True,
                      "authentication": {"type": "scram-sha-512"}}]
        volume = {"id": 0, "type": "ephemeral"}
        for kind, name, spec in (
                ("Kafka", "company", {"kafka": {"listeners": listeners},
                                      "entityOperator": {"topicOperator": {}, "userOperator": {}}}),
                ("KafkaNodePool", "theirs", {"replicas": 1, "roles": ["controller", "broker"],
                                             "storage": {"type": "jbod", "volumes": [volume]}})):
            self.kubectl("-n", namespace, "create", "-f", "-", input=json.dumps({
                "apiVersion": version, "kind": kind, "spec": spec,
                "metadata": {"name": name, "labels": {"strimzi.io/cluster": "company"}}}))
        self.wait_ready(namespace)
        kafka = self.read(namespace, "kafka/company")
        addresses = {listener["name"]: listener["bootstrapServers"] for listener in kafka["status"]["listeners"]}
        component = self.read(namespace, "components.dapr.io/todo-pubsub-api")
        brokers = next(m["value"] for m in component["spec"]["metadata"] if m["name"] == "brokers")
        self.assertEqual(brokers, addresses["tls"])
        self.assertTrue(brokers.endswith(":9095"), brokers)
        self.assertNotIn("ownerReferences", kafka["metadata"])
        self.assertEqual(list(kafka["metadata"]["labels"]), ["strimzi.io/cluster"])
        self.kubectl("-n", namespace, "delete", "tdp", "todo", "--timeout=30s")
        self.assertEqual(self.read(namespace, "kafka/company")["metadata"]["uid"], kafka["metadata"]["uid"])


class Crashes(Story):
    """The operator and the API server end at any time; the cluster becomes what it should be."""

    def test_09a_killed_in_the_middle(self):
        namespace = self.namespace()
        self.secrets(namespace)
        spec = {**FULL, "deletion": {"topics": "delete", "data": "delete"}}
        self.apply(namespace, spec)
        self.wait_ready(namespace)
        undisturbed = self.picture(namespace)
        self.gone(namespace)
        self.assertLess(self.bed.operator.terminate(), 5)

        self.apply(namespace, spec)
        self.killed(namespace, "making it", 4)
        self.wait_ready(namespace)
        self.assertEqual(self.picture(namespace), undisturbed)
        self.bed.operator.kill()

        self.patch(namespace, {"messaging": REDIS, "version": "0.2.0"})
        self.killed(namespace, "another broker and version", 4)
        self.wait_ready(namespace)
        wait_for("the users of Kafka are pruned", lambda: not self.names(namespace, "kafkausers"), 10)
        self.bed.operator.kill()

        self.patch(namespace, {"messaging": {"type": "strimzi", "redis": None}, "version": "0.1.0"})
        self.killed(namespace, "and back", 4)
        self.wait_ready(namespace)
        wait_for(lambda: f"all as before: {self.difference(undisturbed, self.picture(namespace))}",
                 lambda: self.picture(namespace) == undisturbed, 15)
        self.bed.operator.kill()

        self.kubectl("-n", namespace, "delete", "tdp", "todo", "--wait=false")
        self.killed(namespace, "taking it away", 4)
        self.gone(namespace)
        self.bed.operator.kill()
        self.bed.operator = self.bed.programs.operator().wait_ready()
        wait_for("the operator leads", self.bed.operator.leads, 40)

    def gone(self, namespace):
        """Takes the platform away and waits until nothing is left."""
        self.kubectl("-n", namespace, "delete", "tdp", "todo", "--timeout=30s", "--ignore-not-found")
        wait_for(lambda: f"nothing is left, and not {sorted(self.children(namespace))}",
                 lambda: not self.children(namespace), 20)
        wait_for("Strimzi's Secrets are collected", lambda: not [
            s for s in self.control_plane.list("", "secrets", namespace) if "ownerReferences" in s["metadata"]], 30)

    def killed(self, namespace, what, times):
        """Starts the operator and kills it after a random time, so often; leaves one that runs."""
        seen = []
        for _ in range(times):
            operator = self.bed.programs.operator("--no-leader-election")
            self.pause(self.bed.random.uniform(0.15, 1.0))
            operator.kill()
            seen.append(len(self.children(namespace)))
        self.bed.operator = self.bed.programs.operator("--no-leader-election").wait_ready()
        say(f"{what}: killed with {', '.join(map(str, seen))} children there")

    def picture(self, namespace):
        """{(resource, name): what the operator decides about it}, without what differs each time."""
        found = {}
        for key, item in self.children(namespace).items():
            body = {k: v for k, v in item.items() if k not in ("metadata", "status", "apiVersion", "kind")}
            text = json.loads(json.dumps(body))
            if key[0] == "services":
                for field in ("clusterIP", "clusterIPs"):
                    text["spec"].pop(field, None)
            if key[0] == "jobs":
                text["spec"].pop("selector")
                for label in ("controller-uid", "batch.kubernetes.io/controller-uid"):
                    text["spec"]["template"]["metadata"]["labels"].pop(label, None)
            metadata = item["metadata"]
            annotations = {k: v for k, v in metadata.get("annotations", {}).items()
                           # The digest covers the owner's uid; autoscaling/v1 keeps its status in annotations.
                           if k != "todoplatform.dev/applied-digest" and not k.startswith("autoscaling.alpha")}
            # Whether the count of the first day was handed over yet depends on what was changed since.
            if annotations.get("todoplatform.dev/replicas-owner", "").startswith("autoscaler"):
                annotations["todoplatform.dev/replicas-owner"] = "autoscaler"
                text["spec"].pop("replicas")
            labels = {k: v for k, v in metadata["labels"].items() if not k.endswith("controller-uid")}
            owners = [(o["kind"], o["name"]) for o in metadata.get("ownerReferences", [])]
            found[key] = (text, labels, annotations, owners)
        return found

    @staticmethod
    def difference(left, right):
        """The keys that are on one side only, or differ."""
        return sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))

    def test_09b_the_api_server_restarts(self):
        namespace = self.start_platform()
        self.control_plane.script("stop", "kube-apiserver")
        # For a moment after its start the API server does not know the rules and refuses everybody.
        self.bed.without_rights.append([time.time(), float("inf")])
        self.pause(self.bed.random.uniform(1, 4))
        self.control_plane.script("start")
        begin = time.monotonic()
        self.kubectl("-n", namespace, "delete", "deployment", "todo-audit")
        self.kubectl("-n", namespace, "scale", "deployment", "todo-sync", "--replicas=4")
        wait_for("what changed meanwhile is corrected", lambda: (
            set(self.generations(namespace)) == {"api", "audit", "notifications", "recurrence", "reminders", "sync"}
            and self.deployments(namespace)["sync"]["spec"]["replicas"] == 1), 40)
        say(f"after a restart of the API server: corrected in {time.monotonic() - begin:.1f} s")
        self.bed.without_rights[-1][1] = time.time()
        self.patch(namespace, {"services": {"api": {"replicas": 2}}})
        self.wait_ready(namespace)
        self.assertEqual(self.deployments(namespace)["api"]["spec"]["replicas"], 2)

    def test_09c_a_second_replica_takes_over(self):
        namespace = self.start_platform()
        wait_for("the operator leads", self.bed.operator.leads, 40)
        standby = self.bed.programs.operator().wait_ready()
        self.pause(1)
        self.assertFalse(standby.leads())
        self.bed.operator.kill()
        self.bed.operator = standby
        took = self.corrected(namespace, "todo-api", 60)
        say(f"kill -9 of the leader: the standby works after {took:.1f} s")
        self.assertLess(took, 35)
        self.assertTrue(standby.leads())

        third = self.bed.programs.operator().wait_ready()
        self.pause(1)
        self.assertFalse(third.leads())
        self.bed.operator = third
        ended = standby.terminate()
        took = self.corrected(namespace, "todo-api", 30)
        say(f"SIGTERM to the leader: it ended after {ended:.2f} s, the standby worked {took:.1f} s later")
        self.assertEqual(standby.process.returncode, 0)
        self.assertLess(ended, 5)
        self.assertLess(ended + took, 3)

    def corrected(self, namespace, name, seconds):
        """Seconds until a Deployment that is deleted now is back."""
        begin = time.monotonic()
        path = self.control_plane.path("apps", "deployments", namespace, name)
        self.assertEqual(self.control_plane.request("DELETE", path)[0], 200)
        wait_for(f"{name} is back", lambda: self.control_plane.get(path), seconds, pause=0.02)
        return time.monotonic() - begin


class Rights(Story):
    """Rights are taken away and given back."""

    def test_10_rights_are_revoked_and_given_back(self):
        namespace = self.start_platform()
        self.one_kind(namespace)
        self.all_rights(namespace)
        self.from_the_start(namespace)

    def revoked(self):
        """Notes that from now on refusals are meant."""
        self.bed.without_rights.append([time.time(), float("inf")])

    def granted(self):
        """All rights are back."""
        self.control_plane.grant()
        self.pause(0.2)
        self.bed.without_rights[-1][1] = time.time()

    def one_kind(self, namespace):
        """Without the right to write Deployments the condition says so."""
        role = json.loads(self.kubectl("get", "clusterrole", "todo-controller", "-o", "json"))
        for rule in role["rules"]:
            if "deployments" in rule["resources"]:
                rule["verbs"] = ["get", "list", "watch"]
        role["metadata"] = {"name": "todo-controller"}
        self.revoked()
        self.kubectl("replace", "-f", "-", input=json.dumps(role))
        self.patch(namespace, {"services": {"api": {"replicas": 2}}})
        condition = self.wait_condition(namespace, "Ready", status="False", reason="Forbidden")
        self.assertIn("deployments", condition["message"].lower())
        self.granted()
        begin = time.monotonic()
        self.wait_ready(namespace, seconds=30)
        say(f"the right to write Deployments given back: healed in {time.monotonic() - begin:.1f} s")
        self.assertEqual(self.deployments(namespace)["api"]["spec"]["replicas"], 2)

    def all_rights(self, namespace):
        """Without any right nothing can be written, not even the condition; the log says so."""
        self.revoked()
        self.kubectl("delete", "clusterrolebinding", "todo-controller")
        known = len(self.bed.operator.lines())
        self.patch(namespace, {"services": {"api": {"replicas": 3}}})
        wait_for("the log tells that rights are missing", lambda: [
            line for line in self.bed.operator.lines()[known:] if "forbidden" in line.lower()], 10)
        self.assertTrue(self.bed.operator.is_running)
        self.granted()
        begin = time.monotonic()
        self.wait_ready(namespace, seconds=30)
        say(f"all rights given back: healed in {time.monotonic() - begin:.1f} s")
        self.assertEqual(self.deployments(namespace)["api"]["spec"]["replicas"], 3)

    def from_the_start(self, namespace):
        """An operator that starts without rights is not ready and says why; given them, it comes up by itself."""
        self.revoked()
        self.kubectl("delete", "clusterrolebinding", "todo-controller")
        self.bed.operator.terminate()
        self.bed.operator = self.bed.programs.operator()
        status, text = wait_for("readyz names a missing right", lambda: (
            answer if "the right to " in (answer := self.bed.operator.http("/readyz"))[1] else None), 20)
        self.assertEqual(status, 503)
        self.assertIn("Deployment", text)
        self.assertEqual(self.bed.operator.http("/healthz")[0], 200, "a restart would not help")
        self.patch(namespace, {"services": {"api": {"replicas": 1}}})
        self.granted()
        begin = time.monotonic()
        wait_for(lambda: f"readyz: {self.bed.operator.http('/readyz')[1]}", self.bed.operator.is_ready, 60)
        self.wait_ready(namespace, seconds=60)
        say(f"started without rights, then given: ready in {time.monotonic() - begin:.1f} s")
        self.assertEqual(self.deployments(namespace)["api"]["spec"]["replicas"], 1)


class Credentials(Story):
    """Tokens end and are replaced while the operator runs."""

    def test_10b_tokens_are_replaced_while_it_works(self):
        namespace = self.start_platform()
        self.bed.operator.terminate()
        for how in ("file", "plugin"):
            mark = self.audit.mark()
            self.token("old", how)
            operator = self.bed.programs.operator(kubeconfig=self.kubeconfig(how)).wait_ready()
            self.bed.operator = operator
            wait_for("the operator leads", operator.leads, 40)
            self.corrected(namespace)
            self.token("new", how)
            # The API server knows no more of the old token; it remembers good ones for ten seconds.
            self.kubectl("-n", "todo-system", "delete", "secret", f"old-{how}")
            self.pause(12)
            took = self.corrected(namespace)
            say(f"token from a {how}, replaced: the next drift was corrected after {took:.1f} s")
            self.assertLess(took, 5)
            self.pause(11)
            self.assertTrue(operator.leads(), "the lease was kept all the time")
            refused = len([e for e in self.audit.read()[mark:] if e.code == 401])
            self.assertGreater(refused, 0, "the old token was refused")
            self.assertLess(refused, 10, "and not used again and again")
            self.assertEqual([line for line in operator.lines() if self.secret_token in line], [])
            self.assertLess(operator.terminate(), 5)
        self.bed.operator = self.bed.programs.operator().wait_ready()
        wait_for("the operator leads", self.bed.operator.leads, 40)

    def token(self, name, how):
        """Makes a token that lives as long as the Secret `name`, and puts it where the operator looks for it."""
        secret = json.loads(self.kubectl(
            "-n", "todo-system", "create", "secret", "generic", f"{name}-{how}", "-o", "json"))
        status, answer = self.control_plane.request(
            "POST", "/api/v1/namespaces/todo-system/serviceaccounts/todo-controller/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {
                "audiences": [], "expirationSeconds": 3600,
                "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": f"{name}-{how}",
                                   "uid": secret["metadata"]["uid"]}}})
        self.assertEqual(status, 201, answer)
        self.secret_token = answer["status"]["token"]
        path = os.path.join(self.bed.folder, f"token-{how}")
        with open(path + ".new", "w") as file:
            file.write(self.secret_token)
        os.replace(path + ".new", path)

    def kubeconfig(self, how):
        """A kubeconfig whose user has the token from a file, or from a program that prints it."""
        path = os.path.join(self.bed.folder, f"token-{how}")
        if how == "file":
            user = {"tokenFile": path}
        else:
            credential = ('{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential",'
                          '"status":{"token":"%s"}}')
            user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "/bin/sh",
                             "args": ["-c", f"printf '{credential}' \"$(cat {path})\""]}}
        with open(os.path.join(self.control_plane.folder, "todo-controller.kubeconfig")) as file:
            config = yaml.safe_load(file)
        config["users"][0]["user"] = user
        name = os.path.join(self.bed.folder, f"{how}.kubeconfig")
        with open(name, "w") as file:
            json.dump(config, file)
        return name

    def corrected(self, namespace):
        """Seconds until a Deployment that is deleted now is back."""
        begin = time.monotonic()
        path = self.control_plane.path("apps", "deployments", namespace, "todo-api")
        self.assertEqual(self.control_plane.request("DELETE", path)[0], 200)
        wait_for("todo-api is back", lambda: self.control_plane.get(path), 60, pause=0.02)
        return time.monotonic() - begin


class Namespaces(Story):
    """A namespace goes with the platform in it."""

    def test_11_a_namespace_is_deleted(self):
        policy = {"topics": "delete", "data": "delete"}
        plain = self.start_platform({"messaging": REDIS}, namespace="story-11-plain")
        ordered = self.start_platform({"deletion": policy}, namespace="story-11-ordered")
        self.kubectl("delete", "namespace", plain, ordered, "--wait=false")
        wait_for("the namespace with a platform on Redis is gone",
                 lambda: self.control_plane.get(f"/api/v1/namespaces/{plain}") is None, 40)

        def settled():
            """Gone, or a condition names what is in the way: Kafka may go before the topics that it has to let go."""
            platform = self.platform(ordered)
            blocked = self.condition(ordered, "DeletionBlocked")
            return platform is None or (blocked.get("status") == "True" and "KafkaTopic" in blocked["message"])
        wait_for(lambda: f"the other platform is gone or says why not: {self.why(ordered)}", settled, 40)
        if self.platform(ordered) is not None:
            say(self.condition(ordered, "DeletionBlocked")["message"])
        # What Strimzi's documentation tells people to do with topics whose Kafka is gone.
        for topic in self.control_plane.list("kafka.strimzi.io", "kafkatopics", ordered):
            self.control_plane.try_kubectl("-n", ordered, "patch", "kafkatopics", topic["metadata"]["name"],
                                           "--type=merge", '-p={"metadata":{"finalizers":null}}')
        wait_for("the other namespace is gone, too",
                 lambda: self.control_plane.get(f"/api/v1/namespaces/{ordered}") is None, 60)
        self.namespaces.clear()
        for line in self.bed.operator.lines():
            self.assertNotIn("Fatal", line)

    def test_11b_it_keeps_to_the_namespaces_that_it_is_told(self):
        names = [f"story-11b-{word}" for word in ("one", "two", "other")]
        for namespace in names:
            self.namespace(namespace)
            self.secrets(namespace)
        self.bed.operator.terminate()
        self.bed.without_rights.append([time.time(), float("inf")])
        self.kubectl("delete", "clusterrolebinding", "todo-controller")
        for namespace in names[:2]:
            self.kubectl("-n", namespace, "create", "rolebinding", "todo-controller", "--clusterrole=todo-controller",
                         "--serviceaccount=todo-system:todo-controller")
        try:
            for watched in (names[:1], names[:2]):
                self.keeps_to(watched, names)
        finally:
            self.control_plane.grant()
            self.pause(0.2)
            self.bed.without_rights[-1][1] = time.time()
            self.bed.operator.terminate()
            self.bed.operator = self.bed.programs.operator().wait_ready()
            wait_for("the operator leads", self.bed.operator.leads, 40)
        self.wait_ready(names[2])

    def keeps_to(self, watched, names):
        """An operator for `watched` sees to the platforms there and asks for nothing elsewhere."""
        mark = self.audit.mark()
        self.bed.operator = self.bed.programs.operator(environment={"WATCH_NAMESPACE": ",".join(watched)}).wait_ready()
        wait_for("the operator leads", self.bed.operator.leads, 40)
        for namespace in names:
            self.apply(namespace, {"messaging": REDIS, "services": {"api": {"replicas": len(watched)}}})
        for namespace in watched:
            self.wait_ready(namespace)
        asked = [e for e in self.audit.since(mark, is_operator=True)
                 if e.namespace not in [*watched, "todo-system"] and e.resource and
                 e.resource != "customresourcedefinitions"]
        self.assertEqual(asked, [], "asked for something outside of its namespaces")
        for namespace in set(names) - set(watched):
            self.assertEqual(self.platform(namespace)["status"]["observedGeneration"], -1, namespace)
        self.bed.operator.terminate()
        say(f"WATCH_NAMESPACE={','.join(watched)}: kept to")
