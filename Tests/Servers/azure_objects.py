"""Block blobs as the Azure Blob service keeps them: conditions, blocks, metadata, leases.

Nothing here knows HTTP. A request's headers come as a dictionary with names in small letters. One thread
at a time uses it, so that each operation is atomic.
"""

import base64
import hashlib
import os
import re
import tempfile
import time
import uuid
from email.utils import formatdate, parsedate_to_datetime

BLOCK_LIMIT, BLOCK_COUNT = 4000 << 20, 50_000
METADATA_LIMIT = 8 << 10
# Larger pieces lie in files without a name, so that a large object costs no memory.
_IN_MEMORY = 256 << 10
_sequence = 0


class Refusal(Exception):
    """An answer of the service that is an error."""

    def __init__(self, status: int, code: str, message: str = "", **headers: str):
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message or code, headers


class Clock:
    """The service's time. `advance` moves what ends by itself: leases, signatures, tokens."""

    def __init__(self):
        self.offset = 0.0  # of everything that ends
        self.skew = 0.0    # of the service's own Date

    def now(self) -> float:
        return time.time() + self.offset

    def date(self) -> float:
        return time.time() + self.skew

    def text(self) -> str:
        return formatdate(self.date(), usegmt=True)


class Piece:
    """The bytes of one block."""

    def __init__(self, data: bytes):
        self.size, self.data, self.file = len(data), data, None
        if len(data) > _IN_MEMORY:
            self.file, self.data = tempfile.TemporaryFile(buffering=0), b""
            self.file.write(data)

    def read(self, start: int, end: int) -> bytes:
        if self.file is None:
            return self.data[start:end]
        return os.pread(self.file.fileno(), end - start, start)


class Lease:
    def __init__(self, lease_id: str, duration: int, now: float):
        self.id, self.duration = lease_id, duration
        self.end = None if duration == -1 else now + duration
        self.broken_at: float | None = None

    def state(self, now: float) -> str:
        if self.broken_at is not None:
            return "broken" if now >= self.broken_at else "breaking"
        return "expired" if self.end is not None and now >= self.end else "leased"


class Blob:
    def __init__(self):
        self.exists = False
        self.pieces: list[Piece] = []
        self.committed: dict[str, Piece] = {}
        self.order: list[str] = []
        self.uncommitted: dict[str, Piece] = {}
        self.etag, self.modified = "", 0.0
        self.content_type, self.md5 = "application/octet-stream", None
        self.metadata: dict[str, str] = {}
        self.lease: Lease | None = None

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)

    def read(self, start: int, end: int) -> bytes:
        parts, at = [], 0
        for piece in self.pieces:
            first, last = max(start - at, 0), min(end - at, piece.size)
            if first < last:
                parts.append(piece.read(first, last))
            at += piece.size
        return b"".join(parts)

    def touch(self, clock: Clock) -> None:
        global _sequence
        _sequence += 1
        self.etag = f'"0x{0x8D0000000000000 + _sequence:X}"'
        self.modified, self.exists = int(clock.date()), True

    def lease_state(self, now: float) -> str:
        return self.lease.state(now) if self.lease else "available"

    def properties(self, clock: Clock) -> dict[str, str]:
        state = self.lease_state(clock.now())
        shown = {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True),
                 "Content-Type": self.content_type, "x-ms-blob-type": "BlockBlob",
                 "Accept-Ranges": "bytes", "x-ms-lease-state": state,
                 "x-ms-lease-status": "locked" if state in ("leased", "breaking") else "unlocked"}
        return shown | {f"x-ms-meta-{name}": value for name, value in self.metadata.items()}

    def written(self) -> dict[str, str]:
        return {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True)}


# MARK: Sums, metadata, conditions

def _crc64_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x9A6C9329AC4BC9B5 if value & 1 else 0)
        table.append(value)
    return table


_CRC64 = _crc64_table()


def crc64(data: bytes) -> bytes:
    """The CRC-64 of Azure Storage: reflected, all bits inverted at both ends, lowest byte first."""
    value = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        value = _CRC64[(value ^ byte) & 0xFF] ^ value >> 8
    return (value ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")


def _decoded(text: str, length: int, code: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        value = b""
    if len(value) != length:
        raise Refusal(400, code)
    return value


def check_sums(headers: dict, body: bytes) -> None:
    if "content-md5" in headers and "x-ms-content-crc64" in headers:
        raise Refusal(400, "InvalidHeaderValue", "both a Content-MD5 and a CRC64")
    if "content-md5" in headers:
        if _decoded(headers["content-md5"], 16, "InvalidMd5") != hashlib.md5(body).digest():
            raise Refusal(400, "Md5Mismatch")
    if "x-ms-content-crc64" in headers:
        if _decoded(headers["x-ms-content-crc64"], 8, "InvalidHeaderValue") != crc64(body):
            raise Refusal(400, "Crc64Mismatch")


def read_metadata(headers: dict) -> dict[str, str]:
    found = {name[10:]: value for name, value in headers.items() if name.startswith("x-ms-meta-")}
    for name, value in found.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or not value.isascii():
            raise Refusal(400, "InvalidMetadata")
    if sum(len(name) + len(value) for name, value in found.items()) > METADATA_LIMIT:
        raise Refusal(400, "MetadataTooLarge")
    return found


def check_conditions(blob: Blob, headers: dict, reads: bool) -> None:
    match, none = headers.get("if-match"), headers.get("if-none-match")
    since, until = headers.get("if-modified-since"), headers.get("if-unmodified-since")
    given = [value for value in (match, none) if value]
    if any("," in value for value in given) or match and none or since and until:
        raise Refusal(400, "MultipleConditionHeadersNotSupported")
    if not blob.exists:
        if match:
            raise Refusal(*(404, "BlobNotFound") if reads else (412, "ConditionNotMet"))
        return
    failed = Refusal(304 if reads else 412, "ConditionNotMet")
    if match and match not in ("*", blob.etag):
        raise Refusal(412, "ConditionNotMet")
    if none == "*":
        raise Refusal(400, "UnsatisfiableCondition") if reads else Refusal(409, "BlobAlreadyExists")
    if none and none == blob.etag:
        raise failed
    if since and blob.modified <= parsedate_to_datetime(since).timestamp():
        raise failed
    if until and blob.modified > parsedate_to_datetime(until).timestamp():
        raise Refusal(412, "ConditionNotMet")


# MARK: Writes

def put_blob(blob: Blob, headers: dict, body: bytes, clock: Clock) -> None:
    check_sums(headers, body)
    metadata = read_metadata(headers)
    check_conditions(blob, headers, reads=False)
    check_lease(blob, headers, clock.now(), writes=True)
    blob.pieces, blob.committed, blob.order, blob.uncommitted = [Piece(body)], {}, [], {}
    blob.md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    _finish(blob, headers, metadata, clock)


def put_block(blob: Blob, block: str, headers: dict, body: bytes, clock: Clock) -> None:
    check_sums(headers, body)
    check_lease(blob, headers, clock.now(), writes=True)
    try:
        name = base64.b64decode(block, validate=True)
    except ValueError:
        name = b""
    if not 1 <= len(name) <= 64:
        raise Refusal(400, "InvalidQueryParameterValue")
    if not body:
        raise Refusal(400, "InvalidHeaderValue")
    if len(body) > BLOCK_LIMIT:
        raise Refusal(413, "RequestBodyTooLarge")
    others = next(iter(blob.uncommitted or blob.committed), block)
    if len(base64.b64decode(others)) != len(name):
        raise Refusal(400, "InvalidBlobOrBlock")
    if len(blob.uncommitted) >= 2 * BLOCK_COUNT:
        raise Refusal(409, "BlockCountExceedsLimit")
    blob.uncommitted[block] = Piece(body)


def put_block_list(blob: Blob, wanted: list, headers: dict, body: bytes, clock: Clock) -> None:
    """`wanted` has a kind (Latest, Committed, Uncommitted) and an id for each block."""
    check_sums(headers, body)
    metadata = read_metadata(headers)
    check_conditions(blob, headers, reads=False)
    check_lease(blob, headers, clock.now(), writes=True)
    if len(wanted) > BLOCK_COUNT:
        raise Refusal(400, "BlockListTooLong")
    places = {"Committed": [blob.committed], "Uncommitted": [blob.uncommitted],
              "Latest": [blob.uncommitted, blob.committed]}
    found = {}
    for kind, name in wanted:
        piece = next((place[name] for place in places[kind] if name in place), None)
        if piece is None:
            raise Refusal(400, "InvalidBlockList")
        found[name] = piece
    blob.order = [name for _, name in wanted]
    blob.pieces = [found[name] for name in blob.order]
    # What is not in the list goes, also what another writer has just sent.
    blob.committed, blob.uncommitted = found, {}
    blob.md5 = headers.get("x-ms-blob-content-md5")
    _finish(blob, headers, metadata, clock)


def set_metadata(blob: Blob, headers: dict, clock: Clock) -> None:
    metadata = read_metadata(headers)
    check_conditions(blob, headers, reads=False)
    check_lease(blob, headers, clock.now(), writes=True)
    blob.metadata = metadata
    blob.touch(clock)


def _finish(blob: Blob, headers: dict, metadata: dict, clock: Clock) -> None:
    blob.metadata = metadata
    blob.content_type = headers.get("x-ms-blob-content-type") or "application/octet-stream"
    if blob.lease_state(clock.now()) in ("expired", "broken"):
        blob.lease = None
    blob.touch(clock)


# MARK: Leases

def check_lease(blob: Blob, headers: dict, now: float, writes: bool) -> None:
    shown, state = headers.get("x-ms-lease-id"), blob.lease_state(now)
    if state in ("leased", "breaking"):
        if writes and not shown:
            raise Refusal(412, "LeaseIdMissing",
                          "There is currently a lease on the blob and no lease ID was specified.")
        if shown and shown.lower() != blob.lease.id:
            raise Refusal(412, "LeaseIdMismatchWithBlobOperation")
    elif shown:
        raise Refusal(412, "LeaseLost" if blob.lease else "LeaseNotPresentWithBlobOperation")


def _seconds(headers: dict, name: str, allowed) -> int | None:
    if name not in headers:
        return None
    try:
        value = int(headers[name])
    except ValueError:
        value = -2
    if value not in allowed:
        raise Refusal(400, "InvalidHeaderValue")
    return value


def lease(blob: Blob, headers: dict, clock: Clock) -> tuple[int, dict[str, str]]:
    """Does a lease action: the status and headers of its answer."""
    now, action = clock.now(), headers.get("x-ms-lease-action")
    shown, proposed = ((headers.get(name) or "").lower()
                       for name in ("x-ms-lease-id", "x-ms-proposed-lease-id"))
    check_conditions(blob, headers, reads=False)
    state, held = blob.lease_state(now), blob.lease
    if action == "acquire":
        return 201, _acquire(blob, headers, state, proposed, now) | blob.written()
    if action not in ("renew", "change", "release", "break"):
        raise Refusal(400, "InvalidHeaderValue")
    if held is None:
        raise Refusal(409, "LeaseNotPresentWithLeaseOperation" if action in ("break", "change")
                      else "LeaseIdMismatchWithLeaseOperation")
    if action == "break":
        return 202, _break(held, headers, state, now) | blob.written()
    if shown != held.id and not (action == "change" and proposed == held.id):
        raise Refusal(409, "LeaseIdMismatchWithLeaseOperation")
    if action == "release":
        blob.lease = None
        return 200, blob.written()
    if action == "renew":
        if state in ("breaking", "broken"):
            raise Refusal(409, "LeaseIsBrokenAndCannotBeRenewed")
        blob.lease = Lease(held.id, held.duration, now)
    else:
        if state == "breaking":
            raise Refusal(409, "LeaseIsBreakingAndCannotBeChanged")
        if state != "leased":
            raise Refusal(409, "LeaseNotPresentWithLeaseOperation")
        held.id = proposed
    return 200, {"x-ms-lease-id": blob.lease.id} | blob.written()


def _acquire(blob: Blob, headers: dict, state: str, proposed: str, now: float) -> dict[str, str]:
    duration = _seconds(headers, "x-ms-lease-duration", {-1, *range(15, 61)})
    if duration is None:
        raise Refusal(400, "MissingRequiredHeader")
    if state == "breaking":
        raise Refusal(409, "LeaseIsBreakingAndCannotBeAcquired" if proposed == blob.lease.id
                      else "LeaseAlreadyPresent")
    if state == "leased" and proposed != blob.lease.id:
        raise Refusal(409, "LeaseAlreadyPresent")
    blob.lease = Lease(proposed or str(uuid.uuid4()), duration, now)
    return {"x-ms-lease-id": blob.lease.id}


def _break(held: Lease, headers: dict, state: str, now: float) -> dict[str, str]:
    period = _seconds(headers, "x-ms-lease-break-period", range(0, 61))
    if state in ("expired", "broken"):
        left = 0.0
    elif state == "breaking":
        left = held.broken_at - now
    else:
        left = 0.0 if held.end is None else held.end - now
    if period is not None:
        # An infinite lease ends after the period, another one at the earlier of both.
        left = period if held.end is None and state == "leased" else min(left, period)
    held.broken_at = now + left
    return {"x-ms-lease-time": str(int(left + 0.5))}
