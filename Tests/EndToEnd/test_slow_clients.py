"""200 clients that send slowly are closed at their deadline, and harm nobody meanwhile."""

import select
import time

import pytest

from blackbox.terraform import state
from blackbox.wire import Connection, request_bytes

HEADER_DEADLINE, IDLE_BODY_DEADLINE, MARGIN = 10, 30, 8


@pytest.fixture
def kind() -> str:
    return "sqlite"


class SlowClients:
    """Connections that are watched for the moment when the daemon closes them."""

    def __init__(self, port: int):
        self.port, self.open, self.closed_after = port, {}, {"header": [], "body": []}
        self.started = time.monotonic()

    def connect(self, kind: str, number: int) -> None:
        connection = Connection(self.port)
        if kind == "header":
            connection.send(b"POST /terraform/slow HTTP/1.1\r\n")
        else:
            connection.send(request_bytes(
                "POST", f"/terraform/slow/{number}", port=self.port,
                headers={"Content-Length": "100000"}) + b'{"serial"')
        self.open[connection.socket.fileno()] = (kind, connection)

    def drip(self) -> None:
        """A byte of a header now and then: an idle time-out alone would never end these."""
        for kind, connection in list(self.open.values()):
            if kind == "header":
                try:
                    connection.send(b"X: y\r\n")
                except OSError:
                    pass  # noticed by collect

    def collect(self) -> None:
        ready, _, _ = select.select(list(self.open), [], [], 0)
        for number in ready:
            kind, connection = self.open[number]
            try:
                ended = not connection.socket.recv(65536)
            except OSError:
                ended = True
            if ended:
                self.closed_after[kind].append(time.monotonic() - self.started)
                connection.close()
                del self.open[number]


def test_slow_headers_and_slow_bodies(daemon):
    slow = SlowClients(daemon.port)
    for number in range(100):
        slow.connect("header", number)
        slow.connect("body", number)
    client, served, worst = daemon.client("fast", timeout=10), 0, 0.0
    while slow.open and time.monotonic() - slow.started < IDLE_BODY_DEADLINE + MARGIN:
        began = time.monotonic()
        served += 1
        assert client.post(state(served)).status == 200
        assert client.get().body == state(served)
        worst = max(worst, time.monotonic() - began)
        slow.drip()
        slow.collect()
        time.sleep(0.2)
    assert not slow.open, f"{len(slow.open)} of 200 are still open"
    header, body = slow.closed_after["header"], slow.closed_after["body"]
    assert len(header) == len(body) == 100
    assert max(header) < HEADER_DEADLINE + MARGIN, f"headers: {max(header):.1f} s"
    assert max(body) < IDLE_BODY_DEADLINE + MARGIN, f"bodies: {max(body):.1f} s"
    assert min(body) > 5, "a body that pauses shortly must be let live"
    assert worst < 5, f"others waited for {worst:.1f} s"
    assert daemon.client("slow/1").get().status in (204, 404)


def test_a_slow_body_that_keeps_coming_is_let_in(daemon):
    body = state(1, blob="s" * 2000)
    client = daemon.client("steady")
    connection = client.begin_post(body, 0)
    step = len(body) // 20 + 1
    for at in range(0, len(body), step):
        connection.send(body[at:at + step])
        time.sleep(0.1)
    assert connection.response().status == 200
    assert client.get().body == body
