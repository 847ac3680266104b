"""A server on loopback that answers as a test says, or passes requests on to a real server.

Not a process of its own: a thread of the tests, so that they can look at each request.
"""

import http.client
import json
import os
import socket
import ssl
import struct
import threading
import time
import zlib
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What a request gets."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    # Passes the request on first; then `lost` closes the connection instead of answering, and `reset` breaks it.
    forward: bool = False
    lost: bool = False
    reset: bool = False
    delay: float = 0
    # Sends only so many bytes of the body that it announces.
    cut: int | None = None
    bad_sum: bool = False


def forward(**changes) -> Answer:
    return Answer(forward=True, **changes)


def failure(name: str, message: str = "", status: int = 400, **headers: str) -> Answer:
    """An error as DynamoDB writes one."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{name}", "message": message}
    return Answer(status, json.dumps(body).encode(),
                  {"Content-Type": "application/x-amz-json-1.0"} | headers)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def action(self) -> str:
        """The action of DynamoDB, such as PutItem."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Stub:
    """The server. `answer(request)` returns an Answer, or None to pass the request on."""

    def __init__(self, answer, behind: int | None = None, tls: ssl.SSLContext | None = None):
        self.answer, self.behind = answer, behind
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet: the second one would wait for the client's acknowledgement.
            wbufsize = 1 << 16
            disable_nagle_algorithm = True

            def do(self):
                outer._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> "Stub":
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, headers, handler.rfile.read(length))
        self.requests.append(request)
        answer = self.answer(request) or forward()
        if answer.forward:
            status, given, body = self._pass_on(request)
            answer.status, answer.body = status, body
            answer.headers = {name: value for name, value in given
                              if name.lower() not in ("content-length", "connection", "date", "server",
                                                      "transfer-encoding")} | answer.headers
        time.sleep(answer.delay)
        if answer.lost or answer.reset:
            handler.close_connection = True
            if answer.reset:
                # What was sent and not read yet is thrown away, and the client's end says so.
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(handler.connection.detach())
                return
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(handler, answer)

    def _send(self, handler, answer: Answer):
        if answer.bad_sum:
            answer.headers["x-amz-crc32"] = str(zlib.crc32(answer.body) ^ 1)
        try:
            # A test may want another time than this machine's.
            (handler.send_response_only if "Date" in answer.headers else handler.send_response)(
                answer.status)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.end_headers()
            handler.wfile.write(answer.body[:answer.cut])
            handler.wfile.flush()
            if answer.cut is not None:
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            handler.close_connection = True  # the client is gone

    def _pass_on(self, request: Request):
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=30)
        try:
            # The Host header stays: it is part of what was signed.
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()
