"""A writer that was held up between its lock check and its write must be refused."""

import random
import time

import pytest

from blackbox.pauses import PauseRounds
from blackbox.terraform import REFUSED, lock_info, state


@pytest.mark.parametrize("size", [200, 3_000_000])
@pytest.mark.parametrize("with_first_state", [False, True])
def test_a_slow_body_under_a_broken_lock(daemon, cli, size, with_first_state):
    client = daemon.client("net")
    if with_first_state:
        client.post(state(1))
    holder, other = lock_info(), lock_info(Who="ben@ci")
    client.lock(holder)
    late = state(7, blob="l" * size)
    connection = client.begin_post(late, len(late) // 2, holder["ID"])
    time.sleep(0.2)
    assert client.force_unlock().status == 200
    assert client.lock(other).status == 200
    seen = client.get()
    connection.send(late[len(late) // 2:])
    assert connection.response().status in REFUSED
    again = client.get()
    assert (again.status, again.body) == (seen.status, seen.body), "the late write came through"
    assert client.post(state(2), other["ID"]).status == 200
    assert client.get().body == state(2)
    assert client.post(late, holder["ID"]).status in REFUSED


@pytest.mark.parametrize("size", [200, 3_000_000])
def test_a_stopped_process_under_a_broken_lock(launch, project, cli, size):
    paused, running = launch(project), launch(project)
    holder, other = lock_info(), lock_info(Who="ben@ci")
    running.client("net").post(state(1))
    assert paused.client("net").lock(holder).status == 200
    late = state(7, blob="l" * size)
    connection = paused.client("net").begin_post(late, len(late) - 10, holder["ID"])
    time.sleep(0.2)
    paused.pause()
    try:
        connection.send(late[-10:])
        client = running.client("net")
        assert client.force_unlock().status == 200
        assert client.lock(other).status == 200
        assert client.get().body == state(1)
        assert client.post(state(2), other["ID"]).status == 200
    finally:
        paused.resume()
    assert connection.response().status in REFUSED
    for daemon in (paused, running):
        assert daemon.client("net").get().body == state(2)
    versions = cli.versions("net")
    assert [row["serial"] for row in versions] == [2, 1]


def test_a_process_stopped_anywhere_in_a_write(launch, project):
    seed = random.randrange(1 << 32)
    rounds = PauseRounds(launch(project), launch(project), seed)
    result = rounds.run(30)
    print(f"seed {seed}: {result}")
    assert not result.violations, f"seed {seed}: {result.violations}"
    assert result.refused and result.before, f"seed {seed}: the pauses missed the write: {result}"
