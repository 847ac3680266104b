"""Where a run over a real service takes place: options from the environment, and a prefix that nobody has."""

import json
import os
import secrets
import stat
import subprocess
from pathlib import Path

from Live.cleaners import CLEANERS
from blackbox.dist import dist


class BadOptions(Exception):
    """What is wrong with a variable of the live suite; never its value, which may have secrets."""


def live_options(driver: str, variable: str) -> dict:
    """The options of a variable, and those that the driver has from the environment."""
    try:
        options = json.loads(os.environ[variable])
    except ValueError as error:
        raise BadOptions(f"{variable} is no JSON: {error}") from None
    if not isinstance(options, dict):
        raise BadOptions(f"{variable} is no JSON object with the options of the driver {driver}")
    shown = subprocess.run([dist() / "bin/holdfast", "driver", "info", driver, "--json"], check=True,
                           capture_output=True).stdout
    known = {option["name"]: option for option in json.loads(shown)["driver"]["options"]}
    if unknown := sorted(set(options) - set(known)):
        raise BadOptions(f"{variable}: the driver {driver} has no option {unknown[0]!r}")
    for name, option in known.items():
        found = [os.environ[each] for each in option["environment"] if os.environ.get(each)]
        if name not in options and found:
            options[name] = found[0]
    if missing := [name for name, option in known.items() if option["required"] and name not in options]:
        raise BadOptions(f"{variable}: the option {missing[0]} is missing")
    return {name: json.dumps(value) if isinstance(value, (bool, int)) else str(value)
            for name, value in options.items()}


class LivePlace:
    """A prefix of its own; at the end of the block everything below it is removed."""

    def __init__(self, driver: str, options: dict[str, str]):
        self.cleaner = CLEANERS[driver](options)
        own = f"holdfast-live-{secrets.token_hex(6)}"
        self.prefix = "/".join(filter(None, [options.get("prefix", "").strip("/"), own]))
        self.driver, self.options = driver, options | {"prefix": self.prefix}

    def __enter__(self) -> "LivePlace":
        assert self.names() == [], f"somebody else has {self.prefix}"
        return self

    def __exit__(self, *_) -> None:
        self.cleaner.remove(self.prefix + "/")
        if left := self.names():
            raise RuntimeError(f"{len(left)} objects are left below {self.prefix}, {left[0]} among them")

    def names(self) -> list[str]:
        """Everything that lies below the prefix now."""
        return self.cleaner.names(self.prefix + "/")

    def options_below(self, folder: str) -> dict[str, str]:
        return self.options | {"prefix": f"{self.prefix}/{folder}"}

    def write_options(self, file: Path) -> Path:
        """For the kit; only its owner reads it."""
        file.touch(stat.S_IRUSR | stat.S_IWUSR)
        file.write_text(json.dumps(self.options_below("kit")))
        return file

    def configuration(self) -> str:
        """The project's file of a store here, which only its owner may read."""
        return f"backend:\n  kind: {self.driver}\n  options: {json.dumps(self.options_below('race'))}\n"
