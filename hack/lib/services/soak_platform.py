"""A platform that can be broken in more ways: clocks of its own, a small disk for the audit, proxies before the services."""

import os
import time

from . import disk
from .clocks import Clocks
from .gate import Gates
from .platform import Platform
from .postgres import free_port

BREAKER_TIMEOUT = "5s"
# Enough for what a run writes; what is left of it is filled when the disk is to be full.
AUDIT_MEGABYTES = 256


class SoakPlatform(Platform):
    """As the others; afterwards `remove` has to be called, whatever happened."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, faults=True, **options)
        for ports in self.settings["instances"].values():
            ports["gate"] = free_port()
        self.clocks = Clocks([*self.instances(), "local-dapr", "postgresql"]).build()
        self.gates = Gates(self)
        self.audit_disk = None
        if disk.is_possible():
            user = self.postgres and self.postgres.user
            self.audit_disk = disk.Disk(AUDIT_MEGABYTES, (user.pw_uid, user.pw_gid) if user else None)

    def app_port(self, name):
        return self.settings["instances"][name]["gate"]

    def database_file(self, service):
        if service == "audit" and self.audit_disk is not None:
            return os.path.join(self.audit_disk.folder, "audit.sqlite")
        return super().database_file(service)

    def token(self, user, **claims):
        """Issued so long ago that no clock takes it for one of the future."""
        claims.setdefault("iat", int(time.time()) - 2 * 86400)
        return super().token(user, **claims)

    def resources(self, rendered):
        """With circuit breakers that close soon: five failures must not be the end of what a run of minutes can show."""
        for item in rendered:
            if item["kind"] == "Resiliency":
                for breaker in item["spec"]["policies"]["circuitBreakers"].values():
                    breaker["timeout"] = BREAKER_TIMEOUT
        return rendered

    def prepare(self):
        super().prepare()
        for name in self.environments:
            self.environments[name].update(self.clocks.environment(name))
        self.environments["local-dapr"] = self.clocks.environment("local-dapr")

    def migrate(self):
        super().migrate()
        if self.audit_disk is not None:
            self._move_audit()

    def _move_audit(self):
        """The audit's tables, with all that belongs to them, to the small disk."""
        sql = self.postgres.psql
        sql(f"CREATE TABLESPACE audit_disk LOCATION '{self.audit_disk.folder}'")
        for table in ("audit_entries", "audit_chains"):
            sql(f"ALTER TABLE {table} SET TABLESPACE audit_disk")
            for index in sql(f"SELECT indexname FROM pg_indexes WHERE tablename = '{table}'").split():
                sql(f"ALTER INDEX {index} SET TABLESPACE audit_disk")

    def start(self, migrate=True):
        if self.postgres is not None:
            self.postgres.environment = self.clocks.environment("postgresql")
        return super().start(migrate)

    def _check_ports(self):
        super()._check_ports()
        self.gates.start()

    def remove(self):
        super().remove()
        self.gates.stop()
        self.clocks.remove()
        if self.audit_disk is not None:
            self.audit_disk.remove()
