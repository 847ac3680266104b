"""Folders of the two drivers that do nothing, as the loader wants them."""

import re
import subprocess
from pathlib import Path

FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
         "-fvisibility=hidden", "-Wl,-z,now,-z,relro,-z,defs,-z,nodelete,-z,noexecstack"]


class NoOpDrivers:
    def __init__(self, folder: Path, sdk: Path):
        self.sdk, self.built = sdk, sdk / "Benchmarks/.build/release"
        self.arguments: list[object] = []
        for language, make in (("C", self._compile), ("Swift", self._copy)):
            place = folder / language / "noop"
            place.mkdir(parents=True, mode=0o755)
            make(place / "driver.so")
            (place / "driver.so").chmod(0o644)
            (place / "driver.toml").write_text(self._manifest(place / "driver.so", language))
            (place / "driver.toml").chmod(0o644)
            self.arguments += [place, language]
        for each in (folder, *folder.iterdir()):
            each.chmod(0o755)

    def _compile(self, library: Path) -> None:
        subprocess.run(["cc", *FLAGS, f"-Wl,--version-script={self.sdk}/Benchmarks/noop.map",
                        "-I", self.sdk / "include", "-o", library,
                        self.sdk / "Benchmarks/noop.c"], check=True)

    def _copy(self, library: Path) -> None:
        library.write_bytes((self.built / "libNoOpDriver.so").read_bytes())

    def _manifest(self, library: Path, language: str) -> str:
        header = (self.sdk / "include/holdfast/driver.h").read_text()
        numbers = {name: re.search(rf"^#define HOLDFAST_{name} (\d+)u", header, re.M)[1]
                   for name in ("ABI_MAJOR", "ABI_MINOR", "DRAFT", "BEHAVIOUR")}
        dynamic = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True)
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic.stdout)
        return f"""\
manifest_version = 1
[driver]
id = "noop"
name = "Nothing"
version = "0.1.0"
publisher = "Holdfast"
license = "Apache-2.0"
summary = "Does nothing"
[abi]
major = {numbers["ABI_MAJOR"]}
minor = {numbers["ABI_MINOR"]}
draft = {numbers["DRAFT"]}
behaviour = {numbers["BEHAVIOUR"]}
[library]
path = "driver.so"
needed = [{", ".join(f'"{name}"' for name in needed)}]
[runtime]
language = "{language.lower()}"
threads = "parallel"
[isolation]
default = "in-process"
"""
