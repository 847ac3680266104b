"""A store that cannot be used: how the command line and the daemon must meet it.

One clear error with its exit code or status, nothing written, and no secret anywhere.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from blackbox.cli import CommandLine, assert_one_error
from blackbox.databases import Database
from blackbox.processes import Daemon
from blackbox.terraform import state

USAGE, REFUSED, AWAY = 2, 5, 7
# A password or a key that is in no other text.
SECRET = "canary-8c1f52c07e"


@dataclass
class Expected:
    """What a program that meets the trouble says."""
    status: int | tuple[int, ...]
    mentions: tuple[str, ...] = ()
    reads: bool = True  # whether reading fails as well
    codes: tuple[int, ...] = (502, 503, 500)


def assert_no_secret(text: str | bytes, secrets: list[str]) -> None:
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    shown = [secret for secret in secrets if secret in text]
    assert not shown, f"a secret is shown in {text}"


def meet_in_command_line(cli: CommandLine, database: Database, expected: Expected, kind: str,
                         secrets: list[str]) -> None:
    before = database.contents()
    done = cli.run("state", "push", "net/prod", "-", input=state(2))
    text = assert_one_error(done, expected.status, *expected.mentions)
    assert_no_secret(text, secrets)
    written = json.loads(cli.run("state", "push", "net/prod", "-", "--json", input=state(2)).stderr)
    assert written["error"]["applied"] == "no", written
    assert_no_secret(json.dumps(written), secrets)
    assert database.contents() == before, "something was written"
    for command in (["state", "list"], ["config", "show"], ["driver", "info", kind]):
        done = cli.run(*command)
        assert_no_secret(done.stdout + done.stderr, secrets)
    done = cli.run("state", "list")
    if expected.reads:
        assert_one_error(done, expected.status, *expected.mentions)


def meet_in_daemon(cli: CommandLine, database: Database, expected: Expected,
                   secrets: list[str]) -> None:
    before = database.contents()
    daemon = Daemon(cli.project)
    try:
        daemon._listening.wait(30)
        if daemon.port is None:
            status = daemon.wait()
            wanted = expected.status if isinstance(expected.status, tuple) else (expected.status,)
            assert status in wanted, f"ended with {status}:\n{daemon.log}"
        else:
            answer = daemon.client("net/prod").post(state(2))
            assert answer.status in expected.codes, str(answer)
            assert_no_secret(str(answer), secrets)
            metrics = daemon.request("GET", "/metrics")
            assert_no_secret(metrics.body, secrets)
        assert_no_secret(Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
                         if daemon.process.poll() is None else b"", secrets)
    finally:
        daemon.kill()
    assert_no_secret(daemon.log, secrets)
    assert database.contents() == before, "something was written"
