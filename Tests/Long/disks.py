"""File systems on loop devices, cut off from their power. Needs root."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


def run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr or done.stdout}")


class Disk:
    """An ext4 image, mounted. A cut copies the image as the disk has it at that moment.

    What the kernel has not yet written to the device is in the mounted file system's cache and not
    in the image, so that a copy is what a machine finds after a power cut. The copy is not atomic
    against the kernel's own write-back: whoever writes must have been stopped before.
    """

    def __init__(self, folder: Path, megabytes: int = 48):
        self.folder = folder
        self.template = folder / "template.img"
        self.image, self.cut_image = folder / "disk.img", folder / "cut.img"
        self.mount_point = folder / "disk"
        self.mount_point.mkdir(parents=True, exist_ok=True)
        with self.template.open("wb") as file:
            file.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.template)

    def mount(self) -> Path:
        """A new, empty disk with the default mount options."""
        copy(self.template, self.image)
        run("mount", "-o", "loop", self.image, self.mount_point)
        return self.mount_point

    def settle(self) -> None:
        """Writes everything out, so that only what comes after can be lost."""
        run("sync", "-f", self.mount_point)

    def cut(self, after_copy: Callable[[], None] = lambda: None) -> Path:
        """The disk as a machine finds it after the power came back: at the same place, because a
        project's path names its workspace."""
        copy(self.image, self.cut_image)
        after_copy()
        run("umount", self.mount_point)
        run("mount", "-o", "loop", self.cut_image, self.mount_point)
        return self.mount_point

    def end(self) -> None:
        subprocess.run(["umount", str(self.mount_point)], capture_output=True)

    def repaired(self) -> str:
        """What fsck says of the image after the journal was replayed; empty when it is clean."""
        run("umount", self.mount_point)
        done = subprocess.run(
            ["fsck.ext4", "-f", "-n", str(self.cut_image)], capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout


def copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    run("cp", "--sparse=always", source, target)


def tools_missing() -> list[str]:
    return [name for name in ("mkfs.ext4", "mount", "umount", "cp", "sync") if not shutil.which(name)]
