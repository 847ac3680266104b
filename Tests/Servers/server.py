"""What all servers of the tests have in common: a port, a folder, a process and its end."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class ServerFailed(Exception):
    """A server that did not start, with the end of what it wrote."""


class Server:
    """One server process. As a context manager it runs from the block's begin to its end.

    A kind of server overrides `command` and `check`, and `prepare` where there is something to do once
    before the first start. `options` are the options of the driver's store on this server.
    """

    name = "server"
    # The id of the driver whose stores lie on it.
    driver = ""
    # The user that the process runs as where the tests are root's, or None to stay root.
    user: str | None = None
    # How the process is asked to end, and how long it may take.
    stop_signal = signal.SIGTERM
    stop_seconds = 20.0
    start_seconds = 60.0

    def __init__(self):
        self.port = 0
        self.folder = Path()
        self.process: subprocess.Popen | None = None

    # MARK: What a kind of server says

    @property
    def options(self) -> dict[str, str]:
        """The driver's options for a store on this server."""
        return {}

    @property
    def place_options(self) -> dict[str, str]:
        """The same for many stores apart: `{place}` stands for a name of each, of a-z and 0-9."""
        return self.options

    @property
    def environment(self) -> dict[str, str]:
        """What a program's environment needs to use this server."""
        return {}

    @property
    def secrets(self) -> list[str]:
        """What no message may show."""
        return []

    def prepare(self) -> None:
        """Fills the new folder, once; the port is known."""

    def command(self) -> list[str]:
        """The command of the process, for the present folder and port."""
        raise NotImplementedError

    def process_environment(self) -> dict[str, str]:
        """The environment of the process, over the caller's path and locale."""
        return {}

    def check(self) -> None:
        """Makes one real request; raises anything while the server does not answer it."""
        raise NotImplementedError

    def started(self) -> None:
        """Runs after the first start, when the server answers."""

    # MARK: Start and end

    def __enter__(self) -> "Server":
        self.folder = Path(tempfile.mkdtemp(prefix=f"holdfast-{self.name}-"))
        atexit.register(self.close)
        try:
            self._own(self.folder)
            self._first_start()
            self.started()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process and removes the folder; more than once does no harm."""
        atexit.unregister(self.close)
        try:
            self.stop()
        finally:
            if self.folder != Path():
                shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Starts the process on the same port and folder, and waits until it answers."""
        assert not self.is_running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            # A session of its own: an interrupt of the tests' terminal is not the server's.
            self.process = subprocess.Popen(
                [*self.as_user(), *map(str, self.command())], cwd=self.folder, stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                env=self._environment())
        self._wait_until_ready()

    def stop(self) -> None:
        """Asks the process to end, and ends it where it does not."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """Ends the process and its children without a chance to tidy up."""
        children = self.children()
        self._end(signal.SIGKILL)
        # Some servers put each child into a session of its own, and a child may outlive its parent.
        for pid, born in children:
            if _born(pid) == born:
                _signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + self.stop_seconds
        while any(_born(pid) == born for pid, born in children) and time.monotonic() < deadline:
            time.sleep(0.01)

    def restart(self, kill: bool = False) -> None:
        """Ends the process and starts it again on the same port and folder."""
        self.kill() if kill else self.stop()
        self.start()

    def pause(self) -> None:
        """Stops the process and its children where they are; their connections stay open."""
        for pid in [self.process.pid, *(pid for pid, _ in self.children())]:
            _signal(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets go on what `pause` stopped."""
        for pid in [self.process.pid, *(pid for pid, _ in self.children())]:
            _signal(pid, signal.SIGCONT)

    # MARK: What runs

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> Path:
        """What the process wrote to its standard output and error."""
        return self.folder / "log"

    def log_tail(self, count: int = 4000) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return text[-count:]

    def children(self) -> list[tuple[int, str]]:
        """The processes below this one, each with the time of its birth."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _fields(int(entry.name))):
                parents[int(entry.name)] = (int(fields[1]), fields[19])
        found, level = [], {self.process.pid} if self.process else set()
        while level:
            below = [(pid, born) for pid, (parent, born) in parents.items() if parent in level]
            found += below
            level = {pid for pid, _ in below}
        return found

    # MARK: As another user

    def as_user(self) -> list[str]:
        """What comes before a command that must run as the server's user."""
        if self.user is None or os.geteuid() != 0:
            return []
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups", "--"]

    def run(self, *command: str | Path, **options) -> str:
        """Runs a tool as the server's user, and returns its standard output."""
        done = subprocess.run([*self.as_user(), *map(str, command)], cwd=self.folder, text=True,
                              env=self._environment(), capture_output=True, **options)
        if done.returncode:
            raise ServerFailed(f"{self.name}: {command[0]} ended with {done.returncode}: "
                               f"{done.stdout[-1000:]}{done.stderr[-3000:]}")
        return done.stdout

    def write(self, name: str, content: str | bytes, mode: int = 0o600) -> Path:
        """Writes a file of the server's user into the folder."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        self._own(path)
        return path

    def _own(self, path: Path) -> None:
        if self.user is not None and os.geteuid() == 0:
            shutil.chown(path, self.user, self.user)

    # MARK: Inside

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
        return kept | {"HOME": str(self.folder), "LC_ALL": "C.UTF-8"} | self.process_environment()

    def _first_start(self) -> None:
        """A free port may be taken before the server has it, so a second one is tried."""
        for attempt in (1, 2, 3):
            self.port = free_port()
            if attempt == 1:
                self.prepare()
            try:
                return self.start()
            except ServerFailed:
                if attempt == 3 or "in use" not in self.log_tail():
                    raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while True:
            try:
                self.check()
                return
            except Exception as error:  # noqa: BLE001  any error means: not ready yet
                problem = error
            if not self.is_running:
                what = f"ended with {self.process.returncode}"
            elif time.monotonic() > deadline:
                what = f"did not answer for {self.start_seconds:.0f} s"
            else:
                time.sleep(0.05)
                continue
            self.kill()
            raise ServerFailed(f"{self.name} {what}: {problem}\nits log ends with:\n"
                               f"{self.log_tail()}")

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state, parent, … birth is number 19."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None  # it ended meanwhile


def _born(pid: int) -> str | None:
    fields = _fields(pid)
    return fields[19] if fields and fields[0] != "Z" else None
