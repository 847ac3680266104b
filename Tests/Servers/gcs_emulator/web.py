"""HTTP: reads a request, finds who may answer it, meets the faults, and sends the answer."""

import json
import socket
import sys
import time
import traceback
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from gcs_emulator.control import Clock, Control
from gcs_emulator.identity import Denied, Identity
from gcs_emulator.json_api import JSONInterface
from gcs_emulator.message import Answer, Request, json_answer
from gcs_emulator.objects import Objects, time_text
from gcs_emulator.refusal import Refused
from gcs_emulator.uploads import Uploads
from gcs_emulator.xml_api import XMLInterface

METADATA = "/computeMetadata/v1/instance/service-accounts/default/token"
EMAIL = "/computeMetadata/v1/instance/service-accounts/default/email"
IMPERSONATION = "/v1/projects/-/serviceAccounts/"


class Service:
    """All interfaces on one port."""

    def __init__(self, folder: str):
        self.clock = Clock()
        self.objects = Objects(self.clock, folder)
        self.uploads = Uploads(self.objects)
        self.identity = Identity(self.clock)
        self.control = Control(self.objects, self.uploads, self.identity, self.clock)
        self.json = JSONInterface(self.objects, self.uploads, self.identity)
        self.xml = XMLInterface(self.objects, self.identity)

    def handle(self, request: Request) -> Answer:
        try:
            return self._route(request)
        except Denied as denied:
            return json_answer(denied.document, denied.status)
        except Refused as refused:
            if refused.status in (304, 499):
                return Answer(refused.status)
            return json_answer(refused.document, refused.status)

    def _route(self, request: Request) -> Answer:
        path, identity = request.raw_path, self.identity
        if path == "/token" and request.method == "POST":
            return json_answer(identity.exchange(request.form, request.base + path))
        if path == "/sts/v1/token" and request.method == "POST":
            return json_answer(identity.exchange_subject(request.form))
        if path == METADATA:
            answer = json_answer(identity.metadata_token(request.headers.get("metadata-flavor")))
            answer.headers["Metadata-Flavor"] = "Google"
            return answer
        if path == EMAIL and identity.default_account:
            return Answer(200, {"Metadata-Flavor": "Google"}, identity.default_account.encode())
        if path == "/" and request.method == "GET":
            return Answer(200, {"Metadata-Flavor": "Google"})
        has_session = "upload_id" in request.query and path.startswith("/upload/")
        # The address of an upload's session is what allows to use it.
        request.principal = ("session" if has_session and "authorization" not in request.headers
                             else identity.principal(request.headers.get("authorization")))
        if path.startswith(IMPERSONATION):
            email = unquote(path.removeprefix(IMPERSONATION)).removesuffix(":generateAccessToken")
            found = identity.impersonate(request.principal, email, request.document)
            return json_answer({"accessToken": found["accessToken"],
                                "expireTime": time_text(found["expires"])})
        if path.startswith(("/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/")):
            return self.json.handle(request)
        return self.xml.handle(request)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers leave at once, in one piece where they are small.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    service: Service

    def do(self):
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        if path == "/_control":
            return self._control(body)
        control = self.service.control
        fault = control.fault(self.command, path, query, headers.get("content-range", ""))
        if fault is not None:
            time.sleep(fault.delay)
            if fault.keep is not None:
                body = self._front(headers, body, fault.keep)
        base = f"http://{headers.get('host', '')}"
        request = Request(self.command, path, query, headers, body, base)
        if fault is not None and (fault.reset or fault.status):
            control.record(self.command, path, query, "", headers)
            if fault.reset:
                return self._hang_up()
            return self._send(Answer(fault.status, fault.headers, fault.body.encode()))
        answer = self.service.handle(request)
        control.record(self.command, path, query, request.principal, headers)
        if fault is not None and (fault.lost or fault.keep is not None):
            return self._hang_up()
        self._send(answer, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def log_message(self, *_):
        pass

    def _body(self, headers: dict) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length") or 0))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        return b"".join(pieces)

    def _front(self, headers: dict, body: bytes, count: int) -> bytes:
        """The front of a piece of an upload, as if the connection had broken behind it."""
        unit, _, rest = headers.get("content-range", "").partition(" ")
        first = rest.partition("-")[0]
        if unit != "bytes" or not first.isdigit() or not body[:count]:
            return body
        headers["content-range"] = f"bytes {first}-{int(first) + len(body[:count]) - 1}/*"
        return body[:count]

    def _control(self, body: bytes):
        control = self.service.control
        document = control.change(json.loads(body)) if self.command == "POST" else control.show()
        self._send(json_answer(document))

    def _send(self, answer: Answer, fault=None):
        self.send_response_only(answer.status)
        self.send_header("Date", formatdate(self.service.clock(), usegmt=True))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(answer.size))
        self.end_headers()
        if self.command == "HEAD":
            return
        left = fault.cut if fault is not None else None
        is_corrupt = fault is not None and fault.corrupt
        for piece in answer.pieces():
            if is_corrupt and piece:
                piece, is_corrupt = bytes([piece[0] ^ 1]) + piece[1:], False
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            self.wfile.write(piece)
            if left == 0:
                self.wfile.flush()
                return self._hang_up()

    def _hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client is gone already

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError, ValueError):
            self.close_connection = True


class WebServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


def serve(port: int, folder: str):
    handler = type("BoundHandler", (Handler,), {"service": Service(folder)})
    WebServer(("127.0.0.1", port), handler).serve_forever(0.05)
