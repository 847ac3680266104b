"""kill -9 the daemon again and again during concurrent writes.

Every acknowledged write must be there after the restart, whole, and nothing else may be left. The
page cache outlives the process, so this finds torn and lost writes, never a missing fsync: that is
what power_cuts.py is for.
"""

import hashlib
import random
import threading
import time
from dataclasses import dataclass, field

from blackbox.cli import CommandLine
from blackbox.processes import Daemon
from blackbox.project import Project
from blackbox.terraform import Client, lock_info, state
from blackbox.wire import ConnectionEnded

WRITERS = 6
# What is larger, a refused writer may still be turning into an orphan, so for a minute it is spared.
SPARED_BYTES, SPARED_SECONDS = 1 << 20, 60


@dataclass
class Writer:
    """One state's writer: what it sent, and how far the daemon acknowledged it."""
    path: str
    size: int
    locks: bool
    sent: list[bytes] = field(default_factory=list)
    acknowledged: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self, port: int) -> None:
        client, info = Client(port, self.path, timeout=30), lock_info(Who=self.path)
        serial = 0
        try:
            if self.locks and client.lock(info).status != 200:
                self.refused.append("LOCK")
                return
            while True:
                serial += 1
                body = state(serial, blob=random.choice("abcdef") * self.size, writer=self.path)
                self.sent.append(body)
                answer = client.post(body, info["ID"] if self.locks else None)
                if answer.status != 200:
                    self.refused.append(str(answer))
                    return
                self.acknowledged.append(body)
        except (OSError, ConnectionEnded):
            return  # the kill


class KillLoop:
    def __init__(self, project: Project, seed: int):
        self.project, self.random = project, random.Random(seed)
        self.cli = CommandLine(project)
        self.violations: list[str] = []
        self.acknowledged = self.kept_unacknowledged = 0
        self.last: dict[str, list[bytes]] = {}
        self.spared: list[str] = []

    def run(self, count: int, progress=None) -> None:
        for number in range(count):
            self._round(number)
            if progress and (number + 1) % 50 == 0:
                progress(f"{self.project.kind}: {number + 1} kills, {self.acknowledged} writes "
                         f"acknowledged, {len(self.violations)} violations")
        self._check_in_the_end()

    def _round(self, number: int) -> None:
        writers = [
            Writer(f"kill/{number}/{each}", size=(10, 4000, 300_000, 3_000_000)[each % 4],
                   locks=each % 2 == 0)
            for each in range(WRITERS)]
        daemon = Daemon(self.project).wait_until_listening()
        threads = [threading.Thread(target=each.run, args=(daemon.port,)) for each in writers]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.005, 0.15))
        daemon.kill()
        for thread in threads:
            thread.join(60)
        self._check(number, writers)

    def _check(self, number: int, writers: list[Writer]) -> None:
        daemon = Daemon(self.project).wait_until_listening()
        try:
            for writer in writers:
                self._check_writer(daemon, writer)
        finally:
            if status := daemon.stop():
                self.violations.append(f"round {number}: the daemon ended with {status}")
        if strays := self.project.strays():
            self.violations.append(f"round {number}: strays after reopening: {strays[:5]}")

    def _check_writer(self, daemon: Daemon, writer: Writer) -> None:
        def violated(what: str) -> None:
            self.violations.append(f"{writer.path}: {what}")

        self.acknowledged += len(writer.acknowledged)
        for refusal in writer.refused:
            violated(f"refused: {refusal}")
        answer = daemon.client(writer.path).get()
        allowed = ([writer.acknowledged[-1]] if writer.acknowledged else []) + [
            body for body in writer.sent[len(writer.acknowledged):]]
        if answer.status == 200 and answer.body not in allowed:
            violated(f"torn or lost: {len(answer.body)} bytes, after "
                     f"{len(writer.acknowledged)} acknowledged writes")
        if answer.status != 200 and (writer.acknowledged or answer.status not in (204, 404)):
            violated(f"GET answered {answer.status}")
        if answer.status != 200:
            return
        self.last[writer.path] = [answer.body]
        found = self.cli.digests(writer.path)
        sent = {_digest(body) for body in writer.sent}
        for body in writer.acknowledged:
            if _digest(body) not in found:
                violated(f"an acknowledged version of {len(body)} bytes is not in the history")
        if strangers := [digest for digest in found if digest not in sent]:
            violated(f"versions that nobody wrote: {strangers[:3]}")
        self.kept_unacknowledged += len(found) - len(writer.acknowledged)
        if self.project.legible(writer.path) != answer.body:
            violated("the legible copy differs after it was read")
        self._check_version_objects(daemon, writer, violated)

    def _check_version_objects(self, daemon: Daemon, writer: Writer, violated) -> None:
        """The next write collects what an interrupted one left."""
        client = daemon.client(writer.path)
        client.force_unlock()
        body = state(100_000, after="kill")
        if (answer := client.post(body)).status != 200:
            violated(f"the next write was refused: {answer}")
            return
        self.last[writer.path] = [body]
        committed, stored = len(self.cli.versions(writer.path)), self.project.stored_versions(
            writer.path)
        if stored != committed and writer.size > SPARED_BYTES:
            self.spared.append(writer.path)
        elif stored != committed:
            violated(f"{stored} version objects for {committed} committed versions")

    def _check_in_the_end(self) -> None:
        daemon = Daemon(self.project).wait_until_listening()
        try:
            self._check_spared(daemon)
            for path, allowed in self.last.items():
                answer = daemon.client(path).get()
                if answer.body not in allowed:
                    self.violations.append(f"{path}: lost by a later kill")
        finally:
            daemon.stop()


    def _check_spared(self, daemon: Daemon) -> None:
        """The first write after the time has run out collects what was spared."""
        if self.spared:
            time.sleep(SPARED_SECONDS + 1)
        for path in self.spared:
            body = state(200_000, after="sparing")
            if (answer := daemon.client(path).post(body)).status != 200:
                self.violations.append(f"{path}: the last write was refused: {answer}")
                continue
            self.last[path] = [body]
            committed, stored = len(self.cli.versions(path)), self.project.stored_versions(path)
            if stored != committed:
                self.violations.append(
                    f"{path}: {stored} version objects for {committed} committed versions")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
