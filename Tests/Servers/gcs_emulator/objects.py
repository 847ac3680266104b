"""Buckets and objects: generations, preconditions, listings. One lock makes each step atomic."""

import base64
import bisect
import hashlib
import os
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone

import google_crc32c

from gcs_emulator.refusal import Refused, invalid, no_bucket, no_object, not_met

# More than this lies in a file.
IN_MEMORY = 4 << 20
# The service allows about one write a second to one name.
SECONDS_PER_WRITE = 1.0
METADATA_BYTES = 8192


class Data:
    """Bytes that grow at their end, with their sums; in memory, or where they are many in a file."""

    def __init__(self, folder: str):
        self.folder, self.size, self.crc = folder, 0, 0
        self.md5 = hashlib.md5()
        self._bytes = bytearray()
        self._file = None

    def append(self, piece: bytes):
        self.crc = google_crc32c.extend(self.crc, piece)
        self.md5.update(piece)
        self.size += len(piece)
        if self._file is None and self.size > IN_MEMORY:
            self._file = tempfile.TemporaryFile(dir=self.folder)
            self._file.write(self._bytes)
            self._bytes = bytearray()
        if self._file is None:
            self._bytes += piece
        else:
            self._file.write(piece)
            self._file.flush()

    def read(self, start: int, end: int) -> bytes:
        if self._file is None:
            return bytes(self._bytes[start:end])
        return os.pread(self._file.fileno(), end - start, start)

    @property
    def crc32c(self) -> str:
        return base64.b64encode(self.crc.to_bytes(4, "big")).decode()

    @property
    def md5_hash(self) -> str:
        return base64.b64encode(self.md5.digest()).decode()

    def check(self, crc32c: str | None, md5: str | None):
        """Compares the sums that the client sent."""
        if crc32c and crc32c != self.crc32c:
            raise invalid(f"Provided CRC32C \"{crc32c}\" doesn't match calculated CRC32C "
                          f"\"{self.crc32c}\".")
        if md5 and md5 != self.md5_hash:
            raise invalid(f"Provided MD5 hash \"{md5}\" doesn't match calculated MD5 hash "
                          f"\"{self.md5_hash}\".")


@dataclass
class Object:
    bucket: str
    name: str
    generation: int
    data: Data
    created: float
    resource: dict
    metageneration: int = 1
    updated: float = 0.0

    @property
    def etag(self) -> str:
        return base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode()


@dataclass
class Condition:
    """The preconditions of one request."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @classmethod
    def of(cls, query: dict, suffix: str = "") -> "Condition":
        def number(name):
            text = query.get(f"if{suffix}{name}")
            if text is None:
                return None
            try:
                return int(text)
            except ValueError:
                raise invalid(f"Invalid value for if{suffix}{name}", f"if{suffix}{name}") from None
        return cls(number("GenerationMatch"), number("GenerationNotMatch"),
                   number("MetagenerationMatch"), number("MetagenerationNotMatch"))

    @property
    def is_set(self) -> bool:
        return any(value is not None for value in (
            self.generation, self.not_generation, self.metageneration, self.not_metageneration))

    def check(self, found: Object | None, is_read: bool = False):
        generation = found.generation if found else 0
        metageneration = found.metageneration if found else 0
        if self.generation is not None and self.generation != generation:
            raise not_met()
        if self.metageneration is not None and self.metageneration != metageneration:
            raise not_met()
        same = (self.not_generation is not None and self.not_generation == generation
                or self.not_metageneration is not None
                and self.not_metageneration == metageneration)
        if same:
            raise Refused(304, "notModified", "Not Modified") if is_read else not_met()


@dataclass
class Bucket:
    name: str
    created: float
    resource: dict = field(default_factory=dict)
    objects: dict[str, Object] = field(default_factory=dict)
    # The names as bytes, in the order of listings.
    names: list[bytes] = field(default_factory=list)


class Objects:
    """All buckets."""

    def __init__(self, clock, folder: str):
        self.clock, self.folder = clock, folder
        self.lock = threading.RLock()
        self.limits_rate = False
        self.reset()

    def reset(self):
        with self.lock:
            self.buckets: dict[str, Bucket] = {}
            self._last_generation = 0
            self._last_write: dict[tuple[str, str], float] = {}

    def new_data(self, content: bytes = b"") -> Data:
        data = Data(self.folder)
        data.append(content)
        return data

    # MARK: Buckets

    def bucket(self, name: str) -> Bucket:
        with self.lock:
            if name not in self.buckets:
                raise no_bucket()
            return self.buckets[name]

    def make_bucket(self, name: str, resource: dict | None = None) -> Bucket:
        is_name = 3 <= len(name) <= 63 and name[0].isalnum() and name[-1].isalnum() and all(
            letter.islower() or letter.isdigit() or letter in "-_." for letter in name)
        if not is_name:
            raise invalid(f"Invalid bucket name: '{name}'")
        with self.lock:
            if name in self.buckets:
                raise Refused(409, "conflict", "Your previous request to create the named bucket "
                              "succeeded and you already own it.")
            self.buckets[name] = Bucket(name, self.clock(), resource or {})
            return self.buckets[name]

    def remove_bucket(self, name: str):
        with self.lock:
            if self.bucket(name).objects:
                raise Refused(409, "conflict", "The bucket you tried to delete is not empty.")
            del self.buckets[name]

    # MARK: Objects

    def find(self, bucket: str, name: str, condition: Condition, generation: str | None = None
             ) -> Object:
        with self.lock:
            found = self.bucket(bucket).objects.get(name)
            if found is None or generation is not None and generation != str(found.generation):
                raise no_object(bucket, name)
            condition.check(found, is_read=True)
            return found

    def check(self, bucket: str, name: str, condition: Condition):
        """What the service judges before it takes the bytes."""
        with self.lock:
            condition.check(self.bucket(bucket).objects.get(name))

    def put(self, bucket: str, name: str, data: Data, resource: dict, condition: Condition
            ) -> Object:
        check_name(name)
        metadata = check_metadata(resource.get("metadata"))
        with self.lock:
            place = self.bucket(bucket)
            condition.check(place.objects.get(name))
            self._count_write(bucket, name)
            now = self.clock()
            self._last_generation = max(int(now * 1e6), self._last_generation + 1)
            kept = {key: value for key, value in resource.items()
                    if key in ("contentType", "contentEncoding", "cacheControl", "contentLanguage",
                               "contentDisposition", "storageClass", "customTime")}
            if metadata:
                kept["metadata"] = metadata
            made = Object(bucket, name, self._last_generation, data, now, kept, updated=now)
            if name not in place.objects:
                bisect.insort(place.names, name.encode())
            place.objects[name] = made
            return made

    def remove(self, bucket: str, name: str, condition: Condition, generation: str | None = None):
        with self.lock:
            place = self.bucket(bucket)
            found = place.objects.get(name)
            if found is None or generation is not None and generation != str(found.generation):
                raise no_object(bucket, name)
            condition.check(found)
            self._count_write(bucket, name)
            del place.objects[name]
            del place.names[bisect.bisect_left(place.names, name.encode())]

    def patch(self, bucket: str, name: str, changes: dict, condition: Condition, replaces: bool
              ) -> Object:
        with self.lock:
            found = self.bucket(bucket).objects.get(name)
            if found is None:
                raise no_object(bucket, name)
            condition.check(found)
            self._count_write(bucket, name)
            resource = {} if replaces else dict(found.resource)
            for key, value in changes.items():
                if key == "metadata" and isinstance(value, dict) and not replaces:
                    merged = resource.get("metadata", {}) | value
                    value = {name: text for name, text in merged.items() if text is not None}
                if value is None:
                    resource.pop(key, None)
                else:
                    resource[key] = value
            check_metadata(resource.get("metadata"))
            found.resource = resource
            found.metageneration += 1
            found.updated = self.clock()
            return found

    def _count_write(self, bucket: str, name: str):
        key, now = (bucket, name), self.clock()
        last = self._last_write.get(key)
        if self.limits_rate and last is not None and now - last < SECONDS_PER_WRITE:
            raise Refused(429, "rateLimitExceeded",
                          f"The object {bucket}/{name} exceeded the rate limit for object mutation "
                          "operations (create, update, and delete). Please reduce your request rate."
                          " See https://cloud.google.com/storage/docs/gcs429.")
        self._last_write[key] = now

    # MARK: Listings

    def list(self, bucket: str, query: dict) -> tuple[list[Object], list[str], str | None]:
        """A page: the objects, the common prefixes, and the token of the next page."""
        prefix, delimiter = query.get("prefix", "").encode(), query.get("delimiter", "").encode()
        end = query.get("endOffset", "").encode()
        most = page_size(query.get("maxResults"))
        after = token_name(query.get("pageToken"))
        with self.lock:
            place = self.bucket(bucket)
            names = place.names
            start = max(prefix, query.get("startOffset", "").encode())
            index = bisect.bisect_left(names, start)
            if after is not None:
                index = max(index, bisect.bisect_right(names, after))
            found, prefixes, last, token = [], [], None, None
            while index < len(names):
                name = names[index]
                if not name.startswith(prefix) or end and name >= end:
                    break
                if len(found) + len(prefixes) == most:
                    token = base64.urlsafe_b64encode(b"after:" + last).decode()
                    break
                cut = name.find(delimiter, len(prefix)) if delimiter else -1
                if cut < 0:
                    found.append(place.objects[name.decode()])
                    last, index = name, index + 1
                    continue
                common = name[:cut + len(delimiter)]
                prefixes.append(common.decode())
                # Everything with the prefix is one result.
                last = common + b"\xff"
                index = bisect.bisect_left(names, last)
            return found, prefixes, token


def page_size(text: str | None) -> int:
    try:
        count = int(text or 1000)
    except ValueError:
        raise invalid("Invalid maxResults", "maxResults") from None
    if count < 0:
        raise invalid("Invalid maxResults", "maxResults")
    return min(count or 1000, 1000)


def token_name(token: str | None) -> bytes | None:
    if not token:
        return None
    try:
        text = base64.urlsafe_b64decode(token)
    except ValueError:
        text = b""
    if not text.startswith(b"after:"):
        raise invalid("Invalid Value", "pageToken")
    return text.removeprefix(b"after:")


def check_name(name: str):
    size = len(name.encode())
    is_allowed = 0 < size <= 1024 and name not in (".", "..") and not set(name) & set("\r\n")
    if not is_allowed or name.startswith(".well-known/acme-challenge/"):
        raise invalid(f"Invalid object name of {size} bytes", "name")


def check_metadata(metadata) -> dict:
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or not all(
            isinstance(value, str) for value in metadata.values()):
        raise invalid("Invalid metadata")
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()
           ) > METADATA_BYTES:
        raise invalid("The metadata of the object is too large.")
    if any(letter < " " or letter == "\x7f" for text in metadata.values() for letter in text):
        # What no header can hold comes to grief in one or the other interface.
        raise invalid("Invalid characters in metadata")
    return metadata


def time_text(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
