"""A whole platform on one machine.

What the operator would deploy for config/local/platform.yaml is rendered by todoctl: the services' environment, Dapr's
components, subscriptions and resiliency policies, and the topics. LocalDapr takes the place of the sidecars and of the
broker; each service runs as a process. All state is in one folder and stays there.
"""

import json
import os
import secrets
import socket
import subprocess
import time

from .client import Client
from .postgres import SEPARATOR, PostgreSQL, free_port
from .programs import ROOT, Program, say
from .tokens import token

SERVICES = ["api", "reminders", "recurrence", "notifications", "audit", "sync"]
DAPR_KINDS = {"Component", "Subscription", "Resiliency", "Configuration", "KafkaTopic"}


class NotReady(Exception):
    """What was waited for did not come."""


class Platform:
    """Processes: `todo-<service>-<n>` for each replica of a service, `local-dapr`, and PostgreSQL if asked for."""

    def __init__(self, folder, programs, engine="sqlite", port=8080, sync_port=8081, replicas=1, faults=False,
                 environment=None, platform=ROOT / "config/local/platform.yaml", postgres_settings=()):
        self.folder = os.path.abspath(folder)
        self.programs = programs
        self.engine = engine
        self.replicas = replicas
        self.faults = faults
        self.more_environment = environment or {}
        self.platform = platform
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.settings = self._settings(port, sync_port)
        self.secret = self.settings["secret"]
        self.postgres = None
        if engine == "postgresql":
            self.postgres = PostgreSQL(self._path("postgresql"), self.settings["postgres"], postgres_settings)
        self.processes = {}

    def _path(self, *names):
        return os.path.join(self.folder, *names)

    def _settings(self, port, sync_port):
        """Ports and secrets: chosen once, so that a restart is the same platform."""
        file = self._path("settings.json")
        if os.path.exists(file):
            with open(file) as stream:
                settings = json.load(stream)
        else:
            settings = {"secret": secrets.token_urlsafe(32), "secrets": {}, "postgres": free_port(), "admin": free_port(),
                        "instances": {}}
        for service in SERVICES:
            for number in range(self.replicas):
                name = f"todo-{service}-{number}"
                wanted = {"api": port, "sync": sync_port}.get(service, 0) if number == 0 else 0
                ports = settings["instances"].setdefault(
                    name, {"http": wanted or free_port(), "metrics": free_port(), "dapr": free_port()})
                ports["http"] = wanted or ports["http"]
        # Not root's alone to read would be a secret that is none.
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(settings, stream, indent=1)
        return settings

    # MARK: What is run

    def instances(self, *services):
        return [f"todo-{service}-{number}" for service in services or SERVICES for number in range(self.replicas)]

    def url(self, instance):
        return f"http://127.0.0.1:{self.settings['instances'][instance]['http']}"

    @property
    def api(self):
        return self.url("todo-api-0")

    @property
    def sync(self):
        return self.url("todo-sync-0").replace("http://", "ws://")

    @property
    def admin(self):
        """LocalDapr's own address."""
        return f"http://127.0.0.1:{self.settings['admin']}"

    def token(self, user, **claims):
        return token(user, self.secret, **claims)

    def client(self, user, instance="todo-api-0", timeout=10):
        return Client(self.url(instance), user, self.token(user), timeout)

    def database_url(self, service):
        return f"sqlite://{self.database_file(service)}" if self.postgres is None else self.postgres.url

    def database_file(self, service):
        """With SQLite, each service has one."""
        os.makedirs(self._path("data"), exist_ok=True)
        return self._path("data", service + ".sqlite")

    @property
    def resources_file(self):
        """What Dapr is told, but for the secrets: documents of JSON, with --- between them."""
        return self._path("resources", "dapr.yaml")

    @property
    def broker_file(self):
        """LocalDapr's state."""
        return self._path("dapr.sqlite")

    def prepare(self):
        """Writes LocalDapr's resources and what each service is told."""
        rendered = subprocess.run(
            [os.path.join(self.programs, "todoctl"), "render", "--filename", self.platform, "--namespace", "default",
             "--output", "json"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if rendered.returncode:
            raise NotReady(f"todoctl render: {rendered.stderr.strip()}")
        objects = json.loads(rendered.stdout)["items"]
        wanted = self.resources([item for item in objects if item["kind"] in DAPR_KINDS])
        os.makedirs(self._path("resources"), mode=0o700, exist_ok=True)
        # JSON is YAML.
        with open(self.resources_file, "w") as stream:
            stream.write("\n---\n".join(json.dumps(item, indent=1) for item in wanted))
        with open(os.open(self._path("resources", "secrets.yaml"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "w") as stream:
            stream.write("\n---\n".join(json.dumps(secret) for secret in self._secrets(wanted)))
        self.environments = {}
        for item in objects:
            if item["kind"] != "Deployment":
                continue
            container = item["spec"]["template"]["spec"]["containers"][0]
            service = container["args"][0]
            for number in range(self.replicas):
                name = f"todo-{service}-{number}"
                self.environments[name] = self._environment(service, name, container.get("env", []))

    def resources(self, rendered):
        """What Dapr is told."""
        return rendered

    def _secrets(self, resources):
        """Everything that the components ask for, with passwords that nobody else has."""
        data = {"todo-authentication": {"secret": self.secret},
                "todo-database": {"url": self.database_url("state")}}
        for item in resources:
            for entry in item["spec"].get("metadata") or []:
                reference = entry.get("secretKeyRef") if isinstance(entry, dict) else None
                if reference:
                    data.setdefault(reference["name"], {}).setdefault(reference["key"], "not used on one machine")
        return [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"},
                 "stringData": values} for name, values in data.items()]

    def _environment(self, service, name, variables):
        ports = self.settings["instances"][name]
        result = {}
        for variable in variables:
            if "value" in variable:
                result[variable["name"]] = variable["value"]
        result.update({
            "TODO_POD_NAME": name, "TODO_LISTEN_ADDRESS": "127.0.0.1", "TODO_HTTP_PORT": str(ports["http"]),
            "TODO_METRICS_PORT": str(ports["metrics"]), "DAPR_HTTP_PORT": str(ports["dapr"]), "TODO_MIGRATE": "true",
            "TODO_DRAIN_SECONDS": "0",
        })
        if "TODO_DATABASE_SECRET_NAME" in result:
            result["TODO_DATABASE_URL"] = self.database_url(service)
        result.update(self.more_environment)
        return result

    def app_port(self, name):
        """Where the sidecar finds its app."""
        return self.settings["instances"][name]["http"]

    def sidecar_command(self):
        command = [os.path.join(self.programs, "local-dapr"), "serve", "--resources", self._path("resources"),
                   "--state", self.broker_file, "--admin-port", str(self.settings["admin"])]
        if self.faults:
            command.append("--allow-faults")
        for name in self.instances():
            ports = self.settings["instances"][name]
            app = name.rsplit("-", 1)[0]
            command += ["--app", f"id={app},name={name},app-port={self.app_port(name)},dapr-port={ports['dapr']},"
                        "health=/readyz,health-interval=1"]
        return command

    # MARK: Start and stop

    def start(self, migrate=True):
        """Starts everything and waits until it is ready."""
        os.makedirs(self._path("logs"), exist_ok=True)
        self._check_ports()
        if self.postgres is not None:
            self.postgres.start()
        self.prepare()
        if self.postgres is not None and migrate:
            self.migrate()
        self.processes["local-dapr"] = Program("local-dapr", self.sidecar_command(), self._path("logs", "local-dapr.log"),
                                               self.environments.get("local-dapr"))
        for name in self.instances():
            service = name.split("-")[1]
            self.processes[name] = Program(
                name, [os.path.join(self.programs, "todo-services"), service], self._path("logs", f"{name}.log"),
                self.environments[name])
        for program in self.processes.values():
            program.start()
        self.wait_ready()
        return self

    def _check_ports(self):
        ports = {self.settings["admin"]: "LocalDapr"}
        for name in self.instances():
            ports.update({port: f"{name} ({use})" for use, port in self.settings["instances"][name].items()})
        for port, use in ports.items():
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    listener.bind(("127.0.0.1", port))
                except OSError as problem:
                    raise NotReady(f"port {port} for {use} is taken: end what listens there, or choose another port"
                                   ) from problem

    def migrate(self):
        """Brings the tables up to date, as the operator's Job does."""
        done = subprocess.run([os.path.join(self.programs, "todo-services"), "migrate"], text=True,
                              env={**os.environ, "TODO_DATABASE_URL": self.postgres.url}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise NotReady(f"todo-services migrate: {done.stdout[-2000:]}")

    def wait_ready(self, seconds=60, *names):
        """Until every service says that it is ready."""
        end = time.monotonic() + seconds
        for name in names or self.instances():
            port = self.settings["instances"][name]["metrics"]
            probe = Client(f"http://127.0.0.1:{port}", timeout=5)
            answer = "no answer"
            while True:
                if not self.processes[name].is_running:
                    raise NotReady(f"{name} has ended: {self.processes[name].tail()}")
                try:
                    answer = probe("GET", "/readyz")
                    if answer.status == 200:
                        break
                except OSError:
                    pass
                if time.monotonic() > end:
                    raise NotReady(f"{name} is not ready after {seconds} s: {answer}; {self.processes[name].tail(800)}")
                time.sleep(0.05)
            probe.close()
        self._wait_consuming(end, names or self.instances())

    def _wait_consuming(self, end, names):
        """Until the sidecars deliver events."""
        while True:
            try:
                sidecars = Client(self.admin)("GET", "/").json["sidecars"]
                waiting = [sidecar["name"] for sidecar in sidecars if sidecar["name"] in names and not sidecar["isReady"]]
                if not waiting:
                    return
            except OSError as problem:
                waiting = problem
            if time.monotonic() > end:
                raise NotReady(f"LocalDapr does not deliver yet: {waiting}")
            time.sleep(0.05)

    def stop(self):
        """Services first, so that they can still say what they have to say; then the sidecars, then the database."""
        services = [program for name, program in self.processes.items() if name != "local-dapr"]
        for program in services:
            if program.is_running:
                program.process.terminate()
        clean = all([program.stop() for program in services])
        if "local-dapr" in self.processes:
            clean = self.processes["local-dapr"].stop() and clean
        if self.postgres is not None:
            self.postgres.stop()
        return clean

    def remove(self):
        """Forgets what lies outside of the folder."""
        if self.postgres is not None:
            self.postgres.remove()

    def revive(self):
        """Starts again what has ended. Returns the names."""
        ended = [name for name, program in self.processes.items() if not program.is_running]
        for name in ended:
            self.processes[name].start()
        return ended

    # MARK: Looking in

    def metrics(self, instance):
        """All samples of a service, by name with labels as they are written."""
        port = self.settings["instances"][instance]["metrics"]
        page = Client(f"http://127.0.0.1:{port}")("GET", "/metrics").body.decode()
        samples = {}
        for line in page.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples

    def rows(self, service, sql):
        """Rows of the service's database, as lists of texts."""
        if self.postgres is not None:
            return [line.split(SEPARATOR) for line in self.postgres.psql(sql).splitlines()]
        import sqlite3  # of the standard library, but not in every build of it
        connection = sqlite3.connect(f"file:{self.database_file(service)}?mode=ro", uri=True, timeout=30)
        try:
            return [["" if value is None else str(value) for value in row] for row in connection.execute(sql)]
        except sqlite3.Error as problem:
            raise RuntimeError(f"{service}: {problem}") from problem
        finally:
            connection.close()
