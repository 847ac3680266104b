"""Debian's pgbouncer in transaction mode, with a PostgreSQL of its own behind it."""

import os
import shutil
import signal
from pathlib import Path

from Servers.postgres import ADMIN, PostgresServer
from Servers.server import Server, ServerFailed

SETTINGS = {
    "listen_addr": "127.0.0.1", "unix_socket_dir": "", "pool_mode": "transaction",
    "auth_type": "scram-sha-256", "admin_users": ADMIN, "max_client_conn": "500",
    # Fewer than the clients of most tests, so that one connection really serves several.
    "default_pool_size": "8",
}


class BouncerServer(Server):
    """A pooler that gives each transaction any connection. `behind` is the PostgreSQL."""

    name = "pgbouncer"
    driver = "postgres"
    user = "postgres"
    # A fast stop: connections are dropped.
    stop_signal = signal.SIGINT

    def __init__(self, behind: PostgresServer | None = None):
        super().__init__()
        self.behind = behind or PostgresServer()
        self._owns = behind is None

    @property
    def options(self) -> dict[str, str]:
        return {"url": self.url()}

    @property
    def place_options(self) -> dict[str, str]:
        return self.options | {"table": "{place}"}

    @property
    def environment(self) -> dict[str, str]:
        return {"HOLDFAST_STATE_POSTGRES_URL": self.url()}

    @property
    def secrets(self) -> list[str]:
        return self.behind.secrets

    def url(self, *arguments: str, **parameters: str) -> str:
        """A connection URL through the pooler."""
        return self.behind.url(*arguments, **{"port": self.port} | parameters)

    def __enter__(self) -> "BouncerServer":
        if self._owns:
            self.behind.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            if self._owns:
                self.behind.close()
            raise

    def close(self) -> None:
        super().close()
        if self._owns:
            self.behind.close()

    def command(self) -> list[str]:
        found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if found is None:
            raise ServerFailed("pgbouncer is not installed; run scripts/install-dependencies")
        return [found, str(self._configuration())]

    def _configuration(self) -> Path:
        """Written at each start, so that it knows every role of that time."""
        words = self.behind.passwords.items()
        roles = self.write("userlist.txt", "".join(f'"{role}" "{word}"\n' for role, word in words))
        settings = SETTINGS | {"listen_port": str(self.port), "auth_file": str(roles)}
        text = f"[databases]\n* = host=127.0.0.1 port={self.behind.port}\n[pgbouncer]\n"
        return self.write("pgbouncer.ini", text + "".join(
            f"{name} = {value}\n" for name, value in settings.items()))

    def check(self) -> None:
        self.behind.psql("select 1", database="postgres", port=self.port, timeout=10)


SERVER = BouncerServer
