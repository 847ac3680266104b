"""Where Google credentials come from: each place, over the driver `gcs` and stand-ins on loopback."""

import json
import threading
import time
from pathlib import Path

import pytest

from Servers import server
from Servers.gcs import PROJECT, PROVIDER
from blackbox.gcs import library, refused

JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
SECRET = "canary-4711-secret"


@pytest.fixture(scope="module")
def gcs():
    with server("gcs") as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gcs):
    gcs.calm()


def open_store(gcs, existing=True, seconds=20, **options):
    usual = {"bucket": gcs.bucket, "endpoint": gcs.endpoint, "metadata_disabled": True,
             "gcloud_folder": "/nowhere/.config/gcloud"}
    given = {name: value for name, value in (usual | options).items() if value is not None}
    return library().open(given, existing, seconds)


def fails(gcs, **options):
    failed = refused(lambda: open_store(gcs, **options).close())
    assert SECRET not in str(failed)
    return failed


def who(gcs) -> set[str]:
    """Whose tokens the service saw."""
    return {request["principal"] for request in gcs.requests
            if request["path"].startswith("/storage/") and request["principal"]}


def write(folder: Path, document: dict | str, name="credentials.json") -> dict[str, str]:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return {"credentials_file": str(path)}


# MARK: Service accounts


def test_a_service_account(gcs):
    with open_store(gcs, credentials_file=str(gcs.key_file)) as store:
        store.list()
        assert who(gcs) == {f"store@{PROJECT}.iam.gserviceaccount.com"}
        assert sum(request["path"] == "/token" for request in gcs.requests) == 1


def account(gcs, **changes) -> dict:
    return json.loads(gcs.key_file.read_text()) | changes


def test_keys_that_are_refused(gcs, tmp_path):
    other = json.loads(gcs.make_account("other").read_text())
    wrong = fails(gcs, **write(tmp_path, account(gcs, private_key=other["private_key"])))
    assert (wrong.kind, wrong.vendor) == ("unauthenticated", "invalid_grant")
    assert "make a new key" in wrong.message
    gone = fails(gcs, **write(tmp_path, account(gcs, client_email="gone@example.com")))
    assert gone.kind == "unauthenticated" and "gone@example.com" in gone.message
    for key in ("nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        bad = fails(gcs, **write(tmp_path, account(gcs, private_key=key)))
        assert bad.kind == "invalid" and "private_key" in bad.message


@pytest.mark.parametrize("seconds, word", [(7200, "behind"), (-7200, "ahead of")])
def test_a_clock_that_is_off(gcs, seconds, word):
    gcs.control(clock=seconds)
    failed = fails(gcs, credentials_file=str(gcs.key_file))
    assert failed.kind == "unauthenticated"
    assert "clock" in failed.message and word in failed.message
    assert any(7190 < int(part) < 7260 for part in failed.message.split() if part.isdigit())


@pytest.mark.parametrize("document, word", [
    ("", "no JSON"), ("[]", "no JSON"), ("{}", "no type"), ({"type": "who"}, "type"),
    ({"type": "service_account"}, "client_email"),
    ({"type": "authorized_user", "client_id": "x"}, "client_secret"),
    ({"type": "external_account", "audience": "x", "subject_token_type": "x",
      "token_url": "http://sts.example.com/"}, "token_url"),
    ({"type": "external_account", "audience": "x", "subject_token_type": "x",
      "token_url": "https://sts.example.com/", "credential_source": {
          "environment_id": "aws1", "url": "http://x/"}}, "credential_source"),
    ({"type": "external_account", "audience": "x", "subject_token_type": "x",
      "token_url": "https://sts.example.com/", "credential_source": {
          "executable": {"command": "x"}}}, "executable")])
def test_files_that_are_wrong(gcs, tmp_path, document, word):
    failed = fails(gcs, **write(tmp_path, document))
    assert failed.kind == "invalid" and word in failed.message
    assert "credentials.json" in failed.message


def test_a_secret_does_not_leave_the_machine_in_the_clear(gcs, tmp_path):
    for uri in ("http://oauth2.example.com/token", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/"):
        failed = fails(gcs, **write(tmp_path, account(gcs, token_uri=uri)))
        assert failed.kind == "invalid" and "token_uri" in failed.message


def test_a_token_endpoint_that_is_away(gcs, tmp_path):
    failed = fails(gcs, **write(tmp_path, account(gcs, token_uri="http://127.0.0.1:1/token")))
    assert (failed.kind, failed.applied) == ("unavailable", "no")
    gcs.control(faults=[{"path": "/token", "status": 503}])
    assert fails(gcs, credentials_file=str(gcs.key_file)).kind == "unavailable"
    gcs.control(faults=[{"path": "/token", "status": 200, "body": "{}"}])
    assert fails(gcs, credentials_file=str(gcs.key_file)).kind == "unauthenticated"


# MARK: Users, workloads, impersonation


def user(gcs, **changes) -> dict:
    gcs.control(users={"refresh-1": {"client_id": "c", "client_secret": SECRET,
                                     "email": "ana@example.com"}})
    return {"type": "authorized_user", "client_id": "c", "client_secret": SECRET,
            "refresh_token": "refresh-1", "token_uri": f"{gcs.endpoint}/token"} | changes


def test_a_user(gcs, tmp_path):
    with open_store(gcs, **write(tmp_path, user(gcs))):
        assert who(gcs) == {"ana@example.com"}
    failed = fails(gcs, **write(tmp_path, user(gcs, refresh_token=SECRET)))
    assert failed.kind == "unauthenticated" and "gcloud auth" in failed.message
    failed = fails(gcs, **write(tmp_path, user(gcs, client_id="x")))
    assert failed.kind == "unauthenticated" and "client_secret" in failed.message


def test_who_logged_in_by_gcloud(gcs, tmp_path):
    write(tmp_path, user(gcs), "application_default_credentials.json")
    with open_store(gcs, gcloud_folder=str(tmp_path)):
        assert who(gcs) == {"ana@example.com"}
    # A file that was named counts before it.
    gcs.control(forget_requests=True)
    with open_store(gcs, gcloud_folder=str(tmp_path), credentials_file=str(gcs.key_file)):
        assert who(gcs) == {f"store@{PROJECT}.iam.gserviceaccount.com"}


def workload(gcs, source: dict, **changes) -> dict:
    gcs.control(subjects={"subject-token": {
        "principal": "principal://tests", "audience": PROVIDER, "subject_token_type": JWT_TYPE}})
    return {"type": "external_account", "audience": PROVIDER, "subject_token_type": JWT_TYPE,
            "token_url": f"{gcs.endpoint}/sts/v1/token", "credential_source": source} | changes


def test_a_workload_with_a_token_in_a_file(gcs, tmp_path):
    file = tmp_path / "token"
    file.write_text("subject-token\n")
    with open_store(gcs, **write(tmp_path, workload(gcs, {"file": str(file)}))):
        assert who(gcs) == {"principal://tests"}
    file.write_text('{"access": "subject-token"}')
    source = {"file": str(file), "format": {"type": "json", "subject_token_field_name": "access"}}
    open_store(gcs, **write(tmp_path, workload(gcs, source))).close()
    for text in (SECRET, "", "two words", '{"access": 5}'):
        file.write_text(text)
        assert fails(gcs, **write(tmp_path, workload(gcs, {"file": str(file)}))
                     ).kind == "unauthenticated"
    missing = workload(gcs, {"file": str(tmp_path / "gone")})
    assert "gone" in fails(gcs, **write(tmp_path, missing)).message


def test_a_workload_with_a_token_from_a_url(gcs, tmp_path):
    gcs.control(faults=[{"path": "/subject", "status": 200, "body": '{"value": "subject-token"}'}])
    source = {"url": f"{gcs.endpoint}/subject?x=1", "headers": {"Metadata": "True"},
              "format": {"type": "json", "subject_token_field_name": "value"}}
    with open_store(gcs, **write(tmp_path, workload(gcs, source))):
        assert who(gcs) == {"principal://tests"}
    gcs.control(faults=[{"path": "/subject", "status": 500}])
    assert fails(gcs, **write(tmp_path, workload(gcs, source))).kind == "unavailable"


def test_a_wrong_audience(gcs, tmp_path):
    file = tmp_path / "token"
    file.write_text("subject-token")
    failed = fails(gcs, **write(tmp_path, workload(gcs, {"file": str(file)}, audience="other")))
    assert failed.kind == "unauthenticated" and "audience" in failed.message


def impersonation(gcs, email: str) -> dict:
    return {"service_account_impersonation_url":
            f"{gcs.endpoint}/v1/projects/-/serviceAccounts/{email}:generateAccessToken"}


def test_impersonations(gcs, tmp_path):
    email = "robot@example.com"
    file = tmp_path / "token"
    file.write_text("subject-token")
    federated = workload(gcs, {"file": str(file)}, **impersonation(gcs, email))
    failed = fails(gcs, **write(tmp_path, federated))
    assert failed.kind == "forbidden" and "getAccessToken" in failed.message
    assert email in failed.message
    gcs.control(may_impersonate=[f"principal://tests>{email}", f"ana@example.com>{email}"],
                forget_requests=True)
    with open_store(gcs, **write(tmp_path, federated)):
        assert who(gcs) == {email}
    by_user = {"type": "impersonated_service_account", "source_credentials": user(gcs)
               } | impersonation(gcs, email)
    with open_store(gcs, **write(tmp_path, by_user)):
        assert who(gcs) == {email}


# MARK: The metadata server, and nothing at all


def test_the_metadata_server(gcs):
    gcs.control(default_account="vm@example.com")
    options = {"metadata_disabled": False, "metadata_host": gcs.authority}
    with open_store(gcs, **options):
        assert who(gcs) == {"vm@example.com"}
    gcs.control(default_account=None)
    assert fails(gcs, **options).kind == "unauthenticated"
    with open_store(gcs, credentials_file=str(gcs.key_file), **options):
        pass


def test_nothing_at_all(gcs):
    failed = fails(gcs)
    assert failed.kind == "unauthenticated" and "GOOGLE_APPLICATION_CREDENTIALS" in failed.message
    start = time.monotonic()
    failed = fails(gcs, metadata_disabled=False, metadata_host="127.0.0.1:1")
    assert failed.kind == "unauthenticated" and time.monotonic() - start < 5


def test_a_folder_of_gcloud_that_is_not_there(gcs, tmp_path):
    failed = fails(gcs, gcloud_folder=str(tmp_path / "typo"))
    assert failed.kind == "invalid" and "gcloud_folder" in failed.message
    # The usual one may be missing, and one without a login is passed over.
    for folder in (tmp_path / ".config/gcloud", tmp_path):
        assert fails(gcs, gcloud_folder=str(folder)).kind == "unauthenticated"


def test_anonymous(gcs):
    assert fails(gcs, anonymous=True).kind == "unauthenticated"
    gcs.control(open=True, forget_requests=True)
    with open_store(gcs, anonymous=True, credentials_file=str(gcs.key_file)):
        assert who(gcs) == {"anonymous"}


# MARK: Refreshing


def test_a_token_that_ends_soon_is_replaced_by_one_call(gcs):
    gcs.control(lifetime=100)
    with open_store(gcs, credentials_file=str(gcs.key_file)) as store:
        gcs.control(lifetime=3600, faults=[{"path": "/token", "delay": 0.5}], forget_requests=True)
        threads = [threading.Thread(target=store.list) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.list()
        requests = gcs.requests
    assert sum(request["path"] == "/token" for request in requests) == 1
    # The others went on with the old one meanwhile.
    places = [request["path"] for request in requests]
    assert places.index("/token") > 0


def test_a_failed_refresh_does_not_end_a_good_token(gcs):
    gcs.control(lifetime=100)
    with open_store(gcs, credentials_file=str(gcs.key_file)) as store:
        gcs.control(faults=[{"path": "/token", "status": 500, "times": 9}], forget_requests=True)
        store.list()
        store.list()
    assert sum(request["path"] == "/token" for request in gcs.requests) == 1


def test_a_new_key_file_is_read_for_the_next_token(gcs, tmp_path):
    options = write(tmp_path, gcs.key_file.read_text())
    with open_store(gcs, **options) as store:
        write(tmp_path, gcs.make_account("second").read_text())
        gcs.control(revoke=True, forget_requests=True)
        store.list()
        assert f"second@{PROJECT}.iam.gserviceaccount.com" in who(gcs)
