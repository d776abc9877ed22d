#!/usr/bin/env python3
"""Validates the built-in Kubernetes kinds of the golden files by the schemas of Kubernetes itself, 1.28 to the newest.

    hack/checks/builtin_kinds.py [FOLDER]

Schemas are strict: a field that a version does not know is a mistake. The file for old clusters is held against the last
version that still served what it uses. Needs `pip install kubernetes-validate==1.37.0 pyyaml`. Says what is wrong and
exits with 1, or 0.
"""
import functools
import pathlib
import re
import sys

import jsonschema
import yaml
from kubernetes_validate import utils
from referencing import Registry, Resource

ROOT = pathlib.Path(__file__).resolve().parents[2]
OLDEST = (1, 28)
OLD_CLUSTER = "old-cluster.yaml"
# The last version with autoscaling/v2beta2.
LAST_OLD = (1, 25)
# policy/v1beta1 is gone from all schemas; what we write of it is equal in policy/v1.
RENAMED = {"policy/v1beta1": "policy/v1"}


class StringLoader(yaml.SafeLoader):
    """Safe, and reads a plain `=` as text."""


StringLoader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))


def versions():
    """Every version that the package knows, as (major, minor) and the package's own spelling."""
    names = {re.sub(r"-.*", "", name) for name in utils.all_versions()}
    return sorted(((tuple(int(part) for part in name.split(".")[:2]), name) for name in names))


def is_builtin(document):
    group = document["apiVersion"].rpartition("/")[0]
    return "." not in group or (group.endswith(".k8s.io") and group != "gateway.networking.k8s.io")


@functools.lru_cache(maxsize=None)
def definitions(version):
    folder = f"kubernetes-json-schema/v{version}-local-strict"
    return Resource.from_contents(utils.schema_contents(f"{folder}/_definitions.json", version))


@functools.lru_cache(maxsize=None)
def validator(version, kind, api_version):
    group_version = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    path = f"kubernetes-json-schema/v{version}-local-strict/{kind.lower()}-{group_version}.json"
    schema = utils.schema_contents(path, version)
    registry = definitions(version) @ (Resource.from_contents(schema) @ Registry())
    return jsonschema.validators.Draft202012Validator(schema, registry=registry)


def problems(document, version):
    api_version = RENAMED.get(document["apiVersion"], document["apiVersion"])
    document = dict(document, apiVersion=api_version)
    try:
        found = validator(version, document["kind"], api_version).iter_errors(document)
    except FileNotFoundError:
        return [f"{api_version} {document['kind']} is not served"]
    return [f"{'.'.join(str(part) for part in error.path)}: {error.message}" for error in found]


def main(folder):
    files = sorted(folder.glob("*.yaml"))
    known = versions()
    current = [name for number, name in known if number >= OLDEST]
    old = [name for number, name in known if number == LAST_OLD]
    if not (files and current and old):
        sys.exit(f"no golden files in {folder}, or no schemas of the versions that they are for")
    checked, mistakes, seen = 0, [], set()
    for file in files:
        for document in yaml.load_all(file.read_text(), Loader=StringLoader):
            if not document or not is_builtin(document):
                continue
            spelled = yaml.safe_dump(document, sort_keys=True)
            if spelled in seen:
                continue
            seen.add(spelled)
            for version in old if file.name == OLD_CLUSTER else current:
                checked += 1
                for problem in problems(document, version):
                    where = f"{file.name}: {document['kind']} {document['metadata']['name']}, Kubernetes {version}"
                    mistakes.append(f"{where}: {problem}")
    for mistake in mistakes:
        print(mistake)
    print(f"{len(seen)} objects of built-in kinds, {checked} validations by Kubernetes "
          f"{current[0]} to {current[-1]}, {len(mistakes)} mistakes")
    return 1 if mistakes or not checked else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "Tests/PlatformPlanTests/Golden"))
