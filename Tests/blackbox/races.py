"""Processes that ask for one lock at the same moment."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blackbox import dist
from blackbox.processes import Daemon
from blackbox.project import Project
from blackbox.terraform import Client, lock_info

PROCESSES = 8


class LockRace:
    """Daemons over one store, each a process of its own that knows nothing of the others."""

    def __init__(self, project: Project, processes: int = PROCESSES, **options):
        self.daemons = [Daemon(project, **options) for _ in range(processes)]
        self.pool = ThreadPoolExecutor(processes)
        self.gate = threading.Barrier(processes)

    def __enter__(self) -> "LockRace":
        try:
            for daemon in self.daemons:
                daemon.wait_until_listening()
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.pool.shutdown()
        for daemon in self.daemons:
            daemon.kill()

    def run(self, path: str) -> tuple[str | None, list[str]]:
        """All of them ask at once: the id of the one lock that was given, None where it was not one; what
        each was told."""
        def take(daemon: Daemon):
            info = lock_info(Who=f"process-{daemon.pid}")
            self.gate.wait(60)
            return info["ID"], Client(daemon.port, path).lock(info)

        asked = list(self.pool.map(take, self.daemons))
        told = [str(answer) for _, answer in asked]
        winners = [name for name, answer in asked if answer.status == 200]
        if len(winners) != 1:
            return None, told
        losers = [answer for name, answer in asked if name != winners[0]]
        is_known = all(answer.status == 423 and answer.json()["ID"] == winners[0] for answer in losers)
        return (winners[0] if is_known else None), told

    def unlock(self, path: str, lock: str) -> None:
        """Gives it back, through a process that need not be the one that took it."""
        answer = Client(self.daemons[-1].port, path).unlock(lock_info(lock))
        assert answer.status == 200, str(answer)


class CreateRace:
    """Processes with the driver alone, each of which makes the same object where there is none."""

    def __init__(self, driver: str, options: dict, processes: int = PROCESSES):
        library = dist.dist() / f"lib/holdfast/drivers/{driver}/driver.so"
        self.children = [subprocess.Popen(
            [sys.executable, Path(__file__).with_name("racer.py"), library], text=True,
            env=dist.clean_environment(OPTIONS=json.dumps(options)), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) for _ in range(processes)]

    def __enter__(self) -> "CreateRace":
        for child in self.children:
            assert child.stdout.readline() == "ready\n", "a process could not open the store"
        return self

    def __exit__(self, *_) -> None:
        for child in self.children:
            child.stdin.close()
        for child in self.children:
            child.wait(60)
            child.stdout.close()

    def run(self, path: str) -> list[str]:
        """What became of each write."""
        for child in self.children:
            child.stdin.write(path + "\n")
        # Now all of them at once, as nearly as one can.
        for child in self.children:
            child.stdin.flush()
        return [child.stdout.readline().strip() for child in self.children]
