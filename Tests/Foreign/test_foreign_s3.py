"""The driver `s3` on services that resemble S3 and that nobody here made: Debian's radosgw and Swift.

Neither can keep a state: the right outcome is that the driver finds that out by itself and refuses. What they do
honour is used, and what needs no condition works.
"""

import hashlib
import os

import pytest

from Servers import server
from blackbox.cli import CommandLine, assert_one_error
from blackbox.library import DriverFailed
from blackbox.project import Project
from blackbox.races import CreateRace
from blackbox.s3 import PART, given, library
from blackbox.terraform import state

NONE, NATIVE = 0, 20
ROUNDS = 30
ODD = ["space in name", "plus+and%25percent", "a?b&c=d#e", "über/日本/🙂", "~*'()", "a:b@c!$"]


@pytest.fixture(scope="module")
def radosgw():
    with server("radosgw") as running:
        yield running


@pytest.fixture(scope="module")
def swift():
    with server("swift") as running:
        yield running


@pytest.fixture(params=["radosgw", "swift"])
def foreign(request):
    return request.getfixturevalue(request.param)


def opened(running, **changes):
    return library().open(given(running.options, **changes))


def conditions(store) -> tuple[int, int, str]:
    found = store.capabilities()
    absent, version = found["condition.absent"], found["condition.version"]
    return absent[0], version[0], f"{absent[1]} {version[1]}"


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value


def scratch(running, bucket: str) -> list[str]:
    listed = running.client().list_objects_v2(Bucket=bucket).get("Contents", [])
    return [entry["Key"] for entry in listed if not entry["Key"].endswith("/probe/verdict.json")]


# MARK: What the probe finds


def test_radosgw_honours_creates_and_no_more(radosgw):
    bucket = radosgw.make_bucket("plain")
    with opened(radosgw, bucket=bucket) as store:
        absent, version, note = conditions(store)
        assert (absent, version) == (NATIVE, NONE) and "If-Match" in note
        assert not scratch(radosgw, bucket), "the scratch keys are gone"
        kept = store.put("a", b"1", "absent").version
        assert refused(lambda: store.put("a", b"2", "absent")).kind == "condition"
        for body in (lambda: store.put("a", b"2", kept), lambda: store.remove("a", kept)):
            failed = refused(body)
            assert (failed.kind, failed.applied) == ("unsupported", "no"), failed
        assert store.get("a")[1] == b"1"


def test_radosgw_with_versions_honours_nothing(radosgw):
    bucket = radosgw.make_bucket("versioned", versioned=True)
    with opened(radosgw, bucket=bucket) as store:
        absent, version, note = conditions(store)
        assert (absent, version) == (NONE, NONE) and "create:" in note
        assert refused(lambda: store.put("a", b"1", "absent")).kind == "unsupported"


def test_swift_rejects_every_condition(swift):
    bucket = swift.make_bucket("plain")
    with opened(swift, bucket=bucket) as store:
        absent, version, note = conditions(store)
        assert (absent, version) == (NONE, NONE) and "rejected" in note
        kept = store.put("a", b"1").version
        for condition in ("absent", kept):
            assert refused(lambda: store.put("a", b"2", condition)).kind == "unsupported"
        assert store.get("a")[1] == b"1"


def test_eight_processes_create_one_object(radosgw):
    """Where creates are honoured, they are so between processes."""
    bucket = radosgw.make_bucket("race")
    options = given(radosgw.options, bucket=bucket)
    with CreateRace("s3", options) as race:
        for number in range(ROUNDS):
            told = race.run(f"race/{number}")
            assert sorted(told) == ["condition"] * 7 + ["won"], f"round {number}: {told}"


# MARK: Holdfast over it


@pytest.mark.parametrize("foreign, versioned", [("radosgw", False), ("radosgw", True), ("swift", False)],
                         indirect=["foreign"])
def test_no_state_is_kept_where_it_cannot_be_locked(foreign, tmp_path, versioned):
    bucket = foreign.make_bucket(f"states-{'versioned' if versioned else 'plain'}", versioned)
    project = Project(tmp_path / "project", "local")
    project.configure(f"backend:\n  kind: s3\n  s3Bucket: {bucket}\n")
    done = CommandLine(project).run("state", "push", "net/prod", "-", input=state(1),
                                    env=foreign.environment)
    text = assert_one_error(done, done.returncode, "condition")
    assert done.returncode != 0 and foreign.secrets[0] not in text
    assert scratch(foreign, bucket) == []


# MARK: What needs no condition


def test_objects_of_every_kind_come_back(foreign):
    bucket = foreign.make_bucket("objects")
    with opened(foreign, bucket=bucket) as store:
        for path in ODD:
            store.put(path, path.encode(), attributes={"name": path})
            assert store.get(path)[1] == path.encode()
            assert store.head(path).attributes == {"name": path}
        assert store.list() == sorted(ODD, key=str.encode)
        data = os.urandom(2 * PART + 12_345)
        store.put("large", iter([data[:PART], data[PART:]]))
        back = store.get("large")[1]
        assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
        assert store.get("large", offset=PART - 1, length=2)[1] == data[PART - 1:PART + 1]
        for path in [*ODD, "large"]:
            store.remove(path)
        assert store.list() == []


def test_wrong_keys_are_told(foreign):
    for changes in ({"secret_access_key": "x" * 40}, {"access_key_id": "NOBODYNOBODYNOBODY00"}):
        failed = refused(lambda: opened(foreign, **changes))
        assert failed.kind == "unauthenticated", failed
        assert foreign.secrets[0] not in failed.message


def test_a_missing_bucket_is_told(foreign):
    failed = refused(lambda: opened(foreign, bucket="nowhere"))
    assert failed.kind == "invalid" and "nowhere" in failed.message
