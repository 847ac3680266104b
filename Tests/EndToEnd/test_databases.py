"""The programs over databases: what is particular to a store that several machines share."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.databases import BUCKETS, DATABASES
from blackbox.project import Project
from blackbox.terraform import lock_info, state
from test_terraform_real import http, terraform  # noqa: F401  a fixture

RECEIPT = {"version": "1", "service": "shop", "stage": "dev", "provider": "aws",
           "deploymentId": "d-1", "outputs": {"url": "https://shop.example.dev"}, "artifacts": [],
           "metadata": {"who": "ana \u2603"}, "functions": [], "updatedAt": "2026-11-21T07:14:03Z"}
RECEIPT_BYTES = json.dumps(RECEIPT).encode()


@pytest.fixture(params=DATABASES)
def store(request) -> str:
    return request.param


@pytest.fixture
def database(databases, store):
    return databases.fresh(store)


@pytest.fixture
def project(database, tmp_path) -> Project:
    return Project(tmp_path / "project", database.kind, database)


def test_the_life_of_a_state_by_command_line(project, cli, tmp_path):
    for number in (1, 2):
        file = tmp_path / f"{number}.tfstate"
        file.write_bytes(state(number))
        cli.ok("state", "push", "net/prod", file)
    assert cli.pull("net/prod") == state(2)
    assert cli.states() == ["net/prod"]
    assert [row["serial"] for row in cli.versions("net/prod")] == [2, 1]
    shown = cli.json("state", "show", "net/prod")["state"]
    assert shown["version"]["serial"] == 2 and shown["lock"] is None
    assert cli.json("lock", "list")["locks"] == []
    cli.ok("state", "rm", "net/prod")
    assert cli.states() == []


def test_bytes_of_every_size_come_back(cli, tmp_path):
    for number, body in enumerate([b"x", os.urandom(300_000), state(9, blob="y" * 3_000_000),
                                   b'{"a":"\\u0000"}', b'{"serial":1e400}', b"\x00\xff"]):
        file = tmp_path / f"{number}.tfstate"
        file.write_bytes(body)
        cli.ok("state", "push", f"net/{number}", file)
        assert cli.pull(f"net/{number}") == body


def test_two_daemons_are_one_service(project, launch, cli):
    one, two = (launch(project).client("net/prod") for _ in range(2))
    assert one.post(state(1)).status == 200
    assert two.get().body == state(1)
    info = lock_info()
    assert one.lock(info).status == 200
    refused = two.lock(lock_info())
    assert refused.status == 423 and refused.json()["ID"] == info["ID"]
    assert two.post(state(2)).status == 423
    assert two.post(state(2), info["ID"]).status == 200, "a lock is its id's, through any daemon"
    assert one.get().body == state(2)
    assert [lock["id"] for lock in cli.json("lock", "list")["locks"]] == [info["ID"]]
    assert two.unlock(info).status == 200
    assert one.post(state(3)).status == 200 and two.get().body == state(3)


def test_a_lock_survives_the_daemon_that_gave_it(project, launch):
    one, two = launch(project), launch(project)
    info = lock_info()
    assert one.client("net/prod").lock(info).status == 200
    one.kill()
    assert two.client("net/prod").lock(lock_info()).status == 423
    assert two.client("net/prod").force_unlock().status == 200
    assert two.client("net/prod").lock(lock_info()).status == 200


def test_terraform(terraform, daemon, cli):  # noqa: F811
    work = terraform().write(http(daemon.port, "net/prod")).init()
    work.apply()
    work.run("plan", "-detailed-exitcode", "-input=false")
    served = daemon.client("net/prod").get().body
    assert served == cli.pull("net/prod")
    assert json.loads(work.run("state", "pull")) == json.loads(served)
    info = lock_info(Who="gone@nowhere")
    assert daemon.client("net/prod").lock(info).status == 200
    assert info["ID"] in work.run("plan", "-input=false", status=1)
    work.run("force-unlock", "-force", info["ID"])
    work.apply("-var", 'words=["one","two","three"]')
    assert daemon.client("net/prod").post(state(50), info["ID"]).status in (409, 423)
    assert len(cli.versions("net/prod")) > 1


# In a bucket or container the prefix is the workspace.
@pytest.mark.parametrize("store", [name for name in DATABASES if name not in BUCKETS])
def test_two_workspaces_share_a_database(project, cli, tmp_path, database, launch):
    other = Project(tmp_path / "other", database.kind, database)
    second = CommandLine(other)
    for line, body in ((cli, state(1)), (second, state(2))):
        line.ok("state", "push", "net/prod", "-", input=body)
    assert cli.pull("net/prod") == state(1) and second.pull("net/prod") == state(2)
    other.configure(database.block + f"  workspaceId: {project.folder}\n")
    assert second.pull("net/prod") == state(1), "two checkouts of one project"


@pytest.mark.parametrize("store", BUCKETS)
def test_two_checkouts_share_a_bucket(project, cli, tmp_path, database):
    other = CommandLine(Project(tmp_path / "other", database.kind, database))
    cli.ok("state", "push", "net/prod", "-", input=state(1))
    assert other.pull("net/prod") == state(1)


def test_a_runfabric_file_works_unchanged(project, cli, database):
    project.config = project.folder / "runfabric.yml"
    project.configure("service: shop\nruntime: nodejs\nfunctions:\n  - name: api\n    entry: src/a.ts\n"
                      + database.block)
    (project.folder / "holdfast.yml").unlink()
    cli.ok("state", "push", "receipts/shop/dev/aws", "-", input=RECEIPT_BYTES)
    assert json.loads(cli.ok("state", "pull", "receipts/shop/dev/aws")) == RECEIPT
    assert "receipts/shop/dev/aws" in cli.ok("state", "list").decode()
    shown = cli.ok("config", "show", "--origin").decode()
    assert "runfabric.yml:" in shown
    for secret in (*database.secrets, *database.environment.values()):
        assert secret not in shown or len(secret) < 12, shown


@pytest.mark.parametrize("store", ["postgres"])
def test_psql_reads_receipts(cli, database, store):
    cli.ok("state", "push", "receipts/shop/dev/aws", "-", input=RECEIPT_BYTES)
    row = database.psql("select workspace_id, stage, data->>'service', updated_at is not null "
                        "from runfabric_receipts")
    assert row == f"{cli.project.folder}|dev|shop|t"
    plan = database.psql("select data->'metadata'->>'who' from runfabric_receipts where stage = 'dev'")
    assert plan == "ana \u2603"


def make_foreign_table(database, *rows: tuple[str, str, dict]) -> None:
    """The table as another program made it."""
    database.psql("create table runfabric_receipts (workspace_id text not null, stage text not null, "
                  "data jsonb not null, updated_at timestamptz not null default now(), "
                  "primary key (workspace_id, stage))", user="holdfast")
    for workspace, stage, receipt in rows:
        database.psql("insert into runfabric_receipts values "
                      f"('{workspace}', '{stage}', '{json.dumps(receipt)}')", user="holdfast")


@pytest.mark.parametrize("store", ["postgres"])
def test_receipts_of_another_program_are_adopted(cli, database, store):
    other = RECEIPT | {"service": "other", "stage": "prod"}
    make_foreign_table(database, (str(cli.project.folder), "dev", RECEIPT), ("/elsewhere", "prod", other))
    cli.ok("state", "push", "net/prod", "-", input=state(1))
    assert json.loads(cli.ok("state", "pull", "receipts/shop/dev/aws")) == RECEIPT
    left = database.psql("select data from runfabric_receipts where workspace_id = '/elsewhere' and "
                         "stage = 'prod'")
    assert json.loads(left) == other


@pytest.mark.parametrize("store", ["postgres"])
def test_a_receipt_that_cannot_be_adopted_is_not_lost(cli, database, store):
    make_foreign_table(database, ("/elsewhere", "prod", {"no": "service"}))
    before = database.contents()
    done = cli.run("state", "push", "net/prod", "-", input=state(1))
    assert_one_error(done, (1, 2, 6), "/elsewhere", "prod")
    assert database.contents() == before


@pytest.mark.parametrize("store", ["dynamodb"])
def test_the_aws_command_line_reads_receipts(cli, database, store):
    cli.ok("state", "push", "receipts/shop/dev/aws", "-", input=RECEIPT_BYTES)
    aws = Path(shutil.which("aws", path=f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"))
    key = {"pk": {"S": str(cli.project.folder)}, "sk": {"S": "STAGE#dev"}}
    done = subprocess.run(
        [aws, "dynamodb", "get-item", "--table-name", database.name, "--consistent-read", "--key",
         json.dumps(key), "--output", "json"], capture_output=True, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(cli.project.folder)}
        | database.server.environment)
    assert done.returncode == 0, done.stderr
    item = json.loads(done.stdout)["Item"]
    assert json.loads(item["data"]["S"]) == RECEIPT and item["updatedAt"]
