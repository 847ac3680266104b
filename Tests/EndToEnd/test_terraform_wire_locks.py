"""Locks: terraform-http rows 1.3, 1.4 and 1.5, and what a write owes them."""

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from blackbox import dist
from blackbox.terraform import NO_STATE, REFUSED, SEVEN_FIELDS, lock_info, state

STORES = dist.STORES
# What the daemon does with requests before it asks a store is the same over each.
front_end = pytest.mark.stores("sqlite")

# What Go's time.Time accepts: RFC 3339 with a zone.
CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def assert_holder(answer, holder: dict[str, str]) -> dict:
    """Checks a conflict's body by the strictest client's rules."""
    assert answer.status in REFUSED, str(answer)
    seen = answer.json()
    assert set(SEVEN_FIELDS) <= set(seen), seen
    assert all(isinstance(seen[name], str) for name in SEVEN_FIELDS), seen
    assert seen["ID"] == holder["ID"]
    assert CREATED.fullmatch(seen["Created"]), seen["Created"]
    for name in ("Operation", "Who", "Version"):
        assert seen[name] == holder[name]
    return seen


def test_remote_test_locks(client):
    a, b = lock_info(), lock_info(Who="ben@ci", Operation="OperationTypePlan")
    assert client.lock(a).status == 200
    assert client.lock(b).status == 423
    assert_holder(client.lock(b), a)
    assert client.unlock(a).status == 200
    assert client.lock(b).status == 200
    assert_holder(client.lock(a), b)
    assert client.unlock(b).status == 200


@front_end
def test_the_holder_gets_guidance_where_the_client_shows_it(client):
    client.lock(lock_info())
    seen = assert_holder(client.lock(lock_info()), seen_holder(client))
    assert "held" in seen["Info"], "Info is one of the few texts that a user sees"
    assert client.path in seen["Path"]


def seen_holder(client) -> dict:
    return client.lock(lock_info()).json()


def test_what_the_holder_said_comes_back(client):
    holder = lock_info(Info="migrating \u2603", Path="p1/s1", Who="o'hara@h\"x", Operation="op")
    client.lock(holder)
    seen = assert_holder(client.lock(lock_info()), holder)
    assert (seen["Info"], seen["Path"]) == (holder["Info"], holder["Path"])


@front_end
@pytest.mark.parametrize("created", [
    "", "2026-11-21T07:14:03", "yesterday", "0001-01-01T00:00:00Z", "2026-11-21 07:14:03Z",
    "2026-11-21T07:14:03.242552313+02:00", None, 5])
def test_created_always_has_a_zone(client, created):
    # Terraform 1.15 gives up at once, without -lock-timeout, when it cannot read this field.
    holder = lock_info() | {"Created": created}
    if created is None:
        del holder["Created"]
    if client.lock(holder).status == 400:
        assert created == 5
        return
    assert_holder(client.lock(lock_info()), lock_info(holder["ID"]))


@front_end
def test_a_lock_with_an_id_alone(client):
    assert client.lock({"ID": "only-an-id"}).status == 200
    answer = client.lock(lock_info())
    assert answer.status == 423
    assert set(SEVEN_FIELDS) <= set(answer.json()) and answer.json()["ID"] == "only-an-id"
    assert CREATED.fullmatch(answer.json()["Created"])


def test_lock_unlock_and_write_may_be_repeated(client, cli):
    # The client repeats each of them, with the same bytes, when an answer was lost.
    info = lock_info()
    for _ in range(3):
        assert client.lock(info).status == 200
    for _ in range(3):
        assert client.post(state(4), info["ID"]).status == 200
    assert len(cli.versions(client.path)) == 1, "a repeated write is one version"
    for _ in range(3):
        assert client.unlock(info).status == 200
    assert client.get().body == state(4)


def test_a_repeated_lock_never_takes_it_from_another(client):
    a, b = lock_info(), lock_info()
    client.lock(a)
    client.unlock(a)
    client.lock(b)
    assert_holder(client.lock(a), b)


@front_end
@pytest.mark.parametrize("way", ["whole", "only the ID", "zero date", "query", "force"])
def test_every_way_to_unlock(client, way):
    info, other = lock_info(), lock_info()
    client.lock(info)
    ways = {
        "whole": lambda: client.unlock(info),
        "only the ID": lambda: client.unlock({"ID": info["ID"]}),
        # OpenTofu's force-unlock.
        "zero date": lambda: client.unlock(
            {name: "" for name in SEVEN_FIELDS}
            | {"ID": info["ID"], "Created": "0001-01-01T00:00:00Z"}),
        "query": lambda: client.unlock_by_query(info["ID"]),
        "force": client.force_unlock,
    }
    assert ways[way]().status == 200, "the client takes nothing but 200"
    assert client.lock(other).status == 200
    assert_holder(client.lock(info), other)


def test_unlock_of_what_is_free(client):
    for answer in (client.unlock(lock_info()), client.force_unlock(),
                   client.unlock_by_query("x")):
        assert answer.status == 200
    client.post(state(1))
    assert client.unlock(lock_info()).status == 200
    assert client.get().body == state(1)


def test_unlock_with_anothers_id_keeps_the_lock(client):
    holder = lock_info()
    client.lock(holder)
    assert_holder(client.unlock(lock_info()), holder)
    assert client.unlock_by_query("another").status in REFUSED
    assert_holder(client.lock(lock_info()), holder)


@front_end
def test_unlock_with_a_body_that_is_no_lock_does_not_force(client):
    # Only an empty body forces: a broken one must not be taken for it.
    holder = lock_info()
    client.lock(holder)
    for body in (b"{", b"null", b"[]", b'{"ID":""}', b'{"id":5}', b" "):
        answer = client._send("UNLOCK", client.target, body, {"Content-Type": "application/json"})
        assert 400 <= answer.status < 500, f"{body!r}: {answer}"
    assert_holder(client.lock(lock_info()), holder)


@front_end
@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b'"x"', b"{}", b'{"ID":""}', b'{"ID":5}', b'{"ID":null}',
    b'{"ID":"' + b"x" * 600 + b'"}', b'{"ID":"a\\u0000b"}', b'{"ID":"a\\nb"}', b"[" * 5000],
    ids=lambda body: ascii(body[:20]))
def test_a_body_that_is_no_lock_takes_none(client, body):
    assert client.lock_raw(body).status == 400, body
    assert client.lock(lock_info()).status == 200


@front_end
def test_a_lock_body_over_its_limit(client):
    huge = lock_info(Info="i" * 70_000)
    assert client.lock(huge).status in (400, 413)
    assert client.lock(lock_info(Info="i" * 2_000)).status == 200


class TestWritesOweTheLock:
    def test_the_holder_writes(self, client):
        info = lock_info()
        client.lock(info)
        assert client.post(state(1), info["ID"]).status == 200
        assert client.post(state(2), info["ID"], method="PUT").status == 200
        assert client.get().body == state(2)

    @front_end
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    @pytest.mark.parametrize("lock_id", [None, "", "stale", "00000000-0000-0000-0000-000000000000"])
    def test_no_or_another_id_while_it_is_held(self, client, cli, method, lock_id):
        client.post(state(1))
        info = lock_info()
        client.lock(info)
        answer = client.post(state(2), lock_id, method=method)
        assert answer.status in REFUSED, str(answer)
        assert client.get().body == state(1)
        assert len(cli.versions(client.path)) == 1
        assert client.unlock(info).status == 200

    def test_an_id_after_unlock(self, client):
        info = lock_info()
        client.lock(info)
        client.post(state(1), info["ID"])
        client.unlock(info)
        assert client.post(state(2), info["ID"]).status in REFUSED
        assert client.get().body == state(1)

    def test_an_id_after_force_unlock_and_another_lock(self, client):
        a, b = lock_info(), lock_info()
        client.lock(a)
        client.force_unlock()
        client.lock(b)
        assert client.post(state(1), a["ID"]).status in REFUSED
        assert client.get().status in NO_STATE
        assert client.post(state(2), b["ID"]).status == 200
        assert client.post(state(3), a["ID"]).status in REFUSED
        assert client.get().body == state(2)

    def test_an_id_that_never_held(self, client):
        assert client.post(state(1), "never").status in REFUSED
        assert client.get().status in NO_STATE

    def test_removal_while_it_is_held(self, client):
        client.post(state(1))
        info = lock_info()
        client.lock(info)
        assert client.delete().status in REFUSED
        assert client.delete("stale").status in REFUSED
        assert client.get().body == state(1)
        assert client.delete(info["ID"]).status == 200
        assert client.get().status in NO_STATE

    def test_removal_keeps_the_fence(self, client):
        # A state that was removed and made again must not let an old holder in.
        old = lock_info()
        client.lock(old)
        client.force_unlock()
        client.delete()
        new = lock_info()
        client.lock(new)
        assert client.post(state(1), old["ID"]).status in REFUSED
        assert client.post(state(2), new["ID"]).status == 200

    def test_a_refused_write_is_kept_to_inspect(self, client, project, cli):
        client.post(state(1))
        client.lock(lock_info())
        lost = state(2, precious="kept-although-refused")
        assert client.post(lost, "stale").status in REFUSED
        kept = cli.json("state", "show", f"terraform/{client.path}")["orphans"]
        assert hashlib.sha256(lost).hexdigest() in [orphan["sha256"] for orphan in kept]
        if project.remote is None:
            assert any(lost in data for data in all_bytes(project)), "the refused bytes are gone"


def all_bytes(project):
    for path in project.place.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def test_three_clients_race_for_a_lock(daemon):
    with ThreadPoolExecutor(3) as pool:
        for number in range(40):
            client = daemon.client(f"race/{number}")
            infos = [lock_info(Who=f"client-{each}") for each in range(3)]
            gate = threading.Barrier(3)

            def take(info):
                gate.wait()
                return client.lock(info)

            answers = list(pool.map(take, infos))
            winners = [i for i, answer in zip(infos, answers) if answer.status == 200]
            assert len(winners) == 1, [str(answer) for answer in answers]
            for info, answer in zip(infos, answers):
                if info is not winners[0]:
                    assert_holder(answer, winners[0])


def test_a_lock_outlives_the_daemon(launch, project):
    info = lock_info()
    first = launch(project)
    first.client("net").lock(info)
    first.kill()
    second = launch(project).client("net")
    assert_holder(second.lock(lock_info()), info)
    assert second.post(state(1), info["ID"]).status == 200
    assert second.unlock(info).status == 200


def test_locks_are_apart(daemon):
    assert daemon.client("a").lock(lock_info()).status == 200
    assert daemon.client("a/b").lock(lock_info()).status == 200
    assert daemon.client("b").post(state(1)).status == 200


def test_the_command_line_shows_and_releases(client, cli):
    info = lock_info(Who="carol@build")
    client.lock(info)
    address = f"terraform/{client.path}"
    assert info["ID"] in cli.ok("lock", "list").decode()
    shown = cli.ok("lock", "show", address).decode()
    assert info["ID"] in shown and "carol@build" in shown
    wrong = cli.run("lock", "release", address, "--id", "another")
    assert wrong.returncode == 4
    assert_holder(client.lock(lock_info()), info)
    cli.ok("lock", "release", address, "--id", info["ID"])
    assert client.lock(lock_info()).status == 200
