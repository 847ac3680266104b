"""What goes wrong between Holdfast and Azure: one clear error, its exit code, nothing written, no secret."""

import base64
import socket
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Callable

import pytest
from azure.storage.blob import generate_container_sas

from Servers import server
from Servers.azblob import ACCOUNT
from blackbox.cli import CommandLine
from blackbox.databases import AzureDatabase
from blackbox.project import Project
from blackbox.refusals import (
    AWAY, REFUSED, SECRET, USAGE, Expected, meet_in_command_line, meet_in_daemon)

WRONG_KEY = base64.b64encode(SECRET.encode() * 4).decode()


@pytest.fixture(scope="module")
def azure():
    with server("azblob") as running:
        yield running


@pytest.fixture
def database(azure) -> AzureDatabase:
    database = AzureDatabase(azure)
    # Each part on its own, so that a case can change one.
    database.environment = {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": azure.key,
                            "AZURE_STORAGE_SERVICE_ENDPOINT": azure.endpoint,
                            # No test asks a real service.
                            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9"}
    return database


@dataclass
class Case:
    """One thing that is wrong: it changes the environment, the project's file or the service."""
    prepare: Callable[[AzureDatabase, ExitStack], None]
    expected: Expected


def environment(**changes: str) -> Callable:
    return lambda database, _: database.environment.update(changes)


def signature(permission: str, minutes: int) -> Callable:
    """A shared access signature instead of the key."""
    def prepare(database, _):
        del database.environment["AZURE_STORAGE_KEY"]
        database.environment["AZURE_STORAGE_SAS_TOKEN"] = generate_container_sas(
            ACCOUNT, database.name, database.server.key, permission=permission,
            expiry=datetime.now(timezone.utc) + timedelta(minutes=minutes))
    return prepare


def token(role: str, **changes: str) -> Callable:
    """A token of the machine's identity instead of the key."""
    def prepare(database, stack):
        del database.environment["AZURE_STORAGE_KEY"]
        database.environment |= changes
        database.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = database.server.url
        database.server.control(roles={"": role})
    return prepare


def control(**wanted) -> Callable:
    def prepare(database, stack):
        stack.callback(database.server.control, forget=True)
        database.server.control(**wanted)
    return prepare


def refused_port(database, stack):
    place = stack.enter_context(closing(socket.socket()))
    place.bind(("127.0.0.1", 0))
    database.environment["AZURE_STORAGE_SERVICE_ENDPOINT"] = \
        f"http://127.0.0.1:{place.getsockname()[1]}/{ACCOUNT}"


def no_key(database, _):
    del database.environment["AZURE_STORAGE_KEY"]


def no_account(database, _):
    for name in ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_SERVICE_ENDPOINT"):
        del database.environment[name]


def missing_container(database, _):
    database.block = database.block.replace(database.name, "nowhere")


CASES = {
    "wrong key": Case(environment(AZURE_STORAGE_KEY=WRONG_KEY), Expected(REFUSED, (ACCOUNT, "key"))),
    "key that is none": Case(environment(AZURE_STORAGE_KEY="no base64"), Expected(
        USAGE, ("account_key", "Base64"))),
    "unknown account": Case(environment(AZURE_STORAGE_ACCOUNT="nobody"), Expected(
        REFUSED, ("nobody",))),
    "signature that ended": Case(signature("rwdl", -5), Expected(REFUSED, ("ended at",))),
    "signature that only reads": Case(signature("rl", 60), Expected(
        REFUSED, ("it has rl",), reads=False)),
    "identity without the role": Case(token("Reader"), Expected(
        REFUSED, ("Storage Blob Data Contributor",))),
    "identity that only reads": Case(token("Storage Blob Data Reader"), Expected(
        REFUSED, ("Storage Blob Data Contributor",), reads=False)),
    "identity that is not assigned": Case(token("Reader", AZURE_CLIENT_ID="stranger"), Expected(
        REFUSED, ("client_id",))),
    "no key": Case(no_key, Expected(REFUSED, ("account_key",))),
    "no account": Case(no_account, Expected(USAGE, ("AZURE_STORAGE_ACCOUNT",))),
    "clock that is off": Case(control(skew=7200), Expected(REFUSED, ("clock", "behind"))),
    "missing container": Case(missing_container, Expected(USAGE, ("nowhere", "create"))),
    "refused port": Case(refused_port, Expected(AWAY)),
    "account that does not resolve": Case(
        environment(AZURE_STORAGE_SERVICE_ENDPOINT="https://nobody.invalid"),
        Expected(AWAY, ("nobody.invalid", "account's name"))),
}


@pytest.fixture(params=CASES)
def broken(request, database, tmp_path):
    """A case, its command line, and what must not be shown."""
    case = CASES[request.param]
    with ExitStack() as stack:
        case.prepare(database, stack)
        cli = CommandLine(Project(tmp_path / "project", "azblob", database))
        signature = database.environment.get("AZURE_STORAGE_SAS_TOKEN", "sig=none").partition("sig=")[2]
        yield case.expected, cli, [*database.secrets, SECRET, WRONG_KEY, signature]


def test_the_command_line(broken, database):
    expected, cli, secrets = broken
    meet_in_command_line(cli, database, expected, "azblob", secrets)


def test_the_daemon(broken, database):
    expected, cli, secrets = broken
    meet_in_daemon(cli, database, expected, secrets)
