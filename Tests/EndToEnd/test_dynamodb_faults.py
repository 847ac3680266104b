"""The driver `dynamodb` when the service or the way to it fails: what it says of a write is true."""

import json
import os
import random
import threading
import time

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from Servers import server
from Servers.aws_stub import Answer, Stub, failure, forward
from blackbox.dynamodb import CHUNK, given, library
from blackbox.library import Call, DriverFailed


@pytest.fixture(scope="module")
def ministack():
    with server("ministack") as running:
        yield running


class Script:
    """Answers for single actions; everything else is passed on."""

    def __init__(self):
        self.next: dict[str, list[Answer]] = {}

    def __call__(self, request):
        waiting = self.next.get(request.action)
        return waiting.pop(0) if waiting else None

    def add(self, action: str, *answers: Answer):
        self.next.setdefault(action, []).extend(answers)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def stub(script, ministack):
    with Stub(script, ministack.port) as running:
        yield running


@pytest.fixture
def store(stub, ministack, _count=iter(range(1000))):
    table = ministack.make_table(f"faults-{next(_count)}")
    with library().open(given(ministack.options, table=table, endpoint=stub.url)) as opened:
        yield opened


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value


# MARK: Errors of the service


@pytest.mark.parametrize("answer, kind, applied, retry", [
    (failure("ProvisionedThroughputExceededException"), "throttled", "no", 1),
    (failure("ThrottlingException"), "throttled", "no", 1),
    (failure("RequestLimitExceeded"), "throttled", "no", 1),
    (Answer(429, b""), "throttled", "no", 1),
    (failure("ExpiredTokenException"), "unauthenticated", "no", 0),
    (failure("UnrecognizedClientException"), "unauthenticated", "no", 0),
    (failure("AccessDeniedException", "may not", 400), "forbidden", "no", 0),
    (failure("ItemCollectionSizeLimitExceededException"), "full", "no", 0),
    (failure("ValidationException", "Item size has exceeded"), "too large", "no", 0),
    (failure("ResourceNotFoundException"), "unavailable", "no", 2),
    (failure("InternalServerError", status=500), "unavailable", "unknown", 1),
    (Answer(503, b"<html>busy</html>"), "unavailable", "unknown", 1),
    (Answer(502, b"\xff\xfe not text"), "unavailable", "unknown", 1),
    (Answer(400, b"<E><Code>AccessDenied</Code><Message>no</Message></E>"), "forbidden", "no", 0),
    (Answer(400, b'{"__type": 7, "message": []}'), "invalid", "no", 0),
    (Answer(200, b"no json"), "io", "unknown", 0),
    (Answer(301, b"", {"Location": "http://127.0.0.1:1/"}), "unavailable", "no", 1),
])
def test_each_error_has_its_class(script, store, answer, kind, applied, retry):
    script.add("PutItem", answer)
    failed = refused(lambda: store.put("a", b"1"))
    assert (failed.kind, failed.applied, failed.retry) == (kind, applied, retry), failed
    assert store.list() == []


def test_the_service_says_how_long_to_wait(script, store):
    script.add("PutItem", failure("ThrottlingException", **{"Retry-After": "7"}))
    assert refused(lambda: store.put("a", b"1")).retry_after == 7 * 10**9


def test_a_token_is_in_no_message(script, store):
    words = "The Canonical String should have been 'POST / x-amz-security-token:CANARY'"
    script.add("PutItem", failure("InvalidSignatureException", words))
    failed = refused(lambda: store.put("a", b"1"))
    assert failed.kind == "unauthenticated" and "CANARY" not in failed.message
    script.add("PutItem", failure("InvalidSignatureException", "Signature expired: 1 is now earlier"))
    assert "clock" in refused(lambda: store.put("a", b"1")).message


def test_a_damaged_answer_is_found(script, store):
    store.put("a", b"1")
    script.add("GetItem", forward(bad_sum=True))
    assert refused(lambda: store.get("a")).kind == "io"
    assert store.get("a")[1] == b"1"


def test_an_endless_answer_is_refused(script, store):
    script.add("GetItem", Answer(200, b" " * (40 << 20)))
    assert refused(lambda: store.get("a")).kind == "io"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"Item": ' + b'{"M":' * 5000, b'{"Item": 5}'])
def test_answers_that_are_no_items(script, store, body):
    script.add("GetItem", Answer(200, body))
    assert refused(lambda: store.get("a")).kind in ("io", "not found", "corrupt")


# MARK: Lost answers


def test_a_lost_answer_is_unknown(script, store):
    for answer in (forward(lost=True), forward(cut=0), Answer(lost=True)):
        script.add("PutItem", answer)
        failed = refused(lambda: store.put("a", b"1"))
        assert (failed.kind, failed.applied) == ("unavailable", "unknown"), failed
    assert store.get("a")[1] == b"1"
    script.add("DeleteItem", forward(lost=True))
    assert refused(lambda: store.remove("a")).applied == "unknown"
    assert store.list() == []


def test_nothing_is_sent_twice(script, stub, store):
    store.put("a", b"1")
    stub.requests.clear()
    script.add("PutItem", forward(lost=True))
    refused(lambda: store.put("a", b"2"))
    assert [request.action for request in stub.requests] == ["PutItem"]


def test_a_commit_with_a_lost_answer_is_sent_once_more_under_its_token(script, stub, store):
    version = store.put("a", b"1").version
    stub.requests.clear()
    script.add("TransactWriteItems", forward(lost=True))
    store.commit({"kind": "put", "path": "a", "data": b"2", "condition": version},
                 {"kind": "put", "path": "b", "data": b"3", "condition": "absent"})
    sent = [request for request in stub.requests if request.action == "TransactWriteItems"]
    assert len(sent) == 2 and sent[0].body == sent[1].body
    assert store.get("a")[1] == b"2" and store.get("b")[1] == b"3"


def test_a_commit_whose_answers_are_all_lost_is_unknown(script, store):
    script.add("TransactWriteItems", forward(lost=True), Answer(lost=True))
    failed = refused(lambda: store.commit({"kind": "put", "path": "a", "data": b"2"},
                                          {"kind": "put", "path": "b", "data": b"3"}))
    assert (failed.kind, failed.applied) == ("unavailable", "unknown")


def test_a_repeat_that_meets_its_own_work_is_a_success(script, store):
    """As on a server that does not know tokens: the second request finds the first one's items."""
    taken = {"CancellationReasons": [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}],
             "__type": "x#TransactionCanceledException", "message": "cancelled"}
    script.add("TransactWriteItems", forward(lost=True), Answer(400, json.dumps(taken).encode()))
    done = store.commit({"kind": "put", "path": "a", "data": b"2", "condition": "absent"},
                        {"kind": "put", "path": "b", "data": b"3", "condition": "absent"})
    assert store.head("a") == done[0]


def test_reasons_of_a_cancelled_commit(script, store):
    def cancelled(code):
        body = {"CancellationReasons": [{"Code": "None"}, {"Code": code, "Message": "words"}],
                "__type": "x#TransactionCanceledException", "message": "cancelled"}
        return Answer(400, json.dumps(body).encode())

    for code, kind in [("TransactionConflict", "conflict"), ("ThrottlingError", "throttled"),
                       ("ProvisionedThroughputExceeded", "throttled"),
                       ("ItemCollectionSizeLimitExceeded", "full"), ("Unheard", "invalid")]:
        script.add("TransactWriteItems", cancelled(code))
        failed = refused(lambda: store.commit({"kind": "put", "path": "a", "data": b"2"},
                                              {"kind": "put", "path": "b", "data": b"3"}))
        assert (failed.kind, failed.applied, failed.change) == (kind, "no", 2), failed
    assert store.list() == []


# MARK: Chunks under load


def test_a_large_write_outlasts_throttling(script, store):
    script.add("PutItem", forward(), failure("ThrottlingException"),
               failure("ProvisionedThroughputExceededException"), forward(),
               failure("InternalServerError", status=500), forward(lost=True))
    data = os.urandom(3 * CHUNK)
    store.put("big", data)
    assert store.get("big")[1] == data


def test_what_a_batch_leaves_over_is_deleted_too(script, stub, store, ministack):
    def pieces():
        yield os.urandom(2 * CHUNK)
        store.put("big", b"faster")

    left = {"UnprocessedItems": {}}
    script.add("BatchWriteItem", Answer(200, json.dumps(left).encode()))

    def answer(request):
        if request.action == "BatchWriteItem" and not left["UnprocessedItems"]:
            left["UnprocessedItems"] = request.json["RequestItems"]
            return Answer(200, json.dumps(left).encode())
        return None

    stub.answer = answer
    assert refused(lambda: store.put("big", pieces(), "absent")).kind == "condition"
    assert sum(request.action == "BatchWriteItem" for request in stub.requests) == 2
    assert store.list() == ["big"]


# MARK: Deadlines


@pytest.mark.parametrize("delayed", [Answer(delay=3), forward(delay=3)])
def test_a_deadline_ends_a_transfer(script, store, delayed):
    script.add("PutItem", delayed)
    start = time.monotonic()
    failed = refused(lambda: store.put("a", b"1", call=Call(0.3)))
    assert time.monotonic() - start < 1.3
    assert (failed.kind, failed.applied) == ("deadline", "unknown")


def test_a_cancellation_ends_a_transfer(script, store):
    script.add("GetItem", Answer(delay=5))
    call = Call(None)
    threading.Timer(0.2, lambda: setattr(call, "is_cancelled", True)).start()
    start = time.monotonic()
    assert refused(lambda: store.get("a", call=call)).kind == "cancelled"
    assert time.monotonic() - start < 1.2


def test_many_calls_share_few_connections(stub, store):
    store.put("a", b"1")

    def read():
        for _ in range(10):
            assert store.get("a")[1] == b"1"

    before = threading.active_count()
    threads = [threading.Thread(target=read) for _ in range(16)]
    for thread in threads:
        thread.start()
    # The stub has a thread for each connection; the driver has none of its own.
    most = threading.active_count()
    for thread in threads:
        thread.join()
    assert most <= before + 2 * len(threads)


# MARK: Signatures


def test_requests_are_signed_as_botocore_signs_them(ministack):
    seed = int(os.environ.get("HOLDFAST_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    chance = random.Random(seed)
    answer = {"Table": {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                                      {"AttributeName": "sk", "KeyType": "RANGE"}],
                        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                                 {"AttributeName": "sk", "AttributeType": "S"}],
                        "TableStatus": "ACTIVE"}}
    with Stub(lambda request: Answer(200, json.dumps(answer).encode())) as stub:
        for _ in range(20):
            def word(most, letters="abcXYZ019/+="):
                return "".join(chance.choice(letters) for _ in range(chance.randint(1, most)))

            keys = Credentials("AKIA" + word(16, "AB01"), word(60),
                               word(900) if chance.random() < 0.5 else None)
            region = chance.choice(["eu-central-1", "us-gov-west-1", "x"])
            options = {"table": word(20, "ab-_.") + "abc", "region": region, "endpoint": stub.url,
                       "access_key_id": keys.access_key, "secret_access_key": keys.secret_key}
            if keys.token:
                options["session_token"] = keys.token
            with library().open(options, existing=True) as store:
                name = word(30, "aé漢😀/-_ ")
                refused(lambda: store.get("x" + name.replace("/", "x")))
            for request in stub.requests:
                check_signature(request, keys, region, stub.url)
            assert len(stub.requests) == 2
            stub.requests.clear()


def check_signature(request, keys, region, url):
    given_header = request.headers["authorization"]
    names = given_header.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-target", "content-type"} <= set(names)
    assert ("x-amz-security-token" in names) == bool(keys.token)
    again = AWSRequest("POST", url + request.path, data=request.body,
                       headers={name: request.headers[name] for name in names})
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = botocore.auth.SigV4Auth(keys, "dynamodb", region)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert given_header.endswith("Signature=" + signer.signature(text, again))
