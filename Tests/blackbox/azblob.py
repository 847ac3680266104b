"""What the tests of the driver `azblob` have in common."""

import pytest

from blackbox import dist
from blackbox.library import DriverFailed, Library

# What is longer is written in blocks, and read in several ranges.
SINGLE, BLOCK = 4 << 20, 8 << 20


def library() -> Library:
    return Library.load(dist.dist() / "lib/holdfast/drivers/azblob/driver.so")


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value
