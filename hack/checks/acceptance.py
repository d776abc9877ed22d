#!/usr/bin/env python3
"""The acceptance tests: what a user does with kubectl on a real API server, one test for each story.

    hack/checks/acceptance.py [WORD…]      only the stories whose names hold one of the words, for instance 03

Builds the operator, starts a control plane of its own (hack/test-cluster), runs the operator with the rights of
config/rbac and its service account, and stand-ins for the controllers that a bare API server lacks. Needs kubectl and
PyYAML. What it looks at is the state of the cluster, the operator's own endpoints and log, and the audit log.

TODO_TEST_ASSETS            the API server (hack/test-apiserver prints it); without it nothing is run
TODO_TEST_SEED              repeats the chances of an earlier run
TODO_TEST_IDLE_SECONDS      how long the idle operator is watched; 60
TODO_TEST_BINARIES          a folder with the programs, which are then not built
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binaries():
    """The folder with the debug binaries, built now."""
    given = os.environ.get("TODO_TEST_BINARIES")
    if given:
        return given
    for product in ("todo-controller", "cluster-stand-ins"):
        done = subprocess.run(["swift", "build", "--product", product], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f"{done.stdout[-4000:]}\nacceptance: {product} does not build; the lines above are the end of it")
    return subprocess.run(["swift", "build", "--show-bin-path"], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE).stdout.strip()


class Result(unittest.TextTestResult):
    """As usual, with the time that each story took."""

    def startTest(self, test):
        self.begin = time.monotonic()
        super().startTest(test)
        self.stream.writeln("")

    def stopTest(self, test):
        self.stream.writeln(f"    {time.monotonic() - self.begin:.1f} s")
        super().stopTest(test)


def main():
    if not os.environ.get("TODO_TEST_ASSETS"):
        print("acceptance: skipped, as TODO_TEST_ASSETS does not say where an API server is (hack/test-apiserver)")
        return 0
    # Here, so that a skip needs nothing. No compiled files in the source tree.
    sys.dont_write_bytecode = True
    from acceptance import stories_daily, stories_trouble, stories_whole
    from acceptance.story import Bed, Story

    words = sys.argv[1:]
    stories = []
    for module in (stories_daily, stories_trouble, stories_whole):
        for group in unittest.defaultTestLoader.loadTestsFromModule(module):
            stories += [s for s in group if not words or any(word in s.id() for word in words)]
    stories.sort(key=lambda story: story._testMethodName)

    programs = binaries()
    folder = tempfile.mkdtemp(prefix="todo-acceptance-")
    Story.bed = Bed(folder, programs)
    try:
        runner = unittest.TextTestRunner(verbosity=2, resultclass=Result)
        result = runner.run(unittest.TestSuite(stories))
    finally:
        Story.bed.close()
    failed = len({str(test) for test, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    if failed:
        print(f"acceptance: the logs of the operator and of the API server stay in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
