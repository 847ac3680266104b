"""Stops a daemon at a random moment of a write, breaks its lock, and lets it go on.

A write that is acknowledged must have been in the store before the lock was broken; one that comes
later must be refused, and must change nothing. Which of the two it is depends on the moment, so the
rounds count both: a harness whose pauses always come too early or too late proves nothing.
"""

import json
import random
import threading
import time
from dataclasses import dataclass, field

from blackbox.processes import Daemon
from blackbox.terraform import REFUSED, body_headers, lock_info, state
from blackbox.wire import Connection, Response


@dataclass
class Result:
    before: int = 0   # the write was in the store when the lock was broken
    refused: int = 0  # it came later and was refused
    blocked: int = 0  # it was stopped inside the store's own critical section; nobody could pass
    violations: list[str] = field(default_factory=list)


class PauseRounds:
    def __init__(self, paused: Daemon, running: Daemon, seed: int):
        self.paused, self.running = paused, running
        self.random = random.Random(seed)
        self.result = Result()
        self.longest_pause = self._time_of_one_write()

    def run(self, count: int) -> Result:
        for number in range(count):
            self._round(f"pause/{number}", number)
        return self.result

    def _time_of_one_write(self) -> float:
        """How long a write takes here, so that the pauses fall into it on any machine."""
        client = self.paused.client("pause/warm")
        for serial in range(5):
            started = time.monotonic()
            client.post(state(serial))
            took = time.monotonic() - started
        return took * 1.2

    def _round(self, path: str, number: int) -> None:
        holder, other = lock_info(), lock_info()
        late, first = state(number + 2, round=str(number)), state(number + 1)
        self.running.client(path).post(first)
        self.paused.client(path).lock(holder)
        answers: list[Response] = []
        writer = threading.Thread(
            target=lambda: answers.append(self.paused.client(path).post(late, holder["ID"])))
        writer.start()
        time.sleep(self.random.uniform(0, self.longest_pause))
        self.paused.pause()
        try:
            seen = self._take_over(path, other)
        finally:
            self.paused.resume()
        writer.join(60)
        if seen is None:
            self.result.blocked += 1
        else:
            self._judge(path, answers[0], seen, first, late)
        self.running.client(path).force_unlock()

    def _take_over(self, path: str, other: dict[str, str]) -> bytes | None:
        """Breaks the lock and takes it through the other daemon; None when the store is blocked."""
        try:
            # One connection, so that nothing is left running on the server after a time-out but
            # the one request that timed out.
            with Connection(self.running.port, timeout=0.7) as connection:
                target = f"/terraform/{path}"
                body = json.dumps(other).encode()
                assert connection.request("UNLOCK", target, b"").status == 200
                taken = connection.request("LOCK", target, body, headers=body_headers(body))
                assert taken.status == 200, str(taken)
                return connection.request("GET", target).body
        except TimeoutError:
            return None

    def _judge(self, path: str, answer: Response, seen: bytes, first: bytes, late: bytes) -> None:
        after = self.running.client(path).get().body
        if after != seen:
            self.result.violations.append(f"{path}: the state changed under the new holder")
        if seen == late and answer.status == 200:
            self.result.before += 1
        elif seen == first and answer.status in REFUSED:
            self.result.refused += 1
        else:
            self.result.violations.append(f"{path}: answered {answer.status}, seen {seen[:80]!r}")
