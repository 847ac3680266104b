"""The stand-in of the Azure Blob service, held to Microsoft's SDK and to obstore.

First that it refuses a stale write: a run over a server that does not would prove nothing.
"""

import base64
import hashlib
import json
import threading
import time
import urllib.request
from datetime import datetime, timedelta, timezone

import obstore
import pytest
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError
from azure.storage.blob import (
    BlobBlock, BlobLeaseClient, BlobServiceClient, generate_account_sas, generate_blob_sas, generate_container_sas)
from obstore.store import AzureStore

from Servers import server
from Servers.azblob import ACCOUNT
from Servers.azure_objects import crc64

SAME, NOBODY = MatchConditions.IfNotModified, MatchConditions.IfMissing


@pytest.fixture(scope="module")
def azure():
    with server("azblob") as running:
        yield running


@pytest.fixture
def container(azure):
    yield azure.client().get_container_client(azure.make_container())
    azure.control(forget=True)


def put(container, name, data, **options):
    return container.get_blob_client(name).upload_blob(data, **({"overwrite": True} | options))


def code(body, *wanted) -> HttpResponseError:
    """Runs what must fail: its status and the service's code are the wanted ones."""
    with pytest.raises(HttpResponseError) as failed:
        body()
    name = failed.value.error_code
    assert (failed.value.status_code, getattr(name, "value", name)) == wanted
    return failed.value


# MARK: Conditions

def test_a_stale_write_is_refused(container):
    first = put(container, "a", b"one")
    second = put(container, "a", b"two", etag=first["etag"], match_condition=SAME)
    assert second["etag"] != first["etag"]
    with pytest.raises(ResourceModifiedError):
        put(container, "a", b"stale", etag=first["etag"], match_condition=SAME)
    blob = container.get_blob_client("a")
    assert blob.download_blob().readall() == b"two"
    code(lambda: blob.delete_blob(etag=first["etag"], match_condition=SAME), 412, "ConditionNotMet")
    assert blob.exists()
    # The same bytes again are another version.
    third = put(container, "a", b"two")
    assert third["etag"] != second["etag"]


def test_a_stale_block_list_is_refused(container):
    blob = container.get_blob_client("blocks")
    stale = put(container, "blocks", b"one")["etag"]
    put(container, "blocks", b"two")
    blob.stage_block("0001", b"three")
    code(lambda: blob.commit_block_list([BlobBlock("0001")], etag=stale, match_condition=SAME),
         412, "ConditionNotMet")
    assert blob.download_blob().readall() == b"two"


def test_what_exists_is_not_made_again(container):
    put(container, "a", b"one", overwrite=False)
    with pytest.raises(ResourceExistsError):
        put(container, "a", b"two", overwrite=False)
    blob = container.get_blob_client("a")
    blob.stage_block("0001", b"three")
    code(lambda: blob.commit_block_list([BlobBlock("0001")], match_condition=NOBODY),
         409, "BlobAlreadyExists")
    assert blob.download_blob().readall() == b"one"


def test_one_of_many_writers_wins(azure, container):
    for round_number in range(10):
        won, clients = [], [azure.client() for _ in range(8)]

        def write(client, number):
            blob = client.get_blob_client(container.container_name, f"r{round_number}")
            try:
                blob.upload_blob(str(number), overwrite=False)
                won.append(number)
            except ResourceExistsError:
                pass

        threads = [threading.Thread(target=write, args=pair) for pair in zip(clients, range(8))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        kept = container.get_blob_client(f"r{round_number}").download_blob().readall()
        assert kept == str(won[0]).encode()


def test_conditions_of_reads(container):
    etag = put(container, "a", b"one")["etag"]
    blob = container.get_blob_client("a")
    blob.download_blob(etag=etag, match_condition=SAME).readall()
    put(container, "a", b"two")
    code(lambda: blob.download_blob(etag=etag, match_condition=SAME), 412, "ConditionNotMet")
    code(lambda: container.get_blob_client("no").download_blob(etag=etag, match_condition=SAME),
         404, "BlobNotFound")
    code(lambda: blob.download_blob(match_condition=NOBODY), 400, "UnsatisfiableCondition")
    code(lambda: put(container, "no", b"", etag=etag, match_condition=SAME), 412, "ConditionNotMet")


# MARK: Bytes

def test_ranges_and_properties(container):
    put(container, "a", b"0123456789", metadata={"one": "1", "two_2": "zwei"})
    blob = container.get_blob_client("a")
    assert blob.download_blob(offset=2, length=3).readall() == b"234"
    assert blob.download_blob(offset=8, length=9).readall() == b"89"
    # The SDK takes the refusal of an empty blob for no bytes, but not of this one.
    code(lambda: blob.download_blob(offset=10), 416, "InvalidRange")
    found = blob.get_blob_properties()
    assert found.size == 10 and found.metadata == {"one": "1", "two_2": "zwei"}
    assert bytes(found.content_settings.content_md5) == hashlib.md5(b"0123456789").digest()
    blob.set_blob_metadata({"three": "3"})
    assert blob.get_blob_properties().metadata == {"three": "3"}
    code(lambda: put(container, "b", b"", metadata={"a-b": "c"}), 400, "InvalidMetadata")
    code(lambda: put(container, "b", b"", metadata={"a": "c" * 8200}), 400, "MetadataTooLarge")


def test_blocks(container):
    blob = container.get_blob_client("large")
    pieces = [bytes([number]) * (300 << 10) for number in range(5)]
    for number, piece in enumerate(pieces):
        blob.stage_block(f"{number:04}", piece)
    assert not blob.exists()
    assert [entry.name for entry in container.list_blobs()] == []
    shown = list(container.list_blobs(include=["uncommittedblobs"]))
    assert [(entry.name, entry.size) for entry in shown] == [("large", 0)]
    blob.commit_block_list([BlobBlock(f"{number:04}") for number in (4, 2, 0)])
    assert blob.download_blob().readall() == pieces[4] + pieces[2] + pieces[0]
    kept, waiting = blob.get_block_list("all")
    assert [block.id for block in kept] == ["0004", "0002", "0000"] and not waiting
    # What was not in the list is gone, and ids of one blob have one length.
    code(lambda: blob.commit_block_list([BlobBlock("0001")]), 400, "InvalidBlockList")
    code(lambda: blob.stage_block("00001", b"x"), 400, "InvalidBlobOrBlock")
    read = blob.download_blob(offset=(300 << 10) - 1, length=2).readall()
    assert read == pieces[4][:1] + pieces[2][:1]


def test_sums(container):
    blob = container.get_blob_client("a")
    right = base64.b64encode(hashlib.md5(b"one").digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"two").digest()).decode()
    blob.upload_blob(b"one", overwrite=True, headers={"Content-MD5": right})
    code(lambda: blob.upload_blob(b"one", overwrite=True, headers={"Content-MD5": wrong}),
         400, "Md5Mismatch")
    # The check value of the algorithm over the digits, in the service's byte order.
    assert crc64(b"123456789") == bytes.fromhex("ae8b14860a799888")[::-1]
    for data, wanted in ((b"two", None), (b"one", "Crc64Mismatch")):
        def send():
            blob.upload_blob(data, overwrite=True, headers={
                "x-ms-content-crc64": base64.b64encode(crc64(b"two")).decode()})
        code(send, 400, wanted) if wanted else send()


# MARK: Listings

def test_listings_come_in_pages(azure, container):
    names = sorted([f"a/{number:03}" for number in range(40)] + ["a.x", "a/b/c", "ä", "z&<>"],
                   key=str.encode)
    for name in names:
        put(container, name, b"1", metadata={"name": name.encode().hex()})
    assert [entry.name for entry in container.list_blobs()] == names
    pages = list(container.list_blobs(results_per_page=7).by_page())
    assert [len(list(page)) for page in pages] == [7] * 6 + [2]
    azure.control(page=3)
    found = list(container.list_blobs(name_starts_with="a/", include=["metadata"]))
    azure.control(page=5000)
    assert [entry.name for entry in found] == [name for name in names if name.startswith("a/")]
    assert all(entry.metadata["name"] == entry.name.encode().hex() for entry in found)
    walked = [entry.name for entry in container.walk_blobs(results_per_page=2)]
    assert sorted(walked) == ["a.x", "a/", "z&<>", "ä"]
    code(lambda: list(container.list_blobs(results_per_page=0)), 400, "OutOfRangeQueryParameterValue")
    code(lambda: list(container.list_blobs().by_page("mine")), 400, "OutOfRangeInput")


def test_containers(azure):
    missing = azure.client().get_container_client("nobody-made-it")
    code(lambda: list(missing.list_blobs()), 404, "ContainerNotFound")
    code(missing.get_container_properties, 404, "ContainerNotFound")
    made = azure.client().create_container("made")
    assert made.get_container_properties().name == "made"
    with pytest.raises(ResourceExistsError):
        azure.client().create_container("made")
    made.delete_container()
    code(made.get_container_properties, 404, "ContainerNotFound")


def test_names_change_on_their_way(container):
    for name, kept in (("a.", "a"), ("b./c..", "b/c"), ("d\\e", "d/e"), ("f.g", "f.g")):
        put(container, name, b"1")
        assert [entry.name for entry in container.list_blobs()] == [kept]
        container.delete_blob(kept)
    code(lambda: put(container, "a/" * 254 + "b", b""), 400, "InvalidResourceName")
    code(lambda: put(container, "é" * 1025, b""), 400, "OutOfRangeInput")


# MARK: Leases

def test_leases(azure, container):
    put(container, "a", b"one")
    blob = container.get_blob_client("a")
    code(lambda: blob.acquire_lease(14), 400, "InvalidHeaderValue")
    held = blob.acquire_lease(15)
    assert blob.acquire_lease(15, lease_id=held.id).id == held.id
    code(lambda: blob.acquire_lease(15), 409, "LeaseAlreadyPresent")
    code(lambda: put(container, "a", b"two"), 412, "LeaseIdMissing")
    code(blob.delete_blob, 412, "LeaseIdMissing")
    other = "11111111-1111-1111-1111-111111111111"
    code(lambda: put(container, "a", b"two", lease=other), 412, "LeaseIdMismatchWithBlobOperation")
    code(lambda: blob.get_blob_properties(lease=other), 412, "LeaseIdMismatchWithBlobOperation")
    assert blob.download_blob().readall() == b"one"
    put(container, "a", b"two", lease=held)
    azure.control(advance=16)
    code(lambda: put(container, "a", b"three", lease=held.id), 412, "LeaseLost")
    held.renew()
    put(container, "a", b"three", lease=held)
    held.change(other)
    held.release()
    code(lambda: put(container, "a", b"four", lease=other), 412, "LeaseNotPresentWithBlobOperation")
    gone = BlobLeaseClient(blob, lease_id=other)
    code(gone.renew, 409, "LeaseIdMismatchWithLeaseOperation")
    code(gone.break_lease, 409, "LeaseNotPresentWithLeaseOperation")


def test_leases_are_broken(azure, container):
    put(container, "a", b"one")
    blob = container.get_blob_client("a")
    held = blob.acquire_lease(-1)
    assert held.break_lease(lease_break_period=10) == 10
    code(lambda: blob.acquire_lease(15, lease_id=held.id), 409, "LeaseIsBreakingAndCannotBeAcquired")
    code(held.renew, 409, "LeaseIsBrokenAndCannotBeRenewed")
    code(lambda: put(container, "a", b"two"), 412, "LeaseIdMissing")
    azure.control(advance=11)
    code(held.renew, 409, "LeaseIsBrokenAndCannotBeRenewed")
    put(container, "a", b"two")
    held = blob.acquire_lease(60)
    azure.control(advance=61)
    # A lease that ended is renewed by whoever had it, and by nobody else.
    stranger = blob.acquire_lease(15)
    code(held.renew, 409, "LeaseIdMismatchWithLeaseOperation")
    assert stranger.break_lease() == 15


# MARK: Who is asking

def test_wrong_keys_and_clocks(azure, container):
    def read(**options):
        name = container.container_name
        return list(azure.client(**options).get_container_client(name).list_blobs())

    wrong = base64.b64encode(b"x" * 64).decode()
    code(lambda: read(credential={"account_name": ACCOUNT, "account_key": wrong}),
         403, "AuthenticationFailed")
    code(lambda: read(credential=None), 401, "NoAuthenticationInformation")
    code(lambda: read(credential={"account_name": "other", "account_key": azure.key}),
         403, "AuthenticationFailed")
    azure.control(skew=1000)
    code(read, 403, "AuthenticationFailed")
    azure.control(skew=0)
    read()


def test_shared_access_signatures(azure, container):
    put(container, "a", b"one")
    name, soon = container.container_name, datetime.now(timezone.utc) + timedelta(hours=1)

    def by(sas):
        return azure.client(credential=sas).get_container_client(name)

    reads = by(generate_container_sas(ACCOUNT, name, azure.key, permission="rl", expiry=soon))
    assert [entry.name for entry in reads.list_blobs()] == ["a"]
    code(lambda: put(reads, "a", b"two"), 403, "AuthorizationPermissionMismatch")
    code(reads.get_container_properties, 403, "AuthorizationPermissionMismatch")
    one = by(generate_blob_sas(
        ACCOUNT, name, "a", account_key=azure.key, permission="rw", expiry=soon))
    put(one, "a", b"two")
    code(lambda: put(one, "b", b"two"), 403, "AuthenticationFailed")
    all_of_it = by(generate_account_sas(ACCOUNT, azure.key, "sco", "rwdlac", soon))
    assert all_of_it.get_container_properties().name == name
    objects = by(generate_account_sas(ACCOUNT, azure.key, "o", "rwdlac", soon))
    code(lambda: list(objects.list_blobs()), 403, "AuthorizationResourceTypeMismatch")
    azure.control(advance=3700)
    code(lambda: list(reads.list_blobs()), 403, "AuthenticationFailed")
    azure.control(advance=-3700)
    tampered = generate_container_sas(ACCOUNT, name, azure.key, permission="rl", expiry=soon)
    code(lambda: list(by(tampered.replace("sp=rl", "sp=rwl")).list_blobs()),
         403, "AuthenticationFailed")


def test_tokens_end_and_have_roles(azure, container):
    def token(client_id):
        asked = urllib.request.Request(
            f"{azure.url}/metadata/identity/oauth2/token?api-version=2018-02-01&client_id={client_id}"
            "&resource=https%3A%2F%2Fstorage.azure.com%2F", headers={"Metadata": "true"})
        return json.load(urllib.request.urlopen(asked, timeout=5))["access_token"]

    class Given:
        def __init__(self, text):
            self.text = text

        def get_token(self, *_, **__):
            return AccessToken(self.text, int(time.time()) + 3600)

    azure.control(roles={"reader": "Storage Blob Data Reader", "nobody": "Reader"})
    put(container, "a", b"one")

    def read(text):
        # The SDK sends tokens over TLS only, so it is told that somebody else adds them.
        return list(azure.client(credential=None).get_container_client(container.container_name)
                    .list_blobs(headers={"Authorization": f"Bearer {text}"}))

    reader = token("reader")
    assert len(read(reader)) == 1
    code(lambda: read(token("nobody")), 403, "AuthorizationPermissionMismatch")
    azure.control(advance=3601)
    code(lambda: read(reader), 401, "InvalidAuthenticationInfo")
    with pytest.raises(Exception, match="only supported with HTTPS"):
        list(BlobServiceClient(azure.endpoint, credential=Given(reader)).list_containers())


# MARK: obstore

def test_obstore_agrees(azure):
    name = azure.make_container()
    store = AzureStore(name, account_name=ACCOUNT, account_key=azure.key, endpoint=azure.endpoint,
                       client_options={"allow_http": True}, retry_config={"max_retries": 0})
    first = obstore.put(store, "a/b c+%", b"one", mode="create")
    with pytest.raises(Exception, match="already exists|BlobAlreadyExists"):
        obstore.put(store, "a/b c+%", b"two", mode="create")
    obstore.put(store, "a/b c+%", b"two", mode={"e_tag": first["e_tag"]})
    with pytest.raises(Exception, match="ConditionNotMet"):
        obstore.put(store, "a/b c+%", b"three", mode={"e_tag": first["e_tag"]})
    large = bytes(range(256)) * (50 << 10)
    obstore.put(store, "large", large, chunk_size=5 << 20)
    assert bytes(obstore.get(store, "large").bytes()) == large
    assert bytes(obstore.get_range(store, "large", start=(5 << 20) - 1, end=(5 << 20) + 2)) == \
        large[(5 << 20) - 1:(5 << 20) + 2]
    assert [entry["path"] for page in obstore.list(store) for entry in page] == ["a/b c+%", "large"]
    obstore.delete(store, ["a/b c+%", "large"])
    assert [entry for page in obstore.list(store) for entry in page] == []


# MARK: Faults

def test_faults_come_as_asked(azure, container):
    azure.control(faults=[{"on": "PUT .*/a", "status": 503, "code": "ServerBusy"},
                          {"on": "PUT .*/b", "do": "lost"}, {"on": "PUT .*/c", "do": "reset"}])
    code(lambda: put(container, "a", b"one"), 503, "ServerBusy")
    for name in "bc":
        with pytest.raises(Exception, match="(?i)connection|remote end"):
            put(container, name, b"one")
    assert [entry.name for entry in container.list_blobs()] == ["b"]
    assert not azure.control()["faults"]
