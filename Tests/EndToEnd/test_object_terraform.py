"""The real `terraform` over buckets: two applies at once, each through a daemon of its own, and a case that people
have with services that resemble S3."""

import json
import os
import signal
import time

import pytest

from blackbox.databases import BUCKETS
from blackbox.terraform import lock_info
from test_terraform_real import GATED, Terraform, http, terraform  # noqa: F401  a fixture


@pytest.fixture(params=BUCKETS)
def kind(request) -> str:
    return request.param


@pytest.fixture
def daemons(launch, project):
    """Two, perhaps on two machines: they have nothing in common but the bucket."""
    return launch(project), launch(project)


def works(terraform, daemons, path: str) -> tuple[Terraform, Terraform]:  # noqa: F811
    first, second = (terraform(name).write(http(daemon.port, path), resources)
                     for name, daemon, resources in zip(
                         ("first", "second"), daemons, (GATED, GATED.replace('"gate"', '"other"'))))
    return first.init(), second.init()


def test_two_applies_at_once_take_turns(terraform, daemons, cli):  # noqa: F811
    first, second = works(terraform, daemons, "net/shared")
    (second.folder / "go").touch()
    one = first.start("apply", "-auto-approve", "-input=false", TAG="one")
    first.wait_for("begun-one")
    holder = daemons[1].client("net/shared").lock(lock_info()).json()["ID"]
    impatient = second.run("apply", "-auto-approve", "-input=false", status=1, TAG="x")
    assert "already locked" in impatient and holder in impatient
    two = second.start("apply", "-auto-approve", "-input=false", "-lock-timeout=60s", TAG="two")
    time.sleep(1.5)
    assert two.poll() is None and not (second.folder / "begun-two").exists(), "it did not wait"
    (first.folder / "go").touch()
    for child in (one, two):
        output, _ = child.communicate(timeout=120)
        assert child.returncode == 0, output
    second.run("plan", "-detailed-exitcode", "-input=false", TAG="x")
    final = json.loads(cli.pull("net/shared"))
    assert {resource["name"] for resource in final["resources"]} == {"first", "other"}
    writers = [row["lock_id"] for row in cli.versions("net/shared")]
    assert writers[-1] == holder != writers[0] and None not in writers
    assert cli.json("lock", "list")["locks"] == []


def test_a_killed_apply_is_unlocked_by_force_through_another_daemon(terraform, daemons, cli):  # noqa: F811
    first, second = works(terraform, daemons, "net/shared")
    child = first.start("apply", "-auto-approve", "-input=false", TAG="one")
    first.wait_for("begun-one")
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    holder = cli.json("lock", "show", "terraform/net/shared")["lock"]["id"]
    assert holder in second.run("plan", "-input=false", status=1, TAG="x")
    second.run("force-unlock", "-force", holder)
    (second.folder / "go").touch()
    second.apply(TAG="two")
    second.run("plan", "-detailed-exitcode", "-input=false", TAG="x")
