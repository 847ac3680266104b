"""The command line: help, JSON, exit codes, streams, interruptions."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.dist import clean_environment, dist
from blackbox.terraform import lock_info, state

SNAPSHOTS = Path(__file__).parent.parent / "CommandLineSnapshots"
COMMANDS = [
    "", "state", "state list", "state show", "state pull", "state push", "state versions",
    "state rm", "state force-unlock", "lock", "lock list", "lock show", "lock release", "driver",
    "driver list", "driver info", "driver inspect", "driver install", "driver remove",
    "driver verify", "driver pin", "driver unpin", "driver operations", "driver call", "driver new",
    "driver test", "driver quarantine", "driver quarantine list", "driver quarantine clear",
    "config", "config show", "doctor", "version",
]
LEAVES = [name for name in COMMANDS if name and not any(
    other.startswith(name + " ") for other in COMMANDS)]
VERSION = ["id", "sequence", "bytes", "sha256", "serial", "lineage", "tool", "is_json",
           "is_encrypted", "created", "writer", "lock_id", "fence", "previous_id", "events"]
LOCK = ["id", "operation", "info", "who", "version", "created", "path", "fence", "acquired",
        "last_seen", "lease_ms", "fenced", "lock_store"]
STATE = ["address", "kind", "path", "version", "lock", "fence", "lock_store", "problem"]


@pytest.fixture
def kind() -> str:
    return "local"


@pytest.fixture
def pushed(cli: CommandLine, tmp_path: Path) -> bytes:
    """A state at terraform/net, with a version before it."""
    for serial in (1, 2):
        file = tmp_path / "pushed"
        file.write_bytes(state(serial))
        cli.ok("state", "push", "terraform/net", file)
    return state(2)


# MARK: - Help

@pytest.mark.parametrize("command", COMMANDS, ids=lambda name: name or "holdfast")
def test_help(holdfast, command):
    done = holdfast(*command.split(), "--help")
    assert done.returncode == 0 and done.stderr == b""
    text = done.stdout.decode()
    snapshot = SNAPSHOTS / f"{command.replace(' ', '-') or 'holdfast'}.txt"
    if os.environ.get("RECORD_SNAPSHOTS"):
        snapshot.write_text(text)
        pytest.fail(f"recorded {snapshot.name}")
    assert text == snapshot.read_text()
    assert "EXAMPLE" in text
    assert max(map(len, text.splitlines())) <= 80


def test_snapshots_are_of_commands_that_exist():
    expected = {f"{name.replace(' ', '-') or 'holdfast'}.txt" for name in COMMANDS}
    assert {path.name for path in SNAPSHOTS.iterdir()} == expected


@pytest.mark.parametrize("command", ["", "state", "lock", "driver", "config", "help state list"])
def test_a_group_alone_prints_its_help(holdfast, command):
    done = holdfast(*command.split())
    assert done.returncode == 0 and b"USAGE: holdfast" in done.stdout and done.stderr == b""


@pytest.mark.parametrize("command", LEAVES)
def test_every_command_takes_the_common_options(holdfast, command):
    text = holdfast(*command.split(), "--help").stdout.decode()
    for option in ("--config", "--store", "--driver-path", "--lock-file", "--workspace", "--json", "--no-color",
                   "--quiet", "--verbose", "--timeout"):
        assert option in text, option


# MARK: - Usage

@pytest.mark.parametrize("arguments, mention", [
    ("stat list", "'holdfast state'"), ("state lst", "'holdfast state list'"),
    ("state list --jsn", "--json"), ("lock relase x", "'holdfast lock release'"),
    ("nonsense", "state, lock, driver, config, doctor, version"), ("--json state list", "behind"),
    ("state pull", "address"), ("state pull a b", "b"), ("state push a", "file"),
    ("lock release a", "--force"), ("lock release a --id x --force", "--force"),
    ("state list --timeout soon", "soon"), ("state list --timeout=-1s", "-1s"),
    ("state list -q -v", "--quiet"), ("state pull net --json", "--output"),
    ("state pull net --provider aws", "not both"), ("state pull --stage dev", "--provider"),
    ("state pull terrafrom/x", "terraform/"), ("state push recipts/a/b/c -", "receipts/"),
    ("state list --store archiv", "no store"), ("state list --workspace nowhere", "nowhere"),
    ("state pull --provider aws", "--service"),
])
def test_wrong_usage(holdfast, project, arguments, mention):
    done = holdfast(*arguments.split(), cwd=project.folder)
    if "--json" in arguments:
        error = json.loads(done.stderr)["error"]
        assert done.returncode == 2 and done.stdout == b""
        assert error["exit_code"] == 2 and mention in f"{error['message']} {error['hint']}"
    else:
        text = assert_one_error(done, 2, mention)
        assert text.startswith("error: ")
    assert not project.place.exists()


def test_arguments_that_are_no_text_change_nothing(project):
    command = [bytes(dist() / "bin/holdfast"), b"state", b"push", b"terraform/\xff", b"-"]
    done = subprocess.run(command, cwd=project.folder, env=clean_environment(), input=b"x",
                          capture_output=True, timeout=60)
    assert_one_error(done, 2, "UTF-8")
    assert not project.place.exists()


def test_the_nearest_state_is_offered(cli, pushed):
    text = assert_one_error(cli.run("state", "show", "nett"), 3, "terraform/nett", "store default")
    assert "hint: did you mean terraform/net?" in text


def test_errors_as_json(cli, pushed):
    done = cli.run("state", "show", "nett", "--json")
    assert done.returncode == 3 and done.stdout == b""
    error = json.loads(done.stderr)["error"]
    assert list(error) == ["code", "exit_code", "message", "hint", "store", "address", "applied"]
    assert error["code"] == "not-found" and error["address"] == "terraform/nett"
    assert error["store"] == "default" and error["applied"] == "no"


def test_an_error_in_the_file_as_json(cli, project):
    project.configure("backend:\n  knd: local\n")
    error = json.loads(cli.run("state", "list", "--json").stderr)["error"]
    assert error["code"] == "configuration" and error["exit_code"] == 2
    assert error["location"] == {"file": str(project.config), "line": 2, "column": 3}


# MARK: - JSON

def test_shapes_of_states(cli, pushed, tmp_path):
    listed = cli.json("state", "list")
    assert list(listed) == ["format_version", "states"] and listed["format_version"] == 1
    [row] = listed["states"]
    assert list(row) == STATE and list(row["version"]) == VERSION
    assert row["address"] == "terraform/net" and row["version"]["serial"] == 2
    shown = cli.json("state", "show", "net")
    assert list(shown) == ["format_version", "state", "orphans"] and shown["state"] == row
    versions = cli.json("state", "versions", "net")
    assert list(versions) == ["format_version", "address", "versions"]
    assert [one["serial"] for one in versions["versions"]] == [2, 1]
    assert versions["versions"][0] == row["version"]
    file = tmp_path / "pulled"
    pulled = cli.json("state", "pull", "net", "--output", file)
    assert list(pulled) == ["format_version", "address", "output", "version"]
    file.write_bytes(state(3))
    assert list(cli.json("state", "push", "net", file)) == ["format_version", "address", "version"]
    assert cli.json("state", "rm", "net") == {
        "format_version": 1, "address": "terraform/net", "removed": True}
    assert cli.json("state", "list")["states"] == []


def test_shapes_of_locks(cli, client):
    address = f"terraform/{client.path}"
    client.post(state(1))
    assert cli.json("lock", "list") == {"format_version": 1, "locks": []}
    assert cli.json("lock", "show", address)["lock"] is None
    info = lock_info(Who="carol@build")
    client.lock(info)
    [row] = cli.json("lock", "list")["locks"]
    assert list(row) == ["address", *LOCK] and row["who"] == "carol@build"
    shown = cli.json("lock", "show", address)
    assert list(shown) == ["format_version", "address", "lock", "fence", "lock_store"]
    assert list(shown["lock"]) == LOCK and shown["lock"]["id"] == info["ID"]
    refused = cli.run("lock", "release", address, "--id", "another", "--json")
    error = json.loads(refused.stderr)["error"]
    assert refused.returncode == 4 and error["lock"]["id"] == info["ID"]
    released = cli.json("state", "force-unlock", address)
    assert released["released"]["id"] == info["ID"]
    assert cli.json("lock", "release", address, "--force")["released"] is None


def test_shapes_of_drivers(cli, project):
    listed = cli.json("driver", "list")
    assert list(listed) == ["format_version", "drivers", "searched"]
    assert {"local", "sqlite"} <= {row["id"] for row in listed["drivers"]}
    assert all(row["status"] == "ok" for row in listed["drivers"]), listed
    info = cli.json("driver", "info", "sqlite")["driver"]
    assert ["sqlitePath"] in [option["flat_key"] for option in info["options"]]
    [folder] = [row["folder"] for row in listed["drivers"] if row["id"] == "sqlite"]
    inspection = cli.json("driver", "inspect", folder)["inspection"]
    assert inspection["loadable"] and inspection["problems"] == []
    assert inspection["exports"] == ["holdfast_driver_main_v1"]
    done = cli.run("driver", "inspect", project.folder, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["inspection"]["problems"]


def test_shape_of_the_configuration(cli, project):
    settings = {row["key"]: row for row in cli.json("config", "show")["settings"]}
    assert settings["backend.kind"]["value"] == "local"
    assert settings["backend.kind"]["origin"]["kind"] == "project-file"
    assert settings["backend.kind"]["origin"]["line"] == 2
    assert settings["daemon.trustedProxies"]["value"] == []
    assert settings["daemon.port"]["origin"] == {"kind": "default", "description": "default"}


def test_shape_of_the_version(holdfast):
    document = json.loads(holdfast("version", "--json").stdout)
    assert list(document) == ["format_version", "version", "driver_interface"]


# MARK: - Drivers

def test_without_drivers_it_says_where_it_looked(project, tmp_path):
    binaries = tmp_path / "alone"
    (binaries / "bin").mkdir(parents=True)
    shutil.copy2(dist() / "bin/holdfast", binaries / "bin/holdfast")
    cli = CommandLine(project, binaries)
    assert cli.json("driver", "list")["searched"]
    done = cli.run("driver", "list")
    assert done.returncode == 0 and b"holdfast/drivers" in done.stdout + done.stderr
    assert cli.run("version").returncode == 0
    assert cli.run("config", "show").returncode == 0
    if not Path("/usr/lib/holdfast/drivers").exists():
        assert done.stdout == b"" and b"no drivers" in done.stderr
        assert_one_error(cli.run("state", "list"), 2, "local")


# MARK: - Streams

@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_pulled_bytes_are_those_pushed(cli, project, tmp_path, kind):
    bodies = [b"", b"\0\xff\r\n" * 1000, state(1), b"not json", b"{}\n" * 700_000]
    for body in bodies:
        file = tmp_path / "body"
        file.write_bytes(body)
        cli.ok("state", "push", "x", file)
        assert cli.pull("x") == body
        cli.ok("state", "push", "x", "-", input=body + b"!")
        assert cli.pull("x") == body + b"!"


def test_an_earlier_version(cli, pushed):
    newest, oldest = cli.versions("net")
    assert cli.ok("state", "pull", "net", "--version", oldest["id"]) == state(1)
    assert cli.ok("state", "pull", "net", "--version", newest["id"]) == pushed
    text = assert_one_error(cli.run("state", "pull", "net", "--version", "0000000099-00000000"), 3)
    assert "no version" in text


def test_the_output_file_appears_whole_or_not_at_all(cli, pushed, tmp_path):
    folder = tmp_path / "output"
    folder.mkdir()
    file = folder / "net.tfstate"
    file.write_bytes(b"what was there before")
    assert_one_error(cli.run("state", "pull", "none", "--output", file), 3)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"what was there before"]
    assert cli.ok("state", "pull", "net", "--output", file) == b""
    assert [path.name for path in folder.iterdir()] == ["net.tfstate"]
    assert file.read_bytes() == pushed and file.stat().st_mode & 0o777 == 0o600
    assert_one_error(cli.run("state", "pull", "net", "--output", folder / "no/such"), 1, "no/such")


def test_a_file_that_is_not_there_is_not_pushed(cli, project):
    assert_one_error(cli.run("state", "push", "x", "no-such-file"), 3, "no-such-file")
    assert_one_error(cli.run("state", "push", "x", project.folder), 1, "directory")
    assert cli.states() == []


def test_quiet_says_nothing_but_errors(cli, pushed, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(state(9))
    done = cli.run("state", "push", "net", file, "-q")
    assert done.returncode == 0 and done.stdout + done.stderr == b""
    assert b"error:" in cli.run("state", "show", "none", "-q").stderr


def test_a_full_output_is_an_error(cli, pushed, project):
    with open("/dev/full", "wb") as full:
        for arguments in (["state", "pull", "net"], ["state", "list"], ["state", "--help"]):
            done = subprocess.run(
                [dist() / "bin/holdfast", *arguments], cwd=project.folder, stdout=full,
                stderr=subprocess.PIPE, env=clean_environment(), timeout=60)
            assert done.returncode == 1 and b"No space left" in done.stderr, arguments


def test_a_reader_that_goes_away_is_no_error(cli, project, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(b"x" * (4 << 20))
    cli.ok("state", "push", "net", file)
    process = subprocess.Popen(
        [dist() / "bin/holdfast", "state", "pull", "net"], cwd=project.folder,
        env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == -signal.SIGPIPE


@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_large_states_stream(cli, project, tmp_path, kind):
    file = tmp_path / "large"
    size = 256 << 20
    with open(file, "wb") as body:
        body.truncate(size)
    for arguments in (["push", "large", str(file)],
                      ["pull", "large", "--output", str(tmp_path / "pulled")]):
        # A program's peak counts the memory of the process that started it: here a small one.
        launcher = ("import resource, subprocess, sys\n"
                    "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
                    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        peak = int(subprocess.run(
            [sys.executable, "-c", launcher, dist() / "bin/holdfast", "state", *arguments],
            cwd=project.folder, env=clean_environment(), check=True, stdout=subprocess.PIPE).stdout)
        assert peak < 128 << 10, f"{arguments[0]} used {peak} KiB"
    assert (tmp_path / "pulled").stat().st_size == size


# MARK: - Interruptions

@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_push_writes_nothing(cli, project, number, status):
    process = subprocess.Popen(
        [dist() / "bin/holdfast", "state", "push", "net", "-"], cwd=project.folder,
        env=clean_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    # The store exists once the push has begun to wait for its input.
    deadline = time.monotonic() + 60
    while not project.place.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.stdin.write(b"half of a st")
    process.stdin.flush()
    process.send_signal(number)
    assert process.wait(60) == status
    assert b"interrupted" in process.stderr.read()
    process.stdin.close()
    assert cli.states() == []
    assert project.strays() == []


# MARK: - Colours

def on_terminal(project, *arguments: str, env: dict[str, str]) -> bytes:
    """What a command prints when both streams are a terminal."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [dist() / "bin/holdfast", *arguments], cwd=project.folder, stdin=terminal,
        stdout=terminal, stderr=terminal, env=clean_environment(**{"TERM": "xterm", **env}))
    os.close(terminal)
    text = b""
    try:
        while part := os.read(master, 65536):
            text += part
    except OSError:  # the other end is closed
        pass
    os.close(master)
    process.wait(60)
    return text


def test_colours_only_on_a_terminal_that_wants_them(cli, project):
    arguments = ("state", "show", "none")
    assert b"\x1b[31merror:" in on_terminal(project, *arguments, env={})
    assert b"\x1b" not in on_terminal(project, *arguments, env={"NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal(project, *arguments, env={"TERM": "dumb"})
    assert b"\x1b" not in on_terminal(project, *arguments, "--no-color", env={})
    assert b"\x1b" not in cli.run(*arguments).stderr


# MARK: - Receipts

RECEIPT = {"version": 1, "service": "shop", "stage": "dev", "provider": "aws",
           "deploymentId": "d", "outputs": {"dbPassword": "hunter2"}, "artifacts": [],
           "metadata": {}, "functions": [], "updatedAt": "2026-11-21T07:14:03Z"}


@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_a_receipt_by_its_parts(cli, project, tmp_path, kind):
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(RECEIPT))
    cli.ok("state", "push", "receipts/shop/dev/aws", file)
    pulled = json.loads(cli.ok("state", "pull", "--service", "shop", "--provider", "aws"))
    assert pulled["outputs"] == {"dbPassword": "[REDACTED]"}
    project.config.write_text(project.config.read_text() + "service: shop\n")
    assert json.loads(cli.ok("state", "pull", "--provider", "aws", "--stage", "dev")) == pulled
    assert_one_error(cli.run("state", "pull", "--provider", "gcp"), 3, "receipts/shop/dev/gcp")
    assert [row["address"] for row in cli.json("state", "list", "receipts/shop")["states"]] == [
        "receipts/shop/dev/aws"]
    assert cli.json("state", "list", "receipts/other")["states"] == []
    cli.ok("state", "force-unlock", "--service", "shop", "--stage", "dev", "--provider", "aws")


def test_a_runfabric_file(cli, project, holdfast):
    (project.folder / "runfabric.yml").write_text(
        "service: shop\nruntime: nodejs\nproviders:\n  - name: aws\nfunctions: {}\n"
        "backend:\n  kind: local\n")
    done = holdfast("state", "list", "-c", "runfabric.yml", "--json", cwd=project.folder)
    assert done.returncode == 0 and json.loads(done.stdout)["states"] == []
