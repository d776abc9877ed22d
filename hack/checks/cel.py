#!/usr/bin/env python3
"""Evaluates the CEL rules of the CustomResourceDefinition on fixtures, as the API server does.

    hack/checks/cel.py [CRD] [FIXTURES]

Each file of FIXTURES holds one spec that a rule accepts and one that it refuses, each with the spec before an update if
the rule is about change. Needs `pip install cel-python==0.5.0 pyyaml`. Says what is wrong and exits with 1, or 0.
"""
import copy
import pathlib
import re
import sys

import celpy
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Functions of Kubernetes' CEL environment that cel-python does not bring.
FUNCTIONS = {
    "replace": lambda text, old, new: celpy.celtypes.StringType(str(text).replace(str(old), str(new))),
}


class Rules:
    """Compiles each rule once."""

    def __init__(self):
        self.environment = celpy.Environment()
        self.programs = {}
        self.evaluations = 0

    def holds(self, rule, value, old):
        program = self.programs.get(rule)
        if program is None:
            program = self.environment.program(self.environment.compile(rule), functions=FUNCTIONS)
            self.programs[rule] = program
        self.evaluations += 1
        variables = {"self": celpy.json_to_cel(value)}
        if "oldSelf" in rule:
            variables["oldSelf"] = celpy.json_to_cel(old)
        return bool(program.evaluate(variables))


def with_defaults(schema, value):
    """What the API server makes of a value: defaults filled in, from the outside to the inside."""
    if isinstance(value, dict):
        for name, field in schema.get("properties", {}).items():
            if name not in value and "default" in field:
                value[name] = copy.deepcopy(field["default"])
            if name in value:
                value[name] = with_defaults(field, value[name])
    elif isinstance(value, list):
        return [with_defaults(schema.get("items", {}), item) for item in value]
    return value


def violations(rules, schema, value, old, path):
    """(path, message) of each rule that does not hold in the value or in anything within it."""
    found = []
    for validation in schema.get("x-kubernetes-validations", []):
        # A rule about change runs on an update only, and only where there was a value before.
        if "oldSelf" in validation["rule"] and old is None:
            continue
        if not rules.holds(validation["rule"], value, old):
            found.append((path, validation["message"]))
    if isinstance(value, dict):
        for name, field in schema.get("properties", {}).items():
            if name in value:
                before = old.get(name) if isinstance(old, dict) else None
                found += violations(rules, field, value[name], before, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += violations(rules, schema.get("items", {}), item, None, f"{path}[{index}]")
    return found


def raw_defaults(schema, path):
    """Every default with its schema. The API server checks them before it fills in the defaults within."""
    if "default" in schema:
        yield path, schema, schema["default"]
    for name, field in schema.get("properties", {}).items():
        yield from raw_defaults(field, f"{path}.{name}")
    if "items" in schema:
        yield from raw_defaults(schema["items"], f"{path}[]")


def unknown_fields(schema, path):
    """Fields that a rule names and the schema does not have: the API server would refuse the whole CRD."""
    for validation in schema.get("x-kubernetes-validations", []):
        for chain in re.findall(r"\b(?:self|oldSelf)((?:\.\w+\b(?!\())+)", validation["rule"]):
            place = schema
            for name in chain.split(".")[1:]:
                place = place.get("properties", {}).get(name)
                if place is None:
                    yield f"{path}: no field {chain[1:]}: {validation['rule']}"
                    break
    for name, field in schema.get("properties", {}).items():
        yield from unknown_fields(field, f"{path}.{name}")
    if "items" in schema:
        yield from unknown_fields(schema["items"], f"{path}[]")


def unbounded_texts(schema, path):
    """Rules that make a text of a number: its length is unknown, so that the API server takes the rule's cost for endless
    and refuses the whole CRD."""
    for validation in schema.get("x-kubernetes-validations", []):
        if re.search(r"\bstring\(", validation["rule"]):
            yield f"{path}: string() makes the cost of the rule endless: {validation['rule']}"
    for name, field in schema.get("properties", {}).items():
        yield from unbounded_texts(field, f"{path}.{name}")
    if "items" in schema:
        yield from unbounded_texts(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from unbounded_texts(schema["additionalProperties"], f"{path}{{}}")


def messages(schema):
    for validation in schema.get("x-kubernetes-validations", []):
        yield validation["message"]
    for field in schema.get("properties", {}).values():
        yield from messages(field)
    if "items" in schema:
        yield from messages(schema["items"])


def main(crd, fixtures):
    version = yaml.safe_load(crd.read_text())["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    rules = Rules()
    problems = []
    covered = set()

    def check(name, case, expected):
        old = with_defaults(schema, case["old"]) if "old" in case else None
        found = violations(rules, schema, with_defaults(schema, case["new"]), old, "spec")
        if found != expected:
            problems.append(f"{name}: expected {expected or 'no violation'}, got {found or 'none'}")

    problems += unknown_fields(schema, "spec")
    problems += unbounded_texts(schema, "spec")
    for path, field, default in raw_defaults(schema, "spec"):
        for place, message in violations(rules, field, default, None, path):
            problems.append(f"default of {place}: {message}")
    for file in sorted(fixtures.glob("*.yaml")):
        fixture = yaml.safe_load(file.read_text())
        enforced = fixture.get("cel", True)
        check(f"{file.name}, accepted", fixture["accepted"], [])
        check(f"{file.name}, refused", fixture["refused"], [(fixture["path"], fixture["message"])] if enforced else [])
        if enforced:
            covered.add(fixture["message"])
    for message in sorted(set(messages(schema)) - covered):
        problems.append(f"no fixture for the rule: {message}")

    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(rules.programs)} rules, {len(covered)} fixtures, {rules.evaluations} evaluations: "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    arguments = [pathlib.Path(argument) for argument in sys.argv[1:]]
    defaults = [ROOT / "crds/todoplatform.dev_todoplatforms.yaml", ROOT / "Tests/Data/cel"]
    sys.exit(main(*(arguments + defaults[len(arguments):])))
