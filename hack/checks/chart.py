#!/usr/bin/env python3
"""Holds the Helm chart against config/: what both install must be the same, object by object.

    hack/checks/chart.py            says what is wrong and exits with 1, or 0
    hack/checks/chart.py --update   brings the chart's copies of generated and shared files up to date, then checks

What the chart has from elsewhere must be there letter by letter. With helm on the PATH it is rendered as well: without
values it must equal "kubectl kustomize config/default", with those of a production cluster config/overlays/production;
every value of values.yaml has a case below that shows what it does; every object must pass the schemas of Kubernetes 1.28
to the newest; and what values.schema.json forbids must be refused. Needs kubectl, and `pip install
kubernetes-validate==1.37.0 pyyaml`.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import builtin_kinds  # noqa: E402
import jsonschema  # noqa: E402
import yaml  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/todo-platform-operator"
# Copies and no links: Flux leaves links out of what it takes from a repository, and says nothing.
COPIES = {
    "files/custom-resource-definition.yaml": "crds/todoplatform.dev_todoplatforms.yaml",
    "files/cluster-role.yaml": "config/rbac/cluster-role.yaml",
    "files/role.yaml": "config/rbac/role.yaml",
}
RELEASE, NAMESPACE = "todo-controller", "todo-system"
# Helm makes the namespace (--create-namespace); in a chart it would be deleted with the release that is kept in it.
NOT_IN_CHART = {"Namespace"}
# Of the overlay, what is not the operator's.
PLATFORM = {"Namespace", "TodoPlatform"}
DIGEST = "sha256:" + "0123456789abcdef" * 4
POD = "spec.template.spec"
OPERATOR = f"{POD}.containers.0"
DEPLOYMENT, SERVICE = "Deployment/todo-controller", "Service/todo-controller-metrics"
SELECTOR = {
    "app.kubernetes.io/name": "todo-controller",
    "app.kubernetes.io/instance": RELEASE,
    "app.kubernetes.io/component": "operator",
}
SPREAD = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
TOLERATION = {"key": "infra", "operator": "Exists", "effect": "NoSchedule"}
ZONES = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a", "b"]}]}]}}}
PEERS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
CRD = "CustomResourceDefinition/todoplatforms.todoplatform.dev"

PRODUCTION = {"replicas": 2, "topologySpreadConstraints": [SPREAD], "podDisruptionBudget": {"enabled": True}}

# What is set, and what must then be where: (KIND/NAME, path, value). Without a path: whether the object is there.
CASES = [
    ({"image": {"registry": "registry.example.com", "repository": "team/operator", "tag": "1.2.3", "pullPolicy": "Always",
                "pullSecrets": [{"name": "registry"}]}},
     [(DEPLOYMENT, f"{OPERATOR}.image", "registry.example.com/team/operator:1.2.3"),
      (DEPLOYMENT, f"{OPERATOR}.imagePullPolicy", "Always"),
      (DEPLOYMENT, f"{POD}.imagePullSecrets", [{"name": "registry"}])]),
    ({"image": {"registry": "", "tag": "1.2.3", "digest": DIGEST}},
     [(DEPLOYMENT, f"{OPERATOR}.image", f"todo-platform/todo-controller@{DIGEST}")]),
    ({"replicas": 3, "podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%"}},
     [(DEPLOYMENT, "spec.replicas", 3), ("PodDisruptionBudget/todo-controller", "spec.maxUnavailable", "50%"),
      ("PodDisruptionBudget/todo-controller", "spec.selector.matchLabels", SELECTOR)]),
    ({"watchNamespaces": ["shop"]},
     [(DEPLOYMENT, f"{OPERATOR}.env.0", {"name": "WATCH_NAMESPACE", "value": "shop"}),
      ("RoleBinding/shop/todo-controller", "roleRef.kind", "ClusterRole"),
      ("ClusterRoleBinding/todo-controller", None, False),
      ("ClusterRoleBinding/todo-controller-discovery", None, True)]),
    ({"watchNamespaces": ["shop", "staging"]},
     [(DEPLOYMENT, f"{OPERATOR}.env.0", {"name": "WATCH_NAMESPACE", "value": "shop,staging"}),
      ("RoleBinding/shop/todo-controller", None, True), ("RoleBinding/staging/todo-controller", None, True)]),
    ({"logLevel": "debug"}, [(DEPLOYMENT, f"{OPERATOR}.args.1", "--log-level=debug")]),
    ({"crds": {"enabled": True, "keep": True}},
     [(CRD, "metadata.annotations", {"helm.sh/resource-policy": "keep"})]),
    ({"crds": {"enabled": True, "keep": False}}, [(CRD, None, True), (CRD, "metadata.annotations", None)]),
    ({"crds": {"enabled": False}}, [(CRD, None, False)]),
    ({"serviceAccount": {"name": "runner", "annotations": {"example.com/role": "todo"}}},
     [("ServiceAccount/runner", "metadata.annotations", {"example.com/role": "todo"}),
      (DEPLOYMENT, f"{POD}.serviceAccountName", "runner"),
      ("ClusterRoleBinding/todo-controller", "subjects.0.name", "runner")]),
    ({"serviceAccount": {"create": False, "name": "present"}},
     [("ServiceAccount/present", None, False), (DEPLOYMENT, f"{POD}.serviceAccountName", "present")]),
    ({"resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}},
     [(DEPLOYMENT, f"{OPERATOR}.resources",
       {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}})]),
    ({"podAnnotations": {"example.com/a": "1"}, "podLabels": {"team": "todo"}},
     [(DEPLOYMENT, "spec.template.metadata.annotations",
       {"kubectl.kubernetes.io/default-container": "operator", "example.com/a": "1"}),
      (DEPLOYMENT, "spec.template.metadata.labels.team", "todo"), (DEPLOYMENT, "spec.selector.matchLabels", SELECTOR)]),
    ({"nodeSelector": {"kubernetes.io/arch": "arm64"}, "tolerations": [TOLERATION], "affinity": ZONES,
      "topologySpreadConstraints": [SPREAD, {**SPREAD, "labelSelector": {"matchLabels": {"a": "b"}}}],
      "priorityClassName": "system-cluster-critical"},
     [(DEPLOYMENT, f"{POD}.nodeSelector", {"kubernetes.io/arch": "arm64"}),
      (DEPLOYMENT, f"{POD}.tolerations", [TOLERATION]), (DEPLOYMENT, f"{POD}.affinity", ZONES),
      (DEPLOYMENT, f"{POD}.topologySpreadConstraints.0", {**SPREAD, "labelSelector": {"matchLabels": SELECTOR}}),
      (DEPLOYMENT, f"{POD}.topologySpreadConstraints.1.labelSelector.matchLabels", {"a": "b"}),
      (DEPLOYMENT, f"{POD}.priorityClassName", "system-cluster-critical")]),
    # null takes a default away: on OpenShift the platform chooses the user.
    ({"podSecurityContext": {"runAsUser": None, "runAsGroup": None, "runAsNonRoot": True,
                             "seccompProfile": {"type": "Localhost", "localhostProfile": "todo.json"}},
      "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                          "capabilities": {"drop": ["NET_RAW"]}}},
     [(DEPLOYMENT, f"{POD}.securityContext",
       {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost", "localhostProfile": "todo.json"}}),
      (DEPLOYMENT, f"{OPERATOR}.securityContext.capabilities", {"drop": ["NET_RAW"]})]),
    ({"serviceMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}}},
     [("ServiceMonitor/todo-controller", "spec.endpoints.0.interval", "15s"),
      ("ServiceMonitor/todo-controller", "metadata.labels.release", "prometheus"),
      (SERVICE, "metadata.annotations", None)]),
    ({"networkPolicy": {"enabled": True, "metricsFrom": PEERS, "apiServerPorts": [16443]}},
     [("NetworkPolicy/todo-controller", "spec.ingress", [{"ports": [{"port": "http", "protocol": "TCP"}], "from": PEERS}]),
      ("NetworkPolicy/todo-controller", "spec.podSelector.matchLabels", SELECTOR),
      ("NetworkPolicy/todo-controller", "spec.egress.0.ports.0.port", 16443)]),
    ({"networkPolicy": {"enabled": True}},
     [("NetworkPolicy/todo-controller", "spec.ingress", [{"ports": [{"port": "http", "protocol": "TCP"}]}])]),
    ({"fullnameOverride": "todo-operator"},
     [("Deployment/todo-operator", None, True), ("ClusterRole/todo-operator-discovery", None, True),
      ("Role/todo-operator-leader-election", None, True), ("Service/todo-operator-metrics", None, True)]),
]

REFUSED = [
    {"replicas": -1}, {"replicas": "two"}, {"logLevel": "loud"}, {"watchNamespaces": "shop"}, {"watchNamespaces": ["Shop"]},
    {"image": {"digest": "latest"}}, {"image": {"tag": 1.0}}, {"image": {"pullPolicy": "Sometimes"}}, {"replica": 2},
    {"image": {"name": "x"}}, {"podLabels": {"app.kubernetes.io/name": "x"}}, {"serviceMonitor": {"interval": "soon"}},
    {"networkPolicy": {"apiServerPorts": [0]}}, {"crds": {"enabled": "no"}}, {"topologySpreadConstraints": [{"maxSkew": 1}]},
]


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe, and reads a plain `=` as text."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def named(documents):
    """KIND/NAME, or KIND/NAMESPACE/NAME where that is not the operator's namespace -> object."""
    objects = {}
    for document in documents:
        if document:
            where = document["metadata"].get("namespace")
            place = [] if where in (None, NAMESPACE) else [where]
            objects["/".join([document["kind"], *place, document["metadata"]["name"]])] = document
    return objects


def rendered(values, release=RELEASE):
    """What helm makes of the chart with these values; its complaint, as a text, where it refuses them."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(values, file)
        file.flush()
        answer = run("helm", "template", release, CHART, "--namespace", NAMESPACE, "--values", file.name)
    if answer.returncode:
        return answer.stderr.strip()
    return named(yaml.load_all(answer.stdout, Loader=Loader))


def kustomized(folder):
    answer = run("kubectl", "kustomize", ROOT / folder)
    if answer.returncode:
        sys.exit(f"kubectl kustomize {folder}: {answer.stderr.strip()}")
    return named(yaml.load_all(answer.stdout, Loader=Loader))


def without_helms_own(document):
    metadata = dict(document["metadata"])
    for field in ("labels", "annotations"):
        kept = {name: value for name, value in metadata.get(field, {}).items()
                if not name.startswith("helm.sh/") and (name, value) != ("app.kubernetes.io/managed-by", "Helm")}
        metadata.pop(field, None)
        if kept:
            metadata[field] = kept
    return {**document, "metadata": metadata}


def differences(left, right, path=""):
    """Where two values differ, as texts."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            yield from differences(left.get(name), right.get(name), f"{path}.{name}" if path else name)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, pair in enumerate(zip(left, right)):
            yield from differences(*pair, f"{path}[{index}]")
    elif left != right:
        yield f"{path}: the chart has {json.dumps(left)}, config has {json.dumps(right)}"


def compared(chart, config):
    for name in sorted(chart.keys() | config.keys()):
        if name not in chart:
            yield f"{name}: in config only"
        elif name not in config:
            yield f"{name}: in the chart only"
        else:
            for difference in differences(without_helms_own(chart[name]), config[name]):
                yield f"{name}: {difference}"


def at(value, path):
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def unmet(objects, expectations):
    for name, path, expected in expectations:
        if path is None:
            if (name in objects) != expected:
                yield f"{name} should {'' if expected else 'not '}be there"
        elif at(objects.get(name), path) != expected:
            yield f"{name}: {path} is {json.dumps(at(objects.get(name), path))}, not {json.dumps(expected)}"


def loose_ends(objects):
    """What names something that is not there."""
    deployment = next(document for document in objects.values() if document["kind"] == "Deployment")
    labels = at(deployment, "spec.template.metadata.labels")
    account = at(deployment, f"{POD}.serviceAccountName")
    for name, document in objects.items():
        selector = {"Deployment": "spec.selector.matchLabels", "Service": "spec.selector"}.get(document["kind"])
        if selector and not at(document, selector).items() <= labels.items():
            yield f"{name}: selects other pods than the operator's"
        if document["kind"].endswith("Binding"):
            if f"{document['roleRef']['kind']}/{document['roleRef']['name']}" not in objects:
                yield f"{name}: no {document['roleRef']['kind']} {document['roleRef']['name']}"
            if document["subjects"] != [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]:
                yield f"{name}: binds somebody else than the operator"


def strict(schema):
    """The schema of a definition, with fields that it does not name forbidden."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: strict(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result


def monitor_validator():
    file = ROOT / "Tests/Data/crds/prometheus-operator/monitoring.coreos.com_servicemonitors.yaml"
    schema = yaml.load(file.read_text(), Loader=Loader)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return jsonschema.validators.Draft202012Validator(strict(schema))


class Schemas:
    """Validates each distinct object once by every Kubernetes version."""

    def __init__(self):
        self.versions = [name for number, name in builtin_kinds.versions() if number >= builtin_kinds.OLDEST]
        self.monitors = monitor_validator()
        self.seen = set()

    def problems(self, name, document):
        text = json.dumps(document, sort_keys=True)
        if text in self.seen:
            return
        self.seen.add(text)
        if document["kind"] == "ServiceMonitor":
            yield from (f"{name}: {error.json_path}: {error.message}" for error in self.monitors.iter_errors(document))
        elif builtin_kinds.is_builtin(document):
            for version in self.versions:
                for problem in builtin_kinds.problems(document, version):
                    yield f"{name}, Kubernetes {version}: {problem}"


def leaves(values, path=""):
    """Every value of values.yaml that can be set."""
    for name, value in values.items():
        inner = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value and name != "resources":
            yield from leaves(value, inner)
        else:
            yield inner


def copies(update):
    for copy, original in COPIES.items():
        text = (ROOT / original).read_bytes()
        if update:
            (CHART / copy).write_bytes(text)
        elif not (CHART / copy).exists() or (CHART / copy).read_bytes() != text:
            yield f"{copy} is not {original}: run hack/checks/chart.py --update"


def versions():
    """The chart installs the operator of this tree."""
    expected = re.search(r'operatorVersion = "([^"]+)"',
                         (ROOT / "Sources/Controller/todo-controller/Version.swift").read_text())[1]
    found = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    if found != expected:
        yield f"Chart.yaml: appVersion is {found}, the operator's version {expected}"


def renderings():
    schemas = Schemas()
    lint = run("helm", "lint", "--strict", CHART)
    if lint.returncode:
        yield f"helm lint: {lint.stdout}{lint.stderr}"

    compositions = [({}, "config/default", NOT_IN_CHART), (PRODUCTION, "config/overlays/production", PLATFORM)]
    for values, folder, left_out in compositions:
        config = {name: document for name, document in kustomized(folder).items() if document["kind"] not in left_out}
        chart = rendered(values)
        if isinstance(chart, str):
            yield f"{folder}: {chart}"
            return
        found = list(compared(chart, config))
        yield from (f"{folder}: {difference}" for difference in found)
        print(f"{folder}: {len(config)} objects, {len(found)} differences")

    untried = set(leaves(yaml.safe_load((CHART / "values.yaml").read_text())))
    for values, expectations in CASES:
        tried = [f"{path}." for path in leaves(values)]
        untried = {path for path in untried if not any(other.startswith(f"{path}.") for other in tried)}
        objects = rendered({**values, "crds": values.get("crds", {"enabled": False})})
        if isinstance(objects, str):
            yield f"{json.dumps(values)}: {objects}"
            continue
        problems = [*unmet(objects, expectations), *loose_ends(objects)]
        problems += [problem for name, document in objects.items() for problem in schemas.problems(name, document)]
        yield from (f"{json.dumps(values)}: {problem}" for problem in problems)
    yield from (f"values.yaml: no case of this check sets {path}" for path in sorted(untried))

    other = rendered({"crds": {"enabled": False}}, release="other")
    alien = [name for name in other if not name.split("/")[-1].startswith("other-todo-controller")]
    yield from (f"release other: {name} would be in the way of another release" for name in alien)
    yield from (f"release other: {problem}" for problem in loose_ends(other))

    for values in REFUSED:
        if not isinstance(rendered(values), str):
            yield f"{json.dumps(values)} is taken, and should be refused"
    print(f"{len(CASES)} sets of values, {len(schemas.seen)} distinct objects by Kubernetes {schemas.versions[0]} to "
          f"{schemas.versions[-1]}, {len(REFUSED)} mistakes refused")


def main(arguments):
    if arguments not in ([], ["--update"]):
        sys.exit(__doc__)
    mistakes = [*copies(update=bool(arguments)), *versions()]
    if shutil.which("helm"):
        mistakes += renderings()
    else:
        print("SKIPPED: what the chart renders. There is no helm on the PATH; its copies of other files were compared.")
    for mistake in mistakes:
        print(mistake)
    print(f"{len(mistakes)} mistakes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
