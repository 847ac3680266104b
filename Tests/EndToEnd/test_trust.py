"""A driver is the file that was pinned, or it is refused; installing, removing and pinning."""

import json
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from blackbox.cli import CommandLine, assert_one_error
from blackbox.dist import STORES, clean_environment, copy_dist, dist
from blackbox.pins import digest, flip, pin, pin_build
from blackbox.processes import Daemon, holdfast
from blackbox.project import tree
from blackbox.terraform import state

USAGE, NOT_FOUND, CONFLICT, INTEGRITY = 2, 3, 4, 6


@pytest.fixture
def kind() -> str:
    return "local"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of dist/ with the lock file that the build writes."""
    target = copy_dist(tmp_path / "dist")
    if not (target / "lib/holdfast/drivers.lock").is_file():
        pin_build(target)
    return target


@pytest.fixture
def provided(copy: Path) -> Path:
    return copy / "lib/holdfast/drivers"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "etc/drivers.lock"


@pytest.fixture
def operator(project, copy, lock):
    """`holdfast` with a lock file of the operator's own."""
    def run(*arguments, **options):
        return holdfast(*arguments, "-c", project.config, "--lock-file", lock, cwd=project.folder,
                        binaries=copy, **options)
    return run


@pytest.fixture
def source(copy: Path, tmp_path: Path) -> Path:
    """The driver `local` as a vendor hands it out; it is no longer among the provided ones."""
    folder = tmp_path / "local-0.1.0"
    (copy / "lib/holdfast/drivers/local").rename(folder)
    pin_build(copy)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def installed(operator, source, target, *flags) -> subprocess.CompletedProcess:
    return operator("driver", "install", source, "--directory", target, *flags)


def write_lock(lock: Path, text: str) -> None:
    lock.parent.mkdir(exist_ok=True)
    lock.write_text(text)
    lock.chmod(0o644)


# MARK: - What is pinned

COMMANDS = [
    ["state", "list"], ["state", "show", "x"], ["state", "pull", "x"],
    ["state", "push", "x", "-"], ["state", "versions", "x"], ["state", "rm", "x"],
    ["state", "force-unlock", "x"], ["lock", "list"], ["lock", "show", "x"],
    ["lock", "release", "x", "--force"], ["driver", "info", "local"],
]


@pytest.mark.parametrize("name", ["driver.so", "driver.toml"])
def test_one_flipped_bit_is_refused_by_every_command(project, copy, provided, name):
    cli = CommandLine(project, copy)
    cli.ok("state", "push", "terraform/x", "-", input=state(1))
    file = provided / "local" / name
    pinned = digest(file)
    flip(file)
    lock = copy / "lib/holdfast/drivers.lock"
    line = lock.read_text().split("\n").index("[driver.local]") + 1
    says = [str(file), digest(file), pinned, f"{lock}:{line}", "holdfast driver pin local"]
    before = tree(project.folder)
    for command in COMMANDS:
        done = cli.run(*command, input=state(2))
        assert_one_error(done, INTEGRITY, *says)
    error = json.loads(cli.run("state", "list", "--json").stderr)["error"]
    assert error["code"] == "driver-mismatch" and error["exit_code"] == INTEGRITY
    daemon = Daemon(project, binaries=copy)
    assert daemon.wait() == INTEGRITY and all(text in daemon.log for text in says), daemon.log
    assert tree(project.folder) == before
    # What only looks says so, too.
    [listed] = [row for row in cli.json("driver", "list")["drivers"] if row["id"] == "local"]
    assert listed["status"] == "refused" and pinned in listed["reason"]
    for command in (["verify"], ["verify", "local"], ["inspect", provided / "local"]):
        done = cli.run("driver", *command)
        assert done.returncode == INTEGRITY and pinned in done.stdout.decode()
    rows = json.loads(cli.run("driver", "verify", "--json").stdout)["drivers"]
    pinned = {driver: "pinned" for driver in STORES}
    assert {row["id"]: row["result"] for row in rows} == pinned | {"local": "differs"}
    flip(file)
    assert cli.pull("x") == state(1), "it is the file that was pinned again"


def test_a_spoilt_library_is_said_to_differ(project, copy, provided):
    (provided / "local/driver.so").write_text("this is no library\n")
    assert_one_error(CommandLine(project, copy).run("state", "list"), INTEGRITY, "sha256")


def test_the_builds_pins_are_of_its_own_drivers_alone(project, copy, provided, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(provided / "local", elsewhere / "local")
    flags = ["--driver-path", elsewhere]
    (elsewhere / "local/driver.toml").write_text(
        "# mine\n" + (provided / "local/driver.toml").read_text())
    cli = CommandLine(project, copy)
    cli.ok("state", "list", *flags)
    [row] = [row for row in cli.json("driver", "list", *flags)["drivers"]
             if row["folder"] == str(elsewhere / "local")]
    assert row["pin"] is None and row["status"] == "ok"
    done = cli.run("driver", "verify", "local", *flags)
    assert done.returncode == NOT_FOUND and b"unpinned" in done.stdout


def test_the_operators_pin_counts_before_the_builds(project, copy, provided, operator, lock):
    write_lock(lock, pin(provided / "local"))
    with (provided / "local/driver.toml").open("a") as manifest:
        manifest.write("# another build\n")
    pin_build(copy)
    assert_one_error(operator("state", "list"), INTEGRITY, f"{lock}:3", "--lock-file")
    done = operator("driver", "unpin", "local")
    assert done.returncode == 0 and b"still pinned" in done.stderr
    assert operator("state", "list").returncode == 0


def test_pin_takes_the_driver_as_it_is(operator, provided, lock):
    text = (provided / "local/driver.toml").read_text()
    (provided / "local/driver.toml").write_text(text + "# looked into\n")
    assert_one_error(operator("driver", "info", "local"), USAGE, "does not exist")
    done = operator("driver", "pin", "local", "--json")
    assert done.returncode == 0, done.stderr
    pinned = json.loads(done.stdout)["pinned"]
    assert pinned["manifest_sha256"] == digest(provided / "local/driver.toml")
    assert pinned["lock_file"] == str(lock) and not pinned["replaced"]
    assert lock.stat().st_mode & 0o777 == 0o644
    info = json.loads(operator("driver", "info", "local", "--json").stdout)["driver"]
    assert info["pin"]["file"] == str(lock) and info["pin"]["line"] == 4
    assert str(lock) in operator("driver", "info", "local").stdout.decode()
    assert operator("driver", "verify", "local").returncode == 0
    assert operator("driver", "unpin", "local").returncode == 0
    assert_one_error(operator("driver", "unpin", "local"), NOT_FOUND, str(lock))
    assert_one_error(operator("driver", "pin", "none"), NOT_FOUND, "none")
    assert_one_error(operator("driver", "verify", "none"), NOT_FOUND, "none")


def test_the_variable_names_the_lock_file(project, copy, provided, tmp_path):
    lock = tmp_path / "mine.lock"
    write_lock(lock, 'lock_version = 1\n[policy]\ndeny_ids = ["local"]\n')
    environment = {"HOLDFAST_DRIVERS_LOCK": str(lock)}
    cli = CommandLine(project, copy)
    assert_one_error(cli.run("state", "list", env=environment), USAGE, f"{lock}:3", "deny_ids")
    daemon = Daemon(project, binaries=copy, env=environment)
    assert daemon.wait() == USAGE and f"{lock}:3" in daemon.log
    daemon = Daemon(project, "--lock-file", lock, binaries=copy)
    assert daemon.wait() == USAGE and f"{lock}:3" in daemon.log
    cli.ok("state", "list")


# MARK: - Lock files that are not what they should be

SOUND = "lock_version = 1\n"
BAD_LOCKS = {
    "malformed": ("lock_version 1\n", ":1"), "newer": ("lock_version = 2\n", "knows 1"),
    "misspelt": (SOUND + "[policy]\ndeny_id = []\n", "deny_ids"),
    "conflict": ("<<<<<<< HEAD\n", ":1"), "empty": ("", "lock_version"),
    "not-text": ("lock_version = 1\n\udcff\n", "UTF-8"),
}


def assert_all_refuse(operator, *mentions: str) -> None:
    for command in (["state", "list"], ["driver", "info", "local"], ["driver", "pin", "local"],
                    ["driver", "unpin", "local"]):
        assert_one_error(operator(*command), USAGE, *mentions)
    done = operator("driver", "list")
    assert done.returncode == 0 and done.stdout.decode().count("refused: ") == len(STORES)
    assert operator("driver", "verify").returncode == USAGE


@pytest.mark.parametrize("name", BAD_LOCKS)
def test_a_bad_lock_file_is_refused_and_left_alone(operator, lock, name):
    text, mention = BAD_LOCKS[name]
    lock.parent.mkdir()
    lock.write_bytes(text.encode(errors="surrogateescape"))
    lock.chmod(0o644)
    before = tree(lock.parent)
    assert_all_refuse(operator, str(lock), mention)
    assert tree(lock.parent) == before


def test_a_lock_file_that_others_can_change_is_refused(operator, lock):
    write_lock(lock, SOUND)
    lock.chmod(0o664)
    assert_all_refuse(operator, str(lock), "group", "chmod go-w")
    lock.chmod(0o644)
    lock.parent.chmod(0o777)
    assert_all_refuse(operator, str(lock.parent), "everybody", "chmod go-w")


def test_a_link_is_no_lock_file(operator, lock):
    write_lock(lock, SOUND)
    lock.rename(lock.parent / "real")
    lock.symlink_to("real")
    assert_all_refuse(operator, str(lock), "symbolic link")


def test_the_builds_own_lock_file_is_checked_as_well(project, copy):
    (copy / "lib/holdfast/drivers.lock").write_text("lock_version = 9\n")
    assert_one_error(CommandLine(project, copy).run("state", "list"), USAGE, "drivers.lock:1")


# MARK: - Installing

def test_install_then_use_then_remove(operator, source, target, lock, project):
    flags = ["--driver-path", target]
    done = installed(operator, source, target, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 1
    change = json.loads(done.stdout)["installed"]
    assert change["folder"] == str(target / "local") and not change["replaced"]
    assert change["library_sha256"] == digest(source / "driver.so")
    assert tree(target / "local") == tree(source)
    assert operator("state", "list", *flags).returncode == 0
    listed = json.loads(operator("driver", "list", *flags, "--json").stdout)["drivers"]
    [row] = [row for row in listed if row["id"] == "local"]
    assert row["pin"]["file"] == str(lock) and row["status"] == "ok"
    flip(target / "local/driver.so")
    assert_one_error(operator("state", "list", *flags), INTEGRITY, str(lock))
    # It is mended by installing it again.
    assert_one_error(installed(operator, source, target), CONFLICT, "--replace")
    done = installed(operator, source, target, "--replace")
    assert done.returncode == 0, done.stderr
    assert operator("state", "list", *flags).returncode == 0
    done = operator("driver", "remove", "local", "--directory", target, "--json")
    removed = json.loads(done.stdout)["removed"]
    assert removed["unpinned"] and list(target.iterdir()) == []
    assert "driver.local" not in lock.read_text()
    assert_one_error(operator("driver", "remove", "local", "--directory", target), NOT_FOUND)


def test_install_by_the_librarys_name(operator, source, target):
    (source / "driver.o").write_text("what a build leaves")
    assert installed(operator, source / "driver.so", target).returncode == 0
    assert sorted(file.name for file in (target / "local").iterdir()) == [
        "driver.so", "driver.toml"]


def test_install_survives_a_strict_umask(operator, source, target, lock):
    mask = os.umask(0o077)
    try:
        assert installed(operator, source, target).returncode == 0
    finally:
        os.umask(mask)
    modes = {path: path.stat().st_mode & 0o777 for path in [target, *target.rglob("*"), lock]}
    assert set(modes.values()) == {0o755, 0o644}, modes


def build_c(folder: Path, draft: str) -> None:
    (folder / "driver.so").unlink()
    source = folder / "driver.c"
    source.write_text(f"""
#include <holdfast/driver.h>
#undef HOLDFAST_DRAFT
#define HOLDFAST_DRAFT {draft}
HOLDFAST_DRIVER_NOTE;
holdfast_status holdfast_driver_main_v1(const holdfast_offer *o, const holdfast_driver **d) {{
    return HOLDFAST_UNSUPPORTED;
}}
""")
    subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-z,now", "-Wl,-z,relro", "-I",
                    dist() / "include", "-o", folder / "driver.so", source], check=True)
    source.unlink()
    (folder / "driver.so").chmod(0o644)


def replace_text(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


BAD_SOURCES = {
    "no-elf": (lambda f: (f / "driver.so").write_text("no library"), USAGE, "ELF"),
    "no-manifest": (lambda f: (f / "driver.toml").unlink(), USAGE, "driver.toml"),
    "no-library": (lambda f: (f / "driver.so").unlink(), USAGE, "driver.so"),
    "empty": (lambda f: [file.unlink() for file in f.iterdir()], USAGE, "driver.toml"),
    "wrong-draft": (lambda f: build_c(f, "98u"), USAGE, "98"),
    "bad-manifest": (lambda f: (f / "driver.toml").write_text("[driver"), USAGE, "driver.toml:1"),
    "bad-id": (lambda f: replace_text(f / "driver.toml", '"local"', '"../local"'), USAGE, "id"),
    "extra-file": (lambda f: (f / "README").write_text("x"), USAGE, '"README"'),
    "extra-folder": (lambda f: (f / "lib").mkdir(), USAGE, '"lib"'),
    "writable-library": (lambda f: (f / "driver.so").chmod(0o664), USAGE, "chmod go-w"),
    "writable-folder": (lambda f: f.chmod(0o777), USAGE, "chmod go-w"),
    "link": (lambda f: [(f / "driver.so").rename(f / "x.so"), (f / "driver.so").symlink_to("x.so")],
             USAGE, "symbolic link"),
    "needs": (lambda f: replace_text(f / "driver.toml", '"libm.so.6"', '"libn.so.6"'), 0, ""),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_what_is_no_driver_is_not_installed(operator, source, target, lock, name):
    spoil, status, mention = BAD_SOURCES[name]
    spoil(source)
    done = installed(operator, source, target)
    if status == 0:  # A declaration that is not needed changes nothing.
        assert done.returncode == 0, done.stderr
        return
    assert_one_error(done, status, mention)
    assert not target.exists() and not lock.exists()


def test_what_does_not_fit_is_not_installed(operator, source, target, lock):
    assert_one_error(installed(operator, source / "none", target), NOT_FOUND, "none")
    assert_one_error(installed(operator, source / "driver.toml", target), USAGE, "neither")
    (source / "other.so").write_bytes((source / "driver.so").read_bytes())
    assert_one_error(installed(operator, source / "other.so", target), USAGE, "driver.so",
                     "other.so")
    assert_one_error(installed(operator, "/dev/null", target), USAGE, "neither")
    assert not target.exists() and not lock.exists()


def test_replacing_needs_a_folder_that_holds_a_driver_alone(operator, source, target, lock):
    assert installed(operator, source, target).returncode == 0
    (target / "local/notes").write_text("mine")
    before = tree(target), lock.read_text()
    assert_one_error(installed(operator, source, target, "--replace"), USAGE, "notes")
    assert_one_error(operator("driver", "remove", "local", "--directory", target), USAGE, "notes")
    assert (tree(target), lock.read_text()) == before


def test_what_came_with_the_program_stays(operator, copy, provided, tmp_path, lock):
    vendor = tmp_path / "vendor"
    shutil.copytree(provided / "local", vendor)
    before = tree(copy)
    done = operator("driver", "install", vendor, "--directory", provided, "--replace")
    assert_one_error(done, CONFLICT, "came with the program")
    done = operator("driver", "remove", "local", "--directory", provided)
    assert_one_error(done, CONFLICT, "came with the program")
    assert_one_error(operator("driver", "remove", "local", "--directory", tmp_path / "none"),
                     NOT_FOUND, str(provided))
    assert tree(copy) == before and not lock.exists()


def test_another_than_the_pinned_is_not_installed(operator, source, target, lock):
    write_lock(lock, pin(source).replace(source.name, "local"))
    text = lock.read_text()
    flip(source / "driver.so")
    assert_one_error(installed(operator, source, target), INTEGRITY, f"{lock}:3")
    assert lock.read_text() == text and not target.exists()


def test_a_full_target_is_left_as_it_was(operator, source, target, lock, copy, project):
    assert installed(operator, source, target).returncode == 0
    before = tree(target), lock.read_text()
    replace_text(source / "driver.toml", "manifest_version", "# another\nmanifest_version")

    def limit():
        # A file may not grow past this; the error comes in the middle of the library.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = subprocess.run(
        [copy / "bin/holdfast", "driver", "install", source, "--directory", target, "--replace",
         "--lock-file", lock], capture_output=True, env=clean_environment(), preexec_fn=limit,
        restore_signals=False, timeout=60)
    assert_one_error(done, 1, "driver.so", "File too large")
    assert (tree(target), lock.read_text()) == before


def test_a_target_that_cannot_be_written_is_named(operator, source, target, lock):
    done = installed(operator, source, "/proc/none")
    assert_one_error(done, (1, 5), "/proc/none")
    assert not lock.exists()
    target.write_text("a file")
    assert_one_error(installed(operator, source, target), (1, USAGE), str(target))
    assert target.read_text() == "a file" and not lock.exists()


def test_a_lock_file_that_cannot_be_written_stops_the_installation(source, target, copy):
    done = holdfast("driver", "install", source, "--directory", target, "--lock-file",
                    "/proc/none/drivers.lock", binaries=copy)
    assert_one_error(done, (1, 5), "/proc/none")
    assert list(target.iterdir()) == []


def test_another_build_of_a_provided_driver_can_be_installed(operator, copy, provided, tmp_path,
                                                             target, lock):
    vendor = tmp_path / "vendor"
    shutil.copytree(provided / "local", vendor)
    with (vendor / "driver.toml").open("a") as manifest:
        manifest.write("# another build\n")
    before = tree(copy)
    assert_one_error(installed(operator, vendor, target), CONFLICT, str(provided / "local"))
    assert not target.exists() and not lock.exists() and tree(copy) == before
    done = installed(operator, vendor, target, "--driver-path", target)
    assert done.returncode == 0, done.stderr
    assert operator("state", "list", "--driver-path", target).returncode == 0
    # The operator's pin is of the id, so the provided one is refused from now on.
    assert_one_error(operator("state", "list"), INTEGRITY, str(lock), str(provided))


def test_a_shadowed_installation_says_so(operator, copy, provided, tmp_path, target):
    vendor = tmp_path / "vendor"
    shutil.copytree(provided / "local", vendor)
    done = installed(operator, vendor, target)
    assert done.returncode == 0 and str(provided / "local").encode() in done.stderr


# MARK: - Where it is used without any configuration

def test_the_build_pins_what_it_ships(copy):
    rows = json.loads(holdfast("driver", "verify", "--json", binaries=copy).stdout)["drivers"]
    mine = [row for row in rows if row["folder"] and row["folder"].startswith(str(copy))]
    assert [(row["id"], row["result"]) for row in mine] == [(id, "pinned") for id in sorted(STORES)]


def test_an_installed_copy_keeps_its_pins(copy, tmp_path, project):
    root = tmp_path / "clone"
    root.mkdir()
    shutil.copytree(Path(__file__).parents[2] / "scripts", root / "scripts")
    copy.rename(root / "dist")
    subprocess.run([root / "scripts/install", tmp_path / "root", "/usr"], check=True,
                   capture_output=True)
    binaries = tmp_path / "root/usr"
    assert CommandLine(project, binaries).states() == []
    flip(binaries / "lib/holdfast/drivers/local/driver.so")
    assert_one_error(CommandLine(project, binaries).run("state", "list"), INTEGRITY,
                     str(binaries / "lib/holdfast/drivers.lock"))
