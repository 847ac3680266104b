"""What goes wrong between Holdfast and S3: one clear error, its exit code, nothing written, no secret.

What the stand-in for the service does not do by itself (keys that expire, rights, clocks that differ, other
regions), a stub before it answers in the service's words.
"""

import email.utils
import socket
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Callable

import pytest

from Servers import server
from Servers.aws_stub import Answer, Stub
from Servers.fake_s3 import FakeS3
from blackbox.cli import CommandLine, assert_one_error
from blackbox.databases import S3Bucket
from blackbox.project import Project
from blackbox.refusals import (
    AWAY, REFUSED, SECRET, USAGE, Expected, meet_in_command_line, meet_in_daemon)
from blackbox.terraform import state

WRITES = {"PUT", "POST", "DELETE"}


@pytest.fixture(scope="module")
def ministack():
    with server("ministack_s3") as running:
        yield running


@pytest.fixture
def database(ministack) -> S3Bucket:
    return S3Bucket(ministack)


@dataclass
class Case:
    """One thing that is wrong: it changes the environment or the project's file."""
    prepare: Callable[[S3Bucket, ExitStack], None]
    expected: Expected


def environment(**changes: str) -> Callable:
    def prepare(database, _):
        database.environment |= changes
    return prepare


def refusing(methods: set[str] | None, status: int, code: str, message: str = "words",
             more: str = "", **headers: str) -> Callable:
    """A stub that answers these methods so, or all of them."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()

    def prepare(database, stack):
        def reply(request):
            if methods and request.method not in methods:
                return None
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            return Answer(status, body if request.method != "HEAD" else b"", given)
        stub = stack.enter_context(Stub(reply, database.server.port))
        database.environment["AWS_ENDPOINT_URL"] = stub.url
        database.environment["AWS_SESSION_TOKEN"] = SECRET
    return prepare


def refused_port(database, stack):
    place = stack.enter_context(closing(socket.socket()))
    place.bind(("127.0.0.1", 0))
    database.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{place.getsockname()[1]}"


def missing_bucket(database, _):
    database.block = database.block.replace(database.name, "nowhere")


def no_keys(database, _):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del database.environment[name]


def no_region(database, _):
    lines = database.block.splitlines(keepends=True)
    database.block = "".join(line for line in lines if "region:" not in line)


def ahead() -> str:
    return email.utils.formatdate(time.time() - 3600, usegmt=True)


OTHER_REGION = "<Region>us-west-2</Region>"
CASES = {
    "wrong secret": Case(environment(AWS_SECRET_ACCESS_KEY=SECRET), Expected(REFUSED, ("secret",))),
    "unknown key": Case(environment(AWS_ACCESS_KEY_ID="AKIANOBODYNOBODYNOBO"), Expected(REFUSED)),
    "expired token": Case(refusing(None, 400, "ExpiredToken"), Expected(REFUSED, ("expired",))),
    "clock that is off": Case(
        refusing(None, 403, "RequestTimeTooSkewed", f"the token was {SECRET}", Date=ahead()),
        Expected(REFUSED, ("clock", "ahead of"))),
    "other region, by redirect": Case(
        refusing(None, 301, "PermanentRedirect", x_amz_bucket_region="us-west-2"),
        Expected(USAGE, ("us-west-2", "AWS_REGION"))),
    "other region, by signature": Case(
        refusing(None, 400, "AuthorizationHeaderMalformed", more=OTHER_REGION),
        Expected(REFUSED, ("us-west-2", "AWS_REGION"))),
    "denied prefix": Case(
        refusing(None, 403, "AccessDenied"), Expected(REFUSED, ("s3:ListBucket",))),
    "missing bucket": Case(missing_bucket, Expected(USAGE, ("nowhere", "bootstrap"))),
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
        cli = CommandLine(Project(tmp_path / "project", "s3", database))
        yield case.expected, cli, [*database.secrets, SECRET]


def test_the_command_line(broken, database):
    expected, cli, secrets = broken
    meet_in_command_line(cli, database, expected, "s3", secrets)


def test_the_daemon(broken, database):
    expected, cli, secrets = broken
    meet_in_daemon(cli, database, expected, secrets)


@pytest.mark.parametrize("fake", [{"honours": ()}, {"rejects": True}])
def test_a_service_without_conditions_gets_no_state(database, tmp_path, fake):
    """Nothing is written without a lock that can be trusted, and the message says what to do."""
    with FakeS3(**fake) as service:
        database.environment |= {"AWS_ENDPOINT_URL": service.url}
        cli = CommandLine(Project(tmp_path / "project", "s3", database))
        done = cli.run("state", "push", "net/prod", "-", input=state(2))
        text = done.stderr.decode()
        assert done.returncode not in (0, None) and "condition" in text, text
        assert [key for key in service.objects if "/probe/" not in key] == []
        assert_one_error(done, done.returncode)
