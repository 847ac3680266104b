"""What goes wrong between Holdfast and DynamoDB: one clear error, its exit code, nothing written, no secret.

What the stand-in for the service does not do by itself (keys that expire, rights, clocks that differ), a
stub before it answers in the service's words.
"""

import socket
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Callable

import pytest

from Servers import server
from Servers.aws_stub import Stub, failure
from blackbox.cli import CommandLine
from blackbox.databases import DynamoDatabase
from blackbox.project import Project
from blackbox.refusals import (
    AWAY, REFUSED, SECRET, USAGE, Expected, meet_in_command_line, meet_in_daemon)

WRITES = {"PutItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem", "UpdateItem"}


@pytest.fixture(scope="module")
def ministack():
    with server("ministack") as running:
        yield running


@pytest.fixture
def database(ministack) -> DynamoDatabase:
    return DynamoDatabase(ministack)


@dataclass
class Case:
    """One thing that is wrong: it changes the environment or the project's file."""
    prepare: Callable[[DynamoDatabase, ExitStack], None]
    expected: Expected


def environment(**changes: str) -> Callable:
    def prepare(database, _):
        database.environment |= changes
    return prepare


def refusing(actions: set[str] | None, answer) -> Callable:
    """A stub that gives these actions its answer, or all."""
    def prepare(database, stack):
        def reply(request):
            return answer() if actions is None or request.action in actions else None
        stub = stack.enter_context(Stub(reply, database.server.port))
        database.environment["AWS_ENDPOINT_URL"] = stub.url
        database.environment["AWS_SESSION_TOKEN"] = SECRET
    return prepare


def refused_port(database, stack):
    place = stack.enter_context(closing(socket.socket()))
    place.bind(("127.0.0.1", 0))
    database.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{place.getsockname()[1]}"


def missing_table(database, _):
    database.block = database.block.replace(database.name, "nowhere")


def no_keys(database, _):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del database.environment[name]


def no_region(database, _):
    lines = database.block.splitlines(keepends=True)
    database.block = "".join(line for line in lines if "region:" not in line)


def expired():
    return failure("ExpiredTokenException", "The security token included in the request is expired")


def denied():
    return failure("AccessDeniedException", "User is not authorized to perform: dynamodb:PutItem")


def skewed():
    return failure("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier "
                   f"than 20260101T010000Z; the token was {SECRET}")


CASES = {
    "wrong secret": Case(environment(AWS_SECRET_ACCESS_KEY=SECRET), Expected(REFUSED, ("key",))),
    "unknown key": Case(environment(AWS_ACCESS_KEY_ID="AKIANOBODYNOBODYNOBO"), Expected(REFUSED)),
    "expired token": Case(refusing(None, expired), Expected(REFUSED, ("expired",))),
    "clock that is off": Case(refusing(None, skewed), Expected(REFUSED, ("clock",))),
    "no right to write": Case(refusing(WRITES, denied), Expected(REFUSED, reads=False)),
    "missing table": Case(missing_table, Expected(USAGE, ("nowhere", "bootstrap"))),
    "no keys": Case(no_keys, Expected(REFUSED, ("AWS_ACCESS_KEY_ID",))),
    "no region": Case(no_region, Expected(USAGE, ("region",))),
    "refused port": Case(refused_port, Expected(AWAY)),
    "name that does not resolve": Case(
        environment(AWS_ENDPOINT_URL="http://holdfast.invalid"), Expected(AWAY, ("holdfast.invalid",))),
}


@pytest.fixture(params=CASES)
def broken(request, database, tmp_path):
    """A case, its command line, and what must not be shown."""
    case = CASES[request.param]
    with ExitStack() as stack:
        database.environment = dict(database.environment)
        case.prepare(database, stack)
        cli = CommandLine(Project(tmp_path / "project", "dynamodb", database))
        yield case.expected, cli, [*database.secrets, SECRET]


def test_the_command_line(broken, database):
    expected, cli, secrets = broken
    meet_in_command_line(cli, database, expected, "dynamodb", secrets)


def test_the_daemon(broken, database):
    expected, cli, secrets = broken
    meet_in_daemon(cli, database, expected, secrets)
