"""The driver `postgres` with more reads at once than turns: each call gets the rows that it asked for.

Reads that meet at a server nearby go together. Nobody may get another's row, an older one than was
acknowledged before it asked, or an error of another's call.
"""

import random
import threading

import pytest

from Servers.postgres import PostgresServer
from blackbox import dist
from blackbox.databases import PostgresDatabase
from blackbox.library import Call, DriverFailed, Library

READERS, PATHS = 24, 12


@pytest.fixture(scope="module")
def running():
    with PostgresServer() as server:
        yield server


@pytest.fixture
def store(running):
    library = Library.load(dist.dist() / "lib/holdfast/drivers/postgres/driver.so")
    with library.open({"url": PostgresDatabase(running).url}) as opened:
        yield opened


def together(count: int, body) -> list[str]:
    """Runs `body(number, report)` in so many threads; what they report, and what ended one of them."""
    problems: list[str] = []

    def run(number: int) -> None:
        try:
            body(number, problems.append)
        except Exception as failed:  # a thread that ends would otherwise be one that found nothing
            problems.append(f"thread {number}: {failed!r}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "a read never came back"
    return problems


def test_each_reader_gets_its_own_row(store):
    for number in range(PATHS):
        store.put(f"p/{number}", f"{number} ".encode() * 500)

    def read(number, report):
        chance = random.Random(number)
        for _ in range(200):
            path = chance.randrange(PATHS + 2)
            try:
                data = store.get(f"p/{path}")[1] if chance.random() < 0.7 else None
                size = store.head(f"p/{path}").size
            except DriverFailed as failed:
                if failed.kind != "not found" or path < PATHS:
                    report(f"p/{path}: {failed}")
                continue
            expected = f"{path} ".encode() * 500
            if path >= PATHS or size != len(expected) or data not in (None, expected):
                report(f"p/{path} has {size} bytes: {data and data[:20]}")

    assert together(READERS, read) == []


def test_what_was_acknowledged_is_read(store):
    newest = [0] * PATHS
    for number in range(PATHS):
        store.put(f"p/{number}", b"0")
    done = threading.Event()

    def work(number, report):
        if number < PATHS:
            try:
                for value in range(1, 60):
                    store.put(f"p/{number}", str(value).encode())
                    newest[number] = value
            finally:
                if number == 0:
                    done.set()
            return
        chance = random.Random(number)
        while not done.is_set():
            path = chance.randrange(PATHS)
            before = newest[path]
            found = int(store.get(f"p/{path}")[1])
            if found < before:
                report(f"p/{path} was {before} and is read as {found}")

    assert together(READERS + PATHS, work) == []


def test_a_call_that_ends_takes_nobody_with_it(store):
    store.put("a", b"x" * 200_000)

    def read(number, report):
        chance = random.Random(number)
        for round in range(60):
            # Every third reader has no time, or hardly any.
            short = number % 3 == 0
            try:
                data = store.get("a", call=Call(chance.choice([0, 0.0005, 0.002]) if short else 60))[1]
            except DriverFailed as failed:
                if not short or failed.kind not in ("deadline", "unavailable"):
                    report(f"reader {number}, round {round}: {failed}")
                continue
            if len(data) != 200_000:
                report(f"{len(data)} bytes")

    assert together(READERS, read) == []


def test_readers_survive_a_restart_of_the_server(running, store):
    store.put("a", b"1")
    gone = threading.Event()

    def read(number, report):
        if number == 0:
            try:
                running.restart(kill=True)
            finally:
                gone.set()
            return
        after = 0
        while after < 20:
            was_gone = gone.is_set()
            try:
                if store.get("a")[1] != b"1":
                    report("other bytes")
            except DriverFailed as failed:
                if was_gone or failed.kind != "unavailable":
                    report(f"reader {number}: {failed}")
            after += was_gone

    assert together(READERS, read) == []
