"""Versions, many writers at once, and what the command line says of them."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

from blackbox import dist
from blackbox.terraform import lock_info, state

STORES = dist.STORES


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_every_write_is_a_version(client, cli):
    bodies = [state(serial) for serial in (1, 2, 3)] + [b"not a state", state(3), state(3, a="b")]
    for body in bodies:
        assert client.post(body).status == 200
    versions = cli.versions(client.path)
    assert [row["sha256"] for row in versions] == [digest(body) for body in reversed(bodies)]
    assert [row["serial"] for row in versions] == [3, 3, None, 3, 2, 1]
    for row, body in zip(reversed(versions), bodies):
        pulled = cli.ok("state", "pull", f"terraform/{client.path}", "--version", row["id"])
        assert pulled == body


def test_a_version_says_who_wrote_it_under_which_lock(client, cli):
    info = lock_info(Who="dora@ci")
    client.lock(info)
    client.post(state(1), info["ID"])
    client.unlock(info)
    [row] = cli.versions(client.path)
    assert row["lock_id"] == info["ID"]
    assert "dora@ci" in json.dumps(row)


def test_versions_survive_a_restart(launch, project, cli):
    first = launch(project)
    for serial in (1, 2, 3):
        first.client("net").post(state(serial))
    before = cli.versions("net")
    assert first.stop() == 0
    launch(project)
    assert cli.versions("net") == before
    assert cli.pull("net") == state(3)


def test_a_removed_states_history_is_kept(client, cli):
    client.post(state(1))
    client.delete()
    assert client.path not in cli.states()
    client.post(state(2))
    assert digest(state(1)) in cli.digests(client.path)


def test_list_names_every_state(daemon, cli):
    paths = [f"zone-{z}/stage-{s}" for z in range(3) for s in range(5)] + ["zone-0", "top"]
    for path in paths:
        daemon.client(path).post(state(1))
    assert sorted(cli.states()) == sorted(paths)


def test_writers_of_many_states(daemon, cli):
    def write(number: int) -> list[int]:
        client = daemon.client(f"many/{number}")
        return [client.post(state(serial)).status for serial in range(1, 11)]

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(write, range(8)))
    assert statuses == [[200] * 10] * 8
    for number in range(8):
        expected = [digest(state(serial)) for serial in range(10, 0, -1)]
        assert cli.digests(f"many/{number}") == expected


def test_writers_of_one_state(daemon, cli):
    client = daemon.client("one")
    bodies = [state(serial, writer=str(serial)) for serial in range(1, 25)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda body: client.post(body).status, bodies))
    assert statuses == [200] * len(bodies)
    assert sorted(cli.digests("one")) == sorted(map(digest, bodies))
    assert client.get().body == cli.pull("one")
    assert digest(client.get().body) == cli.digests("one")[0]


def test_readers_never_see_half_a_write(daemon):
    client = daemon.client("torn")
    bodies = [state(serial, blob=str(serial) * 100_000) for serial in range(1, 9)]
    client.post(bodies[0])
    done = threading.Event()
    torn = []

    def read():
        while not done.is_set():
            if client.get().body not in bodies:
                torn.append(1)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(2):
        for body in bodies:
            assert client.post(body).status == 200
    done.set()
    for reader in readers:
        reader.join()
    assert not torn


def test_two_daemons_share_one_store(launch, project):
    first, second = launch(project).client("net"), launch(project).client("net")
    info = lock_info()
    assert first.lock(info).status == 200
    assert second.lock(lock_info()).status == 423
    assert second.post(state(1)).status in (409, 423)
    assert second.post(state(1), info["ID"]).status == 200
    assert first.get().body == state(1)
    assert second.unlock(info).status == 200
    assert first.lock(lock_info()).status == 200


def test_the_command_line_writes_what_the_daemon_reads(daemon, cli, tmp_path):
    body = state(4, pushed="by hand")
    file = tmp_path / "pushed.tfstate"
    file.write_bytes(body)
    cli.ok("state", "push", "terraform/net", file)
    client = daemon.client("net")
    assert client.get().body == body
    client.lock(lock_info())
    refused = cli.run("state", "push", "terraform/net", file)
    assert refused.returncode == 4, "another holds the lock"
