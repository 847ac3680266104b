"""Drivers in processes of their own: what a crash costs, and what it does not."""

import json
import os
import random
import time

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.crashing import (
    build_shelf_driver, configure_two_stores as configure, crash_count, crash_under_load,
    driver_processes, kill_under_load)
from blackbox.dist import copy_dist
from blackbox.processes import Daemon
from blackbox.terraform import state

USAGE, NOT_FOUND, UNREACHABLE = 2, 3, 7
CRASHES = int(os.environ.get("HOLDFAST_CRASHES", "25"))
NEVER = "drivers: {quarantineCrashes: 0, restartDelayMost: 100ms}\n"


@pytest.fixture
def kind() -> str:
    return "local"


@pytest.mark.parametrize("driver", ["local", "sqlite"])
def test_a_killed_process_loses_nothing(project, launch, driver):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    configure(project, driver, "process", NEVER)
    result = kill_under_load(launch(project), CRASHES, seed)
    assert result.violations == []
    assert result.own.answered > CRASHES and result.other.answered > CRASHES


def test_a_driver_that_crashes_at_every_write(project, launch, tmp_path):
    drivers = build_shelf_driver(tmp_path / "drivers", "CRASHES_IN_PUT")
    configure(project, "shelf", drivers=NEVER)
    daemon = launch(project, "--driver-path", drivers)
    result = crash_under_load(daemon, "shelf", CRASHES)
    assert result.crashes >= CRASHES, daemon.log[-2000:]
    assert result.violations == []
    assert result.own.answered > 20 and result.other.answered == 0 and result.other.refused
    assert "signal 11" in daemon.log


def test_quarantine(project, cli, launch, tmp_path, holdfast):
    drivers = build_shelf_driver(tmp_path / "drivers", "CRASHES_IN_PUT")
    configure(project, "shelf", drivers="drivers: {quarantineCrashes: 3, quarantineWithin: 1h, restartDelayMost: 100ms}\n")
    place = {"HOLDFAST_QUARANTINE_DIR": str(tmp_path / "quarantine")}
    path = ("--driver-path", drivers)
    daemon = launch(project, *path, env=place)
    other = daemon.client("x", store="other")
    deadline = time.monotonic() + 60
    while "quarantine" not in (answer := other.post(state(1))).body.decode():
        assert answer.status in (500, 503) and time.monotonic() < deadline, str(answer)
    assert crash_count(daemon, "shelf") == 3
    assert daemon.client("x").post(state(1)).status == 200

    listed = json.loads(holdfast("driver", "quarantine", "list", "--json", env=place).stdout)
    [record] = listed["drivers"]
    assert record["id"] == "shelf" and record["quarantined"] and record["crashes"] == 3
    assert "signal 11" in record["last_crashes"][0]["cause"]
    # No other command runs it either, and each says what to do.
    for command in (["driver", "info", "shelf"], ["state", "list", "--store", "other"]):
        done = cli.run(*command, *path, env=place)
        assert_one_error(done, USAGE, "quarantine clear shelf", "signal 11")

    done = holdfast("driver", "quarantine", "clear", "shelf", env=place)
    assert done.returncode == 0 and b"shelf" in done.stdout
    assert_one_error(holdfast("driver", "quarantine", "clear", "shelf", env=place), NOT_FOUND,
                     "shelf")
    assert cli.run("driver", "info", "shelf", *path, env=place).returncode == 0
    # The daemon that ran all the time uses it again, and it crashes again.
    other.post(state(1))
    assert crash_count(daemon, "shelf") > 3


def test_a_driver_that_hangs(project, cli, tmp_path):
    drivers = build_shelf_driver(tmp_path / "drivers", "HANGS_IN_HEAD")
    configure(project, "shelf")
    started = time.monotonic()
    done = cli.run("state", "pull", "x", "--store", "other", "--driver-path", drivers,
                   "--timeout", "1s")
    assert_one_error(done, (UNREACHABLE, NOT_FOUND), "")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("asked", ["in-process", "process"])
@pytest.mark.parametrize("pinned", [False, True])
def test_the_default_is_by_pin(project, cli, tmp_path, pinned, asked):
    """A manifest can ask for a process, never for less."""
    drivers = build_shelf_driver(tmp_path / "drivers", "NOTHING")
    manifest = drivers / "shelf/driver.toml"
    manifest.write_text(manifest.read_text().replace('"process"', f'"{asked}"'))
    lock = tmp_path / "drivers.lock"
    lock.write_text("lock_version = 1\n")
    flags = ("--driver-path", drivers, "--lock-file", lock)
    if pinned:
        cli.ok("driver", "pin", "shelf", *flags)
    driver = json.loads(cli.ok("driver", "info", "shelf", *flags, "--json"))["driver"]
    is_inside = pinned and asked == "in-process"
    assert driver["isolation"] == ("in-process" if is_inside else "process")
    assert bool(driver["sandbox"]) != is_inside
    if not is_inside:
        parts = {part["name"]: part for part in driver["sandbox"]}
        assert parts["no-new-privs"]["active"], parts
        assert all(part["active"] or part["detail"] for part in parts.values()), parts


def test_what_one_store_asks_for_decides_nothing_for_another(project, tmp_path):
    """A store that does not say runs an unpinned driver in a process, whatever was opened first."""
    drivers = build_shelf_driver(tmp_path / "drivers", "NOTHING")
    project.configure(
        "stores:\n  inside: {driver: shelf, isolation: in-process}\n  unsaid: {driver: shelf}\n"
        "daemon: {stores: [inside, unsaid]}\n")
    for names in (["inside", "unsaid"], ["unsaid", "inside"]):
        with Daemon(project, "--driver-path", drivers).wait_until_listening() as daemon:
            for name in names:
                assert daemon.client("x", store=name).post(state(1)).status == 200, daemon.log
            assert len(driver_processes(daemon)) == 1, f"opened in the order {names}"


def test_drivers_that_cannot_share_a_process(project, cli, tmp_path):
    """Two that each bring SQLite, both pinned: the second gets a process, or is refused."""
    drivers = build_shelf_driver(tmp_path / "drivers", "NOTHING")
    manifest = drivers / "shelf/driver.toml"
    manifest.write_text(manifest.read_text().replace(
        '[isolation]', 'singletons = ["sqlite"]\n\n[isolation]').replace(
        '"process"', '"in-process"').replace(
        'threads = "parallel"\n\nsingletons', 'threads = "parallel"\nsingletons'))
    lock = tmp_path / "drivers.lock"
    lock.write_text("lock_version = 1\n")
    flags = ("--driver-path", drivers, "--lock-file", lock)
    cli.ok("driver", "pin", "shelf", *flags)
    assert json.loads(cli.ok("driver", "info", "shelf", *flags, "--json"))["driver"][
        "isolation"] == "in-process", "alone it may"
    text = ("backend: {kind: sqlite}\nstores:\n  one: {driver: sqlite, options: {path: one.db}}\n"
            "  two: {driver: shelf%s}\ndaemon: {stores: [two]}\n")
    for isolation, status in (("", 200), (", isolation: process", 200),
                              (", isolation: in-process", 500)):
        project.configure(text % isolation)
        with Daemon(project, *flags).wait_until_listening() as daemon:
            answer = daemon.client("x", store="two").post(state(1))
            assert answer.status == status, f"{isolation}: {answer}"
            assert len(driver_processes(daemon)) == (1 if status == 200 else 0)
            assert status == 200 or "cannot share a process with sqlite" in answer.json()["error"]


def test_the_process_sees_nothing_of_the_environment(project, launch):
    configure(project, "local", "process")
    secret = "s3cr3t-0f-the-daemon"
    daemon = launch(project, env={"HOLDFAST_API_KEY": secret, "AWS_SECRET_ACCESS_KEY": secret})
    client = daemon.client("x", store="other", headers={"X-API-Key": secret})
    assert client.post(state(1)).status == 200
    [pid] = driver_processes(daemon)
    for file in ("environ", "cmdline"):
        with open(f"/proc/{pid}/{file}", "rb") as stream:
            assert secret.encode() not in stream.read()


def test_the_process_ends_with_the_daemon(project, launch):
    configure(project, "local", "process")
    daemon = launch(project)
    assert daemon.client("x", store="other").post(state(1)).status == 200
    [pid] = driver_processes(daemon)
    daemon.kill()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{pid}")


def test_without_the_program_for_it(project, cli, tmp_path):
    """A missing helper is an error, never a quiet change to in-process."""
    copy = copy_dist(tmp_path / "dist")
    (copy / "bin/holdfast-driver-host").unlink()
    configure(project, "local", "process")
    done = CommandLine(project, copy).run("state", "list", "--store", "other")
    assert done.returncode != 0 and b"holdfast-driver-host" in done.stderr
