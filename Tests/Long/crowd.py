"""Processes that commit, watch and read one sqlite file at once, some of which are killed: the long form
of what the driver's own C program does in each run of the tests."""

import subprocess
from pathlib import Path

from blackbox.dist import REPOSITORY, dist


def main(folder: Path, kills: int) -> bool:
    program = folder / "crowd"
    subprocess.run(
        ["cc", "-std=c17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
         "-I", REPOSITORY / "sdk/include", "-o", program,
         REPOSITORY / "Plugins/sqlite/Tests/sqlite_driver_test.c", "-ldl", "-lpthread"], check=True)
    driver = dist() / "lib/holdfast/drivers/sqlite/driver.so"
    done = subprocess.run([program, driver, "--kills", str(kills)], stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    return done.returncode == 0
