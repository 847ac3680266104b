#!/usr/bin/env python3
"""Runs what takes long or needs root, on each driver: kills, crashes, power cuts, pauses, leases.

    Tests/Long/run.py [NAME …] [--kills N] [--cuts N] [--pauses N] …

The names are kills, crashes (of drivers' processes), cuts, pauses, leases, crowd (processes on one
sqlite file), kept (driver binaries of earlier builds), databases (several daemons over one, and both
killed), weather (daemons over buckets, on a way that fails) and sanitizers (over the C example and
the SDK). Without names it runs all. It ends with 1 when anything was lost, and with 2 when something
that it needs is missing: nothing is left out in silence.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Long import crowd, databases, kept, leases, power_cuts, sanitizers, weather  # noqa: E402
from Long.disks import tools_missing  # noqa: E402
from Long.kills import KillLoop  # noqa: E402
from blackbox.crashing import (  # noqa: E402
    build_shelf_driver, configure_two_stores, crash_under_load, kill_under_load)
from blackbox.databases import DATABASES  # noqa: E402
from blackbox.dist import DRIVERS, dist, missing  # noqa: E402
from blackbox.pauses import PauseRounds  # noqa: E402
from blackbox.processes import Daemon  # noqa: E402
from blackbox.project import Project  # noqa: E402

PARTS = ("kills", "crashes", "cuts", "pauses", "leases", "crowd", "kept", "databases",
         "weather", "sanitizers")


def kills(options, folder: Path) -> bool:
    passed = True
    for kind in options.drivers:
        loop = KillLoop(Project(folder / kind, kind), options.seed)
        loop.run(options.kills, lambda text: print(text, flush=True))
        print(f"{kind}: {options.kills} kills, {loop.acknowledged} acknowledged writes, "
              f"{loop.kept_unacknowledged} kept without an answer, "
              f"{len(loop.violations)} violations", flush=True)
        for violation in loop.violations[:20]:
            print(f"  VIOLATION {violation}", flush=True)
        # A loop that writes nothing would find nothing.
        passed = passed and not loop.violations and loop.acknowledged > options.kills
    return passed


def crashes(options, folder: Path) -> bool:
    passed = True
    for driver in (*options.drivers, "shelf"):
        project = Project(folder / driver, "local")
        flags: list[str | Path] = []
        if driver == "shelf":
            flags = ["--driver-path", build_shelf_driver(folder / "drivers", "CRASHES_IN_PUT")]
        configure_two_stores(project, driver, "process",
                             "drivers: {quarantineCrashes: 0, restartDelayMost: 100ms}\n")
        daemon = Daemon(project, *flags).wait_until_listening()
        try:
            result = (crash_under_load(daemon, driver, options.crashes) if driver == "shelf"
                      else kill_under_load(daemon, options.crashes, options.seed))
            violations = result.violations
        finally:
            daemon.kill()
        print(f"{driver}: {result.crashes} crashes; own store: {result.own.answered} writes, "
              f"{len(result.own.refused)} refused; its store: {result.other.answered} writes, "
              f"{len(result.other.refused)} refused; {len(violations)} violations", flush=True)
        for violation in violations[:20]:
            print(f"  VIOLATION {violation}", flush=True)
        passed = (passed and not violations and result.crashes >= options.crashes
                  and result.own.answered > 0)
    return passed


def cuts(options, folder: Path) -> bool:
    if os.geteuid() != 0:
        sys.exit("power cuts need root: they mount disk images")
    if names := tools_missing():
        sys.exit(f"power cuts need {', '.join(names)}")
    return power_cuts.main(options.cuts, options.drivers)


def pauses(options, folder: Path) -> bool:
    passed = True
    for kind in options.drivers:
        project = Project(folder / kind, kind)
        daemons = [Daemon(project).wait_until_listening() for _ in range(2)]
        try:
            result = PauseRounds(*daemons, options.seed).run(options.pauses)
        finally:
            for daemon in daemons:
                daemon.kill()
        print(f"{kind}: {options.pauses} pauses: {result.before} before, {result.refused} refused, "
              f"{result.blocked} blocked, {len(result.violations)} violations", flush=True)
        for violation in result.violations[:20]:
            print(f"  VIOLATION {violation}", flush=True)
        passed = passed and not result.violations and bool(result.refused and result.before)
    return passed


def run_leases(options, folder: Path) -> bool:
    return leases.main(folder, options.seconds, options.drivers, options.seed)


def run_databases(options, folder: Path) -> bool:
    return databases.main(
        folder, options.stores, daemons=options.daemons, clients=options.clients,
        seconds=options.database_seconds, seed=options.seed)


def run_weather(options, folder: Path) -> bool:
    return weather.main(
        folder, options.stores, daemons=options.daemons, clients=options.clients,
        seconds=options.database_seconds, seed=options.seed)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all when none is named")
    parser.add_argument("--kills", type=int, default=1000, help="on each driver")
    parser.add_argument("--crashes", type=int, default=1000, help="of each driver")
    parser.add_argument("--cuts", type=int, default=200, help="on each driver")
    parser.add_argument("--pauses", type=int, default=500, help="on each driver")
    parser.add_argument("--seconds", type=float, default=20, help="of the lease test, each way")
    parser.add_argument("--drivers", type=lambda text: tuple(text.split(",")), default=DRIVERS)
    parser.add_argument("--stores", type=lambda text: tuple(text.split(",")),
                        default=tuple(DATABASES), help="of the parts databases and weather")
    parser.add_argument("--daemons", type=int, default=3, help="over each database")
    parser.add_argument("--clients", type=int, default=24, help="of these daemons")
    parser.add_argument("--database-seconds", type=float, default=300, help="on each database")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if names := missing():
        print(f"{dist()} lacks {', '.join(names)}; run `make build`", file=sys.stderr)
        return 2
    print(f"seed {options.seed}", flush=True)
    functions = {"kills": kills, "crashes": crashes, "cuts": cuts, "pauses": pauses,
                 "leases": run_leases,
                 "crowd": lambda options, folder: crowd.main(folder, options.kills),
                 "databases": run_databases, "weather": run_weather,
                 "kept": lambda options, folder: kept.main(),
                 "sanitizers": lambda options, folder: sanitizers.main(folder)}
    failed = []
    for part in options.parts or PARTS:
        print(f"== {part}", flush=True)
        with tempfile.TemporaryDirectory(prefix=f"holdfast-{part}-") as folder:
            if not functions[part](options, Path(folder)):
                failed.append(part)
    print(f"FAILED: {', '.join(failed)}" if failed else "all passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
