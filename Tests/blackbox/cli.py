"""The command line's answers, read in one place."""

import json
import subprocess
from pathlib import Path

from blackbox.processes import holdfast
from blackbox.project import Project


class CommandLine:
    """`holdfast` in one project."""

    def __init__(self, project: Project, binaries: Path | None = None):
        self.project, self.binaries = project, binaries

    def run(self, *arguments: str | Path, **options) -> subprocess.CompletedProcess:
        options["env"] = self.project.environment | (options.get("env") or {})
        return holdfast(*arguments, "-c", self.project.config, cwd=self.project.folder,
                        binaries=self.binaries, **options)

    def ok(self, *arguments: str | Path, **options) -> bytes:
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr!r}"
        return done.stdout

    def json(self, *arguments: str | Path) -> dict:
        return json.loads(self.ok(*arguments, "--json"))

    def pull(self, path: str) -> bytes:
        return self.ok("state", "pull", f"terraform/{path}")

    def states(self) -> list[str]:
        """The paths of all Terraform states."""
        prefix = "terraform/"
        addresses = [row["address"] for row in self.json("state", "list")["states"]]
        return [name.removeprefix(prefix) for name in addresses if name.startswith(prefix)]

    def versions(self, path: str) -> list[dict]:
        """A state's versions, newest first."""
        return self.json("state", "versions", f"terraform/{path}")["versions"]

    def digests(self, path: str) -> list[str]:
        return [row["sha256"] for row in self.versions(path)]


def assert_one_error(done: subprocess.CompletedProcess, status: int | tuple[int, ...],
                     *mentions: str) -> str:
    """Checks an error: its exit status, one message on stderr, nothing on stdout, no crash."""
    expected = status if isinstance(status, tuple) else (status,)
    text = done.stderr.decode()
    assert done.returncode in expected, f"exit {done.returncode}, expected {expected}: {text}"
    assert done.stdout == b"", f"stdout is for data: {done.stdout!r}"
    assert text.lower().count("error:") <= 1, f"more than one error: {text}"
    assert text.strip(), "no message"
    assert "Fatal error" not in text and "Error Domain" not in text, text
    for mention in mentions:
        assert mention in text, f"the message does not name {mention!r}: {text}"
    return text
