"""Several daemons over one database, with both killed meanwhile: what Tests/Long does for longer."""

import random

import pytest

from Long import databases as long
from blackbox.databases import DATABASES
from blackbox.fleet import Fleet, Trouble, run
from blackbox.project import Project


@pytest.mark.parametrize("store", DATABASES)
def test_what_clients_were_told_has_one_explanation(databases, tmp_path, store):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    outcome = long.one(tmp_path, databases, store, daemons=2, clients=8, seconds=5, seed=seed,
                       paths=4, pause=(0.3, 1.5))
    print(outcome)
    assert not outcome.violations, "\n".join(outcome.violations[:20])
    assert outcome.acknowledged > 20 and all(outcome.trouble.values())


def test_daemons_over_different_stores_are_found_out(tmp_path):
    """What would go wrong if the daemons did not share: the clients and their judge must see it."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    with Fleet(Project(tmp_path / "one", "local"), 1) as fleet, \
            Fleet(Project(tmp_path / "two", "local"), 1) as other:
        fleet.ports += other.ports
        idle = Trouble({"nothing": lambda: None}, random.Random(seed))
        outcome = run(fleet, idle, seconds=3, clients=4, paths=2, seed=seed, pause=(0.5, 1))
    assert outcome.acknowledged > 5 and outcome.violations
