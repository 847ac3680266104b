"""A few rounds of the kill loop on every change; `make test-long` runs a thousand."""

import os
import random

from Long.kills import KillLoop


def test_kill_during_writes(project):
    seed = random.randrange(1 << 32)
    loop = KillLoop(project, seed)
    loop.run(int(os.environ.get("HOLDFAST_KILLS", "10")))
    print(f"seed {seed}: {loop.acknowledged} writes were acknowledged")
    assert not loop.violations, f"seed {seed}:\n" + "\n".join(loop.violations[:20])
    assert loop.acknowledged > 10, "the daemon was killed before it did anything"
