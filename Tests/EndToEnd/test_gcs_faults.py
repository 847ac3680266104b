"""The driver `gcs` when the service or the way to it fails: what it says of a write is true."""

import json
import os
import threading
import time

import pytest

from Servers import server
from blackbox.gcs import PIECE, STEP, key_lines, media, open_store, refused, uploads
from blackbox.library import Call

SECOND = 10**9


@pytest.fixture(scope="module")
def gcs():
    with server("gcs") as running:
        yield running


@pytest.fixture
def bucket(gcs, _count=iter(range(1000))) -> str:
    gcs.calm()
    return gcs.make_bucket(f"faults-{next(_count)}")


@pytest.fixture
def store(gcs, bucket):
    with open_store(gcs, bucket=bucket) as opened:
        opened.ping()
        gcs.control(forget_requests=True)
        yield opened
        gcs.calm()


def error(status: int, reason: str, message: str) -> dict:
    body = {"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}
    return {"status": status, "body": json.dumps(body),
            "headers": {"Content-Type": "application/json"}}


# MARK: Errors of the service


@pytest.mark.parametrize("answer, kind, applied, retry", [
    (error(400, "invalid", "bad"), "invalid", "no", 0),
    (error(401, "authError", "Invalid Credentials") | {"times": 2}, "unauthenticated", "no", 0),
    (error(403, "forbidden", "x does not have storage.objects.create access"), "forbidden", "no", 0),
    (error(403, "rateLimitExceeded", "slow"), "throttled", "no", 1),
    (error(403, "quotaExceeded", "much"), "full", "no", 0),
    (error(404, "notFound", "The specified bucket does not exist."), "unavailable", "no", 2),
    (error(408, "timeout", "late"), "unavailable", "unknown", 1),
    (error(409, "conflict", "busy"), "conflict", "no", 1),
    (error(413, "uploadTooLarge", "big"), "too large", "no", 0),
    (error(429, "rateLimitExceeded", "slow down"), "throttled", "no", 1),
    (error(500, "backendError", "oops"), "unavailable", "unknown", 1),
    ({"status": 502, "body": "<html>bad</html>"}, "unavailable", "unknown", 1),
    ({"status": 503, "body": ""}, "unavailable", "unknown", 1),
    ({"status": 504, "body": "[" * 1000}, "unavailable", "unknown", 1),
    ({"status": 200, "body": "no json"}, "io", "unknown", 0),
    ({"status": 200, "body": "{}"}, "io", "unknown", 0),
    ({"status": 301, "headers": {"Location": "http://127.0.0.1:1/"}}, "unavailable", "no", 1),
])
def test_each_error_has_its_class(gcs, store, answer, kind, applied, retry):
    gcs.control(faults=[{"path": "/upload/"} | answer])
    failed = refused(lambda: store.put("a", b"1"))
    assert (failed.kind, failed.applied, failed.retry) == (kind, applied, retry), failed
    assert store.list() == []


@pytest.mark.parametrize("permission, body", [
    ("storage.objects.create", lambda store: store.put("new", b"1")),
    ("storage.objects.delete", lambda store: store.put("old", b"1")),
    ("storage.objects.delete", lambda store: store.remove("old")),
    ("storage.objects.get", lambda store: store.get("old")),
    ("storage.objects.list", lambda store: store.list())])
def test_a_missing_permission_is_named(gcs, store, permission, body):
    store.put("old", b"0")
    who = json.loads(gcs.key_file.read_text())["client_email"]
    gcs.control(denied={who: [permission]})
    failed = refused(lambda: body(store))
    assert (failed.kind, failed.applied) == ("forbidden", "no")
    assert f"grant {permission} " in failed.message


def test_one_write_a_second(gcs, store):
    gcs.control(limits_rate=True)
    version = store.put("a", b"1").version
    for body in (lambda: store.put("a", b"2", version), lambda: store.remove("a", version)):
        failed = refused(body)
        assert (failed.kind, failed.applied, failed.retry) == ("throttled", "no", 1)
        assert failed.retry_after >= SECOND
    gcs.control(faults=[error(429, "rateLimitExceeded", "slow") | {"path": "/upload/", "headers": {
        "Retry-After": "7"}}])
    assert refused(lambda: store.put("a", b"2")).retry_after == 7 * SECOND
    store.put("b", b"1")
    gcs.control(advance=1.5)
    store.put("a", b"2", version)


def test_reads_say_that_nothing_was_applied(gcs, store):
    store.put("a", b"1")
    for method in (lambda: store.head("a"), lambda: store.get("a"), store.list):
        gcs.control(faults=[{"method": "GET", "status": 503, "path": "/o"}])
        failed = refused(method)
        assert (failed.kind, failed.applied, failed.retry) == ("unavailable", "no", 1)


# MARK: Lost answers


def test_a_lost_answer_is_unknown_and_nothing_is_sent_twice(gcs, store):
    for fault, is_done in (({"lost": True}, True), ({"reset": True}, False), ({"cut": 5}, True)):
        gcs.control(faults=[{"path": "/upload/"} | fault], forget_requests=True)
        failed = refused(lambda: store.put("a", b"1", "absent"))
        assert (failed.kind, failed.applied) == ("unavailable", "unknown"), failed
        assert len(uploads(gcs)) == 1
        assert store.list() == (["a"] if is_done else [])
        gcs.control(faults=[{"method": "DELETE"} | fault] if is_done else [])
        if is_done:
            failed = refused(lambda: store.remove("a")) if fault != {"cut": 5} else None
            if failed:
                assert failed.applied == "unknown"
            else:
                store.remove("a")
            gcs.control(faults=[])
        assert store.list() == []


def test_a_refused_token_is_replaced_once(gcs, store):
    issued = gcs.control()["issued"]
    gcs.control(revoke=True)
    store.put("a", b"1", "absent")
    assert gcs.control()["issued"] == issued + 1
    # The refused request and its repeat.
    assert len(uploads(gcs)) == 2


def test_an_end_that_this_machine_does_not_see(gcs, store):
    gcs.control(advance=7200, faults=[])
    failed = refused(lambda: store.put("a", b"1"))
    assert failed.kind == "unauthenticated" and "clock" in failed.message, failed
    seconds = [int(word) for word in failed.message.split() if word.isdigit() and len(word) == 4]
    assert any(7190 < number < 7230 for number in seconds), failed.message


# MARK: Large writes

BIG = 2 * PIECE + 3 * STEP + 11


@pytest.fixture(scope="module")
def data() -> bytes:
    return os.urandom(BIG)


@pytest.mark.parametrize("faults", [
    [{"header": "bytes 0-", "status": 503}],
    [{"header": "bytes 0-", "lost": True}],
    [{"header": "bytes 0-", "reset": True}],
    [{"header": "bytes 0-", "keep": 5 * STEP + 9}],
    [{"header": "bytes 0-", "keep": 5}],
    [{"header": f"/{BIG}", "lost": True}],
    [{"header": f"/{BIG}", "reset": True}],
    [{"header": f"/{BIG}", "keep": STEP}],
    [{"header": f"/{BIG}", "status": 500, "times": 2}],
    [{"header": "bytes", "lost": True, "times": 3}],
    [{"header": "bytes", "status": 429}],
    [{"query": "uploadType=resumable", "method": "POST", "lost": True}],
    [{"query": "uploadType=resumable", "method": "POST", "status": 503, "times": 2}],
    [{"header": "bytes 0-", "status": 502}, {"header": "bytes */", "status": 503},
     {"header": "bytes */", "lost": True}],
])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_large_write_goes_on(gcs, bucket, store, data, faults, is_known):
    gcs.control(faults=faults)
    source = data if is_known else iter([data[:PIECE + 5], data[PIECE + 5:]])
    info = store.put("big", source, "absent")
    assert info.size == BIG and gcs.control()["faults"] == 0
    assert store.get("big")[1] == data
    assert len(gcs.resources(bucket)) == 1


def test_a_large_write_meets_the_limit_at_its_end(gcs, store, data):
    version = store.put("big", data).version
    gcs.control(limits_rate=True)
    start = time.monotonic()
    store.put("big", b"x" * BIG, version)
    assert time.monotonic() - start < 20
    assert store.get("big")[1] == b"x" * BIG


def test_a_condition_that_fails_only_at_the_end(gcs, store, data):
    def pieces():
        yield data[:PIECE + 1]
        store.put("big", b"faster")
        yield data[PIECE + 1:]

    failed = refused(lambda: store.put("big", pieces(), "absent"))
    assert (failed.kind, failed.applied) == ("condition", "no")
    assert failed.current == store.head("big").version
    assert store.get("big")[1] == b"faster"


def test_a_session_that_the_service_gives_up(gcs, store, data):
    def pieces():
        yield data[:PIECE + 1]
        gcs.control(fail_sessions=True)
        yield data[PIECE + 1:]

    failed = refused(lambda: store.put("big", pieces()))
    assert (failed.kind, failed.applied, failed.retry) == ("unavailable", "no", 1), failed
    assert failed.vendor == "" and store.list() == []


def test_a_lost_end_that_cannot_be_asked_for_is_unknown(gcs, store, data):
    gcs.control(faults=[{"header": f"/{BIG}", "lost": True},
                        {"header": "bytes */", "status": 503, "times": 100}])
    failed = refused(lambda: store.put("big", data, call=Call(3)))
    assert (failed.kind, failed.applied) == ("unavailable", "unknown"), failed
    gcs.control(faults=[])
    assert store.get("big")[1] == data


def test_a_large_write_that_gets_nowhere_is_not_applied(gcs, store, data):
    gcs.control(faults=[{"header": "bytes", "status": 503, "times": 1000}])
    failed = refused(lambda: store.put("big", data, call=Call(3)))
    assert (failed.kind, failed.applied) == ("unavailable", "no"), failed
    gcs.control(faults=[])
    assert store.list() == []


def test_a_source_that_fails_ends_the_session(gcs, store, data):
    def pieces():
        yield data[:PIECE + 1]
        call.is_cancelled = True
        yield data[:10]
        yield data[PIECE + 1:]

    call = Call(None)
    failed = refused(lambda: store.put("big", pieces(), call=call))
    assert (failed.kind, failed.applied) == ("cancelled", "no")
    assert store.list() == []


def test_damage_on_the_way_up_is_found(gcs, bucket, store, data):
    gcs.control(faults=[{"header": "bytes 0-", "status": 308,
                         "headers": {"Range": f"bytes=0-{PIECE + 99_999}"}}])
    failed = refused(lambda: store.put("big", data))
    assert (failed.kind, failed.applied) == ("io", "no"), failed
    assert store.list() == []


# MARK: Large and broken reads


@pytest.mark.parametrize("size", [STEP, BIG])
@pytest.mark.parametrize("fault", [{"cut": 100_000}, {"cut": 0, "times": 2, "skip": 1},
                                   {"status": 503, "skip": 1}, {"reset": True, "skip": 2}])
def test_a_read_that_breaks_off_goes_on(gcs, store, data, size, fault):
    info = store.put("big", data[:size])
    gcs.control(faults=[{"query": "alt=media", "method": "GET"} | fault], forget_requests=True)
    assert store.get("big") == (info, data[:size])
    assert all("generation=" in request["query"] for request in media(gcs))


def test_a_read_that_is_overtaken(gcs, store, data):
    store.put("big", data)

    def replace(pieces):
        if len(pieces) == 1:
            store.put("big", b"other")
        return 0

    gcs.control(faults=[{"query": "alt=media", "cut": 1000, "times": 4}])
    failed = refused(lambda: store.get("big", length=PIECE, write=replace))
    assert (failed.kind, failed.retry) == ("conflict", 1)
    gcs.control(faults=[])
    assert store.get("big")[1] == b"other"


def test_an_object_that_is_replaced_before_its_first_byte(gcs, store):
    store.put("a", b"1")
    gcs.control(faults=[error(404, "notFound", "No such object: x/a") | {"query": "alt=media"}])
    assert store.get("a")[1] == b"1"


def test_damage_on_the_way_down_is_found(gcs, store, data):
    for size in (1000, BIG):
        store.put("a", data[:size])
        gcs.control(faults=[{"query": "alt=media", "corrupt": True}])
        failed = refused(lambda: store.get("a"))
        assert (failed.kind, failed.retry) == ("io", 1)
        assert store.get("a")[1] == data[:size]


def test_a_range_that_is_ignored_is_found(gcs, store, data):
    store.put("a", b"0123456789")
    gcs.control(faults=[{"query": "alt=media", "status": 200, "body": "0123456789"}])
    assert refused(lambda: store.get("a", offset=3)).kind == "io"


# MARK: Deadlines


@pytest.mark.parametrize("fault", [{"status": 200}, {}])
def test_a_deadline_ends_a_transfer(gcs, store, fault):
    gcs.control(faults=[{"path": "/upload/", "delay": 3} | fault])
    start = time.monotonic()
    failed = refused(lambda: store.put("a", b"1", call=Call(0.3)))
    assert time.monotonic() - start < 1.3
    assert (failed.kind, failed.applied) == ("deadline", "unknown")


def test_a_deadline_ends_a_large_transfer(gcs, store, data):
    gcs.control(faults=[{"header": "bytes", "delay": 4, "status": 503, "times": 9}])
    start = time.monotonic()
    failed = refused(lambda: store.put("a", data, call=Call(0.5)))
    assert time.monotonic() - start < 1.5
    assert (failed.kind, failed.applied) == ("deadline", "no")
    gcs.control(faults=[])
    info = store.put("a", data)
    gcs.control(faults=[{"query": "alt=media", "delay": 4, "times": 9}])
    start = time.monotonic()
    assert refused(lambda: store.get("a", call=Call(0.5))).kind == "deadline"
    assert time.monotonic() - start < 1.5 and info.size == BIG


def test_a_cancellation_ends_a_transfer(gcs, store):
    gcs.control(faults=[{"method": "GET", "delay": 5}])
    call = Call(None)
    threading.Timer(0.2, lambda: setattr(call, "is_cancelled", True)).start()
    start = time.monotonic()
    assert refused(lambda: store.get("a", call=call)).kind == "cancelled"
    assert time.monotonic() - start < 1.2


def test_no_secret_is_in_any_message(gcs, bucket):
    """Every kind of failure, and the lines of the key and the tokens in none of them."""
    secrets = key_lines(gcs) + ["ya29."]
    with open_store(gcs, bucket=bucket) as store:
        for status in (400, 401, 403, 404, 412, 429, 500, 503):
            gcs.control(faults=[error(status, "x", "words") | {"path": "/o", "times": 3}])
            for body in (lambda: store.put("a", b"1"), lambda: store.get("a"), store.list):
                try:
                    body()
                except Exception as failed:  # noqa: BLE001  whatever it is, it is read
                    assert not any(secret in str(failed) for secret in secrets)
        gcs.control(faults=[])
