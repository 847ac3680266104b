"""What lies in a bucket is read without Holdfast: by the vendors' own tools and libraries, where people look."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.credentials import Credentials
from google.api_core.client_options import ClientOptions
from google.cloud import storage
from google.oauth2 import service_account

from Servers.aws_stub import Stub, forward
from Servers.fake_s3 import FakeS3
from blackbox.cli import CommandLine
from blackbox.databases import BUCKETS
from blackbox.project import Project
from blackbox.terraform import lock_info, state
from test_s3_driver import check_signature

RECEIPT = {"version": "1", "service": "svc", "stage": "dev", "provider": "aws-lambda",
           "deploymentId": "d-1", "outputs": {"url": "https://svc.example.dev"}, "artifacts": [],
           "metadata": {"who": "ana \u2603"}, "functions": [], "updatedAt": "2026-11-21T07:14:03Z"}


@pytest.fixture(params=BUCKETS)
def kind(request) -> str:
    return request.param


def by_the_aws_command_line(database, name: str) -> bytes:
    done = subprocess.run(
        [Path(sys.executable).with_name("aws"), "s3", "cp", f"s3://{database.name}/team/state/{name}", "-"],
        capture_output=True, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | database.server.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_google_s_library(database, name: str) -> bytes:
    keys = service_account.Credentials.from_service_account_file(str(database.server.key_file))
    client = storage.Client(
        project="holdfast-tests", credentials=keys.with_scopes(
            ["https://www.googleapis.com/auth/devstorage.read_write"]),
        client_options=ClientOptions(api_endpoint=database.server.endpoint))
    return client.bucket(database.name).blob(f"team/state/{name}").download_as_bytes()


def by_microsoft_s_library(database, name: str) -> bytes:
    return database.server.client().get_blob_client(database.name, name).download_blob().readall()


READ = {"s3": by_the_aws_command_line, "gcs": by_google_s_library, "azblob": by_microsoft_s_library}


def test_receipts_and_states_are_where_people_look(project, cli, kind):
    cli.ok("state", "push", "receipts/svc/dev/aws-lambda", "-", input=json.dumps(RECEIPT).encode())
    for number in (1, 2):
        cli.ok("state", "push", "net/prod", "-", input=state(number))
    read = READ[kind]
    receipt = read(project.remote, "svc/dev/aws-lambda.state.json")
    assert json.loads(receipt) == RECEIPT
    assert receipt == cli.ok("state", "pull", "receipts/svc/dev/aws-lambda")
    assert read(project.remote, "terraform/net/prod") == state(2), "byte for byte"


# MARK: A service that resembles S3


class Supabase:
    """An S3 below a path of its URL, as Supabase has one; it checks each signature over that whole path."""

    keys = Credentials("AKIAEXAMPLE", "canary-5be0c1d7-secret")
    base, region = "/storage/v1/s3", "eu-central-1"

    def __init__(self, fake: FakeS3):
        self.wrong: list[str] = []
        self.stub = Stub(self._answer, fake.server.server_address[1])

    def _answer(self, request):
        try:
            check_signature(request, self.keys, self.region, self.stub.url)
            assert request.path.startswith(f"{self.base}/bucket"), "the bucket stands in the path"
        except (AssertionError, KeyError) as wrong:
            self.wrong.append(f"{request.method} {request.path}: {wrong!r}")
        request.path = request.path.removeprefix(self.base)
        return forward()


@pytest.mark.parametrize("kind", ["s3"])
def test_a_supabase_like_store_keeps_one_state_for_each_spec(tmp_path, launch, kind):
    with FakeS3() as fake:
        supabase = Supabase(fake)
        with supabase.stub as stub:
            project = Project(tmp_path / "project", "local")
            project.configure(
                "backend:\n  kind: s3\n  options:\n    bucket: bucket\n    prefix: infra\n"
                f"    endpoint: {stub.url}{supabase.base}\n    addressing: path\n"
                f"    region: {supabase.region}\n")
            keys = {"AWS_ACCESS_KEY_ID": supabase.keys.access_key,
                    "AWS_SECRET_ACCESS_KEY": supabase.keys.secret_key,
                    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
            paths = [f"{zone}/{name}/{stage}/{region}/terraform.tfstate"
                     for zone, region in (("eu", "eu-central-1"), ("us", "us-east-1"))
                     for name, stage in (("shop", "dev"), ("shop", "prod"), ("blog", "dev"))]
            daemon = launch(project, env=keys)
            for number, path in enumerate(paths, 1):
                client, info = daemon.client(path), lock_info()
                assert client.get().status in (204, 404)
                assert client.lock(info).status == 200
                assert client.lock(lock_info()).status == 423
                assert client.post(state(number, who=path), info["ID"]).status == 200
                assert client.unlock(info).status == 200
            cli = CommandLine(project)
            for number, path in enumerate(paths, 1):
                body = state(number, who=path)
                assert daemon.client(path).get().body == body
                assert fake.objects[f"infra/terraform/{path}"].data == body
            listed = json.loads(cli.ok("state", "list", "--json", env=keys))["states"]
            assert sorted(row["address"] for row in listed) == sorted(f"terraform/{path}" for path in paths)
            shown = cli.ok("config", "show", "--origin", env=keys).decode()
            assert supabase.keys.secret_key not in shown + daemon.log
            assert daemon.stop() == 0
        assert not supabase.wrong, supabase.wrong[:3]
