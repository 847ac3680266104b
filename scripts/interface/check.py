"""Compares the headers of an SDK with what was recorded of each earlier state of the interface."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import layout
from .header import Header

# Where a header initializes a struct of another one, an appended field is zero, as it should be.
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"]
C = ["cc", "-std=c11", *WARNINGS]
CPLUSPLUS = ["c++", "-std=c++17", *WARNINGS]
CLANG = "clang"


class Failed(Exception):
    """The check failed; the text says what, and what to do."""


@dataclass(frozen=True, order=True)
class Version:
    """A state of the interface: a draft of a major version, or a frozen minor version of it."""
    major: int
    is_frozen: bool
    number: int  # of the draft, or the minor

    def __str__(self) -> str:
        return f"{self.major}.{self.number}" if self.is_frozen else f"draft-{self.number}"


def version_of(headers: list[Header]) -> Version:
    constants = headers[0].constants
    major, minor, draft = (int(constants[f"HOLDFAST_{name}"].rstrip("u"))
                           for name in ("ABI_MAJOR", "ABI_MINOR", "DRAFT"))
    return Version(major, draft == 0, draft or minor)


class Check:
    def __init__(self, sdk: Path, scratch: Path):
        self.sdk, self.scratch, self.abi = sdk, scratch, sdk / "abi"
        self.notes: list[str] = []

    def run(self) -> None:
        today = layout.write(self.sdk / "include", self.scratch / "today")
        self._is_generated()
        self._compile(self.abi / "layout.h", self.sdk / "include")
        self.version = version_of(today)
        recorded = self.recorded()
        if unknown := self._unrecorded():
            self.notes.append(f"not recorded yet: {', '.join(unknown)}; when complete, run "
                              "scripts/check-abi --record")
        if self.version.is_frozen:
            self._frozen([each for each in recorded if each.is_frozen
                          and each.major == self.version.major])
        else:
            self._draft([each for each in recorded if each.major == self.version.major])

    def recorded(self) -> list[Version]:
        folders = (self.abi / "baseline").glob("*/holdfast/driver.h")
        return sorted(version_of(layout.read_all(path.parents[1])) for path in folders)

    def record(self) -> Path:
        """Keeps the headers of today, with their layout, beside those of earlier states."""
        folder = self.abi / "baseline" / str(version_of(layout.read_all(self.sdk / "include")))
        if folder.exists():
            self.run()  # what is recorded may only gain headers
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.sdk / "include/holdfast", folder / "holdfast",
                        ignore=lambda _, names: [n for n in names if not n.endswith(".h")])
        layout.write(folder, folder)
        return folder

    def _unrecorded(self) -> list[str]:
        """Headers that were added since this state was recorded."""
        folder = self._folder(self.version)
        if not folder.exists():
            return []
        return sorted(path.name for path in (self.sdk / "include/holdfast").glob("*.h")
                      if not (folder / "holdfast" / path.name).exists())

    # ---- What must hold -------------------------------------------------------------------------

    def _is_generated(self) -> None:
        for name in ("layout.h", "anchor.c"):
            kept = self.abi / name
            if not kept.exists() or kept.read_bytes() != (self.scratch / "today" / name).read_bytes():
                raise Failed(f"{kept} is not that of the headers; run scripts/generate-layout")

    def _draft(self, recorded: list[Version]) -> None:
        """A draft may change in every way, but never under the number that it had."""
        if any(each.is_frozen for each in recorded):
            raise Failed(f"major version {self.version.major} is frozen: HOLDFAST_DRAFT must be 0")
        last = recorded[-1] if recorded else None
        if last is None:
            raise Failed("nothing is recorded; run scripts/check-abi --record")
        if last > self.version:
            raise Failed(f"HOLDFAST_DRAFT went back from {last.number} to {self.version.number}")
        difference = self._difference(last, [])
        if last < self.version:
            self.notes.append(f"{self.version} is not recorded yet; it differs from {last}:\n"
                              f"{difference or 'in its text only'}\nWhen the change is complete, "
                              "record it: scripts/check-abi --record")
            return
        text = [folder / "holdfast/driver.h" for folder in (self._folder(last), self.sdk / "include")]
        if text[0].read_bytes() != text[1].read_bytes() or difference:
            raise Failed(f"the interface differs from the recorded {last}; drivers that were built for "
                         "that would be loaded and break: raise HOLDFAST_DRAFT in driver.h\n"
                         + (difference or "the text of driver.h differs"))

    def _frozen(self, recorded: list[Version]) -> None:
        """A frozen version only grows at the ends of its structs, and by a new minor version."""
        if not recorded:
            raise Failed("no frozen version is recorded; run scripts/check-abi --record")
        suppressions = ["--suppressions", str(self.abi / "appended.suppr")]
        for each in recorded:
            if each > self.version:
                raise Failed(f"HOLDFAST_ABI_MINOR went back from {each.number}")
            same = each == self.version
            if difference := self._difference(each, [] if same else suppressions):
                raise Failed(f"the interface no longer fits drivers that were built for {each}: "
                             + ("raise HOLDFAST_ABI_MINOR" if same else "append, and change nothing "
                                "that is there") + f"\n{difference}")
        if recorded[-1] < self.version:
            self.notes.append(f"{self.version} is not recorded yet; when it is released, run "
                              "scripts/check-abi --record")

    # ---- Comparing ------------------------------------------------------------------------------

    def _folder(self, version: Version) -> Path:
        return self.abi / "baseline" / str(version)

    def _difference(self, version: Version, suppressions: list[str]) -> str:
        """What abidiff and the recorded assertions find, or nothing."""
        folder = self._folder(version)
        old = self._library(folder / "anchor.c", folder, "old")
        new = self._library(self.abi / "anchor.c", self.sdk / "include", "new")
        run = subprocess.run(["abidiff", *suppressions, "--no-added-syms", old, new],
                             capture_output=True, text=True)
        if run.returncode & 3:
            raise Failed(f"abidiff: {run.stderr or run.stdout}")
        grows = ["-DHOLDFAST_LAYOUT_MAY_GROW"] if suppressions or version != self.version else []
        held = subprocess.run([*C, *grows, "-fsyntax-only", "-I", str(self.sdk / "include"), "-x", "c",
                               str(folder / "layout.h")], capture_output=True, text=True)
        words = sorted(set(re.findall(r'static assertion failed: "(.*)"', held.stderr)))
        if held.returncode and not words:
            words = [held.stderr]
        return "\n".join(([run.stdout.strip()] if run.returncode else []) + words)

    def _library(self, source: Path, include: Path, name: str) -> Path:
        library = self.scratch / f"{name}.so"
        run([*C, "-g", "-O0", "-shared", "-fPIC", "-I", str(include), "-o", str(library), str(source)])
        return library

    def _compile(self, header: Path, include: Path) -> None:
        """Holds headers to assertions, as each language and processor sees them."""
        arguments = ["-fsyntax-only", "-I", str(include), str(header)]
        run([*C, "-x", "c", *arguments])
        run([*CPLUSPLUS, "-x", "c++", *arguments])
        if shutil.which(CLANG) is None:
            self.notes.append("no clang: the layout was not checked for aarch64")
            return
        for target in ("x86_64-linux-gnu", "aarch64-linux-gnu"):
            run([CLANG, f"--target={target}", "-ffreestanding", *C[1:], "-x", "c", *arguments])


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)}:\n{done.stderr}")


def check(sdk: Path) -> list[str]:
    """Checks an SDK; returns what is to be told although nothing is wrong."""
    with tempfile.TemporaryDirectory(prefix="holdfast-abi-") as scratch:
        found = Check(sdk, Path(scratch))
        found.run()
        return [*found.notes, f"the interface is {found.version}; recorded: "
                + ", ".join(str(each) for each in found.recorded())]
