"""A small S3 that misbehaves as it is told: it ignores conditions, honours some only, or has several winners.

Real services do each of these. A thread of the tests, so that they can look inside; it checks no signature.
"""

import hashlib
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

ALL = frozenset({"create", "replace", "remove", "complete", "race"})


class Kept:
    """An object: its bytes, or only how many zeros."""

    def __init__(self, data: bytes, metadata: dict[str, str], zeros: int = 0):
        self.data, self.metadata, self.zeros = data, metadata, zeros
        self.tag = '"' + hashlib.md5(data + str(zeros).encode() * bool(zeros)).hexdigest() + '"'

    def __len__(self):
        return self.zeros or len(self.data)

    def piece(self, first: int, last: int) -> bytes:
        return bytes(last - first + 1) if self.zeros else self.data[first:last + 1]


class FakeS3:
    """The server. `honours` names what it does right; `rejects` answers every condition with 501.

    With `drops`, it keeps no bytes of parts and gives zeros back: for objects larger than the memory.
    """

    def __init__(self, honours=ALL, rejects: bool = False, drops: bool = False):
        self.honours, self.rejects, self.drops = frozenset(honours), rejects, drops
        self.objects: dict[str, Kept] = {}
        self.uploads: dict[str, dict] = {}
        self.requests: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        # Without "race", creates wait for one another between their look and their write.
        self.racers = threading.Barrier(2)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16
            disable_nagle_algorithm = True

            def do(self):
                outer._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "FakeS3":
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def options(self) -> dict[str, str]:
        return {"bucket": "bucket", "prefix": "p", "endpoint": self.url, "region": "x",
                "access_key_id": "AKIAEXAMPLE", "secret_access_key": "secret",
                "credentials_file": "/dev/null", "config_file": "/dev/null"}

    def _handle(self, request):
        path, _, query = request.path.partition("?")
        key = urllib.parse.unquote(path.removeprefix("/").partition("/")[2])
        words = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.requests.append((request.command, request.path))
        if request.headers.get("Expect"):
            request.send_response_only(100)
            request.end_headers()
        left = int(request.headers.get("Content-Length") or 0)
        body = b""
        while left:
            piece = request.rfile.read(min(left, 1 << 20))
            left -= len(piece)
            body = piece if self.drops and "partNumber" in words else body + piece
        act = {"GET": self._get, "HEAD": self._get, "PUT": self._put, "DELETE": self._delete,
               "POST": self._post}[request.command]
        status, headers, data = act(request, key, words, body)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", headers.get("Length") or str(len(data)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
        request.wfile.flush()

    # MARK: Conditions

    def _refusal(self, headers, key: str, what: dict[str, str]):
        """What a condition is answered with; None lets the request pass."""
        absent, tag = headers.get("If-None-Match"), headers.get("If-Match")
        if not (absent or tag):
            return None
        if self.rejects:
            return failure(501, "NotImplemented")
        kept = self.objects.get(key)
        if absent and what["absent"] in self.honours and kept:
            return failure(412, "PreconditionFailed")
        if tag and what["tag"] in self.honours and (not kept or kept.tag != tag):
            return failure(412 if kept else 404, "PreconditionFailed" if kept else "NoSuchKey")
        return None

    def _put(self, request, key, words, body):
        if "partNumber" in words:
            upload = self.uploads.get(words["uploadId"])
            if upload is None:
                return failure(404, "NoSuchUpload")
            count = int(request.headers["Content-Length"])
            upload["parts"][int(words["partNumber"])] = (b"" if self.drops else body, count)
            return 200, {"ETag": f'"{words["partNumber"]}"'}, b""
        if refused := self._refusal(request.headers, key, {"absent": "create", "tag": "replace"}):
            return refused
        if request.headers.get("If-None-Match") and "race" not in self.honours and "race-" in key:
            try:
                self.racers.wait(2)
            except threading.BrokenBarrierError:
                self.racers.reset()
            return 200, {"ETag": self._keep(key, Kept(body, metadata(request.headers)))}, b""
        with self.lock:
            # Once more, now that nobody comes in between.
            if refused := self._refusal(
                    request.headers, key, {"absent": "create", "tag": "replace"}):
                return refused
            return 200, {"ETag": self._keep(key, Kept(body, metadata(request.headers)))}, b""

    def _delete(self, request, key, words, _):
        if "uploadId" in words:
            return (204, {}, b"") if self.uploads.pop(words["uploadId"], None) else failure(
                404, "NoSuchUpload")
        if refused := self._refusal(request.headers, key, {"absent": "remove", "tag": "remove"}):
            return refused
        self.objects.pop(key, None)
        return 204, {}, b""

    def _post(self, request, key, words, _):
        if "uploads" in words:
            number = str(len(self.requests))
            self.uploads[number] = {"parts": {}, "metadata": metadata(request.headers), "key": key}
            return document("InitiateMultipartUploadResult", f"<UploadId>{number}</UploadId>")
        upload = self.uploads.get(words["uploadId"])
        if upload is None:
            return failure(404, "NoSuchUpload")
        if refused := self._refusal(request.headers, key, {"absent": "complete", "tag": "complete"}):
            return refused
        parts = [upload["parts"][number] for number in sorted(upload["parts"])]
        zeros = sum(count for _, count in parts) if self.drops else 0
        kept = Kept(b"".join(data for data, _ in parts), upload["metadata"], zeros)
        del self.uploads[words["uploadId"]]
        return document("CompleteMultipartUploadResult", f"<ETag>{escape(self._keep(key, kept))}</ETag>")

    # MARK: Reading

    def _keep(self, key: str, kept: Kept) -> str:
        self.objects[key] = kept
        return kept.tag

    def _get(self, request, key, words, _):
        if not key:
            return self._list(words)
        kept = self.objects.get(key)
        if not kept:
            return failure(404, "NoSuchKey")
        tag = request.headers.get("If-Match")
        if tag and tag != kept.tag:
            return failure(412, "PreconditionFailed")
        headers = kept.metadata | {"ETag": kept.tag,
                                   "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}
        wanted = request.headers.get("Range")
        if request.command == "HEAD":
            return 200, headers | {"Length": str(len(kept))}, b""
        if not wanted:
            return 200, headers, kept.piece(0, len(kept) - 1)
        first, last = (int(word) for word in wanted.removeprefix("bytes=").split("-"))
        last = min(last, len(kept) - 1)
        if first > last:
            return failure(416, "InvalidRange")
        return 206, headers | {"Content-Range": f"bytes {first}-{last}/{len(kept)}"}, kept.piece(
            first, last)

    def _list(self, words):
        if "uploads" in words:
            return document("ListMultipartUploadsResult", "")
        after = words.get("continuation-token") or words.get("start-after", "")
        most = int(words.get("max-keys", 1000))
        found = sorted((key for key in self.objects
                        if key.startswith(words.get("prefix", "")) and key.encode() > after.encode()),
                       key=str.encode)
        page = found[:most]
        rest = len(found) > len(page)
        keys = "".join(
            f"<Contents><Key>{urllib.parse.quote(key)}</Key><Size>{len(self.objects[key])}</Size>"
            "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>" for key in page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        return document(
            "ListBucketResult", "<EncodingType>url</EncodingType>"
            f"<IsTruncated>{'true' if rest else 'false'}</IsTruncated>{token}{keys}")


def metadata(headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower().startswith("x-amz-meta-")}


def document(name: str, inside: str):
    return 200, {"Content-Type": "application/xml"}, (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{inside}</{name}>').encode()


def failure(status: int, code: str, message: str = "", more: str = ""):
    return status, {"Content-Type": "application/xml"}, (
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>").encode()
