"""Daemons over a bucket, with a way to it on which requests and answers are lost, cut, late or refused at random.

What the clients were told must have one explanation, as when daemons are killed (databases.py).
"""

import random
from pathlib import Path

from blackbox.databases import BUCKETS, Databases
from blackbox.faults import Weather, way
from blackbox.fleet import Fleet, Outcome, Trouble, run
from blackbox.project import Project


def lead_over(database, url: str) -> None:
    """Leads a store over another way than the direct one."""
    direct = f"http://127.0.0.1:{database.server.port}"
    database.block = database.block.replace(direct, url)
    database.environment = {name: value.replace(direct, url)
                            for name, value in database.environment.items()}


def one(folder: Path, databases: Databases, store: str, *, daemons: int, clients: int, seconds: float,
        seed: int, paths: int = 8, rate: float = 0.08) -> Outcome:
    """One run over one store; the faults are counted as its trouble."""
    database, weather = databases.fresh(store), Weather(store, seed, rate)
    with way(weather, database.server) as stub:
        lead_over(database, stub.url)
        with Fleet(Project(folder / store, database.kind, database), daemons) as fleet:
            weather.storm(seconds)
            idle = Trouble({"nothing": lambda: None}, random.Random(seed))
            outcome = run(fleet, idle, seconds, clients, paths, seed, pause=(0.5, 1))
    outcome.trouble = weather.done
    return outcome


def main(folder: Path, stores: tuple[str, ...], **options) -> bool:
    passed = True
    with Databases() as databases:
        for store in [store for store in stores if store in BUCKETS]:
            outcome = one(folder, databases, store, **options)
            print(f"{store}: {outcome}", flush=True)
            for violation in outcome.violations[:20]:
                print(f"  VIOLATION {violation}", flush=True)
            passed = passed and not outcome.violations and outcome.acknowledged > options["seconds"]
    return passed
