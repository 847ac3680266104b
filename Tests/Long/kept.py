"""Loads every driver binary that was kept (scripts/keep-driver), with the programs of today."""

import os
import subprocess
from pathlib import Path

from blackbox.dist import REPOSITORY, dist

SDK = str(REPOSITORY / "sdk")
# Not all checks: later ones may demand what nobody asked of the driver when it was built.
CHECKS = "negotiation.loads,lifecycle.describe-valid,data.round-trip,list.all"


def main() -> bool:
    place = os.environ.get("HOLDFAST_KEPT_DRIVERS")
    folders = sorted(path.parent for path in Path(place).glob("*/SHA256SUMS")) if place else []
    if not folders:
        print(f"no driver was kept: HOLDFAST_KEPT_DRIVERS is {place or 'not set'}", flush=True)
        return True
    build = ["swift", "build", "--package-path", SDK, "--product", "holdfast-conformance"]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    bin_path = subprocess.run([*build, "--show-bin-path"], check=True, capture_output=True, text=True)
    kit = Path(bin_path.stdout.strip()) / "holdfast-conformance"
    results = [_check(folder, kit) for folder in folders]
    return all(results)


def _check(folder: Path, kit: Path) -> bool:
    """A driver of today's interface loads and works; one of another draft is refused for that."""
    sums = subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=folder)
    if sums.returncode:
        print(f"{folder.name}: VIOLATION: it is not what was kept", flush=True)
        return False
    if _state(folder / "holdfast") == _state(REPOSITORY / "sdk/include/holdfast"):
        done = subprocess.run([kit, folder, "--only", CHECKS], capture_output=True, text=True)
        passed = done.returncode == 0
        words = "loads and works" if passed else done.stdout + done.stderr
    else:
        done = subprocess.run([dist() / "bin/holdfast", "driver", "inspect", folder],
                              capture_output=True, text=True)
        words = done.stdout + done.stderr
        passed = done.returncode != 0 and " of the interface, this host" in words
        words = "refused: built for another draft" if passed else words
    print(f"{folder.name}: {'' if passed else 'VIOLATION: '}{words}", flush=True)
    return passed


def _state(include: Path) -> list[str]:
    """What decides whether a host takes a driver; a minor version does not."""
    lines = (include / "driver.h").read_text().splitlines()
    return [line for line in lines
            if line.startswith(("#define HOLDFAST_ABI_MAJOR ", "#define HOLDFAST_DRAFT "))]
