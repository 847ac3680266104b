"""What a way between a driver and its service can do, and a way that does it."""

import random
import threading
import time
from collections import Counter

from Servers.aws_stub import Answer, Stub, forward

# How the services say that they have too much to do.
BUSY = {
    "s3": (b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
           {"Content-Type": "application/xml"}),
    "gcs": (b'{"error": {"code": 503, "message": "busy", "errors": [{"reason": "backendError"}]}}',
            {"Content-Type": "application/json"}),
    "azblob": (b"<?xml version='1.0'?><Error><Code>ServerBusy</Code><Message>busy</Message></Error>",
               {"Content-Type": "application/xml", "x-ms-error-code": "ServerBusy"}),
}


def faults(kind: str, seconds: float) -> dict[str, object]:
    """Each fault by its name: a function that makes one; `seconds` is longer than anybody waits."""
    body, headers = BUSY[kind]
    return {
        "reset": lambda: Answer(reset=True),
        "reset after it was done": lambda: forward(reset=True),
        "answer lost": lambda: forward(lost=True),
        "truncated": lambda: forward(cut=1),
        "nothing of the body": lambda: forward(cut=0),
        "late": lambda: forward(delay=0.1),
        "half open": lambda: Answer(delay=seconds, lost=True),
        "half open after it was done": lambda: forward(delay=seconds, lost=True),
        "500": lambda: Answer(500, b""),
        "503 busy": lambda: Answer(503, body, dict(headers)),
        "429": lambda: Answer(429, b""),
    }


class Strike:
    """Lets one request of an operation meet a fault: the first, the second, …"""

    def __init__(self):
        self.lock = threading.Lock()
        self.at, self.fault, self.seen = -1, None, 0

    def arm(self, at: int, fault) -> None:
        with self.lock:
            self.at, self.fault, self.seen = at, fault, 0

    def __call__(self, _):
        with self.lock:
            number, self.seen = self.seen, self.seen + 1
        return self.fault() if number == self.at else None


class Weather:
    """Lets requests meet faults by chance, for as long as it is bad."""

    def __init__(self, kind: str, seed: int, rate: float):
        self.random, self.rate = random.Random(seed), rate
        self.kinds = faults(kind, seconds=1)
        self.ending = 0.0
        self.lock = threading.Lock()
        self.done: Counter = Counter()

    def storm(self, seconds: float) -> None:
        self.ending = time.monotonic() + seconds

    def __call__(self, _):
        with self.lock:
            if time.monotonic() > self.ending or self.random.random() > self.rate:
                return None
            name = self.random.choice(list(self.kinds))
            self.done[name] += 1
        return self.kinds[name]()


def way(answer, running) -> Stub:
    """The way to a server that is there."""
    return Stub(answer, int(running.port))
