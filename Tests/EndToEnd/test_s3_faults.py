"""The driver `s3` when the service or the way to it fails: what it says of a write is true."""

import json
import os
import re
import socket
import threading
import time

import pytest

from Servers import server
from Servers.aws_stub import Answer, Stub, forward
from Servers.fake_s3 import ALL
from blackbox.library import Call, DriverFailed
from blackbox.s3 import PART, given, library

LONG_AGO, TODAY = "2001-01-01T00:00:00.000Z", time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def failure(code: str, status: int, message: str = "words", more: str = "", **headers) -> Answer:
    """An error as S3 writes one."""
    body = f"<?xml version='1.0'?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"} | headers)


@pytest.fixture(scope="module")
def ministack():
    with server("ministack_s3") as running:
        yield running


class Script:
    """Answers for single kinds of request; everything else is passed on."""

    def __init__(self):
        self.next: dict[str, list[Answer]] = {}

    @staticmethod
    def kind(request) -> str:
        if request.method == "POST":
            return "complete" if "uploadId" in request.path else "begin"
        if request.method == "PUT" and "partNumber" in request.path:
            return "part"
        if request.method == "DELETE" and "uploadId" in request.path:
            return "abort"
        if request.method == "GET" and "uploads=" in request.path:
            return "uploads"
        if request.method == "GET" and "list-type" in request.path:
            return "list"
        return request.method

    def __call__(self, request):
        waiting = self.next.get(self.kind(request))
        return waiting.pop(0) if waiting else None

    def add(self, kind: str, *answers: Answer):
        self.next.setdefault(kind, []).extend(answers)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def stub(script, ministack):
    with Stub(script, ministack.port) as running:
        yield running


@pytest.fixture
def store(stub, ministack, _count=iter(range(1000))):
    prefix = f"faults/{next(_count)}"
    # What the endpoint does with conditions is known, so that no test waits for it to be tried out.
    verdict = {"format": 1, "endpoint": stub.url, "bucket": ministack.bucket, "prefix": prefix + "/",
               "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
               "results": {trial: "honoured" for trial in ALL}}
    ministack.client("s3").put_object(
        Bucket=ministack.bucket, Key=f"{prefix}/.holdfast/probe/verdict.json",
        Body=json.dumps(verdict).encode())
    with library().open(given(ministack.options, prefix=prefix, endpoint=stub.url)) as opened:
        yield opened


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value


def sent(stub, kind: str) -> int:
    return sum(Script.kind(request) == kind for request in stub.requests)


# MARK: Errors of the service


@pytest.mark.parametrize("answer, kind, applied, retry", [
    (failure("SlowDown", 503), "throttled", "no", 1),
    (failure("ServiceUnavailable", 503), "unavailable", "unknown", 1),
    (Answer(429, b""), "throttled", "no", 1),
    (failure("RequestLimitExceeded", 503), "throttled", "no", 1),
    (failure("InternalError", 500), "unavailable", "unknown", 1),
    (Answer(502, b"\xff\xfe not text"), "unavailable", "unknown", 1),
    (Answer(503, b"<html>busy</html>"), "unavailable", "unknown", 1),
    (failure("ConditionalRequestConflict", 409), "conflict", "no", 1),
    (failure("OperationAborted", 409), "conflict", "no", 1),
    (failure("RequestTimeout", 400), "unavailable", "unknown", 1),
    (failure("ExpiredToken", 400), "unauthenticated", "no", 0),
    (failure("InvalidAccessKeyId", 403), "unauthenticated", "no", 0),
    (failure("AccessDenied", 403), "forbidden", "no", 0),
    (failure("NoSuchBucket", 404), "unavailable", "no", 2),
    (failure("EntityTooLarge", 400), "too large", "no", 0),
    (failure("QuotaExceeded", 403), "full", "no", 0),
    (failure("BadDigest", 400), "io", "no", 1),
    (failure("KMS.DisabledException", 400), "forbidden", "no", 0),
    (failure("PermanentRedirect", 301, **{"Location": "http://127.0.0.1:1/"}), "invalid", "no", 0),
    (failure("InvalidRequest", 400), "invalid", "no", 0),
    (Answer(400, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "invalid", "no", 0),
    (Answer(400, b"<" * 100_000), "invalid", "no", 0),
])
def test_each_error_has_its_class(script, store, answer, kind, applied, retry):
    script.add("PUT", answer)
    failed = refused(lambda: store.put("a", b"1"))
    assert (failed.kind, failed.applied, failed.retry) == (kind, applied, retry), failed
    assert store.list() == []


@pytest.mark.parametrize("answer, kind, applied", [
    (failure("PreconditionFailed", 412), "condition", "no"),
    (failure("ConditionalRequestConflict", 409), "conflict", "no"),
    (failure("NoSuchKey", 404), "condition", "no"),
    (failure("NotImplemented", 501), "unsupported", "no"),
    (failure("InternalError", 500), "unavailable", "unknown"),
])
@pytest.mark.parametrize("condition", ["absent", "version"])
@pytest.mark.parametrize("size", [1, PART + 1])
def test_five_answers_to_a_condition_are_five_different_things(
        script, store, answer, kind, applied, condition, size):
    version = store.put("a", b"0").version if condition == "version" else "absent"
    script.add("PUT" if size == 1 else "complete", answer)
    failed = refused(lambda: store.put("a", bytes(size), version))
    assert (failed.kind, failed.applied) == (kind, applied), failed


def test_a_success_that_says_that_it_failed_is_none(script, store):
    """Completing an upload may begin with a 200 and end with an error."""
    for code, kind, applied in [("InternalError", "unavailable", "unknown"),
                                ("PreconditionFailed", "condition", "no"),
                                ("SlowDown", "throttled", "no")]:
        answer = failure(code, 200)
        answer.body = b"   \n" + answer.body
        script.add("complete", answer)
        failed = refused(lambda: store.put("big", bytes(PART + 1), "absent"))
        assert failed.kind == kind, failed
        assert code == "InternalError" or failed.applied == applied
    assert store.list() == []


def test_a_completion_that_names_no_etag_is_looked_at(stub, store):
    """Ceph's gateway answers so."""
    def answer(request):
        if Script.kind(request) != "complete":
            return None
        status, _, body = stub._pass_on(request)
        if overtaking:
            store.put("big", overtaking.pop())
        return Answer(status, re.sub(rb"<ETag>.*</ETag>", b"<ETag></ETag>", body),
                      {"Content-Type": "application/xml"})

    stub.answer, overtaking = answer, []
    info = store.put("big", bytes(PART + 1), "absent")
    assert store.head("big").version == info.version
    overtaking = [b"faster"]
    info = store.put("big", bytes(PART + 2), info.version)
    assert store.get("big")[1] == b"faster" and store.head("big").version != info.version
    assert refused(lambda: store.put("big", b"late", info.version)).kind == "condition"


def test_the_service_says_how_long_to_wait(script, store):
    script.add("PUT", failure("SlowDown", 503, **{"Retry-After": "7"}))
    assert refused(lambda: store.put("a", b"1")).retry_after == 7 * 10**9


def test_a_token_is_in_no_message(script, store):
    script.add("PUT", failure("SignatureDoesNotMatch", 403, "signed was x-amz-security-token:CANARY"))
    failed = refused(lambda: store.put("a", b"1"))
    assert failed.kind == "unauthenticated" and "CANARY" not in failed.message


def test_an_error_of_a_head_says_why(script, store):
    """The answer to a HEAD has no words; a read of one byte has them."""
    script.add("HEAD", Answer(403, b""))
    script.add("GET", failure("ExpiredToken", 400))
    failed = refused(lambda: store.head("a"))
    assert failed.kind == "unauthenticated" and "expired" in failed.message
    script.add("HEAD", Answer(403, b""))
    script.add("GET", Answer(403, b""))
    assert "s3:GetObject" in refused(lambda: store.head("a")).message


def test_endless_and_broken_answers_are_refused(script, store):
    for body in (b" " * (20 << 20), b"<a>" * 5000, b"no document", b"<Other/>", b""):
        script.add("list", Answer(200, body))
        assert refused(lambda: store.list()).kind == "io"
    for answer in (Answer(200, b"<x/>"), Answer(200, b"")):
        script.add("begin", answer)
        assert refused(lambda: store.put("big", bytes(PART + 1))).applied == "no"
    page = (b"<ListBucketResult><IsTruncated>true</IsTruncated>"
            b"<NextContinuationToken>t</NextContinuationToken></ListBucketResult>")
    script.add("list", *[Answer(200, page)] * 3)
    assert "any further" in refused(lambda: store.list()).message


# MARK: Lost and truncated answers


def test_a_lost_answer_is_unknown_and_nothing_is_sent_twice(script, stub, store):
    for answer in (forward(lost=True), Answer(lost=True)):
        stub.requests.clear()
        script.add("PUT", answer)
        failed = refused(lambda: store.put("a", b"1"))
        assert (failed.kind, failed.applied) == ("unavailable", "unknown"), failed
        assert [request.method for request in stub.requests] == ["PUT"]
    assert store.get("a")[1] == b"1"
    script.add("DELETE", forward(lost=True))
    assert refused(lambda: store.remove("a")).applied == "unknown"
    assert store.list() == []
    script.add("complete", forward(lost=True))
    data = os.urandom(PART + 1)
    assert refused(lambda: store.put("big", data, "absent")).applied == "unknown"
    assert sent(stub, "complete") == 1 and sent(stub, "abort") == 0
    assert store.get("big")[1] == data, "it was applied, and the parts must not be taken away"


def test_a_truncated_body_is_no_object(script, store):
    data = os.urandom(3 * PART)
    store.put("big", data)
    script.add("GET", forward(cut=1000))
    failed = refused(lambda: store.get("big"))
    assert (failed.kind, failed.applied) == ("unavailable", "no")
    # Later pieces were not handed over yet, so that they are asked for again.
    script.add("GET", forward(), forward(cut=1000), forward(lost=True), forward(cut=0))
    assert store.get("big")[1] == data


@pytest.mark.parametrize("changes", [
    {"Content-Range": "bytes 1-8388608/25165824"}, {"Content-Range": "bytes 0-99/25165824"},
    {"Content-Range": "nonsense"}])
def test_another_range_than_asked_for_is_found(script, store, changes):
    store.put("big", bytes(3 * PART))
    script.add("GET", forward(headers=changes))
    assert refused(lambda: store.get("big")).kind == "io"


def test_parts_outlast_throttling_and_lost_answers(script, store):
    data = os.urandom(4 * PART)
    script.add("part", forward(), failure("SlowDown", 503), failure("InternalError", 500),
               forward(lost=True), forward(cut=0, headers={"X": "y"}))
    store.put("big", data)
    assert store.get("big")[1] == data


def test_a_write_that_is_given_up_takes_its_parts_away(script, stub, store, ministack):
    stub.requests.clear()
    script.add("part", *[failure("AccessDenied", 403)] * 3)
    assert refused(lambda: store.put("given-up", bytes(3 * PART))).kind == "forbidden"
    assert sent(stub, "abort") == 1
    script.add("complete", failure("ConditionalRequestConflict", 409))
    assert refused(lambda: store.put("given-up", bytes(2 * PART), "absent")).kind == "conflict"
    assert sent(stub, "abort") == 2
    found = ministack.client("s3").list_multipart_uploads(Bucket=ministack.bucket)
    # Those of which nobody knows whether they were completed stay, for the collector.
    assert not [row for row in found.get("Uploads", []) if row["Key"].endswith("given-up")]


def test_only_old_uploads_are_collected(script, stub, store):
    found = "".join(
        f"<Upload><Key>{key}</Key><UploadId>{name}</UploadId><Initiated>{begun}</Initiated></Upload>"
        for key, name, begun in [("PREFIX.holdfast/records/a", "old", LONG_AGO),
                                 ("PREFIX.holdfast/records/a", "new", TODAY),
                                 ("elsewhere/a", "others", LONG_AGO),
                                 ("PREFIX.holdfast/x", "", LONG_AGO)])

    def answer(request):
        if Script.kind(request) == "uploads" and "terraform" not in request.path:
            prefix = request.path.partition("prefix=")[2].partition("&")[0].replace("%2F", "/")
            body = found.replace("PREFIX.holdfast/", prefix)
            return Answer(200, f"<ListMultipartUploadsResult>{body}</ListMultipartUploadsResult>".encode())
        return None

    stub.answer = answer
    stub.requests.clear()
    store.put("big", bytes(PART + 1))
    aborted = [request.path for request in stub.requests if Script.kind(request) == "abort"]
    assert len(aborted) == 1 and "uploadId=old" in aborted[0]


# MARK: Deadlines


@pytest.mark.parametrize("delayed", [Answer(delay=3), forward(delay=3)])
def test_a_deadline_ends_a_transfer(script, store, delayed):
    script.add("PUT", delayed)
    start = time.monotonic()
    failed = refused(lambda: store.put("a", b"1", call=Call(0.3)))
    assert time.monotonic() - start < 1.3
    assert (failed.kind, failed.applied) == ("deadline", "unknown")


def test_a_deadline_ends_parts_and_pieces(script, store):
    data = os.urandom(3 * PART)
    store.put("big", data)
    script.add("part", *[Answer(delay=5)] * 4)
    start = time.monotonic()
    failed = refused(lambda: store.put("other", data, call=Call(1)))
    assert (failed.kind, failed.applied) == ("deadline", "no")
    script.add("GET", forward(), *[Answer(delay=5)] * 3)
    assert refused(lambda: store.get("big", call=Call(1))).kind == "deadline"
    assert time.monotonic() - start < 6


def test_a_cancellation_ends_a_transfer(script, store):
    script.add("GET", Answer(delay=5))
    call = Call(None)
    threading.Timer(0.2, lambda: setattr(call, "is_cancelled", True)).start()
    start = time.monotonic()
    assert refused(lambda: store.get("a", call=call)).kind == "cancelled"
    assert time.monotonic() - start < 1.2


def test_a_server_that_takes_and_never_answers(ministack):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = given(ministack.options, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        failed = refused(lambda: library().open(options, seconds=0.5))
        assert failed.kind == "deadline" and time.monotonic() - start < 1.5


def test_many_calls_start_few_threads(stub, store):
    """Pieces, parts and looks go side by side on the thread of their call."""
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    data = os.urandom(4 * PART)
    store.put("big", data)
    before, most = threads(), 0

    def write(_):
        nonlocal most
        # The stub has a thread for each connection.
        most = max(most, threads() - threading.active_count())
        return 0

    store.get("big", write=write)
    assert most <= before - threading.active_count() + 8
