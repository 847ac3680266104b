"""Debian's PostgreSQL, with its own data folder, and a database per test at the price of a copy."""

import functools
import itertools
import os
import secrets
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote, urlencode

from Servers.server import Server, ServerFailed

# The owner of the databases that stores lie in, who may do nothing else.
OWNER = "holdfast"
ADMIN = "admin"
DATABASE = "state"


@functools.cache
def programs() -> Path:
    """The folder with the programs of the newest installed PostgreSQL."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin")
             if (path / "initdb").exists() and (path / "postgres").exists()]
    if not found:
        raise ServerFailed("no PostgreSQL below /usr/lib/postgresql; run scripts/install-dependencies")
    return max(found, key=lambda path: float(path.parent.name))


class PostgresServer(Server):
    """A PostgreSQL that keeps its promises of durability, on TCP with passwords only.

    `tls` offers TLS with a certificate for `localhost` and 127.0.0.1, whose own authority it is
    (`certificate`); with `tls_only` no other connection is let in. `settings` are of postgresql.conf.
    """

    name = "postgres"
    driver = "postgres"
    user = "postgres"
    # A fast stop: clients are thrown out, not waited for.
    stop_signal = signal.SIGINT

    def __init__(self, tls: bool = False, tls_only: bool = False,
                 settings: dict[str, str] | None = None):
        super().__init__()
        self.tls, self.tls_only = tls or tls_only, tls_only
        # Characters that a URL must escape, so that a careless reader fails.
        self.passwords = {ADMIN: secrets.token_urlsafe(18), OWNER: f"p@ss/{secrets.token_hex(12)}%"}
        self.settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
            "password_encryption": "scram-sha-256", "max_connections": "200",
            "shared_buffers": "64MB", "log_min_messages": "warning",
            # On by default; said because these are tests of durability.
            "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
        } | (settings or {})
        self._numbers = itertools.count(1)

    # MARK: For drivers

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
        return [text for word in self.passwords.values() for text in {word, quote(word, safe="")}]

    @property
    def certificate(self) -> Path:
        """The certificate of the TLS variant, which is its own authority."""
        return self.folder / "server.crt"

    def url(self, database: str = DATABASE, user: str = OWNER, password: str | None = None,
            host: str = "127.0.0.1", port: int | None = None, **parameters: str) -> str:
        """A connection URL; the password is the user's own unless given."""
        word = self.passwords.get(user, "") if password is None else password
        return (f"postgresql://{quote(user, safe='')}:{quote(word, safe='')}@{host}:"
                f"{port or self.port}/{quote(database, safe='')}"
                + (f"?{urlencode(parameters)}" if parameters else ""))

    # MARK: For tests

    def psql(self, sql: str, database: str = DATABASE, user: str = ADMIN, port: int | None = None,
             timeout: float = 60) -> str:
        """Runs SQL and returns its rows, one a line, with `|` between the columns."""
        done = self.run_psql("-c", sql, database=database, user=user, port=port, timeout=timeout)
        if done.returncode:
            raise ServerFailed(f"psql ended with {done.returncode}: {done.stderr.strip()}\n{sql}")
        return done.stdout.removesuffix("\n")

    def run_psql(self, *arguments: str, database: str = DATABASE, user: str = ADMIN,
                 port: int | None = None, timeout: float = 60) -> subprocess.CompletedProcess:
        """Runs psql with arguments of its own; text in and out."""
        command = [programs() / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h",
                   "127.0.0.1", "-p", port or self.port, "-U", user, "-d", database, *arguments]
        environment = {"PATH": os.environ["PATH"], "PGPASSWORD": self.passwords[user],
                       "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C.UTF-8"}
        return subprocess.run([str(part) for part in command], env=environment, timeout=timeout,
                              capture_output=True, text=True)

    def create_database(self, name: str | None = None, owner: str = OWNER) -> str:
        """Makes an empty database and returns its name."""
        name = name or f"test{next(self._numbers)}"
        self.psql(f'create database "{name}" owner "{owner}"', database="postgres")
        return name

    def create_role(self, name: str, *grants: str, database: str = DATABASE) -> str:
        """Makes a role that may log in and has the rights that `grant … to ROLE` names; its password."""
        self.passwords[name] = f"role-{secrets.token_hex(12)}"
        self.psql(f"create role \"{name}\" login password '{self.passwords[name]}'", database=database)
        for grant in grants:
            self.psql(f'grant {grant} to "{name}"', database=database)
        return self.passwords[name]

    def stop_immediately(self) -> None:
        """Ends without a checkpoint, as after a crash that the processes themselves survived."""
        self._end(signal.SIGQUIT)

    # MARK: The server

    def prepare(self) -> None:
        # The lines of this file are all that the first role is; it is removed at once.
        word = self.write("password", self.passwords[ADMIN])
        self.run(programs() / "initdb", "--pgdata", self.folder / "data", "--username", ADMIN,
                 "--pwfile", word, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale",
                 "C.UTF-8", "--no-sync", "--no-instructions", timeout=120)
        word.unlink()
        if self.tls:
            self._make_certificate()
            self.settings |= {"ssl": "on", "ssl_cert_file": str(self.certificate),
                              "ssl_key_file": str(self.folder / "server.key")}
        connection = "hostssl" if self.tls_only else "host"
        self.write("data/pg_hba.conf", f"{connection} all all 127.0.0.1/32 scram-sha-256\n")

    def _make_certificate(self) -> None:
        self.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                 self.folder / "server.key", "-out", self.certificate)
        (self.folder / "server.key").chmod(0o600)

    def command(self) -> list[str]:
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        return [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
                *settings]

    def check(self) -> None:
        self.psql("select 1", database="postgres", timeout=10)

    def started(self) -> None:
        word = self.passwords[OWNER]
        self.psql(f"create role {OWNER} login password '{word}'", database="postgres")
        self.create_database(DATABASE)


SERVER = PostgresServer
