"""`holdfast doctor` where rights are missing, keys are wrong or clocks differ: it names what is missing."""

import email.utils
import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from azure.storage.blob import generate_container_sas

from Servers.aws_stub import Answer, Stub, forward
from Servers.azblob import ACCOUNT
from Servers.fake_s3 import FakeS3
from blackbox.cli import CommandLine
from blackbox.databases import DSN, S3Bucket
from blackbox.doctor import examine, push
from blackbox.project import Project
from blackbox.refusals import SECRET

FAILURE, FORBIDDEN = 1, 5
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@pytest.fixture
def store(databases, tmp_path):
    """A function that makes a project over a fresh store of a kind."""
    def make(kind: str) -> CommandLine:
        return CommandLine(Project(tmp_path / kind, kind, databases.fresh(kind)))
    return make


def behind(cli: CommandLine, reply) -> Stub:
    """The store's service behind a stub, which the project now asks."""
    stub = Stub(reply, cli.project.remote.server.port)
    cli.project.remote.environment["AWS_ENDPOINT_URL"] = stub.url
    return stub


# MARK: - S3

def denying(method: str, part: str = ""):
    def reply(request):
        if request.method == method and part in request.path:
            return Answer(403, b"" if method == "HEAD" else DENIED)
        return None
    return reply


def test_s3_without_the_right_to_delete(store):
    cli = store("s3")
    push(cli)
    with behind(cli, denying("DELETE")):
        report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["delete"])
    assert report.missing == ["s3:DeleteObject"]
    resource = f"arn:aws:s3:::{cli.project.remote.name}/team/state/*"
    assert [grant["on"] for grant in report.document["missing"]] == [resource]
    assert report["scratch"]["verdict"] == "warning"
    assert report.document["left_behind"] and all(
        path.startswith("doctor/") for path in report.document["left_behind"])
    # The policy is shown to people as the service takes it.
    assert f'"{resource}"' in report.text and '"Version": "2012-10-17"' in report.text
    # With the right to do so the next examination finds what stayed, and removes its own objects.
    del cli.project.remote.environment["AWS_ENDPOINT_URL"]
    cli.project.remote.environment["AWS_ENDPOINT_URL"] = cli.project.remote.server.endpoint
    after = examine(cli)
    assert after.status == 0 and "earlier examinations" in after["list"]["seen"]


def test_s3_without_the_right_to_write(store):
    cli = store("s3")
    push(cli)
    with behind(cli, denying("PUT")):
        report = examine(cli)
    assert report.status == FORBIDDEN
    # Without it nothing can be tried out, and so no condition is relied on.
    assert "write" in report.failed and "s3:PutObject" in report.missing
    assert report["read"]["verdict"] == "ok" and report["delete"]["verdict"] == "not-tried"
    assert report.document["left_behind"] == []


def test_s3_without_the_right_to_list(store):
    cli = store("s3")
    push(cli)
    with behind(cli, denying("GET", "list-type")):
        report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["open"])
    assert "s3:ListBucket" in report["open"]["seen"]
    assert report["write"]["verdict"] == "not-tried"


def test_s3_with_a_wrong_secret(store):
    cli = store("s3")
    push(cli)
    cli.project.remote.environment["AWS_SECRET_ACCESS_KEY"] = SECRET
    report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["open"])
    assert report["open"]["code"] == "unauthenticated"


def test_s3_says_whose_key_it_is(store):
    cli = store("s3")
    push(cli)
    environment = cli.project.remote.environment
    report = examine(cli)
    assert environment["AWS_ACCESS_KEY_ID"] in report.document["identity"]["principal"]
    assert "sts_endpoint" in report.document["identity"]["note"]
    environment["AWS_ENDPOINT_URL_STS"] = cli.project.remote.server.endpoint
    identity = examine(cli).document["identity"]
    assert identity["kind"] == "aws-arn" and identity["principal"].startswith("arn:aws:")
    assert "access_key_id" in identity["source"]
    environment["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"
    assert "cannot be asked" in examine(cli).document["identity"]["note"]


def test_s3_by_a_profile(store, tmp_path):
    cli = store("s3")
    push(cli)
    environment = cli.project.remote.environment
    file = tmp_path / "credentials"
    file.write_text(f"[state]\naws_access_key_id = {environment.pop('AWS_ACCESS_KEY_ID')}\n"
                    f"aws_secret_access_key = {environment.pop('AWS_SECRET_ACCESS_KEY')}\n")
    environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "state"}
    assert "profile state" in examine(cli).document["identity"]["source"]


@pytest.mark.parametrize("seconds, verdict, way", [
    (60, "warning", "behind"), (-60, "warning", "ahead of"), (2, "ok", "agree"),
])
def test_a_clock_that_is_off(store, seconds, verdict, way):
    cli = store("s3")
    push(cli)

    def reply(request):
        return forward(headers={"Date": email.utils.formatdate(time.time() + seconds, usegmt=True)})
    with behind(cli, reply):
        report = examine(cli)
    assert report.status == 0 and report["clock"]["verdict"] == verdict
    assert way in report["clock"]["seen"]
    assert abs(report["clock"]["measured"]["ahead_ms"] - 1000 * seconds) < 2000
    assert report["clock"]["measured"]["tolerance_ms"] == 900_000


def test_a_service_that_ignores_conditions(store):
    cli = store("s3")
    with FakeS3(honours=()) as fake:
        cli.project.remote.environment["AWS_ENDPOINT_URL"] = fake.url
        fake.objects.clear()
        report = examine(cli)
    assert report.status == FAILURE
    assert {"condition.absent", "condition.version"} <= set(report.failed)
    assert "does not honour conditions" in report["condition.absent"]["seen"]
    assert report["condition.absent"]["code"] == "unsupported"


def test_s3_on_moto(databases, tmp_path):
    cli = CommandLine(Project(tmp_path / "moto", "s3", S3Bucket(databases.running("moto_s3"))))
    push(cli)
    report = examine(cli)
    assert (report.status, report.failed) == (0, [])
    notes = {each["id"]: each["note"] for each in report.document["capabilities"]}
    assert "8 MiB" in notes["condition.version"] and notes["condition.version"] in report.text


# MARK: - DynamoDB

def test_dynamodb_without_the_right_to_delete(store):
    cli = store("dynamodb")
    push(cli)

    def reply(request):
        if request.action != "DeleteItem":
            return None
        return Answer(400, json.dumps({"__type": "x#AccessDeniedException"}).encode(),
                      {"Content-Type": "application/x-amz-json-1.0"})
    with behind(cli, reply):
        report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["delete"])
    assert report.missing == ["dynamodb:DeleteItem"]
    assert cli.project.remote.name in report.document["missing"][0]["on"]
    assert report.document["missing"][0]["on"].startswith("arn:aws:dynamodb:eu-central-1:")


def test_dynamodb_with_a_wrong_secret(store):
    cli = store("dynamodb")
    push(cli)
    cli.project.remote.environment["AWS_SECRET_ACCESS_KEY"] = SECRET
    report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["open"])


# MARK: - Google

@pytest.fixture
def google(store):
    cli = store("gcs")
    push(cli)
    yield cli
    cli.project.remote.server.calm()


def account(cli) -> str:
    return json.loads(cli.project.remote.server.key_file.read_text())["client_email"]


@pytest.mark.parametrize("permission, check", [
    ("storage.objects.delete", "delete"), ("storage.objects.create", "write"),
    ("storage.objects.list", "open"),
])
def test_google_without_a_permission(google, permission, check):
    google.project.remote.server.control(denied={account(google): [permission]})
    report = examine(google)
    assert report.status == FORBIDDEN and check in report.failed
    assert permission in report[check]["seen"]
    if check != "open":
        assert permission in report.missing
        assert "gcloud storage buckets add-iam-policy-binding" in report.text
        assert f"serviceAccount:{account(google)}" in report.text


def test_google_says_whose_key_it_is(google):
    identity = examine(google).document["identity"]
    assert identity["principal"] == account(google)
    assert "credentials file" in identity["source"]


def test_google_s_machine_says_whose_it_is(google):
    remote = google.project.remote
    remote.server.control(default_account="vm@example.com")
    remote.environment = {"GCE_METADATA_HOST": remote.server.authority,
                          "CLOUDSDK_CONFIG": str(google.project.folder)}
    google.project.configure(remote.block.replace("metadata_disabled: true", "bootstrap: false"))
    try:
        identity = examine(google).document["identity"]
    finally:
        remote.server.control(default_account=None)
    assert identity["principal"] == "vm@example.com" and "metadata server" in identity["source"]


def test_google_with_another_s_clock(google):
    google.project.remote.server.control(clock=90)
    report = examine(google)
    assert report["clock"]["verdict"] == "warning" and "behind" in report["clock"]["seen"]


# MARK: - Azure

@pytest.fixture
def azure(store):
    cli = store("azblob")
    push(cli)
    yield cli
    cli.project.remote.server.control(forget=True)


def signed(cli, permission: str) -> None:
    remote = cli.project.remote
    remote.environment = {
        "AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_SERVICE_ENDPOINT": remote.server.endpoint,
        "AZURE_STORAGE_SAS_TOKEN": generate_container_sas(
            ACCOUNT, remote.name, remote.server.key, permission=permission,
            expiry=datetime.now(timezone.utc) + timedelta(minutes=30))}


@pytest.mark.parametrize("permission, failed, missing", [
    ("rwl", ["delete"], "the permission d (delete)"),
    ("rwd", ["list", "list.fresh"], "the permission l (list)"),
])
def test_a_signature_with_too_few_permissions(azure, permission, failed, missing):
    signed(azure, permission)
    report = examine(azure)
    assert (report.status, report.failed) == (FORBIDDEN, failed)
    assert report.missing == [missing] and "--permissions rwdl" in report.text
    identity = report.document["identity"]
    assert identity["permissions"] == permission and "expires" in identity
    assert "sas_token" in identity["source"]


def test_azure_with_a_wrong_key(azure):
    remote = azure.project.remote
    remote.environment = {
        "AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_SERVICE_ENDPOINT": remote.server.endpoint,
        "AZURE_STORAGE_KEY": "Y2FuYXJ5LThjMWY1MmMwN2U="}
    report = examine(azure)
    assert (report.status, report.failed) == (FORBIDDEN, ["open"])


def test_azure_s_machine_says_whose_it_is(azure):
    remote = azure.project.remote
    remote.server.control(roles={"app": "Storage Blob Data Reader"})
    remote.environment = {
        "AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_SERVICE_ENDPOINT": remote.server.endpoint,
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": remote.server.url, "AZURE_CLIENT_ID": "app"}
    report = examine(azure)
    identity = report.document["identity"]
    assert (identity["client_id"], identity["object_id"]) == ("app", "object-of-app")
    assert identity["principal"] == "client app, object object-of-app"
    assert "managed identity" in identity["source"]
    assert (report.status, report.failed) == (FORBIDDEN, ["write"])
    assert report.missing == ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"]
    assert "az role assignment create" in report.text
    assert f"containers/{remote.name}" in report.text


def test_azure_with_another_s_clock(azure):
    azure.project.remote.server.control(skew=-120)
    report = examine(azure)
    assert report["clock"]["verdict"] == "warning" and "ahead of" in report["clock"]["seen"]
    assert report.status == 0


# MARK: - PostgreSQL

def limited(cli, *grants: str) -> None:
    """The store as a role with a few rights sees it."""
    remote = cli.project.remote
    role = f"limited_{remote.name}"
    remote.server.create_role(role, *grants, database=remote.name)
    remote.environment[DSN] = remote.server.url(remote.name, user=role)
    remote.secrets = [*remote.secrets, remote.server.passwords[role]]


def test_a_role_without_the_right_to_delete(store):
    cli = store("postgres")
    push(cli)
    limited(cli, "select, insert, update on all tables in schema public")
    report = examine(cli)
    assert report.status == FORBIDDEN and "delete" in report.failed
    assert report.missing == ["DELETE"]
    assert f"GRANT SELECT, INSERT, UPDATE, DELETE ON" in report.text
    assert f"limited_{cli.project.remote.name}" in report.text
    identity = report.document["identity"]
    assert identity["principal"].startswith(f"limited_{cli.project.remote.name}@")
    assert identity["principal"].endswith(f"/{cli.project.remote.name}")


def test_a_role_that_may_only_read(store):
    cli = store("postgres")
    push(cli)
    limited(cli, "select on all tables in schema public")
    report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["write"])
    assert "INSERT" in report.missing and report["read"]["verdict"] == "ok"
    assert report.document["left_behind"] == []


def test_a_wrong_password(store):
    cli = store("postgres")
    push(cli)
    remote = cli.project.remote
    remote.environment[DSN] = remote.server.url(remote.name, password=SECRET)
    report = examine(cli)
    assert (report.status, report.failed) == (FORBIDDEN, ["open"])
    assert report["open"]["code"] == "unauthenticated"
