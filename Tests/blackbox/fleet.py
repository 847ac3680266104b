"""Several daemons over one store, clients of them all, and what happens to daemons and server meanwhile."""

import hashlib
import json
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from blackbox.cli import CommandLine
from blackbox.history import (
    ABSENT, DONE, LOCKED, NOT_LOCKED, Exhausted, History, Operation, judge)
from blackbox.processes import Daemon
from blackbox.project import Project
from blackbox.terraform import Client, lock_info, state
from blackbox.wire import ConnectionEnded, Response

# Longer than any answer of a daemon whose store comes back, so that few outcomes stay unknown.
TIMEOUT = 40
NOT_FOUND = 3
ANSWERS = {200: DONE, 404: ABSENT, 409: NOT_LOCKED, 423: LOCKED}


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Fleet:
    """Daemons over one project's store. One that ended starts again on its port."""

    def __init__(self, project: Project, count: int):
        self.project = project
        self.daemons = [Daemon(project).wait_until_listening() for _ in range(count)]
        self.ports = [daemon.port for daemon in self.daemons]

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_) -> None:
        for daemon in self.daemons:
            daemon.kill()

    def restart(self, number: int, kill: bool) -> None:
        """Ends a daemon, by a signal that it does not hear or by one that it does, and starts it."""
        daemon = self.daemons[number]
        daemon.kill() if kill else daemon.stop()
        self.start(number)

    def start(self, number: int, seconds: float = 60) -> None:
        """Starts a daemon that ended; again and again while its store is away."""
        deadline = time.monotonic() + seconds
        while True:
            self.daemons[number] = Daemon(self.project, port=self.ports[number])
            try:
                self.daemons[number].wait_until_listening()
                return
            except AssertionError:
                if time.monotonic() > deadline:
                    raise


class StateClient:
    """One client: a process in Terraform's place, which asks any of the daemons."""

    def __init__(self, name: str, fleet: Fleet, histories: dict[str, History], seed: int):
        self.name, self.fleet, self.histories = name, fleet, histories
        self.random = random.Random(f"{seed} {name}")
        self.bodies: dict[str, bytes] = {}
        self.mine: set[str] = set()  # the locks that it asked for
        self.problems: list[str] = []

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            path = self.random.choice(list(self.histories))
            match self.random.random():
                case chance if chance < 0.55:
                    self._session(path, stop)
                case chance if chance < 0.80:
                    self._ask("get", path)
                case chance if chance < 0.985:
                    self._write(path, None)
                case _:
                    self._ask("break", path)

    def _session(self, path: str, stop: threading.Event) -> None:
        """What `terraform apply` does: lock, read, write once or more, unlock."""
        lock = str(uuid.UUID(int=self.random.getrandbits(128)))
        self.mine.add(lock)
        taken = self._ask("lock", path, lock)
        if taken.answer == LOCKED:
            # A lock of ours whose answer was lost: nobody else will give it back.
            if taken.seen in self.mine:
                self._ask("unlock", path, taken.seen)
            time.sleep(self.random.uniform(0, 0.05))
            return
        if taken.answer == DONE:
            for _ in range(self.random.randint(1, 3)):
                self._ask("get", path)
                self._write(path, lock)
        # Until it is surely free of ours.
        while self._ask("unlock", path, lock).answer is None and not stop.is_set():
            pass

    def _write(self, path: str, lock: str | None) -> None:
        filler = "x" * self.random.choice([0, 0, 100, 4000, 60_000])
        body = state(len(self.bodies) + 1, writer=self.name, filler=filler)
        self.bodies[digest(body)] = body
        self._ask("post", path, lock, body)

    def _ask(self, kind: str, path: str, lock: str | None = None, body: bytes | None = None) -> Operation:
        client = Client(self.random.choice(self.fleet.ports), path, timeout=TIMEOUT)
        history = self.histories[path]
        operation = history.begin(kind, self.name, lock, body and digest(body))
        try:
            answer = _send(client, kind, lock, body)
        except ConnectionRefusedError:
            history.forget(operation)
            time.sleep(0.05)
            return operation
        except (OSError, ConnectionEnded):
            time.sleep(0.05)
            return operation
        self._note(history, operation, answer)
        return operation

    def _note(self, history: History, operation: Operation, answer: Response) -> None:
        if answer.status >= 500:
            time.sleep(0.05)
            return
        word = ANSWERS.get(answer.status)
        if word is None:
            self.problems.append(f"{operation.client}: {operation.kind} answered {answer}")
            return
        seen = None
        if operation.kind == "get" and word == DONE:
            seen = digest(answer.body)
        elif word == LOCKED:
            seen = answer.json()["ID"]
        history.end(operation, word, seen)


def _send(client: Client, kind: str, lock: str | None, body: bytes | None) -> Response:
    match kind:
        case "get":
            return client.get()
        case "post":
            return client.post(body, lock)
        case "lock":
            return client.lock(lock_info(lock))
        case "unlock":
            return client.unlock(lock_info(lock))
    return client.force_unlock()


@dataclass
class Trouble:
    """What may happen: each a name and what does it, drawn at random."""
    kinds: dict[str, object]
    random: random.Random
    done: Counter = field(default_factory=Counter)

    def run(self, seconds: float, pause: tuple[float, float]) -> None:
        """Each kind once, in random order, then any, until the time is over."""
        deadline = time.monotonic() + seconds
        names = list(self.kinds)
        self.random.shuffle(names)
        while time.monotonic() < deadline or names:
            time.sleep(self.random.uniform(*pause))
            name = names.pop() if names else self.random.choice(list(self.kinds))
            self.kinds[name]()
            self.done[name] += 1


@dataclass
class Outcome:
    """What clients and judge found."""
    operations: int
    acknowledged: int
    unknown: int
    trouble: Counter
    violations: list[str]

    def __str__(self) -> str:
        trouble = ", ".join(f"{count} x {name}" for name, count in sorted(self.trouble.items()))
        return (f"{self.operations} operations, {self.acknowledged} acknowledged writes, {self.unknown} "
                f"without an answer; {trouble}; {len(self.violations)} violations")


def run(fleet: Fleet, trouble: Trouble, seconds: float, clients: int, paths: int, seed: int,
        pause: tuple[float, float]) -> Outcome:
    """Clients and trouble for a time; then the judgement of every state's history."""
    histories = {f"fleet/{number}": History() for number in range(paths)}
    people = [StateClient(f"client-{number}", fleet, histories, seed) for number in range(clients)]
    stop = threading.Event()
    threads = [threading.Thread(target=person.run, args=(stop,)) for person in people]
    for thread in threads:
        thread.start()
    try:
        trouble.run(seconds, pause)
        time.sleep(1)
    finally:
        stop.set()
        for thread in threads:
            thread.join(TIMEOUT + 10)
    violations = [problem for person in people for problem in person.problems]
    violations += [f"{thread.name} got no answer" for thread in threads if thread.is_alive()]
    bodies = {key: body for person in people for key, body in person.bodies.items()}
    for path, history in histories.items():
        violations += [f"{path}: {problem}" for problem in _judged(fleet, path, history, bodies)]
    everything = [each for history in histories.values() for each in history.operations]
    return Outcome(
        len(everything), sum(each.kind == "post" and each.answer == DONE for each in everything),
        sum(each.answer is None for each in everything), trouble.done, violations)


def _judged(fleet: Fleet, path: str, history: History, bodies: dict[str, bytes]) -> list[str]:
    done = CommandLine(fleet.project).run("state", "versions", f"terraform/{path}", "--json")
    if done.returncode not in (0, NOT_FOUND):
        return [f"the versions cannot be read: {done.stderr.decode()}"]
    versions = json.loads(done.stdout)["versions"][::-1] if done.returncode == 0 else []
    found = _version_problems(fleet, path, versions, bodies)
    try:
        verdict = judge(history.operations, [version["sha256"] for version in versions])
    except Exhausted as exhausted:
        verdict = f"no verdict: {exhausted}"
    return found + ([verdict] if verdict else [])


def _version_problems(fleet: Fleet, path: str, versions: list[dict], bodies: dict[str, bytes]) -> list[str]:
    """Whether each version has its bytes, and whether fences rise from lock to lock."""
    found = []
    locks: dict[int, str] = {}
    last = 0

    def read(numbered: tuple[int, dict]) -> Response:
        number, version = numbered
        daemon = fleet.daemons[number % len(fleet.daemons)]
        return daemon.request("GET", f"/terraform/{path}?version={version['id']}")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, enumerate(versions)))
    for version, answer in zip(versions, answers):
        if answer.body != bodies.get(version["sha256"]):
            found.append(f"version {version['id']} has other bytes than were written: {answer.status}")
        fence = version["fence"]
        if fence is not None and fence < last:
            found.append(f"version {version['id']} has the fence {fence} after {last}")
        last = max(last, fence or 0)
        if version["lock_id"] and locks.setdefault(fence, version["lock_id"]) != version["lock_id"]:
            found.append(f"two locks had the fence {fence}: {locks[fence]}, {version['lock_id']}")
    return found
