"""Operations of the drivers' own: what `holdfast driver operations` and `driver call` do."""

import base64
import json
import sqlite3
import struct
import subprocess
from contextlib import closing

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.dist import clean_environment, dist
from blackbox.project import Project
from blackbox.terraform import state

CANARY = {"i64": -(2**63), "u64": 2**64 - 1, "f64": -0.5, "bool": True, "text": "ü\n\"",
          "bytes": base64.b64encode(b"\x00\xff").decode()}
BITS = {"i64": "8000000000000000", "u64": "ffffffffffffffff",
        "f64": struct.pack(">d", -0.5).hex(), "bool": "0000000000000001",
        "text": "ü\n\"".encode().hex(), "bytes": "00ff"}
OWN = {"local": ["local.fsck"], "sqlite": ["sqlite.vacuum", "sqlite.integrity_check", "sqlite.backup"]}
# What `holdfast doctor` asks of each driver.
ASKED = ("identity", "policy")


def own(kind: str) -> list[str]:
    return OWN[kind] + [f"{kind}.{name}" for name in ASKED]


@pytest.fixture
def pushed(cli: CommandLine, project: Project) -> CommandLine:
    file = project.folder / "pushed"
    file.write_bytes(state(1))
    cli.ok("state", "push", "terraform/net", file)
    return cli


def files(project: Project) -> dict:
    return {path: path.read_bytes() for path in project.place.rglob("*") if path.is_file()}


# MARK: - Declarations

def test_operations_are_listed(pushed, kind):
    lines = pushed.ok("driver", "operations", "default").decode().splitlines()
    assert lines[0].split() == ["OPERATION", "TRAITS", "SUMMARY"]
    assert [line.split()[0] for line in lines[1:]] == ["holdfast.canary"] + own(kind)


def test_operations_have_json_schemas(pushed, kind):
    found = pushed.json("driver", "operations", "default")
    assert found["store"] == "default"
    operations = {row["id"]: row for row in found["operations"]}
    assert list(operations["holdfast.canary"]) == [
        "id", "summary", "traits", "parameters", "result", "result_schema"]
    parameters = operations["holdfast.canary"]["parameters"]
    assert parameters["required"] == list(CANARY) and parameters["additionalProperties"] is False
    assert parameters["properties"]["u64"] == {
        "description": "comes back in hexadecimal", "type": "integer", "minimum": 0}
    for name in ASKED:
        assert operations[f"{kind}.{name}"]["result"] == "json"
    for name in OWN[kind]:
        assert operations[name]["result"] == "json"
        assert operations[name]["result_schema"]["type"] == "object"
        # A schema is enough to make a call that works.
        needed = ["path"] if name == "sqlite.backup" else []
        assert operations[name]["parameters"]["required"] == needed


def test_one_operation_shows_its_parameters(pushed, kind):
    name, parameter, default = {
        "local": ("local.fsck", "repair", "false"),
        "sqlite": ("sqlite.integrity_check", "limit", "100"),
    }[kind]
    text = pushed.ok("driver", "operations", "default", name).decode()
    assert f"operation:  {name}" in text
    row = next(line for line in text.splitlines() if line.startswith(parameter))
    assert default in row.split()
    found = pushed.json("driver", "operations", "default", name)["operations"]
    assert [row["id"] for row in found] == [name]


# MARK: - Calls

def test_arguments_arrive_exactly(pushed, tmp_path):
    assignments = [f"--param={name}={str(value).lower() if name == 'bool' else value}"
                   for name, value in CANARY.items()]
    done = json.loads(pushed.ok("driver", "call", "default", "holdfast.canary", *assignments))
    assert done == BITS
    document = tmp_path / "parameters.json"
    document.write_text(json.dumps(CANARY))
    found = pushed.json("driver", "call", "default", "holdfast.canary", "--params-json", document)
    assert found == {"format_version": 1, "store": "default", "operation": "holdfast.canary",
                     "result": BITS}
    part = {name: value for name, value in CANARY.items() if name != "text"}
    done = pushed.run("driver", "call", "default", "holdfast.canary", "--params-json", "-",
                      "--param", "text=a=b", input=json.dumps(part).encode())
    assert json.loads(done.stdout)["text"] == b"a=b".hex()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_vacuum_and_integrity_check(pushed, project):
    sizes = pushed.json("driver", "call", "default", "sqlite.vacuum")["result"]
    assert 0 < sizes["bytes_after"] <= sizes["bytes_before"]
    before = files(project)
    sound = pushed.json("driver", "call", "default", "sqlite.integrity_check")["result"]
    assert sound == {"ok": True, "problems": []}
    assert files(project) == before
    with closing(sqlite3.connect(project.database)) as rows:
        rows.execute("UPDATE objects SET size = size + 1")
        rows.commit()
    damaged = pushed.json("driver", "call", "default", "sqlite.integrity_check",
                          "--param", "limit=1")["result"]
    assert damaged["ok"] is False and len(damaged["problems"]) == 1


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_busy_database_is_said(pushed, project):
    with closing(sqlite3.connect(project.database, isolation_level=None)) as rows:
        rows.execute("BEGIN IMMEDIATE")
        done = pushed.run("driver", "call", "default", "sqlite.vacuum", "--timeout", "500ms")
        assert_one_error(done, 7, "another process held the database")
        rows.execute("ROLLBACK")
    pushed.ok("driver", "call", "default", "sqlite.vacuum")


@pytest.mark.parametrize("kind", ["local"])
def test_fsck_says_what_is_wrong_and_repairs_only_when_asked(pushed, project):
    call = ["driver", "call", "default", "local.fsck"]
    sound = pushed.json(*call)["result"]
    assert sound["ok"] and sound["objects"] > 0 and sound["problems"] == []
    target = next(path for path in project.place.rglob("*") if path.name.startswith("net"))
    with target.open("ab") as file:
        file.write(b"x")
    before = files(project)
    for repair in ("false", "true"):
        found = pushed.json(*call, "--param", f"repair={repair}")["result"]
        problems = [(row["kind"], row["repaired"]) for row in found["problems"]]
        assert not found["ok"] and problems == [("size", False)]
    assert files(project) == before


def test_reading_operations_make_no_store(cli, project, kind):
    for arguments in (["call", "default", OWN[kind][-1]], ["operations", "default"]):
        assert_one_error(cli.run("driver", *arguments), 3, "store default", "not there yet")
    assert not project.place.exists()


# MARK: - Wrong usage

@pytest.mark.parametrize("arguments, mention", [
    ("holdfast.canry", 'did you mean "holdfast.canary"?'),
    ("holdfast.canary --param i46=1", 'did you mean "i64"?'),
    ("holdfast.canary --param i64=1", "needs the parameter u64"),
    ("holdfast.canary --param i64=one", "takes a whole number as i64"),
    ("holdfast.canary --param u64=-1 --param i64=1", "as u64"),
    ("holdfast.canary --param i64=1 --param i64=2", "twice"),
    ("holdfast.canary --param i64", "<name>=<value>"),
    ("holdfast.canary --store other", "leave --store out"),
    ("", "operation"),
])
def test_wrong_calls_run_nothing(pushed, project, arguments, mention):
    before = files(project)
    assert_one_error(pushed.run("driver", "call", "default", *arguments.split()), 2, mention)
    assert files(project) == before


@pytest.mark.parametrize("document, mention", [
    ("{", "is no JSON"), ("[]", "holds no JSON object"), ('{"i64": null}', "'i64'"),
    ('{"i64": "1"}', "not the string"), ('{"i64": 1.5}', "whole number"),
    ('{"i64": 1, "i64": 2}', "twice"), ('{"i64": 1, "u64": 1, "f64": 1, "bool": true, "text": "", "bytes": "%%"}', "base64"),
])
def test_wrong_documents_are_refused(pushed, document, mention):
    done = pushed.run("driver", "call", "default", "holdfast.canary", "--params-json", "-",
                      input=document.encode())
    assert_one_error(done, 2, mention)


def test_a_store_that_is_not_configured(pushed):
    assert_one_error(pushed.run("driver", "call", "archive", "x"), 2, "archive", "default")


def test_a_document_that_is_not_there(pushed):
    done = pushed.run("driver", "call", "default", "holdfast.canary", "--params-json", "absent")
    assert_one_error(done, 3, "absent")


def test_errors_are_json_on_request(pushed):
    done = pushed.run("driver", "call", "default", "nothing", "--json")
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "invalid" and error["store"] == "default" and done.stdout == b""


# MARK: - Completion

def complete(project: Project, option: str, *words: str) -> list[str]:
    command = [dist() / "bin/holdfast", "---completion", "driver", words[1], "--", option,
               str(len(words)), "0", "holdfast", *words, ""]
    done = subprocess.run(command, cwd=project.folder, env=clean_environment(),
                          capture_output=True, timeout=60, check=True)
    return done.stdout.decode().split()


def test_a_shell_completes_operations_and_parameters(pushed, project, kind):
    config = ["-c", str(project.config)]
    ids = complete(project, "positional@1", "driver", "call", *config, "default")
    assert ids == ["holdfast.canary"] + own(kind)
    words = ["driver", "call", *config, "default", "holdfast.canary", "--param"]
    assert complete(project, "--param", *words) == [f"{name}=" for name in CANARY]
    assert complete(project, "positional@1", "driver", "call", *config, "nowhere") == []
