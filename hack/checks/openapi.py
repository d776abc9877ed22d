#!/usr/bin/env python3
"""The API against its own description: schemathesis makes requests out of /openapi.json, good and bad ones, and looks whether
answers are as described, whether what is wrong is refused, and whether anything fails.

    hack/checks/openapi.py [--seconds 45] [--seed N] [ARGUMENT…]     further arguments go to schemathesis

Starts the services on LocalDapr, with SQLite, from the binaries that `swift build` left (TODO_TEST_BINARIES names others).
The path's user is always the token's: other users' ids are refused before anything else is looked at, which has tests of
its own.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "hack/lib"))
sys.dont_write_bytecode = True

from services.platform import Platform  # noqa: E402
from services.postgres import free_port  # noqa: E402

USER = "user-7"


def main():
    arguments = argparse.ArgumentParser(description="The API against its own description.")
    arguments.add_argument("--seconds", type=int, default=45)
    arguments.add_argument("--seed", type=int, default=1)
    chosen, more = arguments.parse_known_args()
    binaries = os.environ.get("TODO_TEST_BINARIES") or subprocess.run(
        ["swift", "build", "--show-bin-path"], cwd=ROOT, text=True, check=True, stdout=subprocess.PIPE).stdout.strip()
    folder = tempfile.mkdtemp(prefix="todo-openapi-")
    platform = Platform(folder, binaries, "sqlite", free_port(), free_port())
    good = False
    try:
        platform.start()
        # Some tasks, so that there is something to list, read and change: 1 to 5.
        call = platform.client(USER)
        for number in range(1, 6):
            answer = call("POST", "tasks", {"title": f"Task {number}", "due_at": "2030-01-31T09:00:00Z", "tags": ["work"],
                                            "recurring_pattern": "monthly", "reminder_offset_minutes": 30})
            if answer.status != 201:
                sys.exit(f"openapi: a task could not be created: {answer}")
        with open(os.path.join(folder, "schemathesis.toml"), "w") as stream:
            # A well-formed If-Match that names another version is answered with 412, which no description can foresee.
            stream.write(f'''[parameters]
"path.user_id" = "{USER}"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "429"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429"]
''')
        command = [os.path.join(os.path.dirname(sys.executable), "st"), "--config-file",
                   os.path.join(folder, "schemathesis.toml"), "run", platform.api + "/openapi.json", "--header",
                   f"Authorization: Bearer {platform.token(USER)}", "--max-time", str(chosen.seconds), "--seed",
                   str(chosen.seed), "--phases", "examples,coverage,fuzzing", "--checks", "all",
                   "--request-timeout", "10", "--suppress-health-check", "all", "--generation-database", "none", *more]
        done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        good = done.returncode == 0
        lines = done.stdout.splitlines()
        print("\n".join(lines[-12:] if good else lines[-150:]))
        ended = [name for name, program in platform.processes.items() if not program.is_running]
        if ended:
            print(f"openapi: ended on the way: {', '.join(ended)}")
            good = False
    finally:
        platform.stop()
        if good:
            shutil.rmtree(folder)
        else:
            print(f"openapi: logs stay in {folder}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
