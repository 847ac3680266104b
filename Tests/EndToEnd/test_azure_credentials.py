"""Who asks: each way of the driver `azblob` to say it, with stand-ins for the servers of tokens."""

import base64
import socket
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from azure.storage.blob import generate_account_sas, generate_container_sas

from Servers import server
from Servers.azblob import ACCOUNT
from blackbox.azblob import library, refused

TENANT = "11111111-2222-3333-4444-555555555555"
CANARY = "canary-7be1"


@pytest.fixture(scope="module")
def azure():
    with server("azblob") as running:
        yield running


@pytest.fixture(autouse=True)
def forget(azure):
    azure.control(forget=True, lifetime=3600, roles={"": "Storage Blob Data Contributor",
                                                     "app": "Storage Blob Data Contributor"})
    yield
    azure.control(forget=True, lifetime=3600)


def options(azure, **more) -> dict:
    return {"container": azure.container, "endpoint": azure.endpoint,
            # No test asks a real service.
            "metadata_endpoint": "http://127.0.0.1:9", "authority": "http://127.0.0.1:9"} | more


def application(azure, **more) -> dict:
    return options(azure, tenant_id=TENANT, client_id="app", authority=azure.url) | more


def works(given: dict) -> None:
    with library().open(given) as store:
        store.put("a/b c", b"1")
        assert store.get("a/b c")[1] == b"1"
        assert store.list() == ["a/b c"]
        store.put("large", b"x" * (5 << 20))
        store.remove("large")
        store.remove("a/b c")


def soon(minutes=60):
    return datetime.now(timezone.utc) + timedelta(minutes=minutes)


def container_sas(azure, permission="rwdl", **more) -> str:
    given = {"permission": permission, "expiry": soon()} | more
    return generate_container_sas(ACCOUNT, azure.container, azure.key, **given)


# MARK: Each way

def test_a_key(azure):
    works(options(azure, account=ACCOUNT, account_key=azure.key))


def test_connection_strings(azure):
    works({"container": azure.container, "connection_string": azure.connection_string})
    sas = container_sas(azure)
    works({"container": azure.container, "connection_string":
           f"BlobEndpoint={azure.endpoint};SharedAccessSignature={sas}"})


def test_shared_access_signatures(azure):
    works(options(azure, sas_token=container_sas(azure)))
    works(options(azure, sas_token="?" + generate_account_sas(
        ACCOUNT, azure.key, "co", "rwdl", soon(), start=soon(-5), protocol="https,http")))


def test_the_instance_metadata_service(azure):
    works(options(azure, metadata_endpoint=azure.url))
    works(options(azure, metadata_endpoint=azure.url, client_id="app"))
    assert azure.control()["tokens"] == ["metadata"] * 2


def test_the_identity_of_an_app_service(azure):
    works(options(azure, identity_endpoint=f"{azure.url}/msi/token",
                  identity_header="application-secret"))
    assert azure.control()["tokens"] == ["app service"]


def test_a_workload_identity(azure, tmp_path):
    file = tmp_path / "token"
    file.write_text("federated-token\n")
    works(application(azure, federated_token_file=str(file)))
    # The file is read for each exchange: somebody replaces it from time to time.
    file.write_text("another-token")
    failed = refused(lambda: library().open(application(azure, federated_token_file=str(file))))
    assert failed.kind == "unauthenticated" and str(file) in failed.message
    assert "AADSTS7000215" in failed.message and "another-token" not in failed.message


def test_an_application_with_a_secret(azure):
    works(application(azure, client_secret="application-secret"))
    failed = refused(lambda: library().open(application(azure, client_secret=CANARY)))
    assert failed.kind == "unauthenticated" and "client_secret" in failed.message
    assert CANARY not in failed.message


def test_the_first_way_counts(azure):
    """A connection string, then a key, a signature, an application, a service, the machine."""
    all_of_them = application(
        azure, client_secret="application-secret", identity_header="application-secret",
        identity_endpoint=f"{azure.url}/msi/token", metadata_endpoint=azure.url, account=ACCOUNT,
        account_key=azure.key, sas_token=container_sas(azure),
        connection_string=azure.connection_string)

    def used() -> str:
        azure.control(forget=True)
        library().open(all_of_them).close()
        seen = azure.control()["seen"]
        shown = seen[-1]["headers"].get("authorization", "sas")
        return seen[0]["target"].partition("?")[0] if len(seen) > 1 else shown.partition(" ")[0]

    for removed, wanted in (("connection_string", "SharedKey"), ("account_key", "SharedKey"),
                            ("sas_token", "sas"),
                            ("client_secret", f"/{TENANT}/oauth2/v2.0/token"),
                            ("identity_header", "/msi/token"),
                            ("metadata_endpoint", "/metadata/identity/oauth2/token")):
        assert used() == wanted
        del all_of_them[removed]


# MARK: Tokens that end

def test_a_token_is_replaced_before_it_ends(azure):
    azure.control(lifetime=200)  # less than the five minutes before which a new one is asked for
    with library().open(options(azure, metadata_endpoint=azure.url)) as store:
        for _ in range(3):
            store.ping()
    assert len(azure.control()["tokens"]) == 4


def test_a_token_that_lasts_is_kept_and_asked_for_once(azure):
    with library().open(options(azure, metadata_endpoint=azure.url)) as store:
        azure.control(forget=True)
        threads = [threading.Thread(target=store.ping) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert azure.control()["tokens"] == []
        # All of them meet the end of it at once, and one asks.
        azure.control(advance=4000)
        for thread in [threading.Thread(target=store.ping) for _ in range(8)]:
            thread.start()
            thread.join()
        assert azure.control()["tokens"] == ["metadata"]


def test_a_token_that_the_service_calls_ended_is_replaced_at_once(azure):
    with library().open(options(azure, metadata_endpoint=azure.url)) as store:
        azure.control(advance=4000)
        store.put("a", b"1")
        azure.control(advance=4000)
        store.put("a", b"x" * (5 << 20))
        azure.control(advance=4000)
        assert len(store.get("a")[1]) == 5 << 20
        store.remove("a")


def test_a_server_of_tokens_that_fails_is_asked_again_later(azure):
    azure.control(lifetime=200)
    with library().open(options(azure, metadata_endpoint=azure.url)) as store:
        azure.control(faults=[{"on": "/metadata/", "status": 500, "times": 9}])
        # The old token is still good.
        store.ping()
        store.ping()
        azure.control(forget=True)
    azure.control(faults=[{"on": "/metadata/", "status": 503}])
    failed = refused(lambda: library().open(options(azure, metadata_endpoint=azure.url)))
    assert (failed.kind, failed.retry) == ("unavailable", 1)


# MARK: What is wrong with them

def test_nobody_gives_credentials(azure):
    failed = refused(lambda: library().open(options(azure)))
    assert failed.kind == "unauthenticated" and "account_key" in failed.message


def test_a_silent_metadata_service_does_not_take_long(azure):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        failed = refused(lambda: library().open(options(azure, metadata_endpoint=url)))
        assert failed.kind == "unauthenticated"
        failed = refused(lambda: library().open(options(azure, metadata_endpoint=url), seconds=0.3))
        assert failed.kind == "deadline"


def test_an_identity_that_is_not_assigned(azure):
    failed = refused(lambda: library().open(
        options(azure, metadata_endpoint=azure.url, client_id="stranger")))
    assert failed.kind == "unauthenticated" and "client_id" in failed.message


def test_an_identity_without_the_role(azure):
    azure.control(roles={"app": "Reader"})
    failed = refused(lambda: library().open(
        options(azure, metadata_endpoint=azure.url, client_id="app")))
    assert failed.kind == "forbidden" and "Storage Blob Data Contributor" in failed.message
    azure.control(roles={"app": "Storage Blob Data Reader"})
    with library().open(options(azure, metadata_endpoint=azure.url, client_id="app")) as store:
        assert store.list() == []
        failed = refused(lambda: store.put("a", b"1"))
        assert (failed.kind, failed.applied) == ("forbidden", "no")


def test_signatures_that_ended_or_allow_less(azure):
    failed = refused(lambda: library().open(
        options(azure, sas_token=container_sas(azure, expiry=soon(-5)))))
    assert failed.kind == "unauthenticated" and "ended at" in failed.message
    assert "sig=" not in failed.message
    with library().open(options(azure, sas_token=container_sas(azure, "rl"))) as store:
        failed = refused(lambda: store.put("a", b"1"))
    assert failed.kind == "forbidden" and "it has rl" in failed.message
    tampered = container_sas(azure, "rl").replace("sp=rl", "sp=rwdl")
    failed = refused(lambda: library().open(options(azure, sas_token=tampered)))
    assert failed.kind == "unauthenticated"
    other = generate_account_sas(ACCOUNT, azure.key, "c", "rwdl", soon())
    assert refused(lambda: library().open(options(azure, sas_token=other))).kind == "forbidden"


def test_a_wrong_key_and_a_clock_that_is_off(azure):
    wrong = base64.b64encode(CANARY.encode() * 4).decode()
    failed = refused(lambda: library().open(options(azure, account=ACCOUNT, account_key=wrong)))
    assert failed.kind == "unauthenticated" and ACCOUNT in failed.message
    assert wrong not in failed.message and "MAC" not in failed.message
    azure.control(skew=3600)
    failed = refused(lambda: library().open(options(azure, account=ACCOUNT, account_key=azure.key)))
    azure.control(skew=0)
    assert failed.kind == "unauthenticated"
    assert "3600 s behind" in failed.message or "3599 s behind" in failed.message


def test_secrets_do_not_go_over_plain_http(azure):
    for given in ({"sas_token": container_sas(azure)}, {}):
        failed = refused(lambda: library().open(
            {"container": "tests", "endpoint": "http://blobs.invalid"} | given))
        assert failed.kind == "invalid" and "https" in failed.message
