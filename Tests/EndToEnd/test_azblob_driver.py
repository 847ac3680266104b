"""The driver `azblob` over the C interface, on the stand-in of the service."""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from azure.storage.blob import BlobBlock

from Servers import server
from blackbox.azblob import BLOCK, SINGLE, library, refused
from blackbox.library import DriverFailed

RECEIPT = "shop/dev/aws-lambda.state.json"


@pytest.fixture(scope="module")
def azure():
    with server("azblob") as running:
        yield running


@pytest.fixture
def container(azure):
    yield azure.client().get_container_client(azure.make_container())
    azure.control(forget=True, page=5000)


@pytest.fixture
def store(azure, container):
    with library().open(azure.options | {"container": container.container_name}) as opened:
        yield opened


def names(container) -> list[str]:
    return sorted(entry.name for entry in container.list_blobs())


# MARK: Layout

def test_objects_are_where_people_look_for_them(container, store):
    store.put(RECEIPT, b"{}", collection="state", workspace="")
    store.put("net/prod", b"tf", collection="terraform", workspace="")
    store.put("a/b", b"1", workspace="")
    store.put("a/b", b"2")
    assert names(container) == sorted([
        RECEIPT, "terraform/net/prod", ".holdfast/things/a/b", ".holdfast/workspaces/w/things/a/b"])
    assert container.get_blob_client(RECEIPT).download_blob().readall() == b"{}"


def test_a_prefix_holds_everything(azure, container):
    options = azure.options | {"container": container.container_name, "prefix": "/team/state/"}
    with library().open(options) as store:
        store.put(RECEIPT, b"{}", collection="state", workspace="")
        store.put("net/prod", b"tf", collection="terraform", workspace="")
        assert store.list(collection="state", workspace="") == [RECEIPT]
        store.ping()
    assert names(container) == [f"team/state/{RECEIPT}", "team/state/terraform/net/prod"]


def test_blobs_of_strangers_are_read(container, store):
    written = container.get_blob_client(RECEIPT).upload_blob(b"{}", metadata={"theirs": "x"})
    container.get_blob_client("note.txt").upload_blob(b"no receipt")
    container.get_blob_client("[odd]/x/y.state.json").upload_blob(b"no receipt")
    info, data = store.get(RECEIPT, "state", "")
    assert (data, info.attributes) == (b"{}", {})
    assert info.version.decode() == written["etag"].strip('"')
    assert store.list(collection="state", workspace="") == [RECEIPT]
    store.put(RECEIPT, b"[]", info.version, collection="state", workspace="")
    assert refused(lambda: store.put(RECEIPT, b"", info.version, collection="state", workspace="")
                   ).kind == "condition"


@pytest.mark.parametrize("path", [
    "a.", "a../b.", "..a", "a. b", "a\\b", "\\", "[a]", "a%2Fb", "a b+c&d=e?f#g", "~/'\"<>", "é/漢/😀",
    "\uffff/\ufffe", "\ue000", "/".join("a" * 320), "a/" * 319 + "ab", "😀" * 50 + "/" + "😀" * 50,
    "x" * 200 + "/" + "." * 200 + "/" + "y" * 200, "%", "a!", "a.!", "%C3%A9"])
def test_any_path_comes_back(azure, store, path):
    first = store.put(path, b"1", "absent", {"path": path[:60]})
    assert store.get(path) == (first, b"1")
    assert store.list() == [path]
    second = store.put(path, b"2", first.version)
    assert refused(lambda: store.remove(path, first.version)).kind == "condition"
    store.remove(path, second.version)
    assert store.list() == []


def test_names_keep_the_order_of_paths(store):
    seed = int(os.environ.get("HOLDFAST_SEED", random.randrange(2**32)))
    print(f"HOLDFAST_SEED={seed}")
    chance = random.Random(seed)
    letters = ".-/a0[\\ !é\ue000\uffff😀\ud7a3~"
    paths = set()
    while len(paths) < 120:
        path = "".join(chance.choices(letters, k=chance.randint(1, 6)))
        if all(part and part not in (".", "..") for part in path.split("/")):
            paths.add(path)
    for path in paths:
        store.put(path, b"")
    wanted = sorted(paths, key=str.encode)
    assert store.list() == wanted
    for _ in range(30):
        after = chance.choice(wanted)
        prefix = chance.choice(wanted)[:chance.randint(0, 3)]
        limit = chance.randint(1, 20)
        expected = [path for path in wanted if path.startswith(prefix)
                    and path.encode() > after.encode()][:limit]
        assert store.list(prefix, start_after=after, limit=limit) == expected


# MARK: Bytes and attributes

@pytest.mark.parametrize("size", [0, 1, SINGLE - 1, SINGLE, SINGLE + 1, SINGLE + BLOCK, 30_000_001])
@pytest.mark.parametrize("knows", [True, False])
def test_bytes_of_every_size(container, store, size, knows):
    data = os.urandom(size)
    pieces = data if knows else iter([data[at:at + 700_000] for at in range(0, size, 700_000)])
    info = store.put("a", pieces, "absent", {"one": "1"})
    assert info.size == size
    assert store.get("a") == (info, data)
    assert store.head("a") == info
    for offset, length in ((0, 1), (size // 2, 5_000_000), (max(size - 3, 0), 10), (size, 1),
                           (size + 7, 2**64 - 1), (3, 2**64 - 1), (0, 0)):
        assert store.get("a", offset=offset, length=length)[1] == data[offset:offset + length]
    blob = container.get_blob_client(".holdfast/workspaces/w/things/a")
    assert blob.download_blob().readall() == data
    assert len(blob.get_block_list()[0]) == (0 if size <= SINGLE else 1 + -(-(size - SINGLE) // BLOCK))


def test_attributes_of_every_kind(store):
    for attributes in ({}, {"a": ""}, {"a": "b", "c-d": "é 😀 \t\n%&<>\"'=?,"}, {"x": "\x01" * 1500},
                       {"y": "😀" * 380}, {f"n{number}": "" for number in range(300)}):
        info = store.put("a", b"1", attributes=attributes)
        assert info.attributes == attributes
        assert store.head("a").attributes == attributes
        assert store.get("a")[0].attributes == attributes


# MARK: Conditions

def test_racing_writers_have_one_winner(azure, container):
    stores = [library().open(azure.options | {"container": container.container_name})
              for _ in range(8)]
    for round_number in range(20):
        path, results = f"r{round_number}", [None] * 8

        def write(index):
            try:
                results[index] = stores[index].put(path, bytes([index]), "absent")
            except DriverFailed as failed:
                results[index] = failed

        threads = [threading.Thread(target=write, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [index for index, result in enumerate(results)
               if not isinstance(result, DriverFailed)]
        assert len(won) == 1
        assert {result.kind for result in results if isinstance(result, DriverFailed)} == {
            "condition"}
        assert stores[0].get(path)[1] == bytes(won)
    for store in stores:
        store.close()


def test_a_version_is_never_used_again(store):
    seen = set()
    for _ in range(3):
        seen.add(store.put("a", b"same").version)
        seen.add(store.put("a", b"same").version)
        store.remove("a")
    assert len(seen) == 6
    for version in (*seen, b"0x1", b"no such\xff", b"a\"b,*"):
        assert refused(lambda: store.put("a", b"", version)).kind == "condition"
        assert refused(lambda: store.remove("a", version)).kind == "condition"
    assert store.list() == []
    store.remove("a")


def test_a_large_write_under_a_stale_condition_sends_nothing(azure, store):
    info = store.put("a", b"1")
    store.put("a", b"2")
    azure.control(forget=True)
    failed = refused(lambda: store.put("a", b"x" * (SINGLE + 1), info.version))
    assert failed.kind == "condition" and failed.current == store.head("a").version
    assert not any(seen["method"] == "PUT" for seen in azure.control()["seen"])


def test_blocks_of_two_writers_do_not_mix(store, container):
    first = store.put("a", b"1")

    def replace():
        yield b"x" * (SINGLE + BLOCK)
        store.put("a", b"2", first.version)
        yield b"x" * BLOCK

    failed = refused(lambda: store.put("a", replace(), first.version))
    assert (failed.kind, failed.applied) == ("condition", "no")
    assert store.get("a")[1] == b"2"

    def overtake():
        # More than are on their way at once, so that some have arrived.
        yield b"y" * (SINGLE + 6 * BLOCK)
        store.put("a", b"z" * (SINGLE + 1))
        yield b"y" * BLOCK

    # Without a condition the loser is told to try again: its blocks went with the other's list.
    failed = refused(lambda: store.put("a", overtake()))
    assert (failed.kind, failed.applied, failed.retry) == ("conflict", "no", 1)
    assert store.get("a")[1] == b"z" * (SINGLE + 1)


def test_a_blob_that_is_replaced_while_it_is_read(store):
    store.put("a", b"1" * 40_000_000)
    calls = []

    def write(data):
        if not calls:
            calls.append(store.put("a", b"2" * 40_000_000))
        return 0

    assert refused(lambda: store.get("a", write=write)).kind == "conflict"


def test_a_lease_of_another_tool_is_a_conflict_that_says_so(container, store):
    info = store.put("a", b"1")
    blob = container.get_blob_client(".holdfast/workspaces/w/things/a")
    lease = blob.acquire_lease(-1)
    for write in (lambda: store.put("a", b"2", info.version), lambda: store.remove("a"),
                  lambda: store.put("a", b"x" * (SINGLE + 1))):
        failed = refused(write)
        assert (failed.kind, failed.applied) == ("conflict", "no")
        assert "lease" in failed.message and "break" in failed.message
    assert store.get("a")[1] == b"1"
    lease.release()
    store.put("a", b"2", info.version)


def test_blocks_of_another_tool_are_a_conflict_that_says_so(container, store):
    container.get_blob_client(".holdfast/workspaces/w/things/a").stage_block("1", b"theirs")
    failed = refused(lambda: store.put("a", b"x" * (SINGLE + 1)))
    assert failed.kind == "conflict" and "another tool" in failed.message
    store.put("a", b"small")
    store.put("a", b"x" * (SINGLE + 1))


# MARK: Listings

def test_a_listing_goes_on_where_the_last_one_ended(azure, store):
    paths = [f"d{number // 40}/{number:04}" for number in range(200)]
    for path in paths:
        store.put(path, b"")
    azure.control(forget=True)
    found = []
    while page := store.list(start_after=found[-1] if found else "", limit=20):
        found += page
    assert found == paths
    requests = [seen["target"] for seen in azure.control()["seen"]]
    # One request a page, and none begins anew.
    assert len(requests) == 11 and all("marker=" in target for target in requests[1:])
    # A marker that is not taken any more is no error.
    azure.control(faults=[{"on": "marker=", "status": 400, "code": "OutOfRangeInput"}])
    assert store.list(start_after=paths[99], limit=5) == paths[100:105]
    assert not azure.control()["faults"]


@pytest.mark.parametrize("page", [1, 2, 3, 5000])
def test_receipts_are_listed_without_what_lies_beside_them(azure, store, page):
    receipts = [f"{service}/{stage}/p.state.json" for service in
                ("a", ".hidden", "-x", "svc", "t", "terra", "terraforming", "tz", "😀", "x.") for stage
                in ("dev", "prod")]
    for path in receipts:
        store.put(path, b"", collection="state", workspace="")
    for number in range(30):
        store.put(f"v{number}", b"", collection="state-versions", workspace="")
        store.put(f"t{number}", b"", collection="terraform", workspace="")
    store.put("only/two.state.json", b"", collection="state", workspace="")
    azure.control(page=page, forget=True)
    wanted = sorted([*receipts, "only/two.state.json"], key=str.encode)
    assert store.list(collection="state", workspace="") == wanted
    for number in range(0, len(wanted), 4):
        assert store.list(collection="state", workspace="", start_after=wanted[number], limit=3) == \
            wanted[number + 1:number + 4]
    for prefix in ("t", "terraform", ".", "svc/", "svc/dev", "o"):
        assert store.list(prefix, "state", "") == [p for p in wanted if p.startswith(prefix)]
    flat = [seen["target"] for seen in azure.control()["seen"] if "delimiter" not in seen["target"]]
    assert not any("prefix=t&" in f"{target}&" or "prefix=terraform%2F" in target
                   or "state-versions" in target for target in flat)


# MARK: Large objects

def test_a_large_object_takes_little_memory(azure, container, tmp_path):
    """1 GiB up and down in a process of its own, whose memory is measured."""
    code = f"""
import hashlib, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
from blackbox.azblob import library
import blackbox.library as bindings, ctypes as c
options = {azure.options | {"container": container.container_name}!r}
sent, got = hashlib.sha256(), hashlib.sha256()
def peak():
    # Not getrusage's: that one begins with the memory of the process that started this one.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
def pieces():
    block = bytes(range(256)) * 4096
    for number in range(1024):
        piece = number.to_bytes(8) + block[8:]
        sent.update(piece)
        yield piece
with library().open(options) as store:
    store.put("a", b"small")
    before = peak()
    assert store.put("big", pieces(), call=bindings.Call(500)).size == 1 << 30
    class Take:
        def __call__(self, data):
            got.update(data[-1])
            data.clear()
            return 0
    store.get("big", write=Take(), call=bindings.Call(500))
    after = peak()
assert sent.digest() == got.digest()
print((after - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stderr
    assert 8 < int(done.stdout) < 96
