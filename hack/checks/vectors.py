#!/usr/bin/env python3
"""hack/vectors does what it says: files that fit pass, and one that does not is told of, vector by vector.

    hack/checks/vectors.py

Runs the repository's files of vectors, then the same with one expectation changed: that one must be named, with what was
expected and what came, and the status be 1; 2 for what is no file of vectors. TODO_TEST_BINARIES names a folder with the
program, which is then not built.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {
    "recurrence": ROOT / "Tests/TaskDomainTests/Recurrence/Data/recurrence-vectors.json",
    "quick-add": ROOT / "Tests/QuickAddTests/Data/quick-add-vectors.json",
}


def run(kind, file):
    built = os.environ.get("TODO_TEST_BINARIES")
    program = pathlib.Path(built) / "domain-vectors" if built else ROOT / "hack/vectors"
    done = subprocess.run([program, kind, file], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    return done.returncode, done.stdout.splitlines()


def spoil(value):
    """The first text or number in it, changed. Returns what it is now."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, (dict, list)):
            changed = spoil(item)
            if changed is not None:
                return changed
        elif isinstance(item, str):
            value[key] = "something else entirely"
            return value[key]
    return None


def check(kind, file, problems):
    status, lines = run(kind, file)
    if status != 0 or len(lines) != 1:
        problems.append(f"{kind}: status {status}, {lines[:3]}")
    document = json.loads(file.read_text())
    vector = document["vectors"][0]
    spoil(vector["expected"])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as changed:
        json.dump(document, changed)
        changed.flush()
        status, lines = run(kind, changed.name)
    if status != 1 or len(lines) != 2 or vector["id"] not in lines[0] or "something else entirely" not in lines[0]:
        problems.append(f"{kind}, one expectation changed: status {status}, {lines[:3]}")
    status, _ = run(kind, ROOT / "README.md")
    if status != 2:
        problems.append(f"{kind}, no vectors at all: status {status}")


def main():
    problems = []
    for kind, file in FILES.items():
        check(kind, file, problems)
    print("\n".join(problems) or f"{' and '.join(FILES)}: as hack/vectors says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
