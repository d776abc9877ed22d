"""The programs that make up a running platform: where they are, how they are built, and how long they live."""

import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


def say(text):
    """One line for whoever watches."""
    print(text, file=sys.stderr, flush=True)


def binaries(release=False):
    """The folder with todo-services, local-dapr and todoctl, built now. TODO_TEST_BINARIES names one that is used as it is."""
    given = os.environ.get("TODO_TEST_BINARIES")
    if given:
        return given
    subprocess.run([ROOT / "hack/bootstrap"], check=True)
    # A release build is as in the image: with the Swift runtime inside.
    configuration = ["--configuration", "release", "--static-swift-stdlib"] if release else ["--configuration", "debug"]
    for product in ("todoctl", "local-dapr", "todo-services"):
        start = time.monotonic()
        say(f"  … build {product}" + (" (the first release build takes 10 to 20 minutes)" if release else ""))
        done = subprocess.run(["swift", "build", *configuration, "--product", product], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            sys.exit(f"{done.stdout[-4000:]}\n{product} does not build; the lines above are the end of it")
        say(f"  ✓ {product} ({time.monotonic() - start:.0f} s)")
    return subprocess.run(["swift", "build", *configuration, "--show-bin-path"], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE).stdout.strip()


class Program:
    """One process in a group of its own, with its output in a log."""

    def __init__(self, name, command, log, environment=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.environment = environment
        self.process = None
        # How it ended when nobody had asked it to: exit codes, or numbers of signals as negatives.
        self.ends = []
        # How often it did not end in time.
        self.hangs = 0
        self.is_asked_to_end = False

    def note_end(self):
        """If it has ended by itself, that is written down."""
        if self.process is not None and not self.is_running and not self.is_asked_to_end:
            self.ends.append(self.process.returncode)
            self.is_asked_to_end = True

    def start(self):
        self.note_end()
        self.is_asked_to_end = False
        environment = {**os.environ, **(self.environment or {})}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=environment, start_new_session=True)
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9."""
        if self.is_running:
            self.is_asked_to_end = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM, and in the end SIGKILL. Returns whether it ended by itself."""
        if not self.is_running:
            return True
        self.is_asked_to_end = True
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            self.hangs += 1
            self.kill()
            return False

    def tail(self, count=2000):
        with open(self.log, errors="replace") as log:
            return log.read()[-count:]
