"""What scripts/with-server runs; its header says what it does."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Servers import server  # noqa: E402
from Servers.server import ServerFailed  # noqa: E402

USAGE = "usage: scripts/with-server NAME [NAME…] -- COMMAND…"


def parse(words: list[str]) -> tuple[list[str], list[str]]:
    """The names of the servers and the command."""
    if "--" not in words:
        sys.exit(USAGE)
    at = words.index("--")
    names, command = words[:at], words[at + 1:]
    if not names or not command or len(set(names)) != len(names):
        sys.exit(USAGE)
    return names, command


def run(names: list[str], command: list[str]) -> int:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-servers-")))
        environment: dict[str, str] = {}
        stores: dict[str, dict] = {}
        drivers = os.environ.get("HOLDFAST_TEST_DRIVERS")
        for name in names:
            running = stack.enter_context(server(name))
            environment = running.environment | environment
            stores.setdefault(running.driver, {
                "folder": f"{drivers}/{running.driver}", "options": running.place_options})
            (folder / f"{name}.json").write_text(json.dumps(running.options, indent=2) + "\n")
        environment["HOLDFAST_SERVERS"] = str(folder)
        if drivers:
            file = folder / "stores"
            file.write_text(json.dumps(stores, indent=2) + "\n")
            environment["HOLDFAST_TEST_STORES"] = str(file)
        child = subprocess.Popen(command, env=os.environ | environment)
        # An interrupt of the terminal reaches the command too; the servers go when it is over.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        status = child.wait()
        return status if status >= 0 else 128 - status


if __name__ == "__main__":
    try:
        sys.exit(run(*parse(sys.argv[1:])))
    except (ServerFailed, ModuleNotFoundError, FileNotFoundError) as failed:
        sys.exit(f"error: {failed}")
