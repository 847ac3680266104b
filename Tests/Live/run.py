#!/usr/bin/env python3
"""Runs the kit and races for locks over real services, for whoever has credentials of them.

    Tests/Live/run.py [s3] [gcs] [azblob] [--only GROUPS] [--rounds N]

Each service is described by a variable, HOLDFAST_LIVE_S3, HOLDFAST_LIVE_GCS or HOLDFAST_LIVE_AZBLOB: a JSON object
with options of its driver, such as {"bucket": "team-tests", "region": "eu-central-1"}. What the driver reads from
the environment, such as AWS_ACCESS_KEY_ID, need not be in it. Everything is written below a new prefix (below the
option `prefix`, when there is one), which is removed at the end. A service without its variable is not run, and a
line says so. It ends with 1 when something was found, and with 2 when a variable cannot be used.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Live.place import BadOptions, LivePlace, live_options  # noqa: E402
from blackbox.dist import clean_environment, dist, missing  # noqa: E402
from blackbox.project import Project  # noqa: E402
from blackbox.races import PROCESSES, LockRace  # noqa: E402

SERVICES = {"s3": "HOLDFAST_LIVE_S3", "gcs": "HOLDFAST_LIVE_GCS", "azblob": "HOLDFAST_LIVE_AZBLOB"}


def run_kit(place: LivePlace, folder: Path, only: str | None) -> bool:
    kit = [dist() / "bin/holdfast", "driver", "test", dist() / "lib/holdfast/drivers" / place.driver]
    if not only:
        listed = subprocess.run([*kit, "--list"], check=True, capture_output=True, text=True).stdout
        # Checks of the options open stores elsewhere than below the prefix.
        only = ",".join(sorted({line.partition(".")[0] for line in listed.split("\n") if line} - {"options"}))
    done = subprocess.run(
        [*kit, "--options", place.write_options(folder / "options.json"), "--only", only],
        env=clean_environment(), capture_output=True, text=True)
    lines = done.stdout.splitlines() or [done.stderr]
    for line in lines[:-1] if done.returncode else []:
        print(f"  {line}")
    print(f"{place.driver}: the kit: {lines[-1]}", flush=True)
    return done.returncode == 0


def run_races(place: LivePlace, folder: Path, rounds: int) -> bool:
    project = Project(folder / "project", "local")
    project.config.chmod(0o600)
    project.configure(place.configuration())
    lost = []
    with LockRace(project) as race:
        for number in range(rounds):
            # One object takes about a write a second on some services: each round has a lock of its own.
            winner, answers = race.run(f"race/{number}")
            if not winner:
                lost.append(f"round {number}: {answers}")
    for text in lost:
        print(f"  VIOLATION {text}")
    print(f"{place.driver}: {rounds} races of {PROCESSES} processes for a lock: "
          f"{rounds - len(lost)} with exactly one winner", flush=True)
    return not lost


def run_service(driver: str, options: argparse.Namespace) -> bool:
    with (tempfile.TemporaryDirectory(prefix=f"holdfast-live-{driver}-") as folder,
          LivePlace(driver, live_options(driver, SERVICES[driver])) as place):
        print(f"{driver}: below {place.prefix}", flush=True)
        results = [run_kit(place, Path(folder), options.only),
                   run_races(place, Path(folder), options.rounds)]
    return all(results)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("services", nargs="*", choices=[*SERVICES, []], help="all when none is named")
    parser.add_argument("--only", help="groups and checks of the kit, instead of all")
    parser.add_argument("--rounds", type=int, default=30)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if names := missing():
        print(f"{dist()} lacks {', '.join(names)}; run `make build`", file=sys.stderr)
        return 2
    failed = []
    for driver in options.services or SERVICES:
        if not os.environ.get(SERVICES[driver]):
            print(f"{driver}: NOT RUN, because {SERVICES[driver]} is not set", flush=True)
        elif not run_service(driver, options):
            failed.append(driver)
    print(f"FAILED: {', '.join(failed)}" if failed else "nothing was found", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BadOptions, ModuleNotFoundError) as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        sys.exit(2)
