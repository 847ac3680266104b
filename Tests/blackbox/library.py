"""Calls a driver over the C interface alone, as sdk/include/holdfast/driver.h has it.

The library is loaded into the tests' own process and never unloaded. Calls may come from any thread.
"""

import ctypes as c
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

OK, STOPPED = 0, 1
CLASSES = {-1: "not found", -2: "condition", -3: "conflict", -4: "unauthenticated", -5: "forbidden",
           -6: "throttled", -7: "unavailable", -8: "deadline", -9: "cancelled", -10: "invalid",
           -11: "unsupported", -12: "too large", -13: "full", -14: "corrupt", -15: "newer format",
           -16: "io", -17: "source", -18: "internal"}
APPLIED = ["no", "yes", "unknown"]
HEADER = Path(__file__).parents[2] / "sdk/include/holdfast/driver.h"
DRAFT = int(re.search(r"define HOLDFAST_DRAFT (\d+)u", HEADER.read_text()).group(1))
EXISTING = 1

Pointer, U32, I32, U64, I64 = c.c_void_p, c.c_uint32, c.c_int32, c.c_uint64, c.c_int64


def struct(name, *fields):
    return type(name, (c.Structure,), {"_fields_": list(fields)})


HEAD = (("size", U32), ("flags", U32))
Text = struct("Text", ("data", Pointer), ("count", U64))
Key = struct("Key", *HEAD, ("collection", Text), ("workspace", Text), ("path", Text))
Attribute = struct("Attribute", *HEAD, ("name", Text), ("value", Text))
Info = struct("Info", *HEAD, ("version", Text), ("bytes", U64), ("modified", I64),
              ("attributes", Pointer), ("attribute_count", U32), ("attribute_stride", U32))
Condition = struct("Condition", ("size", U32), ("kind", U32), ("version", Text))
CallStruct = struct("CallStruct", *HEAD, ("id", U64), ("deadline", I64), ("attempt", U32),
                    ("reserved", U32), ("trace", Text), ("idempotency", Text), ("context", Pointer))
ErrorStruct = struct("ErrorStruct", *HEAD, ("status", I32), ("applied", U32), ("retry", U32),
                     ("change", U32), ("retry_after", U64), ("vendor_code", I64),
                     ("vendor_name", Text), ("message", Text), ("current_version", Text))
Sink = struct("Sink", *HEAD, ("context", Pointer), ("function", Pointer))
Source = struct("Source", *HEAD, ("context", Pointer), ("length", U64), ("function", Pointer))
Entry = struct("Entry", *HEAD, ("path", Text), ("info", c.POINTER(Info)))
Get = struct("Get", *HEAD, ("key", c.POINTER(Key)), ("offset", U64), ("length", U64))
Put = struct("Put", *HEAD, ("key", c.POINTER(Key)), ("condition", c.POINTER(Condition)),
             ("attributes", Pointer), ("attribute_count", U32), ("attribute_stride", U32))
Remove = struct("Remove", *HEAD, ("key", c.POINTER(Key)), ("condition", c.POINTER(Condition)))
List = struct("List", *HEAD, ("collection", Text), ("workspace", Text), ("prefix", Text),
              ("start_after", Text), ("limit", U32), ("reserved", U32))
Option = struct("Option", ("size", U32), ("type", U32), ("name", Text), ("text", Text), ("number", I64))
Options = struct("Options", *HEAD, ("items", Pointer), ("count", U32), ("stride", U32))
Host = struct("Host", *HEAD, ("abi_minor", U32), ("draft", U32), ("fail", Pointer),
              ("cancelled", Pointer), ("event", Pointer))
Offer = struct("Offer", *HEAD, ("abi_minor", U32), ("draft", U32), ("behaviour", U32),
               ("reserved", U32), ("host_name", Text), ("host_version", Text))
FUNCTIONS = ("start", "stop", "describe", "extension", "open", "close", "capabilities", "head", "get",
             "put", "remove", "list", "ping")
Table = struct("Table", *HEAD, ("abi_minor", U32), ("draft", U32), ("behaviour", U32),
               ("thread_model", U32), ("id", Text), ("version", Text), ("vendor", Text),
               *((name, Pointer) for name in FUNCTIONS))
Capability = struct("Capability", *HEAD, ("id", Text), ("level", U32), ("reserved", U32), ("limit", U64),
                    ("note", Text))
Change = struct("Change", *HEAD, ("kind", U32), ("reserved", U32), ("key", c.POINTER(Key)),
                ("condition", c.POINTER(Condition)), ("attributes", Pointer),
                ("attribute_count", U32), ("attribute_stride", U32), ("source", c.POINTER(Source)))
Commit = struct("Commit", *HEAD, ("items", Pointer), ("count", U32), ("stride", U32))
Transaction = struct("Transaction", *HEAD, ("commit", Pointer))

FAIL = c.CFUNCTYPE(None, Pointer, c.POINTER(ErrorStruct))
CANCELLED = c.CFUNCTYPE(I32, c.POINTER(CallStruct))
EVENT = c.CFUNCTYPE(None, Pointer, U32, Text)
WRITE = c.CFUNCTYPE(I32, Pointer, Pointer, U64)
READ = c.CFUNCTYPE(I32, Pointer, Pointer, U64, c.POINTER(U64))
TAKE = c.CFUNCTYPE(I32, Pointer, c.POINTER(Info))
ENTRIES = c.CFUNCTYPE(I32, Pointer, Pointer, U32, U32)
COMMITTED = c.CFUNCTYPE(I32, Pointer, U32, c.POINTER(Info))


class DriverFailed(Exception):
    """What a driver reported."""

    def __init__(self, error: ErrorStruct):
        self.kind = CLASSES[error.status]
        self.applied = APPLIED[error.applied]
        self.retry = error.retry
        self.retry_after = error.retry_after
        self.change = error.change
        self.vendor = plain(error.vendor_name)
        self.message = plain(error.message)
        self.current = raw(error.current_version)
        super().__init__(f"{self.kind} (applied {self.applied}): {self.message}")


@dataclass
class Object:
    """What is known of one object."""

    version: bytes
    size: int
    modified: int
    attributes: dict[str, str] = field(default_factory=dict)


def text(value: str | bytes) -> Text:
    data = value.encode() if isinstance(value, str) else value
    buffer = c.create_string_buffer(data, len(data) + 1)
    result = Text(c.addressof(buffer), len(data))
    result.buffer = buffer
    return result


def raw(value: Text) -> bytes:
    return c.string_at(value.data, value.count) if value.count else b""


def plain(value: Text) -> str:
    return raw(value).decode()


def make(structure, /, **fields):
    value = structure(size=c.sizeof(structure), **fields)
    value.kept = fields  # ctypes forgets what a structure's copies point at
    return value


def read_info(info) -> Object:
    value = info.contents
    attributes = {}
    for index in range(value.attribute_count):
        attribute = Attribute.from_address(value.attributes + index * value.attribute_stride)
        attributes[plain(attribute.name)] = plain(attribute.value)
    return Object(raw(value.version), value.bytes, value.modified, attributes)


class Call:
    """One call's context, with an error that the driver may report."""

    def __init__(self, seconds: float | None = 60, idempotency: str = ""):
        deadline = 2**63 - 1 if seconds is None else time.monotonic_ns() + int(seconds * 1e9)
        self.struct = make(CallStruct, id=1, deadline=deadline, attempt=1,
                           idempotency=text(idempotency))
        self.is_cancelled = False
        self.error: DriverFailed | None = None
        Library.calls[c.addressof(self.struct)] = self

    def end(self, status: int):
        Library.calls.pop(c.addressof(self.struct), None)
        if status < 0:
            raise self.error or AssertionError(f"status {status} without a report")
        return status


class Library:
    """A driver, started."""

    calls: dict[int, Call] = {}
    loaded: dict[str, "Library"] = {}

    @classmethod
    def load(cls, path) -> "Library":
        if str(path) not in cls.loaded:
            cls.loaded[str(path)] = cls(str(path))
        return cls.loaded[str(path)]

    def __init__(self, path: str):
        self.events: list[str] = []
        self._kept = (FAIL(self._fail), CANCELLED(self._cancelled), EVENT(self._event))
        fail, cancelled, event = (c.cast(function, Pointer) for function in self._kept)
        self.host = make(Host, draft=DRAFT, fail=fail, cancelled=cancelled, event=event)
        self.handle = c.CDLL(path)
        offer = make(Offer, draft=DRAFT, behaviour=1, host_name=text("tests"), host_version=text("1"))
        table = c.POINTER(Table)()
        status = self.handle.holdfast_driver_main_v1(c.byref(offer), c.byref(table))
        assert status == OK, status
        self.table = table.contents
        self.driver = Pointer()
        call = Call()
        call.end(self._function("start")(c.byref(self.host), c.byref(call.struct),
                                         c.byref(self.driver)))

    def open(self, options: dict, existing: bool = False, seconds: float = 60) -> "Store":
        call = Call(seconds)
        items = (Option * len(options))()
        kept = []
        for index, (name, value) in enumerate(options.items()):
            words = (text(name), text(value if isinstance(value, str) else ""))
            kept.append(words)
            number = 0 if isinstance(value, str) else int(value)
            kind = {str: 1, bool: 4, int: 3}[type(value)]
            items[index] = Option(c.sizeof(Option), kind, words[0], words[1], number)
        given = make(Options, flags=EXISTING if existing else 0, items=c.addressof(items),
                     count=len(options), stride=c.sizeof(Option))
        store = Pointer()
        call.end(self._function("open")(self.driver, c.byref(call.struct), c.byref(given),
                                        c.byref(store)))
        return Store(self, store)

    def _function(self, name: str, *_):
        return c.CFUNCTYPE(I32, *[Pointer] * {"start": 3, "open": 4, "close": 2, "list": 4, "head": 4,
                                              "get": 5, "put": 5, "remove": 3, "ping": 3,
                                              "capabilities": 3}[name])(
            getattr(self.table, name))

    def _fail(self, call, error):
        Library.calls[call].error = DriverFailed(error.contents)

    def _cancelled(self, call):
        found = Library.calls.get(c.addressof(call.contents))
        return int((found is not None and found.is_cancelled)
                   or time.monotonic_ns() >= call.contents.deadline)

    def _event(self, call, severity, message):
        self.events.append(plain(message))


class Store:
    """An open store."""

    def __init__(self, library: Library, pointer):
        self.library, self.pointer = library, pointer

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        call = Call()
        call.end(self.library._function("close")(self.pointer, c.byref(call.struct)))

    def put(self, path, data, condition=None, attributes=None, collection="things", workspace="w",
            call=None) -> Object:
        call = call or Call()
        change = _Change(path, data, condition, attributes, collection, workspace)
        found = []
        sink, kept = _take(found)
        request = make(Put, key=c.pointer(change.key), condition=c.pointer(change.condition),
                       **change.attributes)
        call.end(self.library._function("put")(
            self.pointer, c.byref(call.struct), c.byref(request), c.byref(change.source),
            c.byref(sink)))
        del kept
        return found[0]

    def get(self, path, collection="things", workspace="w", offset=0, length=2**64 - 1, call=None,
            write=None) -> tuple[Object, bytes]:
        call = call or Call()
        found, data = [], []

        def take(_, pointer, count):
            data.append(c.string_at(pointer, count))
            return write(data) if write else OK

        sink, kept = _take(found)
        function = WRITE(take)
        body = make(Sink, function=c.cast(function, Pointer))
        request = make(Get, key=c.pointer(_key(path, collection, workspace)), offset=offset,
                       length=length)
        call.end(self.library._function("get")(
            self.pointer, c.byref(call.struct), c.byref(request), c.byref(sink), c.byref(body)))
        del kept
        return found[0], b"".join(data)

    def head(self, path, collection="things", workspace="w", call=None) -> Object:
        call = call or Call()
        found = []
        sink, kept = _take(found)
        key = _key(path, collection, workspace)
        call.end(self.library._function("head")(
            self.pointer, c.byref(call.struct), c.byref(key), c.byref(sink)))
        del kept
        return found[0]

    def remove(self, path, condition=None, collection="things", workspace="w", call=None):
        call = call or Call()
        request = make(Remove, key=c.pointer(_key(path, collection, workspace)),
                       condition=c.pointer(_condition(condition)))
        call.end(self.library._function("remove")(
            self.pointer, c.byref(call.struct), c.byref(request)))

    def list(self, prefix="", collection="things", workspace="w", start_after="", limit=1000,
             call=None) -> list[str]:
        call = call or Call()
        paths = []

        def take(_, items, count, stride):
            paths.extend(plain(Entry.from_address(items + index * stride).path)
                         for index in range(count))
            return OK

        function = ENTRIES(take)
        sink = make(Sink, function=c.cast(function, Pointer))
        request = make(List, collection=text(collection), workspace=text(workspace),
                       prefix=text(prefix), start_after=text(start_after), limit=limit)
        call.end(self.library._function("list")(
            self.pointer, c.byref(call.struct), c.byref(request), c.byref(sink)))
        return paths

    def capabilities(self) -> dict[str, tuple[int, str]]:
        """The level and the note of each capability."""
        call, found = Call(), {}

        def take(_, pointer):
            value = Capability.from_address(pointer)
            found[plain(value.id)] = (value.level, plain(value.note))
            return OK

        function = c.CFUNCTYPE(I32, Pointer, Pointer)(take)
        sink = make(Sink, function=c.cast(function, Pointer))
        call.end(self.library._function("capabilities")(
            self.pointer, c.byref(call.struct), c.byref(sink)))
        return found

    def ping(self):
        call = Call()
        function = TAKE(lambda *_: OK)
        sink = make(Sink, function=c.cast(function, Pointer))
        call.end(self.library._function("ping")(self.pointer, c.byref(call.struct), c.byref(sink)))

    def commit(self, *changes: dict, call=None) -> dict[int, Object]:
        """Changes are dictionaries: kind (check, put, remove), path, and what `put` takes."""
        call = call or Call()
        kinds = {"check": 0, "put": 1, "remove": 2}
        items, kept, found = (Change * len(changes))(), [], {}
        for index, change in enumerate(changes):
            parts = _Change(change["path"], change.get("data", b""), change.get("condition"),
                            change.get("attributes"), change.get("collection", "things"),
                            change.get("workspace", "w"))
            kept.append(parts)
            kind = kinds[change["kind"]]
            items[index] = make(
                Change, kind=kind, key=c.pointer(parts.key), condition=c.pointer(parts.condition),
                source=c.pointer(parts.source) if kind == 1 else None, **parts.attributes)

        def take(_, index, info):
            found[index] = read_info(info)
            return OK

        function = COMMITTED(take)
        sink = make(Sink, function=c.cast(function, Pointer))
        request = make(Commit, items=c.addressof(items), count=len(changes),
                       stride=c.sizeof(Change))
        extension = c.CFUNCTYPE(Pointer, Pointer, Text)(self.library.table.extension)
        table = extension(self.library.driver, text("holdfast.transaction/1"))
        assert table, "the driver has no transactions"
        commit = c.CFUNCTYPE(I32, *[Pointer] * 4)(Transaction.from_address(table).commit)
        call.end(commit(self.pointer, c.byref(call.struct), c.byref(request), c.byref(sink)))
        return found


class _Change:
    """A key, a condition, attributes and a source that stay where they are."""

    def __init__(self, path, data, condition, attributes, collection, workspace):
        self.key = _key(path, collection, workspace)
        self.condition = _condition(condition)
        pairs = sorted((attributes or {}).items())
        self._items = (Attribute * len(pairs))()
        self._kept = [(text(name), text(value)) for name, value in pairs]
        for index, (name, value) in enumerate(self._kept):
            self._items[index] = Attribute(c.sizeof(Attribute), 0, name, value)
        self.attributes = {"attributes": c.addressof(self._items) if pairs else None,
                           "attribute_count": len(pairs), "attribute_stride": c.sizeof(Attribute)}
        # Bytes, or an iterator over pieces of them: then the length is not known before the end.
        pieces = iter([data]) if isinstance(data, bytes) else data
        rest = bytearray()

        def read(_, buffer, capacity, count):
            while not rest:
                piece = next(pieces, None)
                if piece is None:
                    break
                rest.extend(piece)
            step = min(capacity, len(rest))
            c.memmove(buffer, bytes(rest[:step]), step)
            del rest[:step]
            count[0] = step
            return OK

        self._function = READ(read)
        length = len(data) if isinstance(data, bytes) else 2**64 - 1
        self.source = make(Source, length=length, function=c.cast(self._function, Pointer))


def _key(path, collection, workspace):
    return make(Key, collection=text(collection), workspace=text(workspace), path=text(path))


def _condition(condition):
    """None, the word "absent", or a version."""
    if condition is None:
        return make(Condition, kind=0)
    if condition == "absent":
        return make(Condition, kind=1)
    return make(Condition, kind=2, version=text(condition))


def _take(found):
    function = TAKE(lambda _, info: found.append(read_info(info)) or OK)
    return make(Sink, function=c.cast(function, Pointer)), function
