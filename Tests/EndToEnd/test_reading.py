"""Commands that only read, or act only on what is there, make nothing where there is no store yet."""

import json

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.project import Project, modes, tree
from blackbox.terraform import state

NOT_FOUND = 3
LISTS = ["state list", "state list production/", "state list receipts/shop", "lock list"]
NEED_A_STATE = [
    "state show net", "state pull net", "state pull net --version 0000000001-00000000",
    "state pull net --output net.tfstate", "state pull --service shop --provider aws",
    "state versions net", "state rm net",
    "state force-unlock net", "state force-unlock --service shop --provider aws",
    "lock show net", "lock release net --force", "lock release net --id x",
    "state show receipts/shop/dev/aws",
]


@pytest.fixture
def empty(project: Project, launch) -> CommandLine:
    """The command line of a project whose store is there and empty."""
    other = Project(project.folder.parent / "empty", project.kind)
    assert launch(other).stop() == 0
    assert other.place.exists()
    return CommandLine(other)


@pytest.mark.parametrize("command", LISTS)
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
def test_lists_are_those_of_an_empty_store(project, cli, empty, command, flags):
    before = tree(project.folder), modes(project.folder)
    done = cli.run(*command.split(), *flags)
    assert (tree(project.folder), modes(project.folder)) == before
    expected = empty.run(*command.split(), *flags)
    assert done.returncode == 0
    assert (done.stdout, done.stderr) == (expected.stdout, expected.stderr)


@pytest.mark.parametrize("command", NEED_A_STATE)
def test_no_store_is_no_state(project, cli, empty, command):
    before = tree(project.folder), modes(project.folder)
    done = cli.run(*command.split())
    assert (tree(project.folder), modes(project.folder)) == before
    text = assert_one_error(done, NOT_FOUND, "there is no such state", "store default")
    assert "hint: there is no store yet" in text and ".holdfast" in text
    assert_one_error(empty.run(*command.split()), NOT_FOUND)


def test_no_store_as_json(project, cli, empty):
    before = tree(project.folder)
    missing, expected = (
        json.loads(one.run("state", "show", "net", "--json").stderr)["error"] for one in (cli, empty))
    assert tree(project.folder) == before
    assert missing.pop("hint") != expected.pop("hint")
    assert missing == expected and missing["code"] == "not-found"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_blank_file_is_no_store_and_stays_blank(project, cli):
    project.place.mkdir()
    project.database.touch(0o644)
    before = tree(project.folder), modes(project.folder)
    assert cli.states() == []
    assert_one_error(cli.run("state", "rm", "net"), NOT_FOUND, "no such state", "state.db is empty")
    assert (tree(project.folder), modes(project.folder)) == before


def test_what_is_in_the_way_is_no_empty_store(project, cli):
    project.place.write_bytes(b"a file where the store's folder belongs")
    before = tree(project.folder)
    assert_one_error(cli.run("state", "list"), (2, 5), ".holdfast")
    assert_one_error(cli.run("lock", "list"), (2, 5), ".holdfast")
    assert tree(project.folder) == before


def test_a_push_makes_the_store(project, cli):
    assert cli.states() == []
    cli.ok("state", "push", "net", "-", input=state(1))
    assert project.place.exists() and cli.states() == ["net"]
    assert cli.pull("net") == state(1)
    cli.ok("state", "rm", "net")
    assert cli.states() == []
