#!/usr/bin/env python3
"""Prints CustomResourceDefinitions, one JSON object a line, as a given Kubernetes version can take them.

    hack/lib/crds.py --kubernetes 1.20 Tests/Data/crds crds | kubectl apply --server-side -f -

An old API server refuses schema keywords that are younger than itself. They are left out here, and only they: rules in
CEL are then not enforced, all the rest of the schema is.
"""

import argparse
import json
import pathlib
import re
import sys

import yaml

# Schema keyword -> first Kubernetes version (minor of 1.x) whose API server knows it.
SCHEMA_KEYWORDS = {"x-kubernetes-validations": 23}
# Field of a CRD's version -> the same.
VERSION_FIELDS = {"selectableFields": 30}
# Where a schema holds further schemas. Under the first three the keys are names of the user's, not keywords.
NAMED_SCHEMAS = ("properties", "patternProperties", "definitions")
LISTED_SCHEMAS = ("allOf", "anyOf", "oneOf")
SINGLE_SCHEMAS = ("items", "additionalProperties", "not")


def reduced_schema(schema, minor):
    """The schema without the keywords that API server 1.<minor> does not know."""
    if not isinstance(schema, dict):  # additionalProperties may be a boolean
        return schema
    result = {}
    for key, value in schema.items():
        if SCHEMA_KEYWORDS.get(key, 0) > minor:
            continue
        if key in NAMED_SCHEMAS:
            value = {name: reduced_schema(inner, minor) for name, inner in value.items()}
        elif key in LISTED_SCHEMAS:
            value = [reduced_schema(inner, minor) for inner in value]
        elif key in SINGLE_SCHEMAS:
            value = reduced_schema(value, minor)
        result[key] = value
    return result


def reduced(crd, minor):
    """The CRD as API server 1.<minor> takes it."""
    for version in crd["spec"]["versions"]:
        for field, since in VERSION_FIELDS.items():
            if since > minor:
                version.pop(field, None)
        version["schema"]["openAPIV3Schema"] = reduced_schema(version["schema"]["openAPIV3Schema"], minor)
    return crd


def serving(crd, names):
    """The CRD with its one schema served under these version names; the last of them is the stored one."""
    first = crd["spec"]["versions"][0]
    crd["spec"]["versions"] = [
        {**first, "name": name, "served": True, "storage": name == names[-1]} for name in names
    ]
    return crd


def definitions(paths):
    """All CRDs of the files, and of the YAML files in the folders, by path."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where PyYAML has it
    for path in paths:
        if not path.exists():
            sys.exit(f"crds.py: {path} is not there")
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            for document in yaml.load_all(file.read_text(encoding="utf-8"), loader):
                if document and document.get("kind") == "CustomResourceDefinition":
                    yield document


def minor_version(text):
    match = re.fullmatch(r"v?1\.(\d+)([.+-].*)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no Kubernetes version, write for instance 1.20")
    return int(match[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=pathlib.Path, help="CRD files, or folders with them")
    parser.add_argument("--kubernetes", type=minor_version, default=10_000, metavar="VERSION",
                        help="of the API server; default: the newest, nothing is left out")
    parser.add_argument("--strimzi-version", default="", metavar="VERSION[,VERSION]",
                        help="serve Strimzi's kinds under these versions: v1beta2 as before release 0.49, "
                             "v1,v1beta2 as from 0.49 to 0.51")
    options = parser.parse_args()
    for crd in definitions(options.paths):
        if options.strimzi_version and crd["spec"]["group"] == "kafka.strimzi.io":
            crd = serving(crd, options.strimzi_version.split(","))
        json.dump(reduced(crd, options.kubernetes), sys.stdout, separators=(",", ":"))
        print()


if __name__ == "__main__":
    main()
