"""The way to a bucket fails, at each request of each operation: what the drivers say is true, and in time; and
what daemons acknowledge meanwhile is there afterwards."""

import os
import random
import time
from dataclasses import dataclass

import pytest

from Long import weather
from Servers.azblob import ACCOUNT
from blackbox import dist
from blackbox.databases import BUCKETS
from blackbox.dynamodb import given
from blackbox.faults import Strike, faults, way
from blackbox.library import Call, DriverFailed, Library, Store

# Larger than what any of the drivers writes or reads by one request.
LARGE = (8 << 20) + 77
OLD, NEW = b"old", b"new"
# What a call may take, and what comes on top on a busy machine.
SECONDS, SLACK = 0.4, 1.5


@dataclass
class Ways:
    """One place twice: on the way that fails, and directly."""
    kind: str
    strike: Strike
    through: Store
    directly: Store
    large: bytes


def opened(kind: str, options: dict, place: str, endpoint: str) -> Store:
    if kind == "azblob":
        endpoint = f"{endpoint}/{ACCOUNT}"
    library = Library.load(dist.dist() / f"lib/holdfast/drivers/{kind}/driver.so")
    return library.open(given(options, endpoint=endpoint, prefix=place))


@pytest.fixture(scope="module", params=BUCKETS)
def ways(request, databases):
    kind, running, strike = request.param, databases.running(request.param), Strike()
    with way(strike, running) as stub:
        through = opened(kind, running.options, "faults", stub.url)
        directly = opened(kind, running.options, "faults", f"http://127.0.0.1:{running.port}")
        with through, directly:
            yield Ways(kind, strike, through, directly, os.urandom(LARGE))


def content(store: Store, path: str) -> bytes | None:
    try:
        return store.get(path)[1]
    except DriverFailed as failed:
        assert failed.kind == "not found", failed
        return None


# Each with what is there before it and after it, and how it is asked for.
WRITES = {
    "create": (None, NEW, lambda store, path, version, call, _: store.put(
        path, NEW, "absent", call=call)),
    "replace": (OLD, NEW, lambda store, path, version, call, _: store.put(
        path, NEW, version, call=call)),
    "remove": (OLD, None, lambda store, path, version, call, _: store.remove(
        path, version, call=call)),
    "large": (OLD, "large", lambda store, path, version, call, large: store.put(
        path, large, version, call=call)),
}


def attempt(ways: Ways, name: str, path: str, at: int, fault, seconds: float) -> bool:
    """One operation that meets a fault at one of its requests; whether it made so many."""
    before, after, body = WRITES[name]
    after = ways.large if after == "large" else after
    version = ways.directly.put(path, before, "absent").version if before else None
    ways.strike.arm(at, fault)
    started, failed = time.monotonic(), None
    try:
        body(ways.through, path, version, Call(seconds), ways.large)
    except DriverFailed as found:
        failed = found
    took, is_struck = time.monotonic() - started, ways.strike.seen > at
    ways.strike.arm(-1, None)
    what = f"{name}, request {at}: {failed or 'done'}"
    assert took < seconds + SLACK, what
    if failed and failed.applied == "unknown":
        # The service may still be at it, and nobody says what comes out.
        assert content(ways.directly, path) in (before, after), what
    else:
        is_done = failed is None or failed.applied == "yes"
        assert content(ways.directly, path) == (after if is_done else before), what
    if failed:
        assert is_struck, what
        assert failed.kind in ("unavailable", "throttled", "deadline", "io"), what
    return is_struck


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("fault", faults("s3", 0))
def test_what_is_said_of_a_write_is_true(ways, fault, name):
    is_silent = "half open" in fault
    seconds = SECONDS if is_silent else 10
    make = faults(ways.kind, SECONDS + 0.3)[fault]
    # A large write's requests are many and alike.
    for at in range(4):
        if not attempt(ways, name, f"{name}/{fault}/{at}", at, make, seconds):
            break
    assert at > 0, "the fault met nothing"


@pytest.mark.parametrize("fault", faults("s3", 0))
def test_reads_are_whole_or_fail_in_time(ways, fault):
    is_silent = "half open" in fault
    seconds = SECONDS if is_silent else 10
    make = faults(ways.kind, SECONDS + 0.3)[fault]
    folder = f"read/{fault}"
    ways.directly.put(f"{folder}/small", OLD)
    ways.directly.put(f"{folder}/large", ways.large)
    version = ways.directly.head(f"{folder}/small").version
    reads = {"small": (lambda call: ways.through.get(f"{folder}/small", call=call)[1], OLD),
             "large": (lambda call: ways.through.get(f"{folder}/large", call=call)[1], ways.large),
             "head": (lambda call: ways.through.head(f"{folder}/small", call=call).version, version),
             "list": (lambda call: ways.through.list(f"{folder}/", call=call),
                      [f"{folder}/large", f"{folder}/small"])}
    for name, (body, whole) in reads.items():
        for at in range(2):
            ways.strike.arm(at, make)
            started = time.monotonic()
            try:
                assert body(Call(seconds)) == whole, name
            except DriverFailed as failed:
                assert failed.applied == "no", (name, failed)
                assert failed.kind in ("unavailable", "throttled", "deadline", "io"), (name, failed)
            assert time.monotonic() - started < seconds + SLACK, name
            if ways.strike.seen <= at:
                break
    ways.strike.arm(-1, None)


# MARK: Daemons over it


@pytest.mark.parametrize("kind", BUCKETS)
def test_nothing_acknowledged_is_lost_in_bad_weather(databases, tmp_path, kind):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    outcome = weather.one(tmp_path, databases, kind, daemons=2, clients=6, seconds=6, seed=seed, paths=3)
    print(outcome)
    assert not outcome.violations, "\n".join(outcome.violations[:20])
    assert outcome.acknowledged > 10 and len(outcome.trouble) > 6, str(outcome)
