"""Wrong configuration: one clear error, the documented exit status, and nothing written."""

import pytest

from blackbox.cli import assert_one_error
from blackbox.processes import Daemon
from blackbox.project import Project, tree
from blackbox.terraform import state

USAGE, LOCKED, INTEGRITY = 2, 4, 6

# Each: the file, and what its message must name.
CONFIGURATIONS = {
    "malformed": ("backend: {kind: local\nstores: [", ["holdfast.yml:"]),
    "a tab": ("backend:\n\tkind: local\n", ["holdfast.yml:2"]),
    "not a mapping": ("- just\n- a list\n", ["holdfast.yml"]),
    "unknown key": ("backend:\n  kind: sqlite\n  sqlitePaht: x.db\n",
                    ["holdfast.yml:3", "sqlitePaht", "sqlitePath"]),
    "duplicate key": ("backend:\n  kind: local\n  kind: sqlite\n", ["kind"]),
    "wrong type": ("backend:\n  kind: [local]\n", ["holdfast.yml:2", "kind"]),
    "unset variable": ("backend:\n  kind: sqlite\n  sqlitePath: ${env:NO_SUCH_VARIABLE}\n",
                       ["holdfast.yml:3", "sqlitePath", "NO_SUCH_VARIABLE"]),
    "unclosed variable": ("backend:\n  kind: sqlite\n  sqlitePath: ${env:HOME\n", ["sqlitePath"]),
    "unknown driver": ("backend:\n  kind: floppy\n", ["floppy", "local", "sqlite"]),
    "nearly a driver": ("backend:\n  kind: sqlit\n", ["sqlit", "sqlite"]),
    "driver id as a path": ("backend:\n  kind: ../../tmp/x\n", ["../../tmp/x"]),
    "deep nesting": ("backend: " + "[" * 5000 + "]" * 5000 + "\n", ["holdfast.yml"]),
    "aliases": ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n"
        for n in range(9)) + "backend: {kind: local}\n", ["holdfast.yml"]),
    "control characters": ("backend:\n  kind: \"lo\\u0000cal\"\n", ["kind"]),
}


@pytest.fixture
def kind() -> str:
    return "local"


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration(project: Project, cli, launch, name):
    text, mentions = CONFIGURATIONS[name]
    project.configure(text)
    before = tree(project.folder)
    assert_one_error(cli.run("state", "list"), USAGE, *mentions)
    daemon = launch(project, wait=False)
    assert daemon.wait() == USAGE, daemon.log
    for mention in mentions:
        assert mention in daemon.log
    assert tree(project.folder) == before


def test_invalid_utf8(project, cli):
    project.config.write_bytes(b"backend:\n  kind: \xff\xfe\n")
    assert_one_error(cli.run("state", "list"), USAGE, "holdfast.yml")


def test_a_file_that_is_not_there(project, holdfast):
    done = holdfast("state", "list", "-c", "no-such.yml", cwd=project.folder)
    assert_one_error(done, USAGE, "no-such.yml")


def test_a_huge_file(project, cli):
    project.configure("# " + "x" * (20 << 20) + "\nbackend: {kind: local}\n")
    assert_one_error(cli.run("state", "list"), USAGE, "holdfast.yml")


def test_how_to_add_a_missing_driver(project, cli):
    project.configure("backend:\n  kind: controller\n  controllerUrl: http://x\n")
    text = assert_one_error(cli.run("state", "list"), USAGE, "controller", "local", "sqlite")
    assert "driver.so" in text or "HOLDFAST_DRIVER_PATH" in text or "install" in text


@pytest.mark.parametrize("arguments, mention", [
    (["stat", "list"], "state"), (["state", "lst"], "list"), (["state", "list", "--jsn"], "--json"),
    (["state", "pull"], "pull"), (["state", "pull", "a", "b"], "b"), (["nonsense"], "nonsense"),
    (["state", "pull"], "address"), (["state", "pull", "receipt/a/b/c"], "receipts/"),
])
def test_usage(cli, project, arguments, mention):
    before = tree(project.folder)
    assert_one_error(cli.run(*arguments), USAGE, mention)
    assert tree(project.folder) == before


BAD_ADDRESSES = (
    "terraform/", "terraform//x", "terraform/../x", "terraform/a/../b", "terraform/./x",
    "terraform/a//b", "terraform/a/", "/terraform/a", "terraform/a\nb", "terraform/a\x1b[31mb",
    "terraform/a\x7fb", "terraform/%2e%2e/x", "terraform/a%2f..%2fb", "terraform/a%00b",
    "terraform/" + "x" * 201, "terraform/" + "x/" * 260, "receipts/a", "receipts/a/b/..",
    "receipts/a/b/c/d", "receipts/../b/c", b"terraform/\xff", "",
)


@pytest.mark.parametrize("address", BAD_ADDRESSES, ids=lambda text: ascii(text[:30]))
def test_addresses(cli, project, tmp_path, address):
    body = tmp_path / "body"
    body.write_bytes(state(1))
    before = tree(project.folder)
    for verb in (["pull"], ["versions"], ["rm"], ["push"]):
        extra = [body] if verb == ["push"] else []
        done = cli.run("state", *verb, address, *extra)
        text = assert_one_error(done, USAGE)
        assert "\x1b" not in text and "\x7f" not in text, "control characters reach the terminal"
    assert tree(project.folder) == before


def test_what_is_not_there(cli, project):
    for arguments in (["state", "pull", "terraform/none"], ["state", "versions", "terraform/none"],
                      ["state", "rm", "terraform/none"], ["lock", "show", "terraform/none"]):
        assert_one_error(cli.run(*arguments), 3, "none")
    assert_one_error(cli.run("driver", "info", "none"), 3, "none")


def test_a_state_that_is_not_json_is_accepted_and_flagged(cli, daemon):
    daemon.client("x").post(b"not json")
    assert cli.pull("x") == b"not json"
    [row] = cli.versions("x")
    assert row["serial"] is None and row["is_json"] is False
    assert "not JSON" in cli.ok("state", "show", "terraform/x").decode()


def test_a_port_in_use(launch, project, tmp_path):
    first = launch(project)
    other = Project(tmp_path / "other", "local")
    before = tree(other.folder)
    second = launch(other, port=first.port, wait=False)
    assert second.wait() == 1, second.log
    assert str(first.port) in second.log and "in use" in second.log.lower(), second.log
    assert tree(other.folder) == before
    assert first.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("flags", [
    ["--port", "70000"], ["--port", "x"], ["--port", "-1"], ["--addres", "127.0.0.1"],
    ["--address", "not an address"], ["--api-key-file", "no-such-file"],
    ["--trusted-proxy", "nonsense"]])
def test_daemon_flags(launch, project, flags):
    before = tree(project.folder)
    daemon = launch(project, *flags, wait=False)
    assert daemon.wait() == USAGE, daemon.log
    assert tree(project.folder) == before


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_an_open_address_without_authentication_and_tls(launch, project, address):
    before = tree(project.folder)
    daemon: Daemon = launch(project, address=address, wait=False)
    assert daemon.wait() == USAGE, daemon.log
    assert "--insecure" in daemon.log, "the message names the flag that overrides"
    assert tree(project.folder) == before
