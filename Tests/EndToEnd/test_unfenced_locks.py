"""States in a bucket whose service ignores conditional writes, with their locks in another store."""

import contextlib
import json
import threading
import uuid

import pytest

from Servers import server
from Servers.fake_s3 import ALL, FakeS3
from Servers.s3 import REGION
from blackbox.cli import CommandLine, assert_one_error
from blackbox.processes import Daemon
from blackbox.project import Project
from blackbox.terraform import SEVEN_FIELDS, lock_info, state

USAGE, LOCKED, UNREACHABLE, FAILURE = 2, 4, 7, 1
DSN = "HOLDFAST_TESTS_DSN"
BACKEND = "backend:\n  kind: s3\n  s3Bucket: bucket\n  s3Prefix: p\n"
KEEPERS = ["sqlite", "local", "lockTable"]


@pytest.fixture(scope="module")
def ministack():
    with server("ministack") as running:
        yield running


@pytest.fixture(scope="module")
def postgres():
    with server("postgres") as running:
        yield running


@pytest.fixture
def bucket():
    with FakeS3(honours=()) as fake:
        yield fake


class Unfenced:
    """A project over such a bucket, and what its programs need in their environment."""

    def __init__(self, folder, bucket: FakeS3, keeper: str, running=None):
        self.project = Project(folder, "local")
        self.bucket, self.keeper, self.store = bucket, keeper, "keeper"
        self.environment = {
            "AWS_ENDPOINT_URL_S3": bucket.url, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true"}
        text = BACKEND + "  locks: keeper\nstores:\n  keeper:\n"
        if keeper == "lockTable":
            table = running.make_table(f"locks-{uuid.uuid4()}")
            text = BACKEND + f"  lockTable: {table}\n"
            self.store = f"lockTable:{table}"
            self.environment |= {
                "AWS_ENDPOINT_URL_DYNAMODB": running.endpoint, "AWS_ACCESS_KEY_ID": running.key[0],
                "AWS_SECRET_ACCESS_KEY": running.key[1]}
        elif keeper == "postgres":
            self.environment[DSN] = running.url(running.create_database(
                f"locks_{uuid.uuid4().hex}"))
            text += f"    driver: postgres\n    options: {{url_source: env:{DSN}}}\n"
        else:
            text += f"    driver: {keeper}\n    options: {{path: keeper.db}}\n"
        self.block = text
        self.project.remote = self
        self.project.configure()
        self.cli = CommandLine(self.project)

    def keys(self) -> list[str]:
        return sorted(self.bucket.objects)


@pytest.fixture
def unfenced(request, tmp_path, bucket):
    def make(keeper: str, name: str = "project") -> Unfenced:
        running = {"lockTable": "ministack", "postgres": "postgres"}.get(keeper)
        return Unfenced(
            tmp_path / name, bucket, keeper, running and request.getfixturevalue(running))
    return make


@contextlib.contextmanager
def running(project: Project, *flags, count: int = 1):
    daemons = [Daemon(project, *flags) for _ in range(count)]
    try:
        for daemon in daemons:
            daemon.wait_until_listening()
        yield daemons
    finally:
        for daemon in daemons:
            daemon.stop()


def together(bodies: list) -> list:
    """Runs functions at the same moment."""
    results, gate = [None] * len(bodies), threading.Barrier(len(bodies))

    def run(number: int):
        gate.wait()
        results[number] = bodies[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("keeper", ["sqlite", "postgres", "lockTable"])
def test_one_of_eight_processes_wins_each_of_thirty_rounds(unfenced, keeper):
    setup = unfenced(keeper)
    with running(setup.project, count=8) as daemons:
        for number in range(30):
            path = f"race/{number}"
            infos = [lock_info() for _ in daemons]
            answers = together([
                lambda daemon=daemon, info=info: daemon.client(path).lock(info)
                for daemon, info in zip(daemons, infos)])
            statuses = [answer.status for answer in answers]
            assert sorted(statuses) == [200] + [423] * 7, f"round {number}: {statuses}"
            winner = statuses.index(200)
            holder = infos[winner]["ID"]
            assert {answer.json()["ID"] for answer in answers} == {holder}
            body = state(number + 1)
            assert daemons[winner - 1].client(path).post(body).status == 423
            assert daemons[winner].client(path).post(body, holder).status == 200
            assert daemons[winner - 1].client(path).get().body == body
            assert setup.bucket.objects[f"p/terraform/{path}"].data == body
            assert daemons[winner].client(path).unlock(infos[winner]).status == 200
    assert not [key for key in setup.keys() if "-records/" in key], "a record is in the bucket"
    assert len([key for key in setup.keys() if "/pairings/" in key]) == 1


@pytest.mark.parametrize("keeper", KEEPERS)
def test_the_first_use_by_eight_processes_at_once(unfenced, keeper):
    """They make the pairing together, and agree."""
    setup = unfenced(keeper)
    bodies = [state(number + 1) for number in range(8)]
    for number, body in enumerate(bodies):
        (setup.project.folder / f"{number}.tfstate").write_bytes(body)
    outcomes = together([
        lambda number=number: setup.cli.run(
            "state", "push", f"terraform/s{number}", f"{number}.tfstate") for number in range(8)])
    for outcome in outcomes:
        assert outcome.returncode == 0, outcome.stderr
    assert [setup.cli.pull(f"s{number}") for number in range(8)] == bodies
    assert len([key for key in setup.keys() if "/pairings/" in key]) == 1


@pytest.mark.parametrize("keeper", KEEPERS)
def test_a_lock_is_shown_as_unfenced(unfenced, keeper):
    setup = unfenced(keeper)
    words = f"unfenced: the lock is kept in the store '{setup.store}'"
    with running(setup.project) as (daemon,):
        client, info = daemon.client("net"), lock_info()
        taken = client.lock(info).json()
        assert {name: taken[name] for name in SEVEN_FIELDS if name != "Info"} == {
            name: info[name] or "net" for name in SEVEN_FIELDS if name != "Info"}
        assert taken["Fenced"] is False and words in taken["Info"]
        refused = client.lock(lock_info())
        assert refused.status == 423 and words in refused.json()["Info"]
        assert client.post(state(1), info["ID"]).status == 200
        assert "not fenced" in daemon.log
    cli = setup.cli
    listed = cli.json("lock", "list")["locks"][0]
    assert (listed["fenced"], listed["lock_store"]) == (False, setup.store)
    shown = cli.json("lock", "show", "terraform/net")
    assert shown["lock"]["fenced"] is False and shown["lock_store"] == setup.store
    whole = cli.json("state", "show", "terraform/net")["state"]
    assert whole["lock_store"] == setup.store and whole["lock"]["fenced"] is False
    for words_in in (["lock", "show", "terraform/net"], ["state", "show", "terraform/net"]):
        assert words in cli.ok(*words_in).decode()
    assert words in cli.run("lock", "list").stderr.decode()
    assert "unfenced" in cli.ok("state", "list").decode()
    error = assert_one_error(cli.run("state", "rm", "terraform/net"), LOCKED)
    assert words in error
    assert cli.json("lock", "release", "terraform/net", "--force")["released"]["fenced"] is False
    cli.ok("state", "rm", "terraform/net")
    assert cli.states() == []
    assert len(cli.versions("net")) == 1


@pytest.mark.parametrize("keeper", KEEPERS)
def test_the_states_of_a_wire_client(unfenced, keeper):
    setup = unfenced(keeper)
    with running(setup.project, count=2) as (one, two):
        assert two.client("app/prod").get().status == 404
        for serial in range(1, 6):
            info = lock_info()
            first, second = (one, two) if serial % 2 else (two, one)
            assert first.client("app/prod").lock(info).status == 200
            assert first.client("app/prod").post(state(serial), info["ID"]).status == 200
            assert second.client("app/prod").get().body == state(serial)
            assert second.client("app/prod").unlock(info).status == 200
        info = lock_info()
        assert one.client("app/prod").lock(info).status == 200
        assert two.client("app/prod").force_unlock().status == 200
        refused = one.client("app/prod").post(state(9), info["ID"])
        assert refused.status == 409 and refused.header("X-Holdfast-Orphan")
        assert two.client("app/prod").get().body == state(5)
    assert [row["serial"] for row in setup.cli.versions("app/prod")] == [5, 4, 3, 2, 1]
    assert len(setup.cli.json("state", "show", "terraform/app/prod")["orphans"]) == 1


def test_another_store_of_a_daemon(unfenced):
    setup = unfenced("sqlite")
    setup.project.configure(
        "backend: {kind: local}\ndaemon: {stores: [bucket]}\nstores:\n"
        "  bucket:\n    driver: s3\n    options: {bucket: bucket, prefix: p}\n    locks: default\n")
    with running(setup.project) as (daemon,):
        client, info = daemon.client("net", store="bucket"), lock_info()
        assert client.lock(info).json()["Fenced"] is False
        assert client.post(state(1), info["ID"]).status == 200
        assert daemon.client("net").get().status == 404
        assert client.get().body == state(1)


# MARK: What is refused


@pytest.mark.parametrize("text, mentions", [
    (BACKEND + "  locks: default\n", ["holdfast.yml:5", "itself"]),
    (BACKEND + "  locks: keper\nstores:\n  keeper: {driver: sqlite, options: {path: k.db}}\n",
     ["holdfast.yml:5", "keper", "did you mean"]),
    (BACKEND + "  locks: keeper\n  lockTable: t\nstores:\n  keeper: {driver: local}\n",
     ["holdfast.yml:5", "both"]),
    (BACKEND + "  locks: a\nstores:\n  a: {driver: local, options: {path: a}, locks: b}\n"
     "  b: {driver: local, options: {path: b}}\n", ["holdfast.yml:5", "elsewhere"]),
    ("backend: {kind: local}\nstores:\n  a:\n    driver: local\n    locks: [b]\n",
     ["holdfast.yml:5", "single value"]),
])
def test_what_the_configuration_cannot_mean(unfenced, text, mentions):
    setup = unfenced("sqlite")
    setup.project.configure(text)
    assert_one_error(setup.cli.run("state", "list"), USAGE, *mentions)
    assert_one_error(setup.cli.run("config", "show"), USAGE, *mentions)


def test_config_show(unfenced):
    for keeper, key in [("sqlite", "backend.locks"), ("lockTable", "backend.lockTable")]:
        setup = unfenced(keeper, keeper)
        rows = {row["key"]: row for row in setup.cli.json("config", "show")["settings"]}
        assert rows[key]["value"] == setup.store.removeprefix("lockTable:")
        assert rows[key]["origin"]["line"] == 5


def test_without_a_lock_store(unfenced):
    setup = unfenced("sqlite")
    setup.project.configure(BACKEND)
    (setup.project.folder / "s").write_bytes(state(1))
    error = assert_one_error(
        setup.cli.run("state", "push", "terraform/a", "s"), FAILURE, "create:", "locks: NAME",
        "lockTable", "probe: again")
    assert "conditional" in error
    assert setup.cli.states() == []
    assert not [key for key in setup.keys() if "probe" not in key]


def test_a_table_of_another_service_needs_its_endpoint(unfenced):
    setup = unfenced("lockTable")
    del setup.environment["AWS_ENDPOINT_URL_DYNAMODB"]
    (setup.project.folder / "s").write_bytes(state(1))
    assert_one_error(
        setup.cli.run("state", "push", "terraform/a", "s"), USAGE, "holdfast.yml:5", "locks: NAME",
        "AWS_ENDPOINT_URL_DYNAMODB")
    daemon = Daemon(setup.project)
    assert daemon.wait() == USAGE and "AWS_ENDPOINT_URL_DYNAMODB" in daemon.log


def test_a_lock_store_without_conditions(unfenced, bucket):
    setup = unfenced("sqlite")
    setup.project.configure(BACKEND + "  locks: keeper\nstores:\n  keeper:\n    driver: s3\n"
               "    options: {bucket: bucket, prefix: q}\n")
    (setup.project.folder / "s").write_bytes(state(1))
    assert_one_error(
        setup.cli.run("state", "push", "terraform/a", "s"), USAGE, "holdfast.yml:5", "keeper",
        "conditional")


def test_two_clients_with_different_lock_stores(unfenced):
    one, two = unfenced("sqlite", "one"), unfenced("sqlite", "two")
    bare = unfenced("sqlite", "bare")
    bare.project.configure(BACKEND)
    for setup in (one, two, bare):
        (setup.project.folder / "s").write_bytes(state(1))
    one.cli.ok("state", "push", "terraform/a", "s")
    two.cli.run("state", "push", "terraform/b", "s", "--store", "keeper")
    for setup in (two, bare):
        for command in (["push", "terraform/a", "s"], ["pull", "terraform/a"], ["list"]):
            assert_one_error(setup.cli.run("state", *command), USAGE, "'keeper' (sqlite)")
    daemon = Daemon(two.project)
    assert daemon.wait() == USAGE and "'keeper' (sqlite)" in daemon.log
    assert one.cli.pull("a") == state(1)


def test_a_lock_store_that_is_away(unfenced):
    setup = unfenced("lockTable")
    (setup.project.folder / "s").write_bytes(state(1))
    setup.cli.ok("state", "push", "terraform/a", "s")
    before = setup.keys()
    setup.environment["AWS_ENDPOINT_URL_DYNAMODB"] = "http://127.0.0.1:9"
    for command in (["push", "terraform/b", "s"], ["pull", "terraform/a"]):
        assert_one_error(setup.cli.run("state", *command, "--timeout", "10s"), UNREACHABLE)
    assert setup.keys() == before


def test_a_service_that_honours_conditions_keeps_its_own_locks(unfenced, bucket):
    bucket.honours = ALL
    setup = unfenced("sqlite")
    (setup.project.folder / "s").write_bytes(state(1))
    done = setup.cli.run("state", "push", "terraform/a", "s")
    assert done.returncode == 0 and done.stderr.count(b"is not used") == 1
    assert setup.cli.json("state", "show", "terraform/a")["state"]["lock_store"] is None
    assert not (setup.project.folder / "keeper.db").exists()
    with running(setup.project) as (daemon,):
        info = lock_info()
        assert "Fenced" not in daemon.client("a").lock(info).json()
        assert "is not used" in daemon.log
    # Somebody finds that they do not hold any more: no second holder elsewhere.
    verdict = bucket.objects["p/.holdfast/probe/verdict.json"]
    document = json.loads(verdict.data)
    document["results"]["race"] = "2 of 8 creates at once succeed"
    verdict.data = json.dumps(document).encode()
    assert_one_error(
        setup.cli.run("state", "push", "terraform/a", "s"), FAILURE, "itself", "probe: again")


def test_when_the_service_is_mended_the_locks_stay(unfenced, bucket):
    setup = unfenced("sqlite")
    (setup.project.folder / "s").write_bytes(state(1))
    setup.cli.ok("state", "push", "terraform/a", "s")
    bucket.honours = ALL
    text = setup.block.replace(BACKEND, "backend:\n  kind: s3\n  options: {bucket: bucket, prefix: p, "
                               "probe: again}\n")
    setup.project.configure(text)
    done = setup.cli.run("state", "show", "terraform/a", "--json")
    assert json.loads(done.stdout)["state"]["lock_store"] == "keeper"
    assert b"another prefix" in done.stderr
    setup.project.configure(BACKEND)
    assert_one_error(setup.cli.run("state", "pull", "terraform/a"), USAGE, "another prefix")
