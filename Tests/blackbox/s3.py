"""What the tests of the driver `s3` have in common."""

from blackbox import dist
from blackbox.library import Library

# The bytes of a part of an upload, and of a piece of a read.
PART = 8 << 20


def library() -> Library:
    return Library.load(dist.dist() / "lib/holdfast/drivers/s3/driver.so")


def given(options: dict, **changes) -> dict:
    """Options as the driver gets them: what is true or false is a number."""
    merged = options | changes
    return {name: value == "true" if value in ("true", "false") else value
            for name, value in merged.items() if value is not None}
