"""The driver `gcs` over the C interface, on the emulator."""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from Servers import server
from Servers.gcs import PROJECT
from blackbox import dist
from blackbox.gcs import PIECE, media, open_store, refused
from blackbox.library import DriverFailed

RECEIPT = b'{"service":"shop"}'


@pytest.fixture(scope="module")
def gcs():
    with server("gcs") as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gcs):
    gcs.calm()


@pytest.fixture
def bucket(gcs, _count=iter(range(1000))) -> str:
    return gcs.make_bucket(f"driver-{next(_count)}")


@pytest.fixture
def store(gcs, bucket):
    with open_store(gcs, bucket=bucket) as opened:
        yield opened


# MARK: Layout


@pytest.mark.parametrize("prefix, before", [(None, ""), ("team/state", "team/state/"), ("/x/", "x/")])
def test_objects_are_where_people_look_for_them(gcs, bucket, prefix, before):
    with open_store(gcs, bucket=bucket, prefix=prefix) as store:
        store.put("shop/dev/gcp.state.json", RECEIPT, "absent", collection="state", workspace="")
        store.put("net/prod", b"{}", "absent", collection="terraform", workspace="")
        store.put("a/b", b"1", attributes={"one": "1", "two": "zwei ü&="}, workspace="")
        store.put("a", b"2", collection="things", workspace="/srv/app")
        found = gcs.resources(bucket)
        assert sorted(found) == sorted(before + name for name in [
            "shop/dev/gcp.state.json", "terraform/net/prod", ".holdfast/things/a/b",
            ".holdfast/workspaces/%2Fsrv%2Fapp/things/a"])
        assert gcs.content(before + "shop/dev/gcp.state.json", bucket) == RECEIPT
        assert found[before + "shop/dev/gcp.state.json"]["contentType"] == "application/json"
        kept = found[before + ".holdfast/things/a/b"]["metadata"]
        assert kept == {"holdfast": "one=1&two=zwei%20%C3%BC%26="}
        assert store.head("a/b", workspace="").attributes == {"one": "1", "two": "zwei ü&="}
        assert store.list(collection="state", workspace="") == ["shop/dev/gcp.state.json"]
        assert store.list(workspace="") == ["a/b"]


def test_objects_of_others_are_read(gcs, bucket, store):
    path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name=a/b/c.state.json"
    assert gcs.ask("POST", path, b"theirs")[0] == 200
    info, data = store.get("a/b/c.state.json", "state", "")
    assert data == b"theirs" and info.attributes == {} and info.modified > 0
    assert store.list(collection="state", workspace="") == ["a/b/c.state.json"]
    store.put("a/b/c.state.json", b"ours", info.version, collection="state", workspace="")
    assert gcs.content("a/b/c.state.json", bucket) == b"ours"


def test_what_others_wrote_packed_is_read_as_it_lies_there(gcs, bucket, store):
    store.put("packed", b"\x1f\x8b123")
    name = next(iter(gcs.resources(bucket)))
    patched = gcs.ask("PATCH", f"/storage/v1/b/{bucket}/o/{name.replace('/', '%2F')}",
                      {"contentEncoding": "gzip"})
    assert patched[0] == 200
    assert store.get("packed")[1] == b"\x1f\x8b123"


def test_damaged_attributes_are_said_so(gcs, bucket, store):
    store.put("a", b"1", attributes={"x": "1"})
    name = next(iter(gcs.resources(bucket))).replace("/", "%2F")
    gcs.ask("PATCH", f"/storage/v1/b/{bucket}/o/{name}", {"metadata": {"holdfast": "~~"}})
    assert refused(lambda: store.head("a")).kind == "corrupt"
    store.put("a", b"2")
    assert store.head("a").attributes == {}


@pytest.mark.parametrize("path", [
    "a b", "100%", "%2F", "a+b?c#d&e=f", "ü/日本/😀", "'\"<>\\", "[*]", "~.a", "x" * 200,
    "/".join(["y" * 200] * 3)])
def test_odd_names(gcs, bucket, store, path):
    info = store.put(path, path.encode(), "absent", collection="things", workspace="")
    assert store.get(path, workspace="") == (info, path.encode())
    assert list(gcs.resources(bucket)) == [f".holdfast/things/{path}"]
    assert store.list(workspace="") == [path]
    store.remove(path, info.version, workspace="")
    assert store.list(workspace="") == []


def test_the_longest_names_fit(gcs, bucket):
    with open_store(gcs, bucket=bucket, prefix="p" * 300) as store:
        path = "/".join(["z" * 200] * 3) + "/" + "z" * 37
        store.put(path, b"1", collection="c" * 32, workspace="w/" * 256)
        assert store.list(collection="c" * 32, workspace="w/" * 256) == [path]


# MARK: Versions and conditions


def test_a_version_never_comes_back(store):
    first = store.put("a", b"A")
    second = store.put("a", b"B", first.version)
    third = store.put("a", b"A", second.version)
    assert len({first.version, second.version, third.version}) == 3
    failed = refused(lambda: store.put("a", b"C", first.version))
    assert (failed.kind, failed.applied, failed.current) == ("condition", "no", third.version)
    store.remove("a")
    assert store.put("a", b"A", "absent").version not in (first.version, third.version)


@pytest.mark.parametrize("version", [b"0", b"x", b"01", b"-1", b"1&ifGenerationMatch=0", b"9" * 30,
                                     b"1"])
def test_versions_that_no_object_has(store, version):
    for path in ("there", "not-there"):
        if path == "there":
            info = store.put(path, b"1")
        for body in (lambda: store.put(path, b"2", version), lambda: store.remove(path, version)):
            failed = refused(body)
            assert (failed.kind, failed.applied) == ("condition", "no")
            assert failed.current == (info.version if path == "there" else b"")
    assert store.get("there")[1] == b"1"


def test_eight_writers_of_one_object(gcs, store):
    version = store.put("a", b"0").version
    for round in range(15):
        results = [None] * 8

        def write(number):
            try:
                results[number] = store.put("a", b"%d" % number, version)
            except DriverFailed as failed:
                results[number] = failed

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [result for result in results if not isinstance(result, DriverFailed)]
        assert len(won) == 1, f"round {round}: {results}"
        assert all(result.kind == "condition" for result in results if result is not won[0])
        version = won[0].version


# MARK: Large objects


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
@pytest.mark.parametrize("is_known", [True, False])
def test_sizes_around_a_piece(gcs, bucket, store, size, is_known):
    data = random.Random(size).randbytes(size)

    def pieces():
        for start in range(0, size, 1_000_003):
            yield data[start:start + 1_000_003]

    info = store.put("big", data if is_known else pieces(), "absent", {"who": "me"})
    assert info.size == size and info.attributes == {"who": "me"}
    assert store.get("big") == (info, data)
    assert store.get("big", offset=size // 2, length=100)[1] == data[size // 2:size // 2 + 100]
    assert store.get("big", offset=size + 5)[1] == b""
    assert refused(lambda: store.put("big", data, "absent")).kind == "condition"
    assert all(session["state"] != "open" for session in gcs.control()["sessions"])


def test_a_large_read_is_several_requests_in_order(gcs, store):
    data = os.urandom(3 * PIECE + 77)
    store.put("big", data)
    gcs.control(forget_requests=True)
    assert store.get("big")[1] == data
    assert len(media(gcs)) == 4
    assert store.get("big", offset=5)[1] == data[5:]


MEMORY = """
import sys
sys.path[:0] = [{tests!r}]
from blackbox.library import OK, Call, Library
store = Library.load({library!r}).open({options!r})
block = bytes(range(256)) * 4096
def pieces():
    for _ in range({count}):
        yield block
def peak():
    # Not the process's own record, which begins with that of whoever started it.
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak()
assert store.put("huge", pieces(), call=Call(1800)).size == {count} << 20
sizes = []
def take(data):
    sizes.append(len(data[-1]))
    data.clear()
    return OK
store.get("huge", write=take, call=Call(1800))
assert sum(sizes) == {count} << 20
print(peak() - before)
"""


def test_a_gibibyte_takes_little_memory(gcs, bucket):
    tests = Path(__file__).resolve().parent.parent
    options = {"bucket": bucket, "endpoint": gcs.endpoint, "metadata_disabled": True,
               "credentials_file": str(gcs.key_file)}
    script = MEMORY.format(tests=str(tests), options=options, count=1024, library=str(
        dist.dist() / "lib/holdfast/drivers/gcs/driver.so"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    more = int(done.stdout) >> 10
    print(f"{more} MiB more than before")
    assert 8 < more < 96


# MARK: Opening


def test_a_bucket_that_is_not_there(gcs):
    for existing in (False, True):
        failed = refused(lambda: open_store(gcs, existing, bucket="nowhere"))
        assert failed.kind == "invalid" and "bootstrap" in failed.message
    failed = refused(lambda: open_store(gcs, True, bucket="nowhere", bootstrap=True))
    assert failed.kind == "not found"
    failed = refused(lambda: open_store(gcs, bucket="nowhere", bootstrap=True))
    assert failed.kind == "invalid" and "project" in failed.message
    with open_store(gcs, bucket="made-by-driver", bootstrap=True, project=PROJECT) as store:
        store.ping()
    assert gcs.ask("GET", "/storage/v1/b/made-by-driver")[0] == 200


def test_a_bucket_that_goes(gcs, bucket):
    with open_store(gcs, bucket=bucket) as store:
        gcs.ask("DELETE", f"/storage/v1/b/{bucket}")
        for body in (store.ping, lambda: store.head("a"), lambda: store.put("a", b"1"), store.list):
            failed = refused(body)
            assert (failed.kind, failed.retry, failed.applied) == ("unavailable", 2, "no"), failed


@pytest.mark.parametrize("changes, word", [
    ({"bucket": "UPPER"}, "bucket"), ({"bucket": "a/b"}, "bucket"), ({"prefix": "a//b"}, "prefix"),
    ({"prefix": "x" * 301}, "prefix"), ({"endpoint": "nonsense"}, "endpoint"),
    ({"endpoint": "http://storage.example.com"}, "in the clear"),
    ({"credentials_file": "/nowhere"}, "credentials_file"), ({"metadata_host": "a/b"}, "metadata_host"),
    ({"endpoint": None, "emulator_host": "a b"}, "emulator_host")])
def test_options_that_are_wrong(gcs, changes, word):
    failed = refused(lambda: open_store(gcs, **changes))
    assert failed.kind == "invalid" and word in failed.message


@pytest.mark.parametrize("form", ["{}", "http://{}", "http://{}/"])
def test_an_emulator_as_google_s_tools_name_it(gcs, bucket, form):
    gcs.control(open=True, forget_requests=True)
    address = form.format(gcs.authority)
    with open_store(gcs, bucket=bucket, endpoint=None, emulator_host=address) as store:
        store.put("a", b"1")
        assert store.get("a")[1] == b"1"
    assert {request["principal"] for request in gcs.requests} == {"anonymous"}


def test_the_largest_attributes(store):
    most = {"a" * 64: "ü" * 736}
    many = {f"{number:03d}": "" for number in range(512)}
    for attributes in (most, many, {"c": "\x01\n%~\"," * 20}):
        store.put("a", b"1", attributes=attributes)
        assert store.head("a").attributes == attributes
        assert store.get("a")[0].attributes == attributes
