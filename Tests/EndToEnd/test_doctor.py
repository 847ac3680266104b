"""`holdfast doctor` over every kind of store that is well, and over stores that are not there or do not answer."""

import json
import os
import pty
import signal
import socket
import subprocess
import time
from contextlib import closing

import pytest

from blackbox import dist
from blackbox.dist import clean_environment
from blackbox.doctor import examine, push, run
from blackbox.project import tree

STORES = dist.STORES
FORBIDDEN, UNREACHABLE, INTERRUPTED = 5, 7, 130
REPORT = ["store", "driver", "driver_version", "verdict", "exit_code", "elapsed_ms", "identity",
          "capabilities", "policy", "missing", "left_behind", "checks"]
CHECK = ["id", "title", "verdict", "seen", "advice", "code", "measured"]
CHECKS = ["driver", "open", "capabilities", "identity", "list", "write", "read", "list.fresh",
          "condition.absent", "condition.version", "delete", "clock", "latency.ping", "latency.put",
          "latency.get", "policy", "scratch"]
KINDS = {"local": "file-modes", "sqlite": "file-modes", "postgres": "postgres-grants",
         "dynamodb": "aws-iam", "s3": "aws-iam", "gcs": "google-iam", "azblob": "azure-signature"}


def stored(project) -> dict:
    """What the store holds, but for counters of writes and the empty folder of the collection."""
    return {name: digest for name, digest in project.contents().items()
            if not name.endswith("_changes") and (name, digest) != ("doctor", "folder")}


def test_a_store_that_is_well(project, cli, kind):
    push(cli)
    before = stored(project)
    report = examine(cli)
    assert (report.status, report.failed) == (0, [])
    assert list(report.document) == REPORT
    assert [check["id"] for check in report.document["checks"]] == CHECKS
    for check in report.document["checks"]:
        assert list(check) == CHECK
        assert check["verdict"] == "ok", check
    assert stored(project) == before, "something was changed"
    assert report.document["left_behind"] == [] and report.document["missing"] == []
    assert report.document["policy"]["kind"] == KINDS[kind]
    assert {"principal", "source", "kind", "place"} <= report.document["identity"].keys()
    assert report["latency.put"]["measured"]["count"] == 5
    levels = {each["id"]: each["level"] for each in report.document["capabilities"]}
    assert levels["condition.absent"] == levels["condition.version"] == "native"
    # With its rights in order nobody is shown a policy, but how to see it.
    assert f"holdfast driver call default {kind}.policy" in report.text
    assert json.loads(cli.ok("driver", "call", "default", f"{kind}.policy"))["kind"] == KINDS[kind]


def test_only_what_does_not_write(project, cli, kind):
    push(cli)
    before = project.contents()
    report = examine(cli, "--read-only")
    assert (report.status, report.failed) == (0, [])
    assert project.contents() == before
    untried = {name for name, check in report.checks.items() if check["verdict"] == "not-tried"}
    assert untried == {"write", "list.fresh", "condition.absent", "condition.version", "delete",
                       "latency.put", "latency.get"}
    assert report["read"]["verdict"] == report["list"]["verdict"] == "ok"


@pytest.mark.parametrize("kind", dist.DRIVERS)
def test_a_store_that_is_not_there_is_not_made(project, cli):
    before = tree(project.folder)
    report = examine(cli)
    assert (report.status, report.document["verdict"]) == (0, "warning")
    assert report["open"]["verdict"] == "warning" and "first write" in report["open"]["advice"]
    assert report["write"]["verdict"] == "not-tried"
    assert tree(project.folder) == before


@pytest.mark.parametrize("kind", ["local"])
def test_one_store_never_hides_another(project, cli):
    with closing(socket.socket()) as place:
        place.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{place.getsockname()[1]}"
        project.configure(
            "backend:\n  kind: local\n"
            "stores:\n"
            "  away:\n    driver: s3\n    options: {bucket: bucket, region: eu-central-1,"
            f" endpoint: '{url}', access_key_id: AKIAEXAMPLE, secret_access_key: s3cret}}\n"
            "  nothing:\n    driver: nowhere\n"
            "  wrong:\n    driver: sqlite\n    options: {pfad: x}\n")
        push(cli)
        document, done = run(cli)
        assert [each["store"] for each in document["stores"]] == [
            "default", "away", "nothing", "wrong"]
        assert [each["verdict"] for each in document["stores"]] == [
            "ok", "failed", "failed", "failed"]
        assert [each["exit_code"] for each in document["stores"]] == [0, UNREACHABLE, 2, 2]
        assert done.returncode == 2
        away = {check["id"]: check for check in document["stores"][1]["checks"]}
        assert away["driver"]["verdict"] == "ok" and away["open"]["code"] == "unavailable"
        # Named stores alone.
        named, done = run(cli, "away", "default", "away")
        assert [each["store"] for each in named["stores"]] == ["away", "default"]
        assert done.returncode == UNREACHABLE


@pytest.mark.parametrize("kind", ["local"])
def test_a_name_that_is_no_store_s(project, cli):
    done = cli.run("doctor", "defualt")
    assert done.returncode == 2 and b'did you mean "default"?' in done.stderr
    done = cli.run("doctor", "--store", "default")
    assert done.returncode == 2 and b"leave --store out" in done.stderr


@pytest.mark.parametrize("kind", dist.DRIVERS)
def test_a_driver_in_a_process_of_its_own(project, cli):
    push(cli)
    project.configure(project.config.read_text() + "  isolation: process\n")
    report = examine(cli)
    assert (report.status, report.failed) == (0, [])
    assert report["driver"]["measured"]["isolation"] == "process"
    assert "in a process of its own" in report["driver"]["seen"]


def faulty(project, *faults: str) -> None:
    options = {"local": "state", "sqlite": "state.db"}[project.kind]
    project.configure(
        f"backend:\n  kind: {project.kind}\n"
        f"stores:\n  faulty:\n    driver: {project.kind}\n    options: {{path: {options}}}\n"
        f"    faults: {json.dumps(list(faults))}\n")


def make_faulty(project, cli) -> None:
    faulty(project)
    done = cli.run("state", "push", "net", "-", "--store", "faulty",
                   input=b'{"version":4,"serial":1,"lineage":"x"}')
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", dist.DRIVERS)
def test_the_time_limit_is_of_each_store(project, cli):
    make_faulty(project, cli)
    faulty(project, "delay on=list for=3s")
    document, done = run(cli, "faulty", "--timeout", "1s", "--allow-faults")
    assert done.returncode == UNREACHABLE, document
    checks = {check["id"]: check for check in document["stores"][0]["checks"]}
    assert checks["list"]["code"] == "deadline"
    assert checks["write"]["seen"] == "there was no time left"


@pytest.mark.parametrize("kind", ["local"])
def test_a_driver_that_does_not_come_back(project, cli):
    make_faulty(project, cli)
    faulty(project, "hang on=list")
    project.configure(project.config.read_text().replace(
        "stores:", "  localPath: state\nstores:", 1))
    document, done = run(cli, "faulty", "default", "--timeout", "1s", "--allow-faults")
    assert done.returncode == UNREACHABLE
    first, second = document["stores"]
    assert first["exit_code"] == UNREACHABLE and second["exit_code"] == 0
    checks = {check["id"]: check for check in first["checks"]}
    assert checks["list"]["verdict"] == "failed"


@pytest.mark.parametrize("kind", dist.DRIVERS)
def test_an_interrupted_examination_leaves_nothing(project, cli):
    make_faulty(project, cli)
    faulty(project, "delay on=head for=20s")
    command = [dist.dist() / "bin/holdfast", "doctor", "faulty", "--allow-faults", "-c",
               project.config]
    process = subprocess.Popen(command, cwd=project.folder, env=clean_environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # The object is written by then, and a condition is being tried.
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == INTERRUPTED, err
    assert b"may write" in out and b"interrupted" in err
    faulty(project)
    document, _ = run(cli, "faulty", "--read-only")
    checks = {check["id"]: check for check in document["stores"][0]["checks"]}
    assert "empty" in checks["list"]["seen"], checks["list"]


@pytest.mark.parametrize("kind", ["local"])
def test_colours_on_a_terminal_only(project, cli):
    push(cli)
    project.configure("backend:\n  kind: local\n  localPath: nowhere\n")
    for flags, is_colored in (([], True), (["--no-color"], False)):
        leader, follower = pty.openpty()
        try:
            subprocess.run(
                [dist.dist() / "bin/holdfast", "doctor", "-c", project.config, *flags],
                env=clean_environment(TERM="xterm"), stdout=follower, stderr=follower,
                timeout=60)
            text = os.read(leader, 65536).decode()
        finally:
            os.close(leader)
            os.close(follower)
        assert "warning" in text
        assert ("\x1b[33m" in text) == is_colored
