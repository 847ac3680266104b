"""Where the built binaries are."""

import os
import shutil
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Those that keep their state in files.
DRIVERS = ("local", "sqlite")
# Everything that a test of the programs alone may run over: drivers in files, and stores on servers.
STORES = (*DRIVERS, "postgres", "dynamodb", "s3", "gcs", "azblob")


def dist() -> Path:
    """The folder that `make build` fills, or the one that HOLDFAST_DIST names."""
    return Path(os.environ.get("HOLDFAST_DIST") or REPOSITORY / "dist").absolute()


def missing() -> list[str]:
    """The built files that are not there. A run without them fails: it would prove nothing."""
    needed = ["bin/holdfast", "bin/holdfastd"]
    for driver in STORES:
        needed += [f"lib/holdfast/drivers/{driver}/{name}" for name in ("driver.so", "driver.toml")]
    return [name for name in needed if not (dist() / name).is_file()]


def copy_dist(target: Path, changing: str = "local") -> Path:
    """A copy of dist/ in which a test may change the files of one driver; the other large files are the same ones
    under a second name, where the file system can do that: copying them takes longer than the test."""
    def copy(source: str, destination: str) -> str:
        path = Path(source)
        if path.parent.name != changing and path.stat().st_size > 1 << 20:
            try:
                os.link(source, destination)
                return destination
            except OSError:
                pass
        return shutil.copy2(source, destination)

    shutil.copytree(dist(), target, symlinks=True, copy_function=copy)
    return target


def clean_environment(**extra: str) -> dict[str, str]:
    """An environment in which nothing of the caller's changes what the binaries do."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    # A crashed process must not leave a backtracer behind that holds the test's pipes.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    # Drivers that tests let crash are no concern of this machine's.
    environment["HOLDFAST_QUARANTINE_DIR"] = f"{tempfile.gettempdir()}/holdfast-test-{os.getpid()}"
    return environment | extra
