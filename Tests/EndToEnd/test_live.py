"""The suite for real services, here over the servers of the tests: that it runs, finds, and leaves nothing."""

import json
import subprocess
import sys

import pytest

from Servers.fake_s3 import ALL, FakeS3
from blackbox.databases import BUCKETS
from blackbox.dist import REPOSITORY, clean_environment, dist

FEW = ("--only", "data.round-trip,condition.absent-refused", "--rounds", "2")


def run_live(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, REPOSITORY / "Tests/Live/run.py", *arguments], capture_output=True, text=True,
        env=clean_environment(HOLDFAST_DIST=str(dist()), **environment), timeout=120)


def test_without_variables_it_says_that_nothing_ran():
    done = run_live()
    assert done.returncode == 0 and done.stdout.count("NOT RUN") == 3, done
    for name in ("S3", "GCS", "AZBLOB"):
        assert f"HOLDFAST_LIVE_{name} is not set" in done.stdout


@pytest.mark.parametrize("driver", BUCKETS)
def test_it_runs_below_a_prefix_and_removes_it(databases, driver):
    database = databases.fresh(driver)
    place = {"container" if driver == "azblob" else "bucket": database.name, "prefix": "team"}
    variable = {f"HOLDFAST_LIVE_{driver.upper()}": json.dumps(database.server.options | place)}
    done = run_live(driver, *FEW, **variable)
    assert done.returncode == 0, done
    assert f"{driver}: below team/holdfast-live-" in done.stdout
    assert "2 with exactly one winner" in done.stdout
    assert database.contents() == {}
    assert not any(secret in done.stdout + done.stderr for secret in database.secrets)


def test_what_it_finds_fails_the_run_and_is_removed_too():
    with FakeS3(honours=ALL - {"race"}) as fake:
        done = run_live("s3", *FEW, HOLDFAST_LIVE_S3=json.dumps(fake.options))
    assert done.returncode == 1 and "FAILED: s3" in done.stdout, done
    assert list(fake.objects) == []


@pytest.mark.parametrize("text, word", [("{", "no JSON"), ("[]", "no JSON object"),
                                        ('{"buckte": "x"}', "buckte"), ("{}", "bucket")])
def test_a_variable_that_is_wrong(text, word):
    done = run_live("s3", HOLDFAST_LIVE_S3=text)
    assert done.returncode == 2 and word in done.stderr and "Traceback" not in done.stderr
