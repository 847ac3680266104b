"""The emulator of Google Cloud Storage, held to account by Google's own library and by obstore."""

import base64
import json
import os
import threading

import google.auth.transport.requests
import google_crc32c
import obstore
import pytest
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY
from google.oauth2 import service_account
from obstore.store import GCSStore

from Servers import server
from Servers.gcs import PROJECT

STEP = 256 * 1024
ODD = ["a b", "a%2Fb", "a+b?c#d&e=f", "ü/日本/😀", "//x//", "'\"<>", "a/../b", "[*]", "~"]


@pytest.fixture(scope="module")
def gcs():
    with server("gcs") as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gcs):
    gcs.calm()


@pytest.fixture(scope="module")
def client(gcs):
    keys = service_account.Credentials.from_service_account_file(str(gcs.key_file))
    return storage.Client(project=PROJECT, credentials=keys.with_scopes(
        ["https://www.googleapis.com/auth/devstorage.read_write"]),
        client_options=ClientOptions(api_endpoint=gcs.endpoint))


@pytest.fixture
def bucket(client, _count=iter(range(1000))):
    return client.create_bucket(f"emulator-{next(_count)}")


@pytest.fixture
def foreign(gcs, bucket):
    """The second client, over the XML API, with a token that it signs itself."""
    key = json.loads(gcs.key_file.read_text()) | {"gcs_base_url": gcs.endpoint}
    return GCSStore(bucket.name, service_account_key=json.dumps(key),
                    client_options={"allow_http": True}, retry_config={"max_retries": 0})


# MARK: Preconditions


def test_a_stale_write_is_refused(bucket):
    blob = bucket.blob("record")
    blob.upload_from_string(b"one", if_generation_match=0)
    first = blob.generation
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("record").upload_from_string(b"two", if_generation_match=0)
    blob.upload_from_string(b"two", if_generation_match=first)
    assert blob.generation > first
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("record").upload_from_string(b"three", if_generation_match=first)
    # The same bytes again are another generation.
    blob.upload_from_string(b"one", if_generation_match=blob.generation)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("record").upload_from_string(b"three", if_generation_match=first)
    assert bucket.blob("record").download_as_bytes() == b"one"


def test_preconditions_on_every_verb(client, bucket):
    blob = bucket.blob("a")
    blob.upload_from_string(b"1")
    generation, stale = blob.generation, 5
    refusals = [
        lambda: blob.upload_from_string(b"2", if_generation_match=stale),
        lambda: blob.upload_from_string(b"2", if_generation_not_match=generation),
        lambda: blob.upload_from_string(b"2", if_metageneration_match=7),
        lambda: blob.delete(if_metageneration_not_match=1),
        lambda: blob.reload(if_generation_match=stale),
        lambda: blob.reload(if_metageneration_match=7),
        lambda: blob.download_as_bytes(if_generation_match=stale),
        lambda: blob.delete(if_generation_match=stale),
        lambda: blob.delete(if_metageneration_match=7),
        lambda: blob.patch(if_metageneration_match=7),
        lambda: bucket.copy_blob(blob, bucket, "a", if_generation_match=0),
        lambda: bucket.copy_blob(blob, bucket, "b", if_source_generation_match=stale),
        lambda: bucket.blob("c").compose([blob], if_generation_match=stale),
        lambda: blob.compose([blob], if_generation_match=0),
    ]
    for number, refusal in enumerate(refusals):
        with pytest.raises(exceptions.PreconditionFailed):
            refusal()
            pytest.fail(f"number {number} was done")
    for question in (lambda: blob.reload(if_generation_not_match=generation),
                     lambda: blob.download_as_bytes(if_generation_not_match=generation)):
        with pytest.raises(exceptions.NotModified):
            question()
    assert [each.name for each in client.list_blobs(bucket)] == ["a"]
    blob.metadata = {"x": "1"}
    blob.patch(if_metageneration_match=1)
    assert blob.metageneration == 2 and blob.generation == generation
    bucket.blob("c").compose([blob, blob], if_generation_match=0)
    assert bucket.blob("c").download_as_bytes() == b"11"
    blob.delete(if_generation_match=generation)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a", generation=generation).download_as_bytes()


def together(count, body):
    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_one_of_eight_writers_wins(gcs, bucket):
    """With the token at hand each writer is one request, so that they meet."""
    token = {"Authorization": f"Bearer {gcs.token()}"}
    generation = "0"
    for _ in range(20):
        answers = []

        def write(number):
            answers.append(gcs.ask(
                "POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=race"
                f"&ifGenerationMatch={generation}", b"%d" % number, token))

        together(8, write)
        assert sorted(answer[0] for answer in answers) == [200] + [412] * 7
        won = next(json.loads(answer[2]) for answer in answers if answer[0] == 200)
        generation = won["generation"]


# MARK: Uploads


def test_sums_are_checked(bucket):
    blob = bucket.blob("sums")
    data = os.urandom(1000)
    blob.upload_from_string(data, checksum="crc32c")
    assert blob.crc32c == base64.b64encode(
        google_crc32c.value(data).to_bytes(4, "big")).decode()
    blob.upload_from_string(data, checksum="md5")
    blob.crc32c = "AAAAAA=="
    with pytest.raises(exceptions.BadRequest):
        blob.upload_from_string(data, checksum=None)
    assert blob.download_as_bytes() == data


def test_a_resumable_upload_by_the_library(bucket, tmp_path):
    data = os.urandom(5 * STEP + 17)
    blob = bucket.blob("large", chunk_size=STEP)
    path = tmp_path / "data"
    path.write_bytes(data)
    blob.metadata = {"who": "ü"}
    blob.upload_from_filename(str(path), if_generation_match=0)
    assert blob.size == len(data)
    assert bucket.get_blob("large").metadata == {"who": "ü"}
    assert blob.download_as_bytes(checksum="md5") == data
    assert blob.download_as_bytes(start=STEP - 1, end=STEP + 1) == data[STEP - 1:STEP + 2]
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("large", chunk_size=STEP).upload_from_filename(str(path), if_generation_match=0)
    with open(path, "rb") as stream:  # of a length that is not known
        bucket.blob("stream", chunk_size=STEP).upload_from_file(stream)
    assert bucket.blob("stream").download_as_bytes() == data


class Session:
    def __init__(self, gcs, bucket, name, query="", **headers):
        self.gcs = gcs
        status, given, body = gcs.ask(
            "POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name={name}{query}",
            {}, headers)
        assert status == 200, body
        self.path = given["Location"].removeprefix(gcs.endpoint)

    def put(self, range_text, body=b"", **headers) -> tuple[int, str | None, bytes]:
        status, given, body = self.gcs.ask(
            "PUT", self.path, body, {"Content-Range": f"bytes {range_text}"} | headers)
        return status, given.get("Range"), body


def test_the_states_of_a_resumable_upload(gcs, bucket):
    data = os.urandom(2 * STEP + 5)
    session = Session(gcs, bucket, "s", "&ifGenerationMatch=0")
    assert session.put("*/*")[:2] == (308, None)
    assert session.put(f"0-{STEP - 1}/*", data[:STEP])[:2] == (308, f"bytes=0-{STEP - 1}")
    # A piece whose answer was lost comes again, and a piece of no whole steps is cut.
    assert session.put(f"0-{STEP - 1}/*", data[:STEP])[:2] == (308, f"bytes=0-{STEP - 1}")
    assert session.put(f"{STEP}-{STEP + 9}/*", data[STEP:STEP + 10])[:2] == (
        308, f"bytes=0-{STEP - 1}")
    assert session.put(f"{2 * STEP}-{2 * STEP + 4}/{len(data)}", data[-5:])[0] == 400
    assert session.put(f"*/{len(data)}")[:2] == (308, f"bytes=0-{STEP - 1}")
    status, _, body = session.put(f"{STEP}-{len(data) - 1}/{len(data)}", data[STEP:])
    assert status == 200 and json.loads(body)["size"] == str(len(data))
    assert session.put("*/*")[2] == body and session.put(f"*/{len(data)}")[0] == 200
    assert gcs.content("s", bucket.name) == data


def test_the_ends_of_a_resumable_upload(gcs, bucket):
    late = Session(gcs, bucket, "late", "&ifGenerationMatch=0")
    gone = Session(gcs, bucket, "gone")
    old = Session(gcs, bucket, "old")
    wrong = Session(gcs, bucket, "wrong")
    assert wrong.put("0-0/1", b"x", **{"X-Goog-Hash": "crc32c=AAAAAA=="})[0] == 400
    assert wrong.put("*/1")[0] == 410
    bucket.blob("late").upload_from_string(b"faster")
    assert late.put("0-0/1", b"x")[0] == 412
    assert gcs.ask("DELETE", gone.path)[0] == 499 and gone.put("0-0/1", b"x")[0] == 499
    empty = Session(gcs, bucket, "empty")
    assert empty.put("*/0")[0] == 200
    gcs.control(advance=8 * 86_400)
    assert old.put("*/*")[0] == 404
    assert sorted(gcs.resources(bucket.name)) == ["empty", "late"]
    status = gcs.ask("POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name=late"
                     "&ifGenerationMatch=0", {})[0]
    assert status == 412


# MARK: Reads and listings


@pytest.mark.parametrize("name", ODD)
def test_odd_names(bucket, name):
    blob = bucket.blob(name)
    blob.upload_from_string(name)
    assert blob.download_as_bytes() == name.encode()
    assert [each.name for each in bucket.list_blobs()] == [name]
    blob.delete()


def test_ranges(gcs, bucket):
    bucket.blob("r").upload_from_string(b"0123456789")

    def read(text):
        status, headers, body = gcs.ask(
            "GET", f"/storage/v1/b/{bucket.name}/o/r?alt=media", headers={"Range": text})
        return status, headers.get("Content-Range"), body

    assert read("bytes=2-4") == (206, "bytes 2-4/10", b"234")
    assert read("bytes=8-99") == (206, "bytes 8-9/10", b"89")
    assert read("bytes=-3") == (206, "bytes 7-9/10", b"789")
    assert read("bytes=10-")[0] == 416 and read("bytes=-0")[0] == 416
    assert read("bytes=4-2") == (200, None, b"0123456789")


def test_pages_and_offsets(client, bucket):
    names = sorted(["a", "b/1", "b/2", "b/3", "c", "d/x/1", "d/y", "e", "ü"],
                   key=lambda name: name.encode())
    for name in names:
        bucket.blob(name).upload_from_string(b"")

    def listed(**query):
        found = client.list_blobs(bucket, **query)
        return [blob.name for blob in found], sorted(found.prefixes)

    for size in (1, 2, 100):
        assert listed(page_size=size)[0] == names
        assert listed(delimiter="/", page_size=size) == (["a", "c", "e", "ü"], ["b/", "d/"])
    assert listed(prefix="b/", start_offset="b/2")[0] == ["b/2", "b/3"]
    assert listed(start_offset="b/2", end_offset="d/y")[0] == ["b/2", "b/3", "c", "d/x/1"]
    pages = list(client.list_blobs(bucket, page_size=4).pages)
    assert [page.num_items for page in pages] == [4, 4, 1]
    with pytest.raises(exceptions.BadRequest):
        list(client.list_blobs(bucket, page_token="nonsense"))
    some = list(client.list_blobs(bucket, max_results=1, fields="items(name),nextPageToken"))
    assert some[0].name == "a" and some[0].generation is None


# MARK: Limits, rights, tokens


def test_one_write_a_second(gcs, bucket):
    gcs.control(limits_rate=True)
    blob = bucket.blob("busy")
    blob.upload_from_string(b"1")
    with pytest.raises(exceptions.TooManyRequests):
        blob.upload_from_string(b"2", retry=None)
    bucket.blob("other").upload_from_string(b"1")
    gcs.control(advance=1.1)
    blob.upload_from_string(b"2", retry=None)
    with pytest.raises(exceptions.TooManyRequests):
        blob.delete(retry=None)


def test_the_library_repeats_after_a_fault(gcs, bucket):
    gcs.control(faults=[{"path": "/upload/", "status": 503, "times": 2}])
    bucket.blob("again").upload_from_string(b"1", retry=DEFAULT_RETRY.with_delay(0.01))
    gcs.control(faults=[{"path": "/upload/", "lost": True}])
    with pytest.raises(Exception):
        bucket.blob("lost").upload_from_string(b"1", retry=None)
    assert bucket.blob("lost").download_as_bytes() == b"1"


def test_tokens_end_and_rights_are_missing(gcs, bucket):
    path = f"/storage/v1/b/{bucket.name}/o"
    token = {"Authorization": f"Bearer {gcs.token('someone')}"}
    assert gcs.ask("GET", path, headers=token)[0] == 200
    gcs.control(denied={"someone": ["storage.objects.list"]})
    status, _, body = gcs.ask("GET", path, headers=token)
    assert status == 403 and b"storage.objects.list" in body
    gcs.control(denied={}, advance=3601)
    assert gcs.ask("GET", path, headers=token)[0] == 401
    assert gcs.ask("GET", path, headers={"Authorization": "Bearer made-up"})[0] == 401


def test_assertions_are_verified(gcs):
    transport = google.auth.transport.requests.Request()
    scope = ["https://www.googleapis.com/auth/devstorage.read_write"]
    info = json.loads(gcs.key_file.read_text())

    def refresh(**changes):
        keys = service_account.Credentials.from_service_account_info(info | changes, scopes=scope)
        keys.refresh(transport)
        return keys.token

    assert refresh().startswith("ya29.")
    other = json.loads(gcs.make_account("other").read_text())
    for wrong in ({"private_key": other["private_key"]}, {"client_email": "nobody@example.com"},
                  {"private_key_id": "0"}):
        with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
            refresh(**wrong)
    gcs.control(advance=7200)
    with pytest.raises(google.auth.exceptions.RefreshError, match="reasonable timeframe"):
        refresh()


# MARK: obstore


def test_obstore(foreign, bucket):
    first = obstore.put(foreign, "a/b c", b"one", mode="create")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(foreign, "a/b c", b"two", mode="create")
    second = obstore.put(foreign, "a/b c", b"two", mode=first)
    with pytest.raises(obstore.exceptions.PreconditionError):
        obstore.put(foreign, "a/b c", b"three", mode=first)
    assert obstore.head(foreign, "a/b c")["version"] == second["version"]
    assert bytes(obstore.get(foreign, "a/b c").bytes()) == b"two"
    assert bytes(obstore.get_range(foreign, "a/b c", start=1, length=2)) == b"wo"
    assert bucket.get_blob("a/b c").generation == int(second["version"])
    data = os.urandom(12 << 20)
    obstore.put(foreign, "large", data)
    assert bytes(obstore.get(foreign, "large").bytes()) == data
    for number in range(20):
        bucket.blob(f"list/{number:03d}").upload_from_string(b"")
    listed = [meta["path"] for batch in obstore.list(foreign, "list") for meta in batch]
    assert listed == [f"list/{number:03d}" for number in range(20)]
    obstore.delete(foreign, "a/b c")
    with pytest.raises(FileNotFoundError):
        obstore.head(foreign, "a/b c")
