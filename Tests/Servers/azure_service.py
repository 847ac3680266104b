"""The Azure Blob service over HTTP, as far as drivers and SDKs use it, with URLs as Azurite has them.

    python azure_service.py PORT ACCOUNT KEY

The account is the first part of a path, then the container, then the blob. `POST /_control` takes a JSON
object: `advance` (seconds that pass for leases, signatures and tokens), `skew` (seconds that the service's
clock is off), `page` (the most entries of a listing's page), `roles` (by the id of an identity), `lifetime`
(of tokens, in seconds), `faults`, `show` (a container whose blobs are told) and `forget` (requests, faults and
both clocks). A fault has `on` (a pattern for `METHOD /path?query`), `times`, and what happens: `status` with
`code` and `headers`, or `do`: reset, lost (done, then no answer), cut (half of the body), wait (`seconds`). The
answer tells what was asked since the last `forget`.
"""

import asyncio
import base64
import collections
import json
import re
import resource
import sys
import urllib.parse
import uuid
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Servers import azure_objects as objects  # noqa: E402
from Servers.azure_access import Access  # noqa: E402
from Servers.azure_objects import Blob, Clock, Refusal  # noqa: E402

NEWEST_VERSION = "2026-12-31"
PAGE = 5000


class Request:
    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        parts = urllib.parse.urlsplit(target)
        # A fragment has no place in a request, so `#` can only be a client's mistake.
        self.path = parts.path
        self.query = {name.lower(): value for name, value in
                      urllib.parse.parse_qsl(parts.query, keep_blank_values=True)}
        words = parts.path.split("/", 3)[1:] + ["", "", ""]
        self.account, self.container, self.blob = (urllib.parse.unquote(word) for word in words[:3])
        # What becomes of a name on its way: of backslashes, and of dots at the end of a part.
        self.blob = "/".join(part.rstrip(".") for part in self.blob.replace("\\", "/").split("/"))


class Answer:
    def __init__(self, status: int = 200, body: bytes = b"", headers: dict | None = None):
        self.status, self.body, self.headers = status, body, headers or {}


class Service:
    def __init__(self, account: str, key: str):
        self.clock = Clock()
        self.access = Access(account, key, self.clock)
        self.account = account
        self.containers: dict[str, dict[str, Blob]] = {}
        self.page = PAGE
        self.faults: list[dict] = []
        self.seen: collections.deque[dict] = collections.deque(maxlen=20_000)

    # MARK: One request

    def answer(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Refusal as refusal:
            return self.refused(refusal)

    def refused(self, refusal: Refusal) -> Answer:
        body = (f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{refusal.code}</Code><Message>'
                f"{escape(refusal.message)}\nRequestId:{uuid.uuid4()}\nTime:{self.clock.text()}"
                "</Message></Error>").encode()
        return Answer(refusal.status, body, {"x-ms-error-code": refusal.code,
                                             "Content-Type": "application/xml"} | refusal.headers)

    def _answer(self, request: Request) -> Answer:
        given = self.access.token_answer(request.method, request.path, request.query,
                                         request.headers, request.body)
        if given:
            return Answer(given[0], json.dumps(given[1]).encode(),
                          {"Content-Type": "application/json"})
        if request.account != self.account:
            raise Refusal(404, "ResourceNotFound", "The specified account does not exist.")
        self._check_version(request)
        operation, needed = self._operation(request)
        self.access.check(request.method, request.target, request.headers, needed,
                          request.container, request.blob)
        return operation(request)

    def _check_version(self, request: Request) -> None:
        version = request.headers.get("x-ms-version") or request.query.get("sv")
        if version is None:
            raise Refusal(400, "MissingRequiredHeader", "x-ms-version")
        if not re.fullmatch(r"20\d\d-\d\d-\d\d", version) or version > NEWEST_VERSION:
            raise Refusal(400, "InvalidHeaderValue", "x-ms-version")

    def _operation(self, request: Request):
        method, kind = request.method, request.query.get("comp", "")
        if kind == "batch" and method == "POST":
            return self.batch, "l"
        if request.blob:
            units = len(request.blob.encode("utf-16-le")) // 2
            if units > 1024 or request.blob.count("/") > 253:
                raise Refusal(400, "InvalidResourceName" if units <= 1024 else "OutOfRangeInput")
            found = {("PUT", ""): (self.put_blob, "w"), ("PUT", "block"): (self.put_block, "w"),
                     ("PUT", "blocklist"): (self.put_block_list, "w"),
                     ("GET", "blocklist"): (self.get_block_list, "r"),
                     ("PUT", "metadata"): (self.set_metadata, "w"),
                     ("PUT", "lease"): (self.lease, "w"), ("GET", ""): (self.get_blob, "r"),
                     ("HEAD", ""): (self.get_blob, "r"), ("GET", "metadata"): (self.get_blob, "r"),
                     ("DELETE", ""): (self.delete_blob, "d")}.get((method, kind))
        elif request.query.get("restype") == "container":
            found = {("PUT", ""): (self.create_container, "a"), ("GET", ""): (self.look, "p"),
                     ("HEAD", ""): (self.look, "p"), ("GET", "list"): (self.list_blobs, "l"),
                     ("DELETE", ""): (self.delete_container, "d")}.get((method, kind))
        else:
            raise Refusal(400, "InvalidQueryParameterValue", "restype")
        if found is None:
            raise Refusal(405, "UnsupportedHttpVerb")
        return found

    def _in(self, request: Request) -> dict[str, Blob]:
        if request.container not in self.containers:
            raise Refusal(404, "ContainerNotFound", "The specified container does not exist.")
        return self.containers[request.container]

    def _existing(self, request: Request) -> Blob:
        blob = self._in(request).get(request.blob)
        if blob is None or not blob.exists:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        return blob

    # MARK: Containers

    def create_container(self, request: Request) -> Answer:
        if not re.fullmatch(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*", request.container):
            raise Refusal(400, "InvalidResourceName")
        if request.container in self.containers:
            raise Refusal(409, "ContainerAlreadyExists")
        self.containers[request.container] = {}
        return Answer(201, headers={"ETag": '"0x1"', "Last-Modified": self.clock.text()})

    def look(self, request: Request) -> Answer:
        self._in(request)
        return Answer(headers={"ETag": '"0x1"', "Last-Modified": self.clock.text(),
                               "x-ms-lease-state": "available", "x-ms-lease-status": "unlocked"})

    def delete_container(self, request: Request) -> Answer:
        self._in(request)
        del self.containers[request.container]
        return Answer(202)

    def list_blobs(self, request: Request) -> Answer:
        blobs, query = self._in(request), request.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        include = set(query.get("include", "").split(","))
        most = self._most(query.get("maxresults"))
        after = self._marked(query.get("marker", ""))
        items: list[str] = []
        shown, last = set(), ""
        # By UTF-16, as Azurite does: nothing says how the service does it.
        for name in sorted(blobs, key=_units):
            blob = blobs[name]
            if not name.startswith(prefix) or after and _units(name) <= _units(after):
                continue
            if not blob.exists and not ("uncommittedblobs" in include and blob.uncommitted):
                continue
            rest = name[len(prefix):]
            folder = prefix + rest.partition(delimiter)[0] + delimiter \
                if delimiter and delimiter in rest else None
            if folder in shown or folder and after.startswith(folder):
                continue
            if len(items) == most:
                break
            last = name
            if folder:
                shown.add(folder)
                items.append(f"<BlobPrefix>{_name(folder)}</BlobPrefix>")
            else:
                items.append(self._entry(name, blob, include))
        else:
            last = ""
        marker = base64.b64encode(f"{uuid.uuid4()}!{last}".encode()).decode() if last else ""
        body = (f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://'
                f'{request.headers["host"]}/{self.account}" ContainerName="{request.container}">'
                f"<Prefix>{escape(prefix)}</Prefix><MaxResults>{most}</MaxResults><Blobs>"
                f"{''.join(items)}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>")
        return Answer(200, body.encode(), {"Content-Type": "application/xml"})

    def _most(self, text: str | None) -> int:
        if text is not None and (not text.isdigit() or int(text) == 0):
            raise Refusal(400, "OutOfRangeQueryParameterValue", "maxresults")
        return min(int(text or PAGE), PAGE, self.page)

    @staticmethod
    def _marked(marker: str) -> str:
        try:
            # Nobody but the service makes these, or knows what they hold.
            return base64.b64decode(marker, validate=True).decode().partition("!")[2]
        except ValueError:
            raise Refusal(400, "OutOfRangeInput", "marker") from None

    def _entry(self, name: str, blob: Blob, include: set[str]) -> str:
        shown = blob.properties(self.clock) if blob.exists else {}
        fields = {"Last-Modified": shown.get("Last-Modified"),
                  "Etag": shown.get("ETag", "").strip('"') or None,
                  "Content-Length": blob.size, "Content-Type": shown.get("Content-Type", ""),
                  "Content-MD5": blob.md5 or "", "BlobType": "BlockBlob",
                  "LeaseStatus": shown.get("x-ms-lease-status", "unlocked"),
                  "LeaseState": shown.get("x-ms-lease-state", "available")}
        properties = "".join(f"<{key}>{escape(str(value))}</{key}>"
                             for key, value in fields.items() if value is not None)
        text = f"<Blob>{_name(name)}<Properties>{properties}</Properties>"
        if "metadata" in include:
            text += "<Metadata>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value
                                           in blob.metadata.items()) + "</Metadata>"
        return text + "</Blob>"

    # MARK: Blobs

    def put_blob(self, request: Request) -> Answer:
        blobs = self._in(request)
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            raise Refusal(400, "MissingRequiredHeader" if "x-ms-blob-type" not in request.headers
                          else "InvalidHeaderValue", "x-ms-blob-type")
        blob = blobs.get(request.blob) or Blob()
        objects.put_blob(blob, request.headers, request.body, self.clock)
        blobs[request.blob] = blob
        return Answer(201, headers=blob.written() | {
            "Content-MD5": blob.md5, "x-ms-request-server-encrypted": "true"})

    def put_block(self, request: Request) -> Answer:
        blobs = self._in(request)
        blob = blobs.get(request.blob) or Blob()
        objects.put_block(blob, request.query.get("blockid", ""), request.headers, request.body,
                          self.clock)
        blobs[request.blob] = blob
        return Answer(201, headers={"x-ms-request-server-encrypted": "true"})

    def put_block_list(self, request: Request) -> Answer:
        blobs = self._in(request)
        try:
            wanted = [(item.tag, item.text or "") for item in ElementTree.fromstring(request.body)]
        except ElementTree.ParseError:
            raise Refusal(400, "InvalidXmlDocument") from None
        if any(kind not in ("Committed", "Uncommitted", "Latest") for kind, _ in wanted):
            raise Refusal(400, "InvalidXmlDocument")
        blob = blobs.get(request.blob) or Blob()
        objects.put_block_list(blob, wanted, request.headers, request.body, self.clock)
        blobs[request.blob] = blob
        return Answer(201, headers=blob.written())

    def get_block_list(self, request: Request) -> Answer:
        blob = self._in(request).get(request.blob)
        if blob is None:
            raise Refusal(404, "BlobNotFound")
        wanted, text = request.query.get("blocklisttype", "committed"), ""
        for kind, names, pieces in (("Committed", blob.order, blob.committed),
                                    ("Uncommitted", list(blob.uncommitted), blob.uncommitted)):
            if wanted in (kind.lower(), "all"):
                text += f"<{kind}Blocks>" + "".join(
                    f"<Block><Name>{name}</Name><Size>{pieces[name].size}</Size></Block>"
                    for name in names) + f"</{kind}Blocks>"
        return Answer(200, f'<?xml version="1.0" encoding="utf-8"?><BlockList>{text}</BlockList>'
                      .encode(), {"Content-Type": "application/xml",
                                  "x-ms-blob-content-length": str(blob.size)}
                      | (blob.written() if blob.exists else {}))

    def set_metadata(self, request: Request) -> Answer:
        blob = self._existing(request)
        objects.set_metadata(blob, request.headers, self.clock)
        return Answer(200, headers=blob.written())

    def lease(self, request: Request) -> Answer:
        status, headers = objects.lease(self._existing(request), request.headers, self.clock)
        return Answer(status, headers=headers)

    def delete_blob(self, request: Request) -> Answer:
        blob = self._existing(request)
        objects.check_conditions(blob, request.headers, reads=False)
        objects.check_lease(blob, request.headers, self.clock.now(), writes=True)
        del self._in(request)[request.blob]
        return Answer(202)

    def get_blob(self, request: Request) -> Answer:
        blob, headers = self._existing(request), request.headers
        objects.check_conditions(blob, headers, reads=True)
        objects.check_lease(blob, headers, self.clock.now(), writes=False)
        shown, size = blob.properties(self.clock), blob.size
        if request.method == "HEAD" or request.query.get("comp") == "metadata":
            return Answer(200, headers=shown | ({"Content-MD5": blob.md5} if blob.md5 else {}) | (
                {"Content-Length": str(size)} if request.method == "HEAD" else {}))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)",
                              headers.get("x-ms-range") or headers.get("range") or "")
        if wanted is None:
            return Answer(200, blob.read(0, size),
                          shown | ({"Content-MD5": blob.md5} if blob.md5 else {}))
        start, end = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
        if start >= size or end < start:
            raise Refusal(416, "InvalidRange", **{"Content-Range": f"bytes */{size}"})
        return Answer(206, blob.read(start, end + 1), shown | {
            "Content-Range": f"bytes {start}-{end}/{size}"})

    # MARK: Several at once

    def batch(self, request: Request) -> Answer:
        boundary = request.headers.get("content-type", "").partition("boundary=")[2].strip('"')
        if not boundary:
            raise Refusal(400, "InvalidHeaderValue")
        name = f"batchresponse_{uuid.uuid4()}"
        parts = []
        for part in request.body.split(f"--{boundary}".encode())[1:-1]:
            outer, _, inner = part.strip(b"\r\n").partition(b"\r\n\r\n")
            number = re.search(rb"(?i)content-id: *(\S+)", outer)
            sub = _parsed(inner.partition(b"\r\n\r\n")[0])
            sub.headers.setdefault("x-ms-version", request.headers["x-ms-version"])
            sub.headers.setdefault("host", request.headers["host"])
            if not (sub.method == "DELETE" and sub.blob):
                raise Refusal(400, "UnsupportedOperationInBatch")
            done = self.answer(sub)
            lines = [f"--{name}", "Content-Type: application/http",
                     *([f"Content-ID: {number[1].decode()}"] if number else []), "",
                     f"HTTP/1.1 {done.status} {_REASONS.get(done.status, 'Other')}",
                     *(f"{key}: {value}" for key, value in done.headers.items()),
                     f"Content-Length: {len(done.body)}", "", done.body.decode()]
            parts.append("\r\n".join(lines) + "\r\n")
        return Answer(202, ("".join(parts) + f"--{name}--\r\n").encode(),
                      {"Content-Type": f"multipart/mixed; boundary={name}"})

    # MARK: What tests say

    def control(self, request: Request) -> Answer:
        wanted = json.loads(request.body or b"{}")
        self.clock.offset += wanted.get("advance", 0)
        self.clock.skew = wanted.get("skew", self.clock.skew)
        self.page = wanted.get("page", self.page)
        self.access.roles.update(wanted.get("roles", {}))
        self.access.lifetime = wanted.get("lifetime", self.access.lifetime)
        self.faults += wanted.get("faults", [])
        shown = {"seen": list(self.seen), "tokens": self.access.requests, "faults": self.faults,
                 "issued": list(self.access.tokens)}
        blobs = self.containers.get(wanted.get("show", ""), {})
        shown["blobs"] = {name: blob.etag for name, blob in blobs.items() if blob.exists}
        if wanted.get("forget"):
            self.faults, self.access.requests = [], []
            self.clock.offset = self.clock.skew = 0.0
            self.seen.clear()
        return Answer(200, json.dumps(shown).encode(), {"Content-Type": "application/json"})

    def fault(self, request: Request) -> dict | None:
        for fault in self.faults:
            if re.search(fault.get("on", ""), f"{request.method} {request.target}"):
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
                return fault
        return None


def _units(name: str) -> bytes:
    return name.encode("utf-16-be")


def _name(name: str) -> str:
    # XML cannot hold two characters at all; the service escapes such a name as a whole.
    if re.search("[\ufffe\uffff]", name):
        return f'<Name Encoded="true">{urllib.parse.quote(name, safe="")}</Name>'
    return f"<Name>{escape(name)}</Name>"


_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 206: "Partial Content", 304: "Not Modified",
            400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
            409: "Conflict", 412: "Precondition Failed", 416: "Range Not Satisfiable",
            500: "Internal Server Error", 503: "Service Unavailable"}


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, *_ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(method, target, headers, b"")


async def _serve(service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
    try:
        while True:
            request = _parsed((await reader.readuntil(b"\r\n\r\n"))[:-4])
            length = request.headers.get("content-length")
            if request.headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if length:
                request.body = await reader.readexactly(int(length))
            if not await _respond(service, request, length, writer):
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client is gone
    finally:
        writer.close()


async def _respond(service: Service, request: Request, length: str | None, writer) -> bool:
    """Answers one request; false when the connection must end."""
    fault = None
    if request.path == "/_control":
        answer = service.control(request)
    else:
        service.seen.append({"method": request.method, "target": request.target,
                             "headers": request.headers, "length": int(length or 0)})
        fault = service.fault(request) or {}
        await asyncio.sleep(fault.get("seconds", 0))
        if fault.get("do") == "reset":
            writer.transport.abort()
            return False
        if "status" in fault:
            refusal = Refusal(fault["status"], fault.get("code", "InternalError"),
                              **fault.get("headers", {}))
            answer = service.refused(refusal)
        elif length is None and request.method in ("PUT", "POST"):
            answer = service.refused(Refusal(411, "MissingContentLengthHeader"))
        else:
            answer = service.answer(request)
        if fault.get("do") == "lost":
            writer.transport.abort()
            return False
    head, body = _written(service, request, answer)
    if fault and fault.get("do") == "cut":
        writer.write(head + body[:len(body) // 2])
        await writer.drain()
        return False
    writer.write(head)
    if body:
        writer.write(body)
    await writer.drain()
    return request.headers.get("connection", "").lower() != "close"


def _written(service: Service, request: Request, answer: Answer) -> tuple[bytes, bytes]:
    headers = {"Server": "Blob stand-in", "Date": service.clock.text(),
               "x-ms-request-id": str(uuid.uuid4()),
               "x-ms-version": request.headers.get("x-ms-version", "2021-12-02")}
    if "x-ms-client-request-id" in request.headers:
        headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
    headers |= answer.headers
    if answer.status not in (204, 304):
        headers.setdefault("Content-Length", str(len(answer.body)))
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Other')}",
             *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    no_body = request.method == "HEAD" or answer.status in (204, 304)
    return "\r\n".join(lines).encode("latin-1"), b"" if no_body else answer.body


async def main(port: int, account: str, key: str) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    service = Service(account, key)
    server = await asyncio.start_server(
        lambda reader, writer: _serve(service, reader, writer), "127.0.0.1", port,
        limit=4 << 20, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:4]))
