"""Drivers that crash, and load on the stores of a daemon while they do."""

import contextlib
import os
import random
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from blackbox.dist import REPOSITORY
from blackbox.processes import Daemon
from blackbox.project import Project
from blackbox.terraform import Client, state
from blackbox.wire import ConnectionEnded

SHELF = REPOSITORY / "sdk/Tests/Broken"


def build_shelf_driver(folder: Path, fault: str) -> Path:
    """Builds the shelf's driver with one defect; the folder that --driver-path wants."""
    target = folder / "shelf"
    target.mkdir(parents=True)
    manifest = (SHELF / "driver.toml").read_text()
    (target / "driver.toml").write_text(manifest)
    needed = re.findall(r'"(lib[^"]+)"', manifest)
    subprocess.run(
        ["cc", "-std=c11", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", f"-DFAULT={fault}",
         "-Wl,-soname,driver.so", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,nodelete", "-I", SHELF,
         "-I", REPOSITORY / "sdk/include", "-o", target / "driver.so", SHELF / "driver.c",
         *(["-lpthread"] if "libpthread.so.0" in needed else [])], check=True)
    (target / "driver.so").chmod(0o644)
    return folder


def driver_processes(daemon: Daemon) -> list[int]:
    """The processes in which the daemon runs drivers."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            program = os.readlink(entry / "exe")
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == daemon.pid and program.endswith("/holdfast-driver-host"):
            found.append(int(entry.name))
    return found


def crash_count(daemon: Daemon, driver: str) -> int:
    """How often a driver crashed, by the daemon's own count."""
    text = daemon.request("GET", "/metrics").body.decode()
    found = re.search(rf'^holdfast_driver_crashes_total{{driver="{driver}"}} (\d+)', text, re.M)
    return int(found[1]) if found else 0


@dataclass
class Load:
    """Clients that write and read their own states on one store, until they are told to stop."""
    daemon: Daemon
    store: str | None
    writers: int = 4
    acknowledged: dict[str, list[bytes]] = field(default_factory=dict)
    unknown: dict[str, list[bytes]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(f"load/{number}",))
                         for number in range(self.writers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(90)
            assert not thread.is_alive(), "a client got no answer for 90 s"

    @property
    def answered(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    def client(self, path: str) -> Client:
        return Client(self.daemon.port, path, store=self.store)

    def _run(self, path: str) -> None:
        client, serial = self.client(path), 0
        mine = self.acknowledged.setdefault(path, [])
        open_writes = self.unknown.setdefault(path, [])
        while not self._stop.is_set():
            serial += 1
            body = state(serial, writer=path)
            try:
                answer = client.post(body)
                if answer.status == 200:
                    mine.append(body)
                    open_writes.clear()
                else:
                    open_writes.append(body)
                    self.refused.append(f"POST {answer}")
                self._read(client, path, mine, open_writes)
            except (OSError, ConnectionEnded) as error:
                self.refused.append(f"{path}: {error!r}")

    def _read(self, client: Client, path: str, mine: list[bytes], unknown: list[bytes]) -> None:
        answer = client.get()
        if answer.status == 200 and answer.body not in (*mine[-1:], *unknown):
            self.wrong.append(f"{path}: read neither the last acknowledged write nor a later one")
        elif answer.status == 404 and mine:
            self.wrong.append(f"{path}: an acknowledged state is gone")
        elif answer.status not in (200, 404):
            self.refused.append(f"GET {answer}")


def configure_two_stores(project: Project, driver: str, isolation: str = "",
                         drivers: str = "") -> None:
    """The daemon's own store is of the project's kind; `other` is a store of another driver."""
    project.configure()
    own = project.config.read_text()
    options = {"local": "{path: other}", "sqlite": "{path: other.db}"}.get(driver, "{}")
    project.configure(
        f"{drivers}{own}daemon:\n  stores: [other]\n"
        f"stores:\n  other:\n    driver: {driver}\n    options: {options}\n"
        + (f"    isolation: {isolation}\n" if isolation else ""))


@dataclass
class CrashResult:
    """What crashes of one store's driver did to the clients of both stores."""
    crashes: int
    own: Load
    other: Load

    @property
    def violations(self) -> list[str]:
        found = [f"the daemon's own store refused: {text}" for text in self.own.refused]
        found += self.own.wrong + self.other.wrong
        found += [f"an answer that says nothing of a crash: {text}" for text in self.other.refused
                  if "503" not in text]
        for path, bodies in self.other.acknowledged.items():
            left = self.other.client(path).get()
            if bodies and left.body not in (bodies[-1], *self.other.unknown[path]):
                found.append(f"{path}: lost its last write: {left}")
        return found


def kill_under_load(daemon: Daemon, count: int, seed: int) -> CrashResult:
    """Kills the processes of the store `other` again and again while both stores are used."""
    chance = random.Random(seed)
    with Load(daemon, None) as own, Load(daemon, "other") as other:
        killed = 0
        while killed < count:
            before = other.answered
            for pid in driver_processes(daemon):
                time.sleep(chance.uniform(0, 0.02))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            deadline = time.monotonic() + 60
            while other.answered == before and time.monotonic() < deadline:
                time.sleep(0.005)
            if other.answered == before:
                other.wrong.append(f"the store never came back: {other.refused[-3:]}")
                break
    return CrashResult(killed, own, other)


def crash_under_load(daemon: Daemon, driver: str, count: int) -> CrashResult:
    """Uses both stores until the driver of `other`, which crashes by itself, has done so often."""
    with Load(daemon, None) as own, Load(daemon, "other") as other:
        deadline = time.monotonic() + 60 + count
        while crash_count(daemon, driver) < count and time.monotonic() < deadline:
            time.sleep(0.05)
    return CrashResult(crash_count(daemon, driver), own, other)
