"""The two executables as processes."""

import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from blackbox.dist import clean_environment, dist
from blackbox.project import Project
from blackbox.terraform import Client
from blackbox.wire import Response, exchange

LISTENING = re.compile(r"listening on (https?)://(\S+?):(\d+)\s*$")


def holdfast(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None,
             input: bytes | None = None, timeout: float = 60, binaries: Path | None = None,
             ) -> subprocess.CompletedProcess:
    """Runs the command line; stdout and stderr are bytes."""
    # Bytes stay bytes: what is no text must reach the program as it is.
    command = [str((binaries or dist()) / "bin/holdfast"),
               *(each if isinstance(each, bytes) else str(each) for each in arguments)]
    return subprocess.run(
        command, cwd=cwd, env=clean_environment(**(env or {})), capture_output=True,
        timeout=timeout, **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}))


class Daemon:
    """One `holdfastd`, ended by its process id and never by its name."""

    def __init__(self, project: Project, *flags: str | Path, env: dict[str, str] | None = None,
                 port: int = 0, umask: int = -1, address: str | None = "127.0.0.1",
                 binaries: Path | None = None, prefix: list[str] | None = None):
        command = [*(prefix or []), str((binaries or dist()) / "bin/holdfastd")]
        if address is not None:
            command += ["--address", address]
        command += ["--port", str(port), "--config", str(project.config),
                    "--workspace", str(project.folder), *map(str, flags)]
        self.project, self.command, self._log = project, command, []
        self.process = subprocess.Popen(
            command, cwd=project.folder, env=clean_environment(**project.environment, **(env or {})), umask=umask,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.port: int | None = None
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_) -> None:
        self.kill()

    def _read(self) -> None:
        for line in self.process.stdout:
            text = line.decode(errors="replace")
            self._log.append(text)
            if self.port is None and (found := LISTENING.search(text)):
                self.port = int(found[3])
                self._listening.set()
        self._listening.set()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return "".join(self._log)

    def wait_until_listening(self, timeout: float = 30) -> "Daemon":
        self._listening.wait(timeout)
        if self.port is None:
            self.kill()
            raise AssertionError(f"the daemon does not listen; its log:\n{self.log}")
        return self

    def wait(self, timeout: float = 30) -> int:
        """The exit status of a daemon that is expected to end by itself."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the daemon did not end; its log:\n{self.log}") from None
        self._reader.join(5)
        return status

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def pause(self) -> None:
        """Stops every thread, and returns when the kernel says that they are stopped."""
        self.signal(signal.SIGSTOP)
        while state_of(self.pid) not in ("T", "t"):
            time.sleep(0.0005)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def stop(self) -> int:
        """Asks it to drain, and returns its exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return self.wait()

    def client(self, path: str, **options) -> Client:
        return Client(self.port, path, **options)

    def request(self, method: str, target: str, body: bytes | None = None, **options) -> Response:
        return exchange(self.port, method, target, body, **options)


def state_of(pid: int) -> str:
    """The scheduler's letter for a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
