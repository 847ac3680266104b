"""HTTP/1.1 on a bare socket, so that tests can also speak it badly."""

import base64
import gzip
import hashlib
import json
import socket
from dataclasses import dataclass, field


@dataclass
class Response:
    status: int
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    raw: bytes = b""

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    @property
    def body(self) -> bytes:
        """The body with its content coding undone, as a client sees it."""
        return gzip.decompress(self.raw) if self.header("Content-Encoding") == "gzip" else self.raw

    def json(self):
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.reason} {dict(self.headers)} {self.raw[:400]!r}"


class ConnectionEnded(Exception):
    """The peer closed the connection before a whole response."""


class Connection:
    """One connection; every byte that goes out is the test's own."""

    def __init__(self, port: int, timeout: float = 60, host: str = "127.0.0.1"):
        self.port = port
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def finish_sending(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def request(self, method: str, target: str, body: bytes | None = None, *,
                headers: dict[str, str] | None = None, chunked: bool = False) -> Response:
        self.send(request_bytes(
            method, target, body, headers=headers, chunked=chunked, port=self.port))
        return self.response(method)

    def response(self, method: str = "GET") -> Response:
        response = self._head()
        while 100 <= response.status < 200:
            response = self._head()
        if method != "HEAD" and response.status not in (204, 304):
            response.raw = self._body(response)
        return response

    def is_closed(self, timeout: float) -> bool:
        """Whether the peer has closed; what it sent before is dropped."""
        self.socket.settimeout(timeout)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def _receive(self) -> None:
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError as error:
            raise ConnectionEnded(str(error)) from error
        if not data:
            raise ConnectionEnded(f"closed after {self.pending[:200]!r}")
        self.pending += data

    def _line(self) -> bytes:
        while b"\r\n" not in self.pending:
            self._receive()
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line

    def _exactly(self, count: int) -> bytes:
        parts, have = [], 0
        while have < count:
            if not self.pending:
                self._receive()
            part, self.pending = self.pending[: count - have], self.pending[count - have:]
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def _head(self) -> Response:
        version, _, rest = self._line().decode("latin-1").partition(" ")
        assert version.startswith("HTTP/1."), f"not a status line: {version!r}"
        status, _, reason = rest.partition(" ")
        response = Response(int(status), reason)
        while line := self._line().decode("latin-1"):
            name, _, value = line.partition(":")
            response.headers.append((name.strip(), value.strip()))
        return response

    def _body(self, response: Response) -> bytes:
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            parts = []
            while size := int(self._line().split(b";")[0], 16):
                parts.append(self._exactly(size))
                self._line()
            while self._line():
                pass
            return b"".join(parts)
        if (length := response.header("Content-Length")) is not None:
            return self._exactly(int(length))
        while True:
            try:
                self._receive()
            except ConnectionEnded:
                body, self.pending = self.pending, b""
                return body


def request_bytes(method: str, target: str, body: bytes | None = None, *, port: int,
                  headers: dict[str, str] | None = None, chunked: bool = False) -> bytes:
    """A request as it goes over the wire. A header given as None is left out."""
    lines = {"Host": f"127.0.0.1:{port}"}
    if chunked:
        lines["Transfer-Encoding"] = "chunked"
    elif body is not None:
        lines["Content-Length"] = str(len(body))
    lines |= headers or {}
    head = [f"{method} {target} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in lines.items() if value is not None]
    data = "\r\n".join([*head, "", ""]).encode("utf-8")
    return data + (chunks(body or b"") if chunked else body or b"")


def chunks(body: bytes, size: int = 16384) -> bytes:
    parts = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def exchange(port: int, method: str, target: str, body: bytes | None = None, *,
             headers: dict[str, str] | None = None, chunked: bool = False,
             timeout: float = 60) -> Response:
    """One request on a connection of its own."""
    with Connection(port, timeout) as connection:
        return connection.request(method, target, body, headers=headers, chunked=chunked)


def content_md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()
