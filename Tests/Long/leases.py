"""Eight processes share one lock with a short lease, and are stopped and killed at random.

No lease can promise that two holders never overlap in time: a stopped process does not know that
its lease has ended. What counts is what the store accepts: every accepted write raises the counter
by one over the version before it, and the fences of the versions never fall. With the fence switched
off the same processes must lose updates, or the harness proves nothing.
"""

import os
import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from blackbox.cli import CommandLine
from blackbox.dist import REPOSITORY, clean_environment, dist
from blackbox.project import Project

PROCESSES, LEASE_MS, PAUSE_S = 8, 150, 0.25
PATH = "counter"


def worker_binary() -> Path:
    """The worker; a run without it fails."""
    named = os.environ.get("HOLDFAST_LEASE_WORKER")
    places = [Path(named)] if named else [
        REPOSITORY / ".build" / mode / "lease-worker" for mode in ("release", "debug")]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"{places[0]} is missing; run `swift build -c release --product lease-worker`")


@dataclass
class Tally:
    accepted: list[tuple[int, int]] = field(default_factory=list)  # value, fence
    refused: int = 0
    kills: int = 0
    pauses: int = 0
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (f"{len(self.accepted)} accepted, {self.refused} refused, {self.pauses} pauses, "
                f"{self.kills} kills")


class Worker:
    """One process of the eight, started again whenever it was killed."""

    def __init__(self, command: list[str], tally: Tally, lock: threading.Lock):
        self.command, self.tally, self.lock = command, tally, lock
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env=clean_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,))
        self.reader.start()

    def _read(self, lines) -> None:
        for line in lines:
            word, *rest = line.split()
            with self.lock:
                if word == "accepted" and len(rest) == 2:
                    self.tally.accepted.append((int(rest[0]), int(rest[1])))
                elif word == "refused":
                    self.tally.refused += 1
                else:
                    self.tally.errors.append(line.strip())

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSE_S)
        self.process.send_signal(signal.SIGCONT)
        self.tally.pauses += 1

    def kill(self) -> None:
        self.end()
        self.tally.kills += 1
        self.start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(10)


def torment(project: Project, seconds: float, seed: int, fenced: bool) -> Tally:
    command = [
        str(worker_binary()), "--driver", project.kind, "--driver-path",
        str(dist() / "lib/holdfast/drivers"), "--project", str(project.folder), "--path", PATH,
        "--lease-ms", str(LEASE_MS), *([] if fenced else ["--no-fence"])]
    tally, lock, chance = Tally(), threading.Lock(), random.Random(seed)
    workers = [Worker(command, tally, lock) for _ in range(PROCESSES)]
    ending = time.monotonic() + seconds

    def tormentor(own: list[Worker], own_chance: random.Random) -> None:
        while time.monotonic() < ending:
            time.sleep(own_chance.uniform(0.01, 0.15))
            worker = own_chance.choice(own)
            worker.kill() if own_chance.random() < 0.15 else worker.pause()

    # Two at a time, each over its own half, so that several are stopped at once.
    threads = [
        threading.Thread(target=tormentor, args=(workers[each::2], random.Random(chance.random())))
        for each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.end()
    return tally


def check_fenced(project: Project, tally: Tally) -> list[str]:
    """What is wrong with the history that the fenced workers left."""
    wrong = list(tally.errors[:5])
    versions = list(reversed(CommandLine(project).versions(PATH)))
    serials = [row["serial"] for row in versions]
    first = serials[0] if serials else 0
    if serials != list(range(first, first + len(serials))):
        wrong.append("the history is not a chain of increments: an update was lost")
    fences = [row["fence"] for row in versions]
    if fences != sorted(fences):
        wrong.append("a version was accepted under an older lock than the one before it")
    values = [value for value, _ in tally.accepted]
    if len(values) != len(set(values)):
        wrong.append("two workers were told that they wrote the same value")
    kept = {(row["serial"], row["fence"]) for row in versions}
    lost = [pair for pair in tally.accepted if pair[0] >= first and pair not in kept]
    if lost:
        wrong.append(f"{len(lost)} acknowledged increments are not in the history: {lost[:3]}")
    return wrong


def lost_updates(tally: Tally) -> int:
    """Without the fence: values that more than one worker believes to have written."""
    values = [value for value, _ in tally.accepted]
    return len(values) - len(set(values))


def main(folder: Path, seconds: float, kinds: tuple[str, ...], seed: int) -> bool:
    print(f"leases: seed {seed}")
    passed = True
    for kind in kinds:
        fenced = Project(folder / f"{kind}-fenced", kind)
        tally = torment(fenced, seconds, seed, fenced=True)
        wrong = check_fenced(fenced, tally)
        print(f"{kind} with the fence: {tally}; {wrong or 'nothing lost'}", flush=True)
        bare = Project(folder / f"{kind}-bare", kind)
        bare_tally = torment(bare, seconds, seed, fenced=False)
        lost = lost_updates(bare_tally)
        print(f"{kind} WITHOUT the fence: {bare_tally}; {lost} updates lost", flush=True)
        if not tally.refused or not tally.accepted:
            wrong.append("no stale write was ever tried")
        if not lost:
            wrong.append("the harness does not show what the fence is for")
        if wrong or bare_tally.errors:
            passed = False
            print(f"FAILED {kind}: {wrong} {bare_tally.errors[:3]}", flush=True)
    return passed
