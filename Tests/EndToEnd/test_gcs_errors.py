"""What goes wrong between Holdfast and Google Cloud Storage: one clear error, its exit code, nothing written,
no secret."""

import json
import socket
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Callable

import pytest

from Servers import server
from blackbox.cli import CommandLine
from blackbox.databases import GCSDatabase
from blackbox.project import Project
from blackbox.refusals import (
    AWAY, REFUSED, SECRET, USAGE, Expected, meet_in_command_line, meet_in_daemon)
from blackbox.terraform import lock_info, state


@pytest.fixture(scope="module")
def gcs():
    with server("gcs") as running:
        yield running


@pytest.fixture
def database(gcs) -> GCSDatabase:
    gcs.calm()
    return GCSDatabase(gcs)


@dataclass
class Case:
    """One thing that is wrong: it changes the environment, the project's file or the emulator."""
    prepare: Callable[[GCSDatabase, ExitStack], None]
    expected: Expected


def key_file(**changes) -> Callable:
    """The service account's key with something else in it."""
    def prepare(database, stack):
        document = json.loads(database.server.key_file.read_text()) | changes
        path = database.server.write(f"key-{len(changes)}-{'-'.join(changes)}.json",
                                     json.dumps(document))
        database.environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)
    return prepare


def other_key(database, stack):
    other = json.loads(database.server.make_account("other").read_text())
    key_file(private_key=other["private_key"])(database, stack)


def control(**order) -> Callable:
    def prepare(database, stack):
        database.server.control(**order)
        stack.callback(database.server.calm)
    return prepare


def denied(*permissions: str) -> Callable:
    def prepare(database, stack):
        email = json.loads(database.server.key_file.read_text())["client_email"]
        control(denied={email: permissions})(database, stack)
    return prepare


def endpoint(url: str) -> Callable:
    def prepare(database, _):
        database.block = database.block.replace(database.server.endpoint, url)
    return prepare


def refused_port(database, stack):
    place = stack.enter_context(closing(socket.socket()))
    place.bind(("127.0.0.1", 0))
    endpoint(f"http://127.0.0.1:{place.getsockname()[1]}")(database, stack)


def missing_bucket(database, _):
    database.block = database.block.replace(database.name, "nowhere")


def no_credentials(database, _):
    del database.environment["GOOGLE_APPLICATION_CREDENTIALS"]


CASES = {
    "key of another": Case(other_key, Expected(REFUSED, ("key",))),
    "account that is gone": Case(key_file(client_email="gone@example.com"),
                                 Expected(REFUSED, ("gone@example.com",))),
    "no key at all": Case(key_file(private_key=SECRET), Expected(USAGE, ("private_key",))),
    "token that is not taken": Case(control(faults=[{"query": "fields=", "status": 401,
                                                     "times": 10_000}]), Expected(REFUSED)),
    "clock that is off": Case(control(clock=7200), Expected(REFUSED, ("clock",))),
    "no right to write": Case(denied("storage.objects.create"),
                              Expected(REFUSED, ("storage.objects.create",), reads=False)),
    "no right to list": Case(denied("storage.objects.list"),
                             Expected(REFUSED, ("storage.objects.list",))),
    "missing bucket": Case(missing_bucket, Expected(USAGE, ("nowhere", "bootstrap"))),
    "no credentials": Case(no_credentials, Expected(REFUSED, ("GOOGLE_APPLICATION_CREDENTIALS",))),
    "endpoint in the clear": Case(endpoint("http://storage.example.com"),
                                  Expected(USAGE, ("endpoint",))),
    "refused port": Case(refused_port, Expected(AWAY)),
    "name that does not resolve": Case(endpoint("https://holdfast.invalid"),
                                       Expected(AWAY, ("holdfast.invalid",))),
}


@pytest.fixture(params=CASES)
def broken(request, database, tmp_path):
    """A case, its command line, and what must not be shown."""
    case = CASES[request.param]
    with ExitStack() as stack:
        case.prepare(database, stack)
        cli = CommandLine(Project(tmp_path / "project", "gcs", database))
        yield case.expected, cli, [*database.secrets, SECRET]


def test_the_command_line(broken, database):
    expected, cli, secrets = broken
    meet_in_command_line(cli, database, expected, "gcs", secrets)


def test_the_daemon(broken, database):
    expected, cli, secrets = broken
    meet_in_daemon(cli, database, expected, secrets)


# MARK: What works


@pytest.fixture
def project(database, tmp_path) -> Project:
    return Project(tmp_path / "project", "gcs", database)


def test_a_state_by_command_line_and_its_file_in_the_bucket(cli, database):
    cli.ok("state", "push", "net/prod", "-", input=state(1))
    cli.ok("state", "push", "net/prod", "-", input=state(2))
    assert cli.pull("net/prod") == state(2) and cli.states() == ["net/prod"]
    assert [row["serial"] for row in cli.versions("net/prod")] == [2, 1]
    assert database.server.content("team/state/terraform/net/prod", database.name) == state(2)


def test_flat_keys_and_an_emulator_without_tokens(gcs, cli, project, database):
    gcs.control(open=True)
    project.configure(f"backend:\n  kind: gcs\n  gcsBucket: {database.name}\n  gcsPrefix: flat\n")
    database.environment.clear()
    database.environment["STORAGE_EMULATOR_HOST"] = gcs.authority
    cli.ok("state", "push", "net/prod", "-", input=state(1))
    assert cli.pull("net/prod") == state(1)
    assert gcs.content("flat/terraform/net/prod", database.name) == state(1)
    gcs.calm()


def test_two_daemons_and_a_lock(project, launch):
    one, two = (launch(project).client("net/prod") for _ in range(2))
    assert one.post(state(1)).status == 200
    info = lock_info()
    assert one.lock(info).status == 200
    assert two.lock(lock_info()).status == 423 and two.post(state(2)).status == 423
    assert two.post(state(2), info["ID"]).status == 200
    assert one.get().body == state(2)
    assert two.unlock(info).status == 200


def test_locks_where_one_write_a_second_is_taken(gcs, project, launch):
    """The service's own pace: everything works, only later."""
    gcs.control(limits_rate=True)
    client = launch(project).client("net/prod")
    info = lock_info()
    assert client.lock(info).status == 200
    assert client.post(state(1), info["ID"]).status == 200
    assert client.unlock(info).status == 200
    assert client.get().body == state(1)
    gcs.calm()
