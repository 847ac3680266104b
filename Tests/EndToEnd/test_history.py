"""The judge of histories is judged: it accepts what a correct service does, and nothing else."""

import random

import pytest

from blackbox.history import (
    ABSENT, DONE, LOCKED, NOT_LOCKED, Operation, Place, judge, step)


def operation(kind: str, begin: int, end: int | None, answer: str | None = DONE, **members) -> Operation:
    return Operation(kind, "c", invoked=begin, returned=end, answer=None if end is None else answer,
                     **members)


def simulate(seed: int, count: int = 900, clients: int = 6) -> tuple[list[Operation], list[str]]:
    """Clients of a correct service, each with one request at a time; some answers are lost."""
    chance = random.Random(seed)
    place, bodies, history = Place(0, None), [], []
    busy: dict[int, Operation] = {}
    told: dict[int, tuple[str, str | None] | None] = {}
    held: dict[int, str] = {}

    def take_effect(client: int) -> None:
        nonlocal place
        made = busy[client]
        answer, seen, place = step(made, place, [*bodies, made.body or ""])
        if made.kind == "post" and answer == DONE:
            bodies.append(made.body)
        told[client] = answer, seen

    for now in range(count):
        client = chance.randrange(clients)
        if client in busy:
            if client not in told and chance.random() > 0.03:
                take_effect(client)
            answer = told.pop(client, None)
            if answer and chance.random() > 0.03:
                busy[client].answer, busy[client].seen = answer
                busy[client].returned = now * 10
            del busy[client]
            continue
        kind = chance.choice(["get", "post", "post", "lock", "unlock", "unlock"] * 3 + ["break"])
        if kind == "lock":
            held[client] = f"lock-{now}"
        lock = held.get(client) if kind in ("post", "lock", "unlock") else None
        if kind == "unlock" and held.pop(client, None) is None:
            continue
        busy[client] = Operation(
            kind, f"c{client}", lock, f"body-{now}" if kind == "post" else None, now * 10)
        history.append(busy[client])
        if chance.random() < 0.5:
            take_effect(client)
    return history, bodies


@pytest.mark.parametrize("seed", range(20))
def test_what_a_correct_service_does_is_accepted(seed):
    history, bodies = simulate(seed)
    assert len(bodies) > 10
    assert judge(history, bodies) is None


@pytest.mark.parametrize("seed", range(20))
def test_a_wrong_answer_is_found(seed):
    history, bodies = simulate(seed)
    chance = random.Random(seed)
    # An old value that is read long after newer ones were acknowledged.
    reads = [each for each in history if each.kind == "get" and each.seen]
    stale = chance.choice(reads[len(reads) // 2:])
    stale.seen = bodies[0]
    assert "no order explains" in judge(history, bodies)


def test_two_holders_of_one_lock():
    history = [operation("lock", 0, 10, lock="a"), operation("lock", 20, 30, lock="b")]
    assert "no order explains" in judge(history, [])
    history.insert(1, operation("break", 5, 25))
    assert judge(history, []) is None


def test_a_write_after_its_lock_was_broken():
    history = [operation("lock", 0, 10, lock="a"), operation("break", 11, 12),
               operation("lock", 13, 14, lock="b"), operation("post", 15, 16, lock="a", body="x")]
    assert "no order explains" in judge(history, ["x"])
    # Without its answer it may have happened while the lock was held, if it began in time.
    history[3].answer = history[3].returned = None
    assert judge([*history, operation("get", 20, 21, seen="x")], ["x"]) is not None
    history[3].invoked = 9
    assert judge([*history, operation("get", 20, 21, seen="x")], ["x"]) is None


def test_a_refusal_needs_its_reason():
    assert judge([operation("post", 0, 1, NOT_LOCKED, lock="a", body="x")], []) is None
    assert judge([operation("post", 0, 1, LOCKED, body="x")], []) is not None
    assert judge([operation("lock", 0, 1, lock="a"),
                  operation("lock", 2, 3, LOCKED, lock="b", seen="c")], []) is not None


def test_versions():
    write = operation("post", 0, 1, body="x")
    assert "gone" in judge([write], [])
    assert "nobody wrote" in judge([write], ["x", "y"])
    assert "two versions" in judge([write], ["x", "x"])
    refused = operation("post", 0, 1, LOCKED, body="x", seen="b")
    assert "refused" in judge([refused], ["x"])


def test_a_read_that_is_too_old_or_too_new():
    first, second = operation("post", 0, 10, body="x"), operation("post", 20, 30, body="y")
    assert judge([first, second, operation("get", 31, 32, seen="x")], ["x", "y"]) is not None
    assert judge([first, second, operation("get", 25, 32, seen="x")], ["x", "y"]) is None
    assert judge([first, second, operation("get", 11, 19, seen="y")], ["x", "y"]) is not None
    assert judge([first, operation("get", 11, 12, ABSENT)], ["x"]) is not None
