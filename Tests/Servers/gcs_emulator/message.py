"""A request and an answer, as the two interfaces see them."""

import json
from dataclasses import dataclass, field
from typing import Iterator
from urllib.parse import parse_qsl, unquote

from gcs_emulator.objects import Data, Object
from gcs_emulator.refusal import Refused, invalid

PIECE = 1 << 20


@dataclass
class Request:
    method: str
    # As it was sent; parts are unescaped where they are taken.
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes
    base: str
    principal: str = ""

    def __post_init__(self):
        self.query = dict(parse_qsl(self.raw_query, keep_blank_values=True))

    def parts(self, count: int) -> list[str]:
        """The first parts of the path, unescaped."""
        return [unquote(part) for part in self.raw_path.split("/")[1:count + 1]]

    @property
    def document(self) -> dict:
        if not self.body:
            return {}
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise invalid("Parse Error")
        return found

    @property
    def form(self) -> dict[str, str]:
        if self.headers.get("content-type", "").startswith("application/json"):
            return {name: str(value) for name, value in self.document.items()}
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Instead of a body: a range of an object's bytes.
    data: Data | None = None
    span: tuple[int, int] = (0, 0)

    @property
    def size(self) -> int:
        return self.span[1] - self.span[0] if self.data else len(self.body)

    def pieces(self) -> Iterator[bytes]:
        if self.data is None:
            yield self.body
            return
        start, end = self.span
        while start < end:
            yield self.data.read(start, min(end, start + PIECE))
            start += PIECE


def json_answer(document: dict, status: int = 200, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "application/json; charset=UTF-8"} | given,
                  json.dumps(document).encode())


def media_answer(found: Object, range_text: str | None) -> Answer:
    """The bytes of an object, or a range of them."""
    data = found.data
    headers = {"Content-Type": found.resource.get("contentType", "application/octet-stream"),
               "ETag": f'"{found.etag}"', "Accept-Ranges": "bytes",
               "X-Goog-Generation": str(found.generation),
               "X-Goog-Metageneration": str(found.metageneration),
               "X-Goog-Hash": f"crc32c={data.crc32c},md5={data.md5_hash}",
               "X-Goog-Stored-Content-Length": str(data.size)}
    span = wanted(range_text, data.size)
    if span is None:
        return Answer(200, headers, data=data, span=(0, data.size))
    if span[0] >= data.size or span[0] >= span[1]:
        raise Refused(416, "requestedRangeNotSatisfiable",
                      "The requested range cannot be satisfied.", "Range")
    headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{data.size}"
    return Answer(206, headers, data=data, span=span)


def wanted(text: str | None, size: int) -> tuple[int, int] | None:
    """The range that a header asks for; `None` for all, as for a header that cannot be read."""
    unit, _, rest = (text or "").partition("=")
    first, mark, last = rest.partition("-")
    if unit != "bytes" or not mark or not (first or last) or "," in rest:
        return None
    if not all(part.isdigit() or not part for part in (first, last)):
        return None
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1 if last else size, size)
