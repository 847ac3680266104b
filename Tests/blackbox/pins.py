"""Lock files as the build and an operator write them, made without Holdfast."""

import hashlib
import subprocess
from pathlib import Path

from blackbox.dist import REPOSITORY


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pin(*folders: Path) -> str:
    """The text of a lock file that pins the drivers in these folders."""
    text = "lock_version = 1\n"
    for folder in folders:
        text += (f'\n[driver.{folder.name}]\nlibrary_sha256 = "{digest(folder / "driver.so")}"\n'
                 f'manifest_sha256 = "{digest(folder / "driver.toml")}"\n')
    return text


def pin_build(binaries: Path) -> Path:
    """Writes the lock file of a copy of dist/, by the build's own script."""
    subprocess.run([REPOSITORY / "scripts/pin-drivers", binaries / "lib/holdfast"], check=True)
    return binaries / "lib/holdfast/drivers.lock"


def flip(path: Path) -> None:
    """Changes one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
