"""What the tests of the driver `dynamodb` have in common."""

import json

from blackbox import dist
from blackbox.library import Library

# The bytes of a chunk, and the most that an item keeps itself.
CHUNK = 350 * 1024


def library() -> Library:
    return Library.load(dist.dist() / "lib/holdfast/drivers/dynamodb/driver.so")


def given(options: dict, **changes) -> dict:
    """Options as the driver gets them: what is true or false is a number."""
    merged = options | changes
    return {name: value == "true" if value in ("true", "false") else value
            for name, value in merged.items() if value is not None}


def receipt(service="shop", stage="dev", provider="aws-lambda") -> bytes:
    return json.dumps({"version": 1, "service": service, "stage": stage, "provider": provider}
                      ).encode()
