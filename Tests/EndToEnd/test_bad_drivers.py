"""Drivers that are not what they should be are refused before any of their code runs."""

import subprocess
from pathlib import Path

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.dist import copy_dist, dist
from blackbox.processes import Daemon, holdfast
from blackbox.project import Project, tree
from blackbox.terraform import state

USAGE = 2


@pytest.fixture
def kind() -> str:
    return "local"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of dist/, which the test may spoil. Binaries find drivers relative to themselves."""
    target = copy_dist(tmp_path / "dist")
    # Pins would refuse every damage before the checks that are meant here; test_trust.py has them.
    (target / "lib/holdfast/drivers.lock").unlink(missing_ok=True)
    return target


@pytest.fixture
def folder(copy: Path) -> Path:
    return copy / "lib/holdfast/drivers/local"


def compile_library(target: Path, source: str) -> None:
    file = target.with_suffix(".c")
    file.write_text(source)
    target.unlink()
    subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname,driver.so", "-Wl,-z,now", "-Wl,-z,relro",
                    "-I", dist() / "include", "-o", target, file], check=True)
    file.unlink()
    target.chmod(0o644)


ENTRY = """
#include <holdfast/driver.h>
#include <stdio.h>
HOLDFAST_DRIVER_NOTE;
__attribute__((constructor)) static void ran(void) { fputs("CODE RAN", stderr); }
"""
MAIN = """
holdfast_status holdfast_driver_main_v1(const holdfast_offer *o, const holdfast_driver **d) {
    return HOLDFAST_UNSUPPORTED;
}
"""


def not_elf(folder: Path) -> None:
    (folder / "driver.so").write_text("this is no library\n")


def empty(folder: Path) -> None:
    (folder / "driver.so").write_bytes(b"")


def truncated(folder: Path) -> None:
    whole = (folder / "driver.so").read_bytes()
    (folder / "driver.so").write_bytes(whole[:5000])


def no_note(folder: Path) -> None:
    compile_library(folder / "driver.so", ENTRY.replace("HOLDFAST_DRIVER_NOTE;", "") + MAIN)


def no_entry(folder: Path) -> None:
    compile_library(folder / "driver.so", ENTRY + "int other;")


def two_exports(folder: Path) -> None:
    compile_library(folder / "driver.so", ENTRY + MAIN + "int malloc_hook_of_mine(void){return 1;}")


def wrong_major(folder: Path) -> None:
    compile_library(
        folder / "driver.so",
        ENTRY.replace("#include <stdio.h>",
                      "#undef HOLDFAST_ABI_MAJOR\n#define HOLDFAST_ABI_MAJOR 99u\n#include <stdio.h>")
        + MAIN)


def wrong_draft(folder: Path) -> None:
    compile_library(
        folder / "driver.so",
        ENTRY.replace("#include <stdio.h>",
                      "#undef HOLDFAST_DRAFT\n#define HOLDFAST_DRAFT 98u\n#include <stdio.h>") + MAIN)


def group_writable(folder: Path) -> None:
    (folder / "driver.so").chmod(0o664)


def others_writable(folder: Path) -> None:
    (folder / "driver.so").chmod(0o646)


def writable_folder(folder: Path) -> None:
    folder.chmod(0o777)


def writable_ancestor(folder: Path) -> None:
    folder.parent.chmod(0o775)


def symbolic_link(folder: Path) -> None:
    (folder / "driver.so").rename(folder / "real.so")
    (folder / "driver.so").symlink_to("real.so")


def a_fifo(folder: Path) -> None:
    import os
    (folder / "driver.so").unlink()
    os.mkfifo(folder / "driver.so", 0o644)


def no_manifest(folder: Path) -> None:
    (folder / "driver.toml").unlink()


def broken_manifest(folder: Path) -> None:
    (folder / "driver.toml").write_text('[driver\nid = "local')


def another_id(folder: Path) -> None:
    text = (folder / "driver.toml").read_text()
    (folder / "driver.toml").write_text(text.replace('"local"', '"other"'))


# Each: the damage, and a word that its message must hold.
REFUSED = {
    not_elf: "ELF", empty: "driver.so", truncated: "driver.so", no_note: "note",
    no_entry: "holdfast_driver_main_v1", two_exports: "malloc_hook_of_mine", wrong_major: "99",
    wrong_draft: "98", group_writable: "written by its group", others_writable: "written by everybody",
    writable_folder: "writable", writable_ancestor: "writable", symbolic_link: "link",
    a_fifo: "driver.so", no_manifest: "driver.toml", broken_manifest: "driver.toml",
    another_id: "manifest",
}


@pytest.mark.parametrize("damage", REFUSED, ids=lambda damage: damage.__name__)
def test_refused(project: Project, copy, folder, damage):
    damage(folder)
    before = tree(project.folder)
    done = CommandLine(project, copy).run("state", "list")
    text = assert_one_error(done, USAGE, REFUSED[damage])
    assert "CODE RAN" not in text, "the library was loaded before it was checked"
    assert tree(project.folder) == before
    daemon = Daemon(project, binaries=copy)
    assert daemon.wait() == USAGE, daemon.log
    if damage is another_id:
        return  # Only under its folder's name is the manifest another driver's.
    # What is wrong can be asked for, without loading anything.
    inspected = holdfast("driver", "inspect", folder, binaries=copy)
    assert inspected.returncode != 0 and REFUSED[damage].encode() in (
        inspected.stdout + inspected.stderr)
    assert b"CODE RAN" not in inspected.stderr
    listed = holdfast("driver", "list", binaries=copy)
    assert listed.returncode == 0 and b"sqlite" in listed.stdout


def test_a_whole_copy_works(project, copy, launch):
    cli = CommandLine(project, copy)
    assert cli.states() == []
    launch(project, binaries=copy).client("x").post(state(1))
    assert cli.pull("x") == state(1)


def test_a_drivers_folder_is_moved_away_and_put_back(project, copy, folder, tmp_path):
    cli = CommandLine(project, copy)
    file = tmp_path / "state"
    file.write_bytes(state(1))
    cli.ok("state", "push", "terraform/x", file)
    away = tmp_path / "away"
    folder.rename(away)
    assert holdfast("version", binaries=copy).returncode == 0
    assert b"sqlite" in holdfast("driver", "list", binaries=copy).stdout
    assert_one_error(cli.run("state", "list"), USAGE, "local", "sqlite")
    other = CommandLine(Project(tmp_path / "other", "sqlite"), copy)
    assert other.states() == [], "the other driver works on"
    away.rename(folder)
    assert cli.states() == ["x"] and cli.pull("x") == state(1)


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_other_folders_for_drivers(project, copy, folder, tmp_path, how):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.rename(elsewhere / "local")
    cli = CommandLine(project, copy)
    if how == "flag":
        done = cli.run("state", "list", "--driver-path", elsewhere)
    else:
        done = cli.run("state", "list", env={"HOLDFAST_DRIVER_PATH": str(elsewhere)})
    assert done.returncode == 0, done.stderr
