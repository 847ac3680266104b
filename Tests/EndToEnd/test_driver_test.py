"""`holdfast driver test`: the installed conformance kit, found and run as one command."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from blackbox.cli import assert_one_error
from blackbox.dist import DRIVERS, clean_environment, copy_dist, dist
from blackbox.pins import flip, pin_build
from blackbox.processes import holdfast as run_holdfast

FAILURE, USAGE, NOT_FOUND, INTEGRITY = 1, 2, 3, 6
KIT = "libexec/holdfast/holdfast-conformance"
FEW = ("--only", "data.head,condition.absent-refused,history.aba", "--seed", "7")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of dist/ with the lock file that the build writes."""
    target = copy_dist(tmp_path / "dist")
    if not (target / "lib/holdfast/drivers.lock").is_file():
        pin_build(target)
    return target


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_report_of_several_groups(holdfast, driver):
    """What all groups find is `scripts/test-drivers`' to say."""
    done = holdfast("driver", "test", driver, "--only", "options,data,error,secrets", "--json", timeout=600)
    report = json.loads(done.stdout)
    bad = [check["id"] for check in report["checks"] if check["verdict"] not in ("pass", "refused")]
    assert bad == [] and done.returncode == 0, done.stdout
    assert report["format"] == 1 and report["driver"]["id"] == driver
    assert {"options", "data", "error", "secrets"} == {group["name"] for group in report["groups"]}


def test_by_path_and_by_id(holdfast):
    folder = dist() / "lib/holdfast/drivers/local"
    for name in ("local", folder):
        done = holdfast("driver", "test", name, *FEW)
        assert done.returncode == 0 and done.stderr == b"", done.stderr
        assert b"3 checks: 3 pass" in done.stdout and b"seed 7" in done.stdout


def test_its_options_are_passed_on(holdfast, tmp_path):
    options = tmp_path / "options"
    options.write_text("path = ${TMP}/elsewhere\n")
    done = holdfast(
        "driver", "test", "local", *FEW, "--options", options, "--deadline", "30",
        "--junit", tmp_path / "junit.xml", "--table", tmp_path / "table.md")
    assert done.returncode == 0, done.stdout
    assert "<testsuite name=\"data\"" in (tmp_path / "junit.xml").read_text()
    assert "| `local` |" in (tmp_path / "table.md").read_text()
    listed = holdfast("driver", "test", "local", "--list", "--profile", "large")
    assert listed.stdout.startswith(b"data.huge  [large]")


def test_a_driver_that_fails(holdfast, tmp_path):
    shutil.copytree(dist() / "lib/holdfast/drivers/local", tmp_path / "local")
    (tmp_path / "local/driver.toml").write_text("manifest_version = 1\n")
    done = holdfast("driver", "test", tmp_path / "local", "--only", "binary.manifest")
    assert done.returncode == FAILURE and b"fail    binary.manifest" in done.stdout


@pytest.mark.parametrize("arguments, status, mention", [
    (("nothing",), NOT_FOUND, "no driver"), (("./nothing",), NOT_FOUND, "no folder ./nothing"),
    (("local", "--only", "data.nothing"), USAGE, "data.nothing"),
    (("local", "--profile", "all"), USAGE, "no profile all"),
    (("local", "--seed", "x"), USAGE, "--seed"), (("local", "--deadline", "0"), USAGE, "1 to 86400"),
    (("local", "--options", "/nowhere"), USAGE, "/nowhere"), ((), USAGE, "path-or-id"),
])
def test_wrong_usage(holdfast, arguments, status, mention):
    done = holdfast("driver", "test", *arguments)
    assert done.returncode == status and done.stdout == b""
    assert mention in done.stderr.decode(), done.stderr


def test_without_the_kit(copy):
    (copy / KIT).unlink()
    done = run_holdfast("driver", "test", "local", binaries=copy)
    assert_one_error(done, FAILURE, KIT, "is not installed", "as a whole")


def test_a_driver_that_is_not_the_pinned_one_is_not_run(copy):
    flip(copy / "lib/holdfast/drivers/local/driver.so")
    done = run_holdfast("driver", "test", "local", *FEW, binaries=copy)
    assert_one_error(done, INTEGRITY, "local")


def test_a_signal_ends_it(tmp_path):
    process = subprocess.Popen(
        [dist() / "bin/holdfast", "driver", "test", "local"], env=clean_environment(),
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"binary\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == -signal.SIGTERM
    process.stdout.close()
    process.stderr.close()
