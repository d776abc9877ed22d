"""A PostgreSQL server of our own: in a folder, on a free port, ended with whoever started it."""

import glob
import hashlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time


# Between the values of a row; no text that we store holds it.
SEPARATOR = "\x1f"


def binaries():
    """The folder with initdb, postgres and psql; None where PostgreSQL is not installed."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda name: int(name.split("/")[4]), reverse=True)
    for folder in folders + [os.path.dirname(shutil.which("postgres") or "")]:
        if folder and os.path.exists(os.path.join(folder, "initdb")):
            return folder
    return None


_handed_out = set()


def free_port():
    """A port that nobody listens on, for a server that is started later. Below those that the system gives to outgoing
    connections, one of which might have it by then."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        if port in _handed_out:
            continue
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        _handed_out.add(port)
        return port


class PostgreSQL:
    """The server. Its data stays in the folder between runs."""

    def __init__(self, folder, port=None, settings=()):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.port = port or free_port()
        self.settings = list(settings)
        # Beside our own environment.
        self.environment = {}
        self.bin = binaries()
        self.process = None
        if self.bin is None:
            raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
        # The server refuses to run as root; Debian's package made a user for it, who cannot look into root's folders.
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.data = os.path.join(self.folder, "data")
        if self.user is not None:
            self.data = "/var/tmp/todo-postgres-" + hashlib.sha256(self.folder.encode()).hexdigest()[:12]

    @property
    def url(self):
        return f"postgresql://todo@127.0.0.1:{self.port}/todo"

    def _as_user(self):
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _run(self, program, *arguments):
        done = subprocess.run([os.path.join(self.bin, program), *arguments], cwd="/", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **self._as_user())
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout[-2000:]}")
        return done.stdout

    def start(self):
        """Starts the server and waits until it answers; makes the database when it is new."""
        if not os.path.exists(os.path.join(self.data, "PG_VERSION")):
            os.makedirs(self.data, mode=0o700, exist_ok=True)
            if self.user is not None:
                os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
            self._run("initdb", "--pgdata", self.data, "--username", "todo", "--auth", "trust", "--encoding", "UTF8",
                      "--locale", "C.UTF-8", "--no-sync")
        self._launch()
        databases = self.psql("SELECT datname FROM pg_database", database="postgres")
        if "todo" not in databases.split():
            self.psql("CREATE DATABASE todo", database="postgres")
        return self

    def _launch(self):
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "max_connections=200",
                   *self.settings]
        command = [os.path.join(self.bin, "postgres"), "-D", self.data]
        for option in options:
            command += ["-c", option]
        with open(os.path.join(self.folder, "postgres.log"), "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                                            start_new_session=True, env={**os.environ, **self.environment},
                                            **self._as_user())
        end = time.monotonic() + 60
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"],
                             check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(os.path.join(self.folder, "postgres.log"), errors="replace") as log:
                    raise RuntimeError(f"PostgreSQL does not start: {log.read()[-2000:]}")
            time.sleep(0.05)

    def kill(self):
        """As a power cut would: all of its processes at once."""
        # Each has a process group of its own; the first is stopped, so that it makes no more while we look.
        os.kill(self.process.pid, signal.SIGSTOP)
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], text=True, check=False,
                                  stdout=subprocess.PIPE).stdout.split()
        for pid in [self.process.pid, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        # They are not ours to wait for; the next server refuses to start while one of them is there.
        end = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in children) and time.monotonic() < end:
            time.sleep(0.01)

    def restart(self):
        """After `kill`."""
        pid_file = os.path.join(self.data, "postmaster.pid")
        if os.path.exists(pid_file):
            os.unlink(pid_file)
        self._launch()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown: connections are ended, nothing is lost
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def remove(self):
        """Forgets the data."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def psql(self, sql, database="todo"):
        """The answer, one row a line, values separated by SEPARATOR."""
        done = subprocess.run([os.path.join(self.bin, "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "todo",
                               "-d", database, "-X", "-q", "-A", "-t", "-F", SEPARATOR, "-v", "ON_ERROR_STOP=1", "-c", sql],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout
