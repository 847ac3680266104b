"""Cut the power at the moment after an acknowledgement, and look for what was acknowledged.

Each cut has a disk of its own and one write on it: a later fsync of another file would write out
the journal, and so rescue what the first write forgot. The controls show that the harness can see a
loss: a writer that leaves out the fsync of the directory must be caught, and the same writer with it
must not.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from Long.disks import Disk, run
from blackbox.cli import CommandLine
from blackbox.processes import Daemon
from blackbox.project import Project
from blackbox.terraform import NO_STATE, lock_info, state

Check = Callable[[Project], str]


@dataclass
class Outcome:
    name: str
    cuts: int = 0
    losses: list[str] = None

    def __str__(self) -> str:
        return f"{self.name}: {self.cuts} cuts, {len(self.losses)} lost"


# ---- What is written before the cut. Each returns how to look for it after the cut. --------------


def first_write(daemon: Daemon, number: int) -> Check:
    return _posted(daemon, state(number + 1))


def replacement(daemon: Daemon, number: int) -> Check:
    return _posted(daemon, state(number + 2))


def large_write(daemon: Daemon, number: int) -> Check:
    return _posted(daemon, state(number + 1, blob=chr(97 + number % 26) * 3_000_000))


def locked_write(daemon: Daemon, number: int) -> Check:
    info = lock_info()
    assert daemon.client("net/prod").lock(info).status == 200
    return _posted(daemon, state(number + 2), info["ID"])


def lock(daemon: Daemon, number: int) -> Check:
    info = lock_info()
    assert daemon.client("net/prod").lock(info).status == 200

    def check(project: Project) -> str:
        holder = _serve(project, lambda client: client.lock(lock_info()))
        if holder.status != 423 or holder.json()["ID"] != info["ID"]:
            return f"the lock is gone: {holder}"
        return ""

    return check


def unlock(daemon: Daemon, number: int) -> Check:
    info = lock_info()
    client = daemon.client("net/prod")
    client.lock(info)
    run("sync", "-f", daemon.project.folder)
    assert client.unlock(info).status == 200

    def check(project: Project) -> str:
        taken = _serve(project, lambda client: client.lock(lock_info()))
        return "" if taken.status == 200 else f"the lock came back: {taken}"

    return check


def removal(daemon: Daemon, number: int) -> Check:
    assert daemon.client("net/prod").delete().status == 200

    def check(project: Project) -> str:
        answer = _serve(project, lambda client: client.get())
        return "" if answer.status in NO_STATE else "the removed state came back"

    return check


def pushed(daemon: Daemon, number: int) -> Check:
    """The command line writes; the daemon has no part in it."""
    body = state(number + 2)
    CommandLine(daemon.project).ok("state", "push", "terraform/net/prod", "-", input=body)
    return _there(body)


def _posted(daemon: Daemon, body: bytes, lock_id: str | None = None) -> Check:
    answer = daemon.client("net/prod").post(body, lock_id)
    assert answer.status == 200, str(answer)
    return _there(body)


def _there(body: bytes) -> Check:
    def check(project: Project) -> str:
        cli = CommandLine(project)
        done = cli.run("state", "pull", "terraform/net/prod")
        if done.stdout != body:
            return f"exit {done.returncode}, {len(done.stdout)} of {len(body)} bytes; {done.stderr!r}"
        if project.legible("net/prod") != body:
            return "the legible copy is another"
        return ""

    return check


def _serve(project: Project, ask):
    daemon = Daemon(project).wait_until_listening()
    try:
        return ask(daemon.client("net/prod"))
    finally:
        daemon.stop()


# Each: what is written, and whether a state and the store were there, and on the disk, before.
CASES = (
    (first_write, False), (replacement, True), (large_write, False), (large_write, True),
    (locked_write, True), (lock, False), (lock, True), (unlock, True), (removal, True),
    (pushed, True),
)


class PowerCuts:
    def __init__(self, folder: Path, kind: str):
        self.disk, self.kind = Disk(folder), kind

    def run(self, count: int, progress=print) -> list[Outcome]:
        outcomes = []
        for number, (write, there_before) in enumerate(CASES):
            # The cuts are spread over the cases; none gets less than its share.
            cuts = count // len(CASES) + (number < count % len(CASES))
            name = f"{self.kind} {write.__name__} {'after' if there_before else 'without'} a first"
            outcome = Outcome(name, losses=[])
            for each in range(cuts):
                outcome.cuts += 1
                if loss := self._cut(write, there_before, each):
                    outcome.losses.append(loss)
            progress(outcome)
            outcomes.append(outcome)
        return outcomes

    def _cut(self, write, there_before: bool, number: int) -> str:
        place = self.disk.mount()
        daemon = None
        try:
            daemon = Daemon(Project(place / "project", self.kind)).wait_until_listening()
            if there_before:
                assert daemon.client("net/prod").post(state(1)).status == 200
            self.disk.settle()
            check = write(daemon, number)
            daemon.signal(signal.SIGSTOP)
            # The copy comes first: ending the process could write something out.
            copied = self.disk.cut(after_copy=daemon.kill)
            return check(Project(copied / "project", self.kind)) or self.disk.repaired()
        finally:
            if daemon and daemon.process.poll() is None:
                daemon.kill()
            self.disk.end()


# ---- Controls: writers whose faults are known ------------------------------------------------------


def plain_writer(folder: Path, body: bytes, sync_folder: bool) -> None:
    temporary = folder / "state.tmp"
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.write(descriptor, body)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(temporary, folder / "state")
    if sync_folder:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(descriptor)
        os.close(descriptor)


def control(folder: Path, count: int, sync_folder: bool) -> Outcome:
    """Replaces one file on each disk, with or without the fsync of its directory."""
    name = f"control {'with' if sync_folder else 'WITHOUT'} the fsync of the directory"
    outcome, disk = Outcome(name, losses=[]), Disk(folder)
    for number in range(count):
        place = disk.mount()
        try:
            (place / "state").write_bytes(b"old")
            disk.settle()
            body = b"new %d" % number
            plain_writer(place, body, sync_folder)
            found = (disk.cut() / "state").read_bytes()
            outcome.cuts += 1
            if found != body:
                outcome.losses.append(f"found {found!r}")
        finally:
            disk.end()
    return outcome


def main(count: int, kinds: tuple[str, ...], control_count: int = 30) -> bool:
    """Runs the controls and every case; whether all is as it must be."""
    with tempfile.TemporaryDirectory(prefix="holdfast-cuts-") as folder:
        base = Path(folder)
        wrong = control(base / "wrong", control_count, sync_folder=False)
        right = control(base / "right", control_count, sync_folder=True)
        print(f"{wrong}\n{right}", flush=True)
        if not wrong.losses or right.losses:
            print("the harness does not tell a wrong writer from a right one", file=sys.stderr)
            return False
        lost = 0
        for kind in kinds:
            cuts = PowerCuts(base / kind, kind)
            outcomes = cuts.run(count, lambda outcome: print(outcome, flush=True))
            for outcome in outcomes:
                lost += len(outcome.losses)
                for loss in outcome.losses[:3]:
                    print(f"  LOST {outcome.name}: {loss}", file=sys.stderr)
        return lost == 0
