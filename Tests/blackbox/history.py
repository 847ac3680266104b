"""What clients of one Terraform state asked and were told, and whether one order of it all explains it.

The judge is a linearizability checker for a state with a lock: it keeps every pair of state and of operations
that may have taken effect already, and at each answer those pairs survive that can explain it. None left
means that no order exists. An operation without an answer may take effect at any later time, or never.

The versions of the state, in the order of their numbers, say in which order the writes took effect, so a
write has one place only. A write without an answer that made no version never happened.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

# The answers that the model knows.
DONE, LOCKED, NOT_LOCKED, ABSENT = "done", "locked", "not-locked", "absent"


@dataclass(eq=False, slots=True)
class Operation:
    """One request: `get`, `post`, `lock`, `unlock` or `break` (an unlock without an id)."""
    kind: str
    client: str
    lock: str | None = None      # the lock's id that the request carried
    body: str | None = None      # what was written, by its digest
    invoked: int = 0             # nanoseconds of this machine's clock
    returned: int | None = None
    answer: str | None = None    # None: unknown
    seen: str | None = None      # what was read, or who holds the lock

    def __str__(self) -> str:
        told = [self.answer or "no answer", *([self.seen[:12]] if self.seen else [])]
        given = [word[:12] for word in (self.lock, self.body) if word]
        return f"{self.client}: {' '.join([self.kind, *given])} -> {' '.join(told)}"


@dataclass
class History:
    """The operations on one state; clients in many threads add to it."""
    operations: list[Operation] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, kind: str, client: str, lock: str | None = None,
              body: str | None = None) -> Operation:
        operation = Operation(kind, client, lock, body, time.monotonic_ns())
        with self._guard:
            self.operations.append(operation)
        return operation

    def forget(self, operation: Operation) -> None:
        """For a request that was surely never sent."""
        with self._guard:
            self.operations.remove(operation)

    @staticmethod
    def end(operation: Operation, answer: str, seen: str | None = None) -> None:
        operation.answer, operation.seen = answer, seen
        operation.returned = time.monotonic_ns()


@dataclass(frozen=True, slots=True)
class Place:
    """What the state is: how many writes took effect, and who holds the lock."""
    writes: int
    holder: str | None


def step(operation: Operation, place: Place, bodies: list[str]) -> tuple[str, str | None, Place] | None:
    """What the service answers at a place, and the place after it; None where it cannot happen there."""
    held, mine = place.holder, operation.lock
    match operation.kind:
        case "get":
            if place.writes == 0:
                return ABSENT, None, place
            return DONE, bodies[place.writes - 1], place
        case "lock":
            if held not in (None, mine):
                return LOCKED, held, place
            return DONE, None, Place(place.writes, mine)
        case "unlock":
            if held not in (None, mine):
                return LOCKED, held, place
            return DONE, None, Place(place.writes, None)
        case "break":
            return DONE, None, Place(place.writes, None)
        case "post" if held != mine:
            return (NOT_LOCKED, None, place) if held is None else (LOCKED, held, place)
        case "post" if place.writes < len(bodies) and bodies[place.writes] == operation.body:
            return DONE, None, Place(place.writes + 1, held)
        case "post":
            return None  # another write's turn
    raise AssertionError(operation.kind)


def _explained(operation: Operation, place: Place, bodies: list[str]) -> Place | None:
    """The place after an operation that answered what it did; None where that does not fit."""
    found = step(operation, place, bodies)
    if found is None:
        return None
    answer, seen, after = found
    if operation.answer is None:
        # Without an effect it is as if it had not happened.
        return after if after != place else None
    if answer != operation.answer or (operation.seen is not None and seen != operation.seen):
        return None
    return after


class Exhausted(Exception):
    """Too many possibilities: no verdict, which a test counts as a failure."""


def judge(operations: list[Operation], bodies: list[str], most: int = 200_000) -> str | None:
    """What is wrong with a history, or None. `bodies` are the digests of all versions, oldest first."""
    if problem := _versions_problem(operations, bodies):
        return problem
    events = []
    for operation in _possible(operations, set(bodies)):
        events.append((operation.invoked, 0, operation))
        if operation.answer is not None:
            events.append((operation.returned, 1, operation))
    # Where two times are equal, what begins comes first: that allows more orders.
    events.sort(key=lambda event: event[:2])
    pending = Pending(events, bodies)
    worlds = [World(Place(0, None), frozenset(), frozenset())]
    for when, is_answer, operation in events:
        if not is_answer:
            pending.begin(operation)
            continue
        pending.now = when
        survivors = _answer(operation, worlds, pending, bodies, most)
        if not survivors:
            return f"no order explains {operation}; before it: {_shown(worlds)}"
        worlds = survivors
        pending.end(operation)
    return None


class Pending:
    """What may take effect at a moment. What was never answered stays for ever, so it is kept by what it
    needs to have an effect, and of several that do the same only the oldest unused one is tried."""

    def __init__(self, events: list[tuple[int, int, Operation]], bodies: list[str]):
        self.now = 0
        self._bodies = bodies
        self._answered: set[Operation] = set()
        self._loose: dict[tuple, list[Operation]] = {}
        # When each lock is last spoken of: after that nobody can tell whether it was ever taken.
        self._last: dict[str | None, int] = {}
        for when, _, operation in events:
            for lock in (operation.lock, operation.seen):
                self._last[lock] = when
        made = set(bodies)
        self._writers = {each.lock for _, _, each in events if each.kind == "post" and each.body in made}

    def begin(self, operation: Operation) -> None:
        if operation.answer is not None:
            self._answered.add(operation)
            return
        key = (operation.kind, operation.body if operation.kind == "post" else operation.lock)
        self._loose.setdefault(key, []).append(operation)

    def end(self, operation: Operation) -> None:
        self._answered.discard(operation)

    def candidates(self, world: "World"):
        """The operations that may take effect next in a world; more than can is harmless."""
        yield from self._answered - world.taken
        for key in self._keys(world.place):
            for operation in self._loose.get(key, ()):
                if operation not in world.optional:
                    yield operation
                    break

    def _keys(self, place: "Place") -> list[tuple]:
        keys = [("post", self._bodies[place.writes])] if place.writes < len(self._bodies) else []
        if place.holder is not None:
            return keys + [("unlock", place.holder), ("break", None)]
        return keys + [key for key in self._loose if key[0] == "lock" and (
            key[1] in self._writers or self._last[key[1]] >= self.now)]


def _possible(operations: list[Operation], made: set[str]) -> list[Operation]:
    """Without the unanswered operations that can be left out of every order.

    A write without a version is one. A lock that nobody was ever told of is another: where it is in an
    order, the order is as good without it, because its holder's writes are all refused or unmade.
    """
    told = {each.seen for each in operations if each.kind != "get"}
    told |= {each.lock for each in operations if each.kind == "post" and each.body in made}

    def matters(operation: Operation) -> bool:
        match operation.kind:
            case "get":
                return False
            case "post":
                return operation.body in made
            case "lock":
                return operation.lock in told
        return True

    return [each for each in operations if each.answer is not None or matters(each)]


def _answer(operation: Operation, worlds: list["World"], pending: Pending, bodies: list[str],
            most: int) -> list["World"]:
    """The worlds in which an operation has taken effect by now, with its answer."""
    survivors, seen = Worlds(), Worlds()
    rest = deque(world for world in sorted(worlds, key=lambda world: len(world.optional))
                 if seen.add(world))
    while rest:
        world = rest.popleft()
        if operation in world.taken:
            survivors.add(World(world.place, world.taken - {operation}, world.optional))
            continue
        for other in pending.candidates(world):
            after = _explained(other, world.place, bodies)
            if after is None:
                continue
            if other is operation:
                survivors.add(World(after, world.taken, world.optional))
            elif other.answer is None:
                # Those with fewer of these come first, so that they stand for the others.
                if seen.add(found := World(after, world.taken, world.optional | {other})):
                    rest.append(found)
            elif seen.add(found := World(after, world.taken | {other}, world.optional)):
                rest.appendleft(found)
        if seen.count > most:
            raise Exhausted(f"more than {most} possibilities at {operation}")
    return survivors.all


@dataclass(frozen=True, slots=True)
class World:
    """A place, and which operations took effect on the way: of those pending, and of those unanswered."""
    place: Place
    taken: frozenset[Operation]
    optional: frozenset[Operation]


class Worlds:
    """Worlds without those that another stands for: the same with fewer of the unanswered used up."""

    def __init__(self):
        self._found: dict[tuple[Place, frozenset], list[World]] = {}
        self.count = 0

    def add(self, world: World) -> bool:
        """Whether it was new."""
        known = self._found.setdefault((world.place, world.taken), [])
        if any(other.optional <= world.optional for other in known):
            return False
        known[:] = [other for other in known if not world.optional < other.optional]
        known.append(world)
        self.count += 1
        return True

    @property
    def all(self) -> list[World]:
        return [world for known in self._found.values() for world in known]


def _versions_problem(operations: list[Operation], bodies: list[str]) -> str | None:
    """Every acknowledged write made one version, and every version is somebody's write."""
    if len(set(bodies)) != len(bodies):
        return "one write made two versions"
    made = set(bodies)
    for operation in operations:
        if operation.kind == "post" and operation.answer == DONE and operation.body not in made:
            return f"an acknowledged version is gone: {operation}"
        if operation.kind == "post" and operation.answer in (LOCKED, NOT_LOCKED) \
                and operation.body in made:
            return f"a refused write made a version: {operation}"
    if strangers := made - {each.body for each in operations if each.kind == "post"}:
        return f"versions that nobody wrote: {sorted(strangers)[:3]}"
    return None


def _shown(worlds: list[World]) -> str:
    places = sorted({(world.place.writes, world.place.holder or "free") for world in worlds})
    return ", ".join(f"{writes} writes and {holder[:12]}" for writes, holder in places[:5])
