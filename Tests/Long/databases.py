"""Daemons over one database, with both killed and restarted under the clients' hands.

What the clients asked and were told must have one explanation, every acknowledged version must be there
with its bytes, and no lock may have been held twice past its fence.
"""

import random
from pathlib import Path

from blackbox.databases import Databases
from blackbox.fleet import Fleet, Outcome, Trouble, run
from blackbox.project import Project


def troubles(fleet: Fleet, server, chance: random.Random) -> dict:
    """What happens to the daemons, and to the server where it keeps its state."""
    def daemon(kill: bool):
        return lambda: fleet.restart(chance.randrange(len(fleet.daemons)), kill)

    def immediate():
        server.stop_immediately()
        server.start()

    kinds = {"daemon killed": daemon(True), "daemon stopped": daemon(False)}
    if hasattr(server, "stop_immediately"):
        kinds |= {"server stopped": server.restart, "server stopped at once": immediate,
                  "server killed": lambda: server.restart(kill=True)}
    return kinds


def one(folder: Path, databases: Databases, store: str, *, daemons: int, clients: int, seconds: float,
        seed: int, paths: int = 8, pause: tuple[float, float] = (1, 5)) -> Outcome:
    """One run over one kind of store."""
    database = databases.fresh(store)
    with Fleet(Project(folder / store, database.kind, database), daemons) as fleet:
        chance = random.Random(seed)
        trouble = Trouble(troubles(fleet, database.server, chance), chance)
        return run(fleet, trouble, seconds, clients, paths, seed, pause)


def main(folder: Path, stores: tuple[str, ...], **options) -> bool:
    passed = True
    with Databases() as databases:
        for store in stores:
            outcome = one(folder, databases, store, **options)
            print(f"{store}: {outcome}", flush=True)
            for violation in outcome.violations[:20]:
                print(f"  VIOLATION {violation}", flush=True)
            # A run in which little happened would find little.
            passed = passed and not outcome.violations and outcome.acknowledged > options["seconds"]
    return passed
