"""What goes wrong between Holdfast and a database: one clear error, its exit code, nothing written, no secret.

Each case gives the store's options another value or does something to the server. The command line and the
daemon both meet it.
"""

import socket
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest

from Servers.postgres import PostgresServer
from blackbox.cli import CommandLine, assert_one_error
from blackbox.databases import DSN, PostgresDatabase
from blackbox.project import Project
from blackbox.refusals import (
    AWAY, REFUSED, SECRET, USAGE, Expected, assert_no_secret, meet_in_command_line, meet_in_daemon)
from blackbox.terraform import state


@pytest.fixture(scope="module")
def plain():
    """A server of these tests alone, because they do things to it."""
    with PostgresServer() as running:
        yield running


@pytest.fixture
def database(plain) -> PostgresDatabase:
    return PostgresDatabase(plain)


@dataclass
class Case:
    """One thing that is wrong."""
    prepare: Callable[[PostgresDatabase, ExitStack], str]  # gives the connection string
    expected: Expected
    options: str = ""


def wrong_password(database, _):
    return database.server.url(database.name, password=SECRET)


def missing_database(database, _):
    return database.server.url("nowhere")


def missing_role(database, _):
    return database.server.url(database.name, user="nobody", password=SECRET)


def refused_port(database, stack):
    # Bound and not listening: nobody else can take it meanwhile.
    place = stack.enter_context(closing(socket.socket()))
    place.bind(("127.0.0.1", 0))
    return database.server.url(database.name, port=place.getsockname()[1])


def silent_port(database, stack):
    """One that takes connections and never says a word."""
    place = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
    return database.server.url(database.name, port=place.getsockname()[1])


def no_such_name(database, _):
    return database.server.url(database.name, host="holdfast.invalid")


def without_tls(database, _):
    return database.server.url(database.name, sslmode="require")


def no_tables(database, _):
    return database.url


def tables_of_another(database, _):
    """Tables that the role may read and not write."""
    project_of(database, database.url).ok("state", "push", "net/first", "-", input=state(1))
    name = f"reader_{database.name}"
    tables = ", ".join(database.tables())
    database.server.create_role(name, f"select on {tables}", database=database.name)
    return database.server.url(database.name, user=name)


def revoked_update(database, _):
    """The owner's own right to change rows is taken away, after tables were made."""
    project_of(database, database.url).ok("state", "push", "net/first", "-", input=state(1))
    name = f"writer_{database.name}"
    tables = ", ".join(database.tables())
    database.server.create_role(name, f"select, insert, delete on {tables}", database=database.name)
    return database.server.url(database.name, user=name)


CASES = {
    "wrong password": Case(wrong_password, Expected(REFUSED, ("password",))),
    "missing role": Case(missing_role, Expected(REFUSED)),
    "missing database": Case(missing_database, Expected(USAGE, ("nowhere",))),
    "refused port": Case(refused_port, Expected(AWAY)),
    "silent port": Case(silent_port, Expected(AWAY), options="connect_timeout: 1s"),
    "name that does not resolve": Case(no_such_name, Expected(AWAY, ("holdfast.invalid",))),
    "no TLS where it is demanded": Case(without_tls, Expected((USAGE, AWAY), ("SSL",))),
    "no tables and no bootstrap": Case(
        no_tables, Expected(USAGE, ("bootstrap",)), options="bootstrap: false"),
    "no right to write": Case(tables_of_another, Expected(REFUSED, reads=False)),
    "no right to change": Case(revoked_update, Expected(REFUSED, reads=False)),
}


def project_of(database: PostgresDatabase, url: str, options: str = "",
               folder: Path | None = None) -> CommandLine:
    """The command line in a project whose store has this connection string."""
    folder = folder or database.server.folder / f"project-{database.name}"
    project = Project(folder, "postgres", database)
    given = [f"url_source: env:{DSN}", *options.split("\n")]
    lines = "".join(f"    {line}\n" for line in given if line)
    project.configure(f"backend:\n  kind: postgres\n  options:\n{lines}")
    database.environment = {DSN: url}
    return CommandLine(project)


@pytest.fixture(params=CASES)
def broken(request, database, tmp_path):
    """A case, its command line, and what must not be shown."""
    case = CASES[request.param]
    with ExitStack() as stack:
        url = case.prepare(database, stack)
        cli = project_of(database, url, case.options, tmp_path / "project")
        yield case, cli, [*database.secrets, *database.server.secrets, SECRET, url]


def test_the_command_line(broken, database):
    case, cli, secrets = broken
    meet_in_command_line(cli, database, case.expected, "postgres", secrets)


def test_the_daemon(broken, database):
    case, cli, secrets = broken
    meet_in_daemon(cli, database, case.expected, secrets)


def test_a_server_that_stops_and_comes_back(plain, database, tmp_path, launch):
    cli = project_of(database, database.url, folder=tmp_path / "project")
    daemon = launch(cli.project)
    client = daemon.client("net/prod")
    assert client.post(state(1)).status == 200
    plain.stop()
    try:
        answer = client.post(state(2))
        assert answer.status == 503 and answer.header("Retry-After"), str(answer)
        assert client.get().status == 503, "an outage is no empty state"
        assert daemon.request("GET", "/healthz").status == 200
        assert daemon.request("GET", "/readyz").status == 503
        assert_one_error(cli.run("state", "list"), AWAY)
        assert_no_secret(str(answer) + daemon.log, database.server.secrets)
    finally:
        plain.start()
    assert client.post(state(3)).status == 200, "the daemon comes back by itself"
    assert client.get().body == state(3)


def test_an_unset_variable(database, tmp_path):
    cli = project_of(database, "", folder=tmp_path / "project")
    database.environment = {}
    assert_one_error(cli.run("state", "list"), USAGE, DSN, "holdfast.yml")
    cli.project.configure("backend:\n  kind: postgres\n")
    assert_one_error(cli.run("state", "list"), USAGE, "HOLDFAST_STATE_POSTGRES_URL")


def test_the_connection_string_is_no_option_of_the_backend(database, tmp_path):
    cli = project_of(database, database.url, folder=tmp_path / "project")
    cli.project.configure(f"backend:\n  kind: postgres\n  url: postgresql://a:{SECRET}@b/c\n")
    text = assert_one_error(cli.run("state", "list"), USAGE, "url", "postgresConnectionStringEnv")
    assert SECRET not in text


def test_a_newer_schema(database, tmp_path):
    cli = project_of(database, database.url, folder=tmp_path / "project")
    cli.ok("state", "push", "net/prod", "-", input=state(1))
    database.psql("update runfabric_receipts_format set version = 99")
    before = database.contents()
    text = assert_one_error(cli.run("state", "push", "net/prod", "-", input=state(2)), (1, USAGE, 6), "99")
    assert "version 1" in text, "both versions are named"
    assert database.contents() == before
