"""A store that is away: the client is told to come back, and never that there is no state."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from blackbox.project import Project
from blackbox.terraform import lock_info, state
from blackbox.wire import Connection


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def busy(project: Project, daemon):
    """Another process's connection that holds the database's write lock."""
    daemon.client("x").post(state(1))
    other = sqlite3.connect(project.database, isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    yield other
    if other.in_transaction:
        other.execute("ROLLBACK")
    other.close()


def test_503_with_retry_after_while_another_writes(busy, daemon):
    client = daemon.client("x", timeout=120)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(client.post, state(2)), pool.submit(client.lock, lock_info())]
    for answer in [each.result() for each in asked]:
        assert answer.status == 503, str(answer)
        assert int(answer.header("Retry-After")) >= 1
    busy.execute("ROLLBACK")
    assert client.get().body == state(1)
    assert client.post(state(2)).status == 200, "it comes back without a restart"


def test_a_short_wait_is_not_seen(busy, daemon):
    client = daemon.client("x")
    release = threading.Timer(0.5, lambda: None)
    answers = []
    writer = threading.Thread(target=lambda: answers.append(client.post(state(2))))
    writer.start()
    release.start()
    release.join()
    busy.execute("ROLLBACK")
    writer.join(60)
    assert [answer.status for answer in answers] == [200]


def test_others_are_served_meanwhile(busy, daemon):
    blocked = [threading.Thread(target=daemon.client("x", timeout=120).post, args=(state(2),))
               for _ in range(40)]
    for thread in blocked:
        thread.start()
    # Reading does not wait for a writer, and health never waits for a store's.
    assert daemon.request("GET", "/healthz", timeout=5).status == 200
    assert daemon.client("x", timeout=10).get().body == state(1)
    busy.execute("ROLLBACK")
    for thread in blocked:
        thread.join(120)


@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_a_store_that_was_moved_away_is_never_no_state(project, daemon):
    client = daemon.client("x", timeout=120)
    client.post(state(1))
    elsewhere = project.folder / "elsewhere"
    project.place.rename(elsewhere)
    try:
        for answer in (client.get(), daemon.client("never").get(), client.post(state(2)),
                       daemon.request("GET", "/readyz")):
            if answer.status == 503:
                assert int(answer.header("Retry-After") or 1) >= 1
                continue
            # A driver that holds the folder open may go on, with what is in it.
            assert client.get().body == state(1) or client.get().body == state(2), str(answer)
        assert not project.place.exists() or not any(project.place.rglob("*.db")), \
            "a new empty store was made in the old one's place"
    finally:
        if not project.place.exists():
            elsewhere.rename(project.place)
    assert client.get().body in (state(1), state(2))
    assert client.post(state(3)).status == 200


@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_health_is_not_the_stores(daemon):
    with Connection(daemon.port) as connection:
        assert connection.request("GET", "/healthz").status == 200
        assert connection.request("GET", "/readyz").status == 200
