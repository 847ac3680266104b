"""One of several processes that make the same object: `racer.py DRIVER`, with the store's options in OPTIONS.

It says `ready`, and for each path that it reads what became of its write: `won`, or the class of the failure.
"""

import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from blackbox.library import DriverFailed, Library  # noqa: E402


def main(driver: str) -> None:
    with Library.load(driver).open(json.loads(os.environ["OPTIONS"])) as store:
        print("ready", flush=True)
        for line in sys.stdin:
            try:
                store.put(line.strip(), str(os.getpid()).encode(), "absent")
                print("won", flush=True)
            except DriverFailed as failed:
                print(failed.kind, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
