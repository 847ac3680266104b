"""What the tests of the driver `gcs` have in common."""

import json

import pytest

from Servers.gcs import GCSServer
from blackbox import dist
from blackbox.dynamodb import given
from blackbox.library import DriverFailed, Library, Store

# The bytes of a piece of a large object, and of an object that is one request.
PIECE = 8 << 20
# What the service stores at a time.
STEP = 256 * 1024


def library() -> Library:
    return Library.load(dist.dist() / "lib/holdfast/drivers/gcs/driver.so")


def open_store(gcs: GCSServer, existing: bool = False, seconds: float = 60, **changes) -> Store:
    """A store on the emulator; `None` takes an option away."""
    return library().open(given(gcs.options, **changes), existing, seconds)


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value


def media(gcs: GCSServer) -> list[dict]:
    """The reads of bytes that the emulator saw."""
    return [request for request in gcs.requests if "alt=media" in request["query"]]


def uploads(gcs: GCSServer) -> list[dict]:
    return [request for request in gcs.requests if request["path"].startswith("/upload/")]


def key_lines(gcs: GCSServer) -> list[str]:
    """What no message may show: the lines of the private key."""
    return [line for line in json.loads(gcs.key_file.read_text())["private_key"].splitlines()
            if len(line) > 40]
