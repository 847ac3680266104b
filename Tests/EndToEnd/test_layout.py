"""What lies on the disk, what the binaries are, and how the daemon ends."""

import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

from blackbox.dist import DRIVERS, dist
from blackbox.terraform import lock_info, state
from blackbox.wire import Connection, ConnectionEnded

BINARIES = ("bin/holdfast", "bin/holdfastd", "libexec/holdfast/holdfast-conformance")
LIBRARIES = tuple(f"lib/holdfast/drivers/{driver}/driver.so" for driver in DRIVERS)


def output(*command) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_driver_exports_its_entry_alone(library):
    symbols = output("nm", "-D", "--defined-only", dist() / library).split("\n")
    names = [line.split()[-1] for line in symbols if line.strip()]
    assert names == ["holdfast_driver_main_v1"]


@pytest.mark.parametrize("binary", BINARIES)
def test_executables_export_nothing(binary):
    symbols = output("nm", "-D", "--defined-only", dist() / binary).split("\n")
    names = [line.split()[-1] for line in symbols if line.strip()]
    assert [name for name in names if not name.startswith("_")] == []


@pytest.mark.parametrize("binary", BINARIES + LIBRARIES)
def test_the_runtime_is_inside(binary):
    needed = output("ldd", dist() / binary)
    assert "swift" not in needed.lower() and "Foundation" not in needed
    dynamic = output("readelf", "-d", dist() / binary)
    paths = [line for line in dynamic.splitlines() if "PATH)" in line]
    assert all(line.endswith("[$ORIGIN]") for line in paths), "a path of the build machine"
    assert ".symtab" not in output("readelf", "-SW", dist() / binary), "not stripped"


@pytest.mark.parametrize("binary", BINARIES)
def test_the_core_knows_no_storage(binary):
    assert "sqlite" not in output("ldd", dist() / binary)


def test_files_of_dist_are_not_writable_by_others():
    for path in dist().rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o022 == 0, path


def test_states_are_found_without_holdfast(client, project):
    client.post(state(1))
    assert project.legible(client.path) == state(1)
    client.post(state(2))
    assert project.legible(client.path) == state(2)
    client.delete()
    assert project.legible(client.path) is None


@pytest.mark.parametrize("kind", ["local"])
def test_a_local_state_lies_under_its_name(daemon, project):
    daemon.client("eu/prod/terraform.tfstate").post(state(1))
    file = project.place / "terraform/eu/prod/terraform.tfstate"
    assert file.read_bytes() == state(1)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_database_is_durable_and_in_order(daemon, project):
    daemon.client("x").post(state(1))
    with project.open_database() as rows:
        assert rows.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert rows.execute("PRAGMA user_version").fetchone()[0] >= 1


RECEIPT = {
    "version": 1, "service": "shop", "stage": "dev", "provider": "aws", "deploymentId": "d-1",
    "outputs": {"url": "https://shop.example"}, "artifacts": [], "metadata": {}, "functions": [],
    "updatedAt": "2026-11-21T07:14:03Z", "unknownField": {"kept": [1, 2.5, None]},
}


def test_receipts_lie_where_their_users_look(project, cli, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(RECEIPT))
    address = "receipts/shop/dev/aws"
    cli.ok("state", "push", address, file)
    assert json.loads(cli.ok("state", "pull", address)) == RECEIPT
    assert address in json.dumps(cli.json("state", "list"))
    if project.kind == "local":
        stored = (project.place / "state/shop/dev/aws.state.json").read_text()
    else:
        with project.open_database() as rows:
            [(workspace, stage, stored, updated)] = rows.execute(
                "SELECT workspace_id, stage, data, updated_at FROM runfabric_receipts").fetchall()
        assert workspace == str(project.folder) and stage == "dev" and updated
    assert json.loads(stored) == RECEIPT


@pytest.mark.parametrize("kind", ["local"])
def test_a_receipt_of_the_original_is_read(project, cli):
    folder = project.folder / ".runfabric/state/shop/dev"
    folder.mkdir(parents=True)
    (folder / "aws.state.json").write_text(json.dumps(RECEIPT))
    (project.folder / ".runfabric").chmod(0o700)
    assert json.loads(cli.ok("state", "pull", "receipts/shop/dev/aws")) == RECEIPT
    assert not project.place.exists(), "an old project goes on in its old folder"
    project.place.mkdir()
    done = cli.run("state", "list")
    assert done.returncode == 2 and b".runfabric" in done.stderr and b".holdfast" in done.stderr


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_receipt_of_the_original_is_read_from_its_table(project, cli):
    project.place.mkdir(mode=0o700)
    with sqlite3.connect(project.database) as rows:
        rows.execute("CREATE TABLE runfabric_receipts (workspace_id TEXT NOT NULL, stage TEXT NOT "
                     "NULL, data TEXT NOT NULL, updated_at TEXT NOT NULL, "
                     "PRIMARY KEY (workspace_id, stage))")
        rows.execute("INSERT INTO runfabric_receipts VALUES (?, 'dev', ?, '2026-11-21T07:14:03Z')",
                     [str(project.folder), json.dumps(RECEIPT)])
    rows.close()
    assert json.loads(cli.ok("state", "pull", "receipts/shop/dev/aws")) == RECEIPT


def test_version_says_which(holdfast):
    done = holdfast("version", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["version"]
    text = holdfast("version").stdout.decode()
    assert re.search(r"\d+\.\d+", text)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_in_flight_end(daemon, launch, project, number):
    body = state(1, blob="d" * 200_000)
    connection = daemon.client("x").begin_post(body, 1000)
    # The daemon has the request once each of its event loops has answered one that came later: new
    # connections go to the loops in turn.
    for _ in range(2 * (os.cpu_count() or 1)):
        assert daemon.request("GET", "/healthz").status == 200
    daemon.signal(number)
    connection.send(body[1000:])
    assert connection.response().status == 200
    assert daemon.wait() == 0, daemon.log
    assert launch(project).client("x").get().body == body


def test_a_drain_under_load_loses_nothing(launch, project):
    daemon = launch(project)
    acknowledged: dict[int, bytes] = {}

    def write(number: int) -> None:
        client = daemon.client(f"w/{number}", timeout=20)
        for serial in range(1, 10_000):
            try:
                answer = client.post(state(serial))
            except (OSError, ConnectionEnded):
                return
            if answer.status != 200:
                return
            acknowledged[number] = state(serial)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 8:
        time.sleep(0.01)
    assert daemon.stop() == 0
    for writer in writers:
        writer.join(30)
    second = launch(project)
    for number, body in acknowledged.items():
        found = second.client(f"w/{number}").get().body
        assert json.loads(found)["serial"] >= json.loads(body)["serial"]


def test_what_the_daemon_streams_is_exact(daemon, cli):
    body = state(1, blob="large" * 4_000_000)
    client = daemon.client("large", timeout=120)
    info = lock_info()
    client.lock(info)
    assert client.post(body, info["ID"]).status == 200
    with Connection(daemon.port, timeout=120) as connection:
        answer = connection.request("GET", client.target)
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()
    [row] = cli.versions("large")
    assert row["sha256"] == hashlib.sha256(body).hexdigest() and row["serial"] == 1
