"""The driver `azblob` when the service or the way to it fails: what it says of a write is true."""

import threading
import time

import pytest

from Servers import server
from Servers.aws_stub import Answer, Stub, forward
from blackbox.azblob import SINGLE, library, refused
from blackbox.library import Call


@pytest.fixture(scope="module")
def azure():
    with server("azblob") as running:
        yield running


@pytest.fixture
def store(azure):
    with library().open(azure.options | {"container": azure.make_container()}) as opened:
        yield opened
    azure.control(forget=True)


def fail(azure, on: str, **fault):
    azure.control(faults=[{"on": on} | fault])


# MARK: Errors of the service

@pytest.mark.parametrize("status, code, kind, applied, retry", [
    (503, "ServerBusy", "throttled", "unknown", 1),
    (500, "InternalError", "unavailable", "unknown", 1),
    (500, "OperationTimedOut", "unavailable", "unknown", 1),
    (502, "", "unavailable", "unknown", 1),
    (429, "TooManyRequests", "throttled", "no", 1),
    (403, "AuthorizationPermissionMismatch", "forbidden", "no", 0),
    (403, "AuthorizationFailure", "forbidden", "no", 0),
    (403, "AuthenticationFailed", "unauthenticated", "no", 0),
    (404, "ContainerNotFound", "unavailable", "no", 2),
    (404, "", "unavailable", "no", 1),
    (409, "BlobAlreadyExists", "condition", "no", 0),
    (412, "ConditionNotMet", "condition", "no", 0),
    (412, "LeaseIdMissing", "conflict", "no", 1),
    (412, "LeaseLost", "conflict", "no", 1),
    (412, "LeaseNotPresentWithBlobOperation", "conflict", "no", 1),
    (409, "SnapshotsPresent", "conflict", "no", 1),
    (409, "BlobImmutableDueToPolicy", "forbidden", "no", 0),
    (409, "ContainerBeingDeleted", "unavailable", "no", 2),
    (400, "Md5Mismatch", "io", "no", 0),
    (413, "RequestBodyTooLarge", "too large", "no", 0),
    (400, "InvalidInput", "invalid", "no", 0),
    (301, "", "unavailable", "no", 1),
])
def test_each_error_has_its_class(azure, store, status, code, kind, applied, retry):
    for write in (lambda: store.put("a", b"1", "absent"),
                  lambda: store.put("a", b"x" * (SINGLE + 1), "absent")):
        fail(azure, "PUT .*/a($|.comp=blocklist)", status=status, code=code)
        failed = refused(write)
        assert (failed.kind, failed.applied, failed.retry) == (kind, applied, retry), failed
    assert store.list() == []


def test_the_service_says_how_long_to_wait(azure, store):
    fail(azure, "PUT", status=503, code="ServerBusy", headers={"Retry-After": "7"})
    assert refused(lambda: store.put("a", b"1")).retry_after == 7 * 10**9


def test_another_servers_404_is_no_empty_store(azure):
    with Stub(lambda _: Answer(404, b"<html>nothing here</html>")) as stub:
        failed = refused(lambda: library().open(azure.options | {"endpoint": stub.url}))
        assert failed.kind == "unavailable" and "endpoint" in failed.message


@pytest.mark.parametrize("body", [b"", b"no xml", b"<a>", b"<a/>" * 2, b'<!DOCTYPE a [<!ENTITY b "c">]><a/>',
                                  b"<a>" * 100 + b"</a>" * 100])
def test_listings_that_are_none(azure, store, body):
    def answer(request):
        return Answer(200, body) if "comp=list" in request.path else None

    with Stub(answer, azure.port) as stub:
        with library().open(azure.options | {"endpoint": f"{stub.url}/devstoreaccount1"}) as opened:
            failed = refused(opened.list)
            assert failed.kind == "io"


# MARK: Answers that are lost

def test_a_write_whose_answer_is_lost_is_unknown(azure, store):
    fail(azure, "PUT", do="lost")
    failed = refused(lambda: store.put("a", b"1", "absent"))
    assert (failed.kind, failed.applied) == ("unavailable", "unknown")
    assert store.get("a")[1] == b"1"
    fail(azure, "comp=blocklist", do="lost")
    failed = refused(lambda: store.put("b", b"x" * (SINGLE + 1), "absent"))
    assert (failed.kind, failed.applied) == ("unavailable", "unknown")
    assert store.head("b").size == SINGLE + 1
    fail(azure, "DELETE", do="lost")
    failed = refused(lambda: store.remove("a"))
    assert (failed.kind, failed.applied) == ("unavailable", "unknown")
    assert store.list() == ["b"]


def test_nothing_but_the_harmless_is_repeated(azure, store):
    for on, write in (("PUT", lambda: store.put("a", b"1")), ("DELETE", lambda: store.remove("a")),
                      ("comp=blocklist", lambda: store.put("a", b"x" * (SINGLE + 1)))):
        for fault in ({"do": "reset"}, {"do": "lost"}, {"status": 503, "code": "ServerBusy"}):
            azure.control(forget=True)
            fail(azure, on, **fault)
            refused(write)
            asked = [seen for seen in azure.control()["seen"] if on in
                     f"{seen['method']} {seen['target']}" and "comp=block&" not in seen["target"]]
            assert len(asked) == 1


def test_blocks_are_sent_again(azure, store):
    data = bytes(range(256)) * 120_000
    for fault in ({"do": "reset", "times": 3}, {"do": "lost", "times": 2},
                  {"status": 503, "code": "ServerBusy", "times": 4},
                  {"status": 500, "code": "InternalError", "times": 2}):
        fail(azure, "comp=block&", **fault)
        store.put("a", data)
        assert store.get("a")[1] == data
        store.remove("a")
    fail(azure, "comp=block&", status=500, times=100)
    failed = refused(lambda: store.put("a", data))
    assert (failed.kind, failed.applied) == ("unavailable", "no")
    assert store.list() == []


def test_ranges_are_read_again(azure, store):
    data = bytes(range(256)) * 120_000
    store.put("a", data)
    for fault in ({"do": "reset"}, {"do": "cut"}, {"status": 503, "code": "ServerBusy"},
                  {"do": "cut", "times": 3}):
        # The first answer may be cut too: the rest is asked for as further ranges.
        on = "GET .*/a$"
        azure.control(faults=[{"on": on} | fault] if fault.get("do") == "cut" else
                      [{"on": on, "do": "wait"}, {"on": on} | fault])
        assert store.get("a")[1] == data
        azure.control(forget=True)
    fail(azure, "GET .*/a$", do="cut", times=100)
    failed = refused(lambda: store.get("a"))
    assert failed.kind == "unavailable"


# MARK: Time

def test_deadlines_are_kept(azure, store):
    store.put("a", b"1")
    large = b"x" * (3 * SINGLE)
    for on, body in (("GET", lambda call: store.get("a", call=call)),
                     ("PUT", lambda call: store.put("b", b"1", call=call)),
                     ("comp=block&", lambda call: store.put("b", large, call=call)),
                     ("comp=list", lambda call: store.list(call=call))):
        fail(azure, on, do="wait", seconds=5, times=4)
        started = time.monotonic()
        failed = refused(lambda: body(Call(0.4)))
        assert failed.kind == "deadline" and time.monotonic() - started < 2
        azure.control(forget=True)
    fail(azure, "GET", do="wait", seconds=5)
    call = Call(30)
    threading.Timer(0.2, lambda: setattr(call, "is_cancelled", True)).start()
    assert refused(lambda: store.get("a", call=call)).kind == "cancelled"


def test_a_service_that_is_away(azure, store):
    azure.pause()
    try:
        assert refused(lambda: store.put("a", b"1", call=Call(0.5))).kind == "deadline"
    finally:
        azure.resume()
    options = azure.options | {"endpoint": "http://127.0.0.1:9/devstoreaccount1"}
    failed = refused(lambda: library().open(options))
    assert (failed.kind, failed.retry) == ("unavailable", 1)
    failed = refused(lambda: library().open(options | {"endpoint": "https://nobody.invalid"}))
    assert failed.kind == "unavailable" and "account's name" in failed.message


def test_a_proxy_is_used(azure, store):
    seen = []

    def answer(request):
        seen.append(request.path)
        request.path = "/" + request.path.split("/", 3)[3] if "://" in request.path else request.path
        return forward()

    with Stub(answer, azure.port) as stub:
        with library().open(azure.options | {"proxy": stub.url}) as opened:
            opened.ping()
    assert all(path.startswith("http://127.0.0.1:") for path in seen) and seen


# MARK: The store itself

def test_a_container_that_is_not_there(azure):
    options = azure.options | {"container": "nobody-made-it"}
    for existing in (False, True):
        failed = refused(lambda: library().open(options, existing=existing))
        assert failed.kind == "invalid" and "az storage container create" in failed.message
    name = azure.make_container()
    with library().open(azure.options | {"container": name}) as store:
        azure.client().delete_container(name)
        for body in (lambda: store.get("a"), store.ping, lambda: store.put("a", b"1"), store.list):
            failed = refused(body)
            assert (failed.kind, failed.retry) == ("unavailable", 2)


@pytest.mark.parametrize("name, value", [
    ("container", ""), ("container", "A"), ("container", "a--b"), ("container", "ab"),
    ("container", "x" * 64), ("prefix", "a//b"), ("prefix", "../a"), ("prefix", "x" * 301),
    ("endpoint", "no url"), ("account", "No"), ("account_key", "no base64!"),
    ("ca_file", "/nonexistent")])
def test_bad_options_are_named(azure, name, value):
    failed = refused(lambda: library().open(azure.options | {name: value}))
    assert failed.kind == "invalid" and name in failed.message
