"""The programs as processes: the operator, and the stand-ins for controllers that a bare API server lacks."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from .control_plane import wait_for


class Program:
    """A process of ours whose log is a file."""

    def __init__(self, command, log, environment=None):
        self.log = log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                            env={**os.environ, **(environment or {})})

    @property
    def is_running(self):
        """Whether the process lives."""
        return self.process.poll() is None

    def kill(self):
        """kill -9: no chance to clean up."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """SIGTERM; returns after how many seconds it ended."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - begin

    def lines(self):
        """The log, line by line; a line that a kill cut off is left out."""
        with open(self.log, encoding="utf-8") as file:
            return [line for line in file.read().split("\n")[:-1]]


class Operator(Program):
    """todo-controller with the rights of its service account."""

    def __init__(self, binary, kubeconfig, log, *options, environment=None):
        super().__init__([binary, "--kubeconfig", kubeconfig, "--operator-namespace", "todo-system",
                          "--listen", "127.0.0.1:0", *options], log, environment)
        self._port = None

    @property
    def port(self):
        """Where probes and metrics are; the operator takes a free port and logs it."""
        def listening():
            if not self.is_running:
                raise AssertionError(f"the operator ended with status {self.process.returncode}; its log: {self.log}")
            for line in self.lines():
                if "serving probes and metrics" in line:
                    return int(json.loads(line)["port"])
        if self._port is None:
            self._port = wait_for("the operator listens", listening, 20)
        return self._port

    def http(self, path, method="GET", body=None):
        """Status and text of an answer of its own endpoints."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body and body.encode(), method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def is_ready(self):
        """Whether /readyz says so."""
        return self.http("/readyz")[0] == 200

    def wait_ready(self, seconds=30):
        """Waits until the caches are complete."""
        wait_for(lambda: f"readyz: {self.http('/readyz')[1]}", self.is_ready, seconds)
        return self

    def leads(self):
        """Whether it holds the lease."""
        return 'leader_election_master_status{name="todo-controller"} 1' in self.http("/metrics")[1]


class Programs:
    """Starts them, numbers their logs, and ends them all at last."""

    def __init__(self, binaries, control_plane, folder):
        self.binaries = binaries
        self.folder = folder
        self.control_plane = control_plane
        self.started = []

    def stand_ins(self):
        """The stand-ins, as a cluster admin."""
        log = os.path.join(self.folder, "stand-ins.log")
        program = Program([os.path.join(self.binaries, "cluster-stand-ins"), "--kubeconfig",
                           self.control_plane.kubeconfig, "--latency", "20"], log)
        self.started.append(program)
        return program

    def operator(self, *options, kubeconfig=None, environment=None):
        """One more operator, with the static token of its service account unless `kubeconfig` says otherwise."""
        log = os.path.join(self.folder, f"operator-{len(self.started)}.log")
        kubeconfig = kubeconfig or os.path.join(self.control_plane.folder, "todo-controller.kubeconfig")
        program = Operator(os.path.join(self.binaries, "todo-controller"), kubeconfig, log, *options,
                           environment=environment)
        self.started.append(program)
        return program

    def operators(self):
        """Every operator that was ever started."""
        return [program for program in self.started if isinstance(program, Operator)]

    def stop(self):
        """Ends what still runs."""
        for program in self.started:
            if program.is_running:
                program.kill()
