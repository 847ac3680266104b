"""Stores that show the faults of their configuration: only where that was allowed."""

import json

import pytest

from blackbox.cli import assert_one_error
from blackbox.terraform import state

USAGE, UNREACHABLE = 2, 7


def configure(project, *faults: str) -> None:
    options = {"local": "state", "sqlite": "state.db"}[project.kind]
    project.configure(
        f"stores:\n  faulty:\n    driver: {project.kind}\n    options: {{path: {options}}}\n"
        f"    faults: {json.dumps(list(faults))}\n")


def push(project, cli, *flags: str):
    (project.folder / "net.tfstate").write_bytes(state(1))
    return cli.run("state", "push", "net", "net.tfstate", "--store", "faulty", *flags)


def test_faults_must_be_allowed(project, cli):
    configure(project, "error")
    assert_one_error(push(project, cli), USAGE, "faulty", "--allow-faults", "holdfast.yml:")
    assert [entry.name for entry in project.folder.iterdir()
            if entry.name not in ("holdfast.yml", "net.tfstate")] == []


def test_an_error_is_the_store_s(project, cli):
    # A store with transactions makes a write in one commit.
    write = "commit" if project.kind == "sqlite" else "put"
    configure(project, f"error code=unavailable on={write}")
    done = push(project, cli, "--allow-faults")
    assert_one_error(done, UNREACHABLE, "injected fault")


def test_lost_answers_are_resolved(project, cli):
    configure(project, "lost-answer every=2")
    done = push(project, cli, "--allow-faults")
    assert done.returncode == 0, done.stderr
    configure(project)
    assert cli.run("state", "pull", "net", "--store", "faulty").stdout == state(1)


@pytest.mark.parametrize("fault, mention", [
    ("errror", 'did you mean "error"?'),
    ("error rate=7", "not from 0 to 1"),
    ("delay for=soon", "200ms"),
    ("truncate on=get", "cannot strike get"),
])
def test_a_rule_that_cannot_be_read(project, cli, fault, mention):
    configure(project, fault)
    assert_one_error(push(project, cli, "--allow-faults"), USAGE, mention, "holdfast.yml:5")
