"""A few seconds of the lease test on every change; `make test-long` runs longer."""

import random

from Long.leases import check_fenced, lost_updates, torment


def test_no_stale_lock_writes(project):
    seed = random.randrange(1 << 32)
    tally = torment(project, 8, seed, fenced=True)
    print(f"seed {seed}: {tally}")
    assert not (wrong := check_fenced(project, tally)), f"seed {seed}: {wrong}"
    assert tally.accepted and tally.refused, f"seed {seed}: no stale write was ever tried: {tally}"


def test_the_harness_sees_lost_updates_without_the_fence(project):
    seed = random.randrange(1 << 32)
    tally = torment(project, 8, seed, fenced=False)
    assert not tally.errors, tally.errors[:5]
    assert lost_updates(tally), f"seed {seed}: the control lost nothing: {tally}"
