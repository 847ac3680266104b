"""Runs the tests of the C example and of the SDK under the address and undefined-behaviour sanitizers."""

import shutil
import subprocess
from pathlib import Path

from blackbox.dist import REPOSITORY

SDK = REPOSITORY / "sdk"
FLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"


def main(folder: Path) -> bool:
    return all([_example(folder), _sdk()])


def _example(folder: Path) -> bool:
    """The driver and the program that tests it, both instrumented."""
    copy = folder / "log"
    shutil.copytree(SDK / "examples/log", copy, ignore=shutil.ignore_patterns("build"))
    return _run("examples/log", ["make", "--silent", "-C", copy, "check", f"SDK={SDK}",
                                 f"CFLAGS={FLAGS}"])


def _sdk() -> bool:
    """The loader and the SDK for Swift; what they load is not instrumented.

    Leaks are not looked for: drivers are never unloaded, and those of the tests free nothing at the
    end. The kit is left out: it judges processes by the signal that ended them, which the sanitizer
    catches.
    """
    return _run("sdk", ["env", "ASAN_OPTIONS=detect_leaks=0", "swift", "test", "--package-path", SDK,
                        "--sanitize", "address", "--scratch-path", SDK / ".build/address",
                        "--skip", "HoldfastConformanceTests"])


def _run(name: str, command: list) -> bool:
    done = subprocess.run(command, capture_output=True, text=True)
    lines = (done.stderr + done.stdout).strip().splitlines()
    passed = done.returncode == 0
    print(f"{name}: {'' if passed else 'VIOLATION: '}" + "\n".join(lines[-1 if passed else -60:]),
          flush=True)
    return passed
