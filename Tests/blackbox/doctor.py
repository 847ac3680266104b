"""What `holdfast doctor` found, read in one place."""

import json
import subprocess
from dataclasses import dataclass

from blackbox.cli import CommandLine
from blackbox.refusals import SECRET, assert_no_secret
from blackbox.terraform import state


@dataclass
class Report:
    """What was found of one store."""
    document: dict
    status: int
    text: str

    @property
    def checks(self) -> dict[str, dict]:
        return {check["id"]: check for check in self.document["checks"]}

    def __getitem__(self, check: str) -> dict:
        return self.checks[check]

    @property
    def failed(self) -> list[str]:
        return [name for name, check in self.checks.items() if check["verdict"] == "failed"]

    @property
    def missing(self) -> list[str]:
        return [grant["right"] for grant in self.document["missing"]]


def push(cli: CommandLine) -> None:
    """Makes the store, which doctor never does."""
    done = cli.run("state", "push", "net", "-", input=state(1))
    assert done.returncode == 0, done.stderr


def run(cli: CommandLine, *arguments: str, **options) -> tuple[dict, subprocess.CompletedProcess]:
    """The whole document; no secret is in it, nor in what people are shown."""
    done = cli.run("doctor", *arguments, "--json", **options)
    remote = cli.project.remote
    secrets = [SECRET, *(remote.secrets if remote else [])]
    assert_no_secret(done.stdout + done.stderr, secrets)
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    assert document["format_version"] == 1
    return document, done


def examine(cli: CommandLine, *arguments: str, **options) -> Report:
    """The report on the one store of a project, which says the same to people."""
    document, done = run(cli, *arguments, **options)
    [found] = document["stores"]
    assert found["verdict"] == document["verdict"]
    assert found["exit_code"] == done.returncode
    shown = cli.run("doctor", *arguments, **options)
    assert shown.returncode == done.returncode
    remote = cli.project.remote
    assert_no_secret(shown.stdout + shown.stderr, [SECRET, *(remote.secrets if remote else [])])
    text = shown.stdout.decode()
    assert f"): {found['verdict']}" in text.splitlines()[0], text
    assert "\x1b" not in text
    return Report(found, done.returncode, text)
