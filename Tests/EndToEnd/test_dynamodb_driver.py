"""The driver `dynamodb` over the C interface, on ministack and moto."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from Servers import server
from blackbox.dynamodb import CHUNK, given, library, receipt
from blackbox.library import DriverFailed

@pytest.fixture(scope="module", params=["ministack", "moto"])
def aws(request):
    with server(request.param) as running:
        yield running


@pytest.fixture
def table(aws, request, _count=iter(range(1000))) -> str:
    return aws.make_table(f"t{next(_count)}-{re.sub('[^a-z]', '-', request.node.originalname)}"[:60])


@pytest.fixture
def store(aws, table):
    with library().open(given(aws.options, table=table)) as opened:
        yield opened


def items(aws, table) -> list[dict]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def keys(aws, table) -> list[tuple[str, str]]:
    return sorted((item["pk"]["S"], item["sk"]["S"]) for item in items(aws, table))


def together(*bodies) -> list:
    """Runs functions at the same time; a failure of the driver is a result."""
    results = [None] * len(bodies)

    def run(index):
        try:
            results[index] = bodies[index]()
        except DriverFailed as failed:
            results[index] = failed

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# MARK: The emulators


def test_the_emulator_refuses_a_stale_write_and_a_wrong_secret(aws, table):
    client = aws.client("dynamodb")
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "version": {"S": "1"}}
    client.put_item(TableName=table, Item=item)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as refused:
        client.put_item(TableName=table, Item=item, ConditionExpression="version = :v",
                        ExpressionAttributeValues={":v": {"S": "0"}},
                        ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert refused.value.response["Item"] == item
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[
            {"Delete": {"TableName": table, "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}},
            {"ConditionCheck": {"TableName": table, "Key": {"pk": {"S": "a"}, "sk": {"S": "c"}},
                                "ConditionExpression": "attribute_exists(pk)"}}])
    assert len(items(aws, table)) == 1
    with pytest.raises(client.exceptions.ClientError) as refused:
        aws.client("dynamodb", (aws.key[0], "x" * 40)).list_tables()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


# MARK: Layout


def test_a_receipt_is_where_the_aws_cli_looks_for_it(aws, table, store):
    store.put("shop/dev/aws-lambda.state.json", receipt(), "absent", collection="state",
              workspace="/srv/app")
    command = [Path(sys.executable).with_name("aws"), "dynamodb", "get-item", "--table-name", table,
               "--key", '{"pk":{"S":"/srv/app"},"sk":{"S":"STAGE#dev"}}', "--output", "json"]
    environment = {"PATH": os.environ["PATH"]} | aws.environment
    shown = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    item = json.loads(shown.stdout)["Item"]
    assert json.loads(item["data"]["S"]) == json.loads(receipt())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item["updatedAt"]["S"])
    assert store.get("shop/dev/aws-lambda.state.json", "state", "/srv/app")[1] == receipt()


@pytest.mark.parametrize("data", [b"", b"text\n\t\xc3\xa9", b"\0", bytes(range(256)), b"\xff" * 9])
def test_bytes_are_exact_and_text_is_legible(aws, table, store, data):
    info = store.put("a/b", data, attributes={"one": "1", "two": "zwei \u00fc"})
    assert store.get("a/b") == (info, data)
    item = items(aws, table)[0]
    assert (item["pk"]["S"], item["sk"]["S"]) == ("w", "OBJECT#things#a/b")
    kind = "S" if data in (b"", b"text\n\t\xc3\xa9") else "B"
    assert item["data"] == {kind: data.decode() if kind == "S" else data}


def test_a_second_receipt_of_a_stage_gets_an_item_of_its_own(aws, table, store):
    paths = ["shop/dev/aws.state.json", "cart/dev/aws.state.json", "shop/prod/aws.state.json",
             "shop/dev/gcp.state.json"]
    for path in paths:
        store.put(path, path.encode(), "absent", collection="state")
    assert keys(aws, table) == sorted([
        ("w", "STAGE#dev"), ("w", "STAGE#prod"), ("w", "OBJECT#state#cart/dev/aws.state.json"),
        ("w", "OBJECT#state#shop/dev/gcp.state.json")])
    for path in paths:
        assert store.get(path, "state")[1] == path.encode()
        with pytest.raises(DriverFailed) as refused:
            store.put(path, b"", "absent", collection="state")
        assert refused.value.kind == "condition"
    assert store.list(collection="state") == sorted(paths)
    assert store.list("shop/", "state", limit=2) == sorted(paths)[1:3]
    assert store.list("", "state", start_after=sorted(paths)[1]) == sorted(paths)[2:]
    # The first one goes; the others stay where they are, and it comes back into the free item.
    store.remove(paths[0], collection="state")
    assert store.list(collection="state") == sorted(paths[1:])
    store.put("new/dev/x.state.json", b"new", collection="state")
    assert store.get("new/dev/x.state.json", "state")[1] == b"new"
    assert len(items(aws, table)) == 4


def test_racing_receipts_of_one_stage_all_survive(aws, table, store):
    paths = [f"s{number}/dev/p.state.json" for number in range(8)]
    results = together(*[
        lambda path=path: store.put(path, path.encode(), "absent", collection="state")
        for path in paths])
    failed = {str(result) for result in results if isinstance(result, DriverFailed)}
    # A conflict says that nothing was written, and to try again.
    assert all("conflict (applied no)" in words for words in failed), failed
    for path, result in zip(paths, results):
        if isinstance(result, DriverFailed):
            store.put(path, path.encode(), "absent", collection="state")
    assert store.list(collection="state") == paths
    assert [store.get(path, "state")[1].decode() for path in paths] == paths
    assert sum(sort == "STAGE#dev" for _, sort in keys(aws, table)) == 1


def test_one_receipt_has_one_maker(aws, table, store):
    for number in range(5):
        path = f"shop/stage{number % 2}/p{number}.state.json"
        results = together(*[
            lambda word=word: store.put(path, word, "absent", collection="state")
            for word in (b"1", b"2", b"3", b"4")])
        won = [result for result in results if not isinstance(result, DriverFailed)]
        assert len(won) == 1 or all(r.kind == "conflict" for r in results), results
    assert len(items(aws, table)) == len(store.list(collection="state"))


# MARK: Another tool's items


def original(aws, table, stage="dev", data=None, **more):
    item = {"pk": {"S": "w"}, "sk": {"S": f"STAGE#{stage}"},
            "data": {"S": data or receipt(stage=stage).decode()},
            "updatedAt": {"S": "2025-01-02T03:04:05Z"}} | more
    aws.client("dynamodb").put_item(TableName=table, Item=item)


def test_a_receipt_of_another_tool_is_adopted(aws, table, store):
    original(aws, table)
    path = "shop/dev/aws-lambda.state.json"
    info, data = store.get(path, "state")
    assert data == receipt() and info.modified == 1735787045 * 10**9
    assert store.head(path, "state") == info
    assert store.list(collection="state") == [path]
    with pytest.raises(DriverFailed) as refused:
        store.put(path, b"x", "absent", collection="state")
    assert (refused.value.kind, refused.value.current) == ("condition", info.version)
    # The other tool writes once more: the version that was read is stale.
    original(aws, table, data=receipt().decode() + " ")
    with pytest.raises(DriverFailed) as refused:
        store.put(path, b"x", info.version, collection="state")
    assert refused.value.kind == "condition"
    # Another service does not take its place.
    store.put("cart/dev/aws.state.json", b"other", "absent", collection="state")
    assert store.get(path, "state")[1] == receipt() + b" "
    store.put(path, b"{}", store.head(path, "state").version, collection="state")
    assert keys(aws, table) == [("w", "OBJECT#state#cart/dev/aws.state.json"), ("w", "STAGE#dev")]
    assert store.get(path, "state")[1] == b"{}"


@pytest.mark.parametrize("data", ["no json", "{}", '{"service": "a/b", "provider": "c"}', "[1]"])
def test_an_item_that_names_no_receipt_is_left_alone(aws, table, store, data):
    original(aws, table, data=data)
    before = items(aws, table)
    assert store.list(collection="state") == []
    assert any("STAGE#dev" in event for event in store.library.events)
    path = "shop/dev/aws-lambda.state.json"
    store.put(path, b"{}", "absent", collection="state")
    assert store.get(path, "state")[1] == b"{}"
    assert [item for item in items(aws, table) if item["sk"]["S"] == "STAGE#dev"] == before


def test_a_newer_layout_is_refused(aws, table, store):
    store.put("a", b"1")
    item = items(aws, table)[0] | {"format": {"N": "2"}}
    aws.client("dynamodb").put_item(TableName=table, Item=item)
    for call in (lambda: store.get("a"), lambda: store.head("a"), lambda: store.list()):
        with pytest.raises(DriverFailed) as refused:
            call()
        assert refused.value.kind == "newer format"


# MARK: Large values


def chunks(aws, table) -> int:
    return sum(sort.startswith("CHUNK#") for _, sort in keys(aws, table))


def marks(aws, table, kind: str) -> list[dict]:
    return [item for item in items(aws, table) if item["sk"]["S"].startswith(kind)]


def age(aws, table, mark: dict, seconds: int):
    """Makes a mark look older."""
    client = aws.client("dynamodb")
    client.delete_item(TableName=table, Key={"pk": mark["pk"], "sk": mark["sk"]})
    kind, when, upload = mark["sk"]["S"].split("#")
    client.put_item(TableName=table, Item=mark | {
        "sk": {"S": f"{kind}#{int(when) - seconds:012}#{upload}"},
        "touchedAt": {"N": str(int(mark["touchedAt"]["N"]) - seconds)}})


def collect(aws, table):
    """What any other writer does beside its first write."""
    with library().open(given(aws.options, table=table)) as other:
        other.remove("none")


def test_large_values_lie_in_chunks_that_are_collected(aws, table, store):
    data = os.urandom(2 * CHUNK + 5)
    info = store.put("big", data)
    assert chunks(aws, table) == 3 and not marks(aws, table, "WRITING#")
    assert store.get("big") == (info, data)
    assert store.get("big", offset=CHUNK - 2, length=5)[1] == data[CHUNK - 2:CHUNK + 3]
    # Replaced by a small value: retired in the same step, and kept for readers.
    store.put("big", b"small", info.version)
    assert chunks(aws, table) == 3 and len(marks(aws, table, "RETIRED#")) == 1
    store.put("big", data)
    store.remove("big")
    assert len(marks(aws, table, "RETIRED#")) == 2
    for mark in marks(aws, table, "RETIRED#"):
        age(aws, table, mark, 700)
    with library().open(given(aws.options, table=table)) as reader:
        reader.list()
    assert chunks(aws, table) == 6, "who only reads has collected"
    collect(aws, table)
    assert items(aws, table) == []


def test_an_upload_that_nobody_finished_is_collected(aws, table, store):
    seen = []

    def pieces():
        yield os.urandom(2 * CHUNK)
        seen.extend(marks(aws, table, "WRITING#"))
        age(aws, table, seen[0], 4000)
        # Another process collects; the upload's mark is under another key, so that its writer has none.
        collect(aws, table)
        yield os.urandom(CHUNK)

    store.put("big", b"before")
    with pytest.raises(DriverFailed) as refused:
        store.put("big", pieces())
    assert (refused.value.kind, refused.value.applied, refused.value.retry) == ("conflict", "no", 1)
    assert len(seen) == 1 and store.get("big")[1] == b"before"
    # What the writer added after it lost its mark goes with the second look, an hour later.
    left = marks(aws, table, "WRITING#")
    assert [mark["state"]["S"] for mark in left] == ["collecting"]
    age(aws, table, left[0], 4000)
    collect(aws, table)
    assert keys(aws, table) == [("w", "OBJECT#things#big")]


def test_a_write_that_fails_leaves_nothing(aws, table, store):
    def pieces():
        yield os.urandom(2 * CHUNK)
        store.put("big", b"faster")
        yield b"end"

    with pytest.raises(DriverFailed) as refused:
        store.put("big", pieces(), "absent")
    assert (refused.value.kind, refused.value.applied) == ("condition", "no")
    assert keys(aws, table) == [("w", "OBJECT#things#big")]
    assert store.get("big")[1] == b"faster"


def test_a_reader_that_is_overtaken_gets_a_conflict(aws, table, store):
    store.put("big", os.urandom(3 * CHUNK))

    def write(data):
        if len(data) == 1:
            store.remove("big")
            age(aws, table, marks(aws, table, "RETIRED#")[0], 700)
            collect(aws, table)
        return 0

    with pytest.raises(DriverFailed) as refused:
        store.get("big", write=write)
    assert (refused.value.kind, refused.value.retry) == ("conflict", 1)


# MARK: Commits


def test_a_commit_is_all_or_nothing(aws, table, store):
    store.put("a", b"1")
    version = store.head("a").version
    done = store.commit({"kind": "put", "path": "a", "data": b"2", "condition": version},
                        {"kind": "put", "path": "b", "data": os.urandom(2 * CHUNK),
                         "condition": "absent"},
                        {"kind": "check", "path": "c", "condition": "absent"},
                        {"kind": "remove", "path": "d"})
    assert sorted(done) == [0, 1]
    assert store.head("a") == done[0] and store.head("b") == done[1]
    with pytest.raises(DriverFailed) as refused:
        store.commit({"kind": "put", "path": "e", "data": b"2"},
                     {"kind": "put", "path": "f", "data": os.urandom(2 * CHUNK)},
                     {"kind": "remove", "path": "a", "condition": version})
    assert (refused.value.kind, refused.value.applied, refused.value.change) == ("condition", "no", 3)
    assert refused.value.current == done[0].version
    assert store.list() == ["a", "b"] and chunks(aws, table) == 2
    assert not marks(aws, table, "WRITING#")


def test_a_commit_of_receipts_of_one_stage(aws, table, store):
    store.commit(*[{"kind": "put", "path": f"s{number}/dev/p.state.json", "collection": "state",
                    "data": b"x", "condition": "absent"} for number in range(4)])
    assert len(store.list(collection="state")) == 4
    assert sum(sort == "STAGE#dev" for _, sort in keys(aws, table)) == 1
    store.commit({"kind": "remove", "path": "s0/dev/p.state.json", "collection": "state"},
                 {"kind": "put", "path": "new/dev/p.state.json", "collection": "state", "data": b"y"},
                 {"kind": "check", "path": "none/dev/p.state.json", "collection": "state",
                  "condition": "absent"})
    assert store.list(collection="state") == ["new/dev/p.state.json"] + [
        f"s{number}/dev/p.state.json" for number in (1, 2, 3)]


def test_the_most_changes_of_a_commit(aws, table, store):
    def changes(count):
        return [{"kind": "put", "path": f"{number:03}", "data": bytes([number]) * 90_000,
                 "condition": "absent"} for number in range(count)]

    store.commit(*changes(33))
    assert len(store.list()) == 33
    with pytest.raises(DriverFailed) as refused:
        store.commit(*changes(34))
    assert refused.value.kind == "too large"


# MARK: Opening


def test_a_missing_table(aws, table):
    options = given(aws.options, table="not-there")
    for existing in (False, True):
        with pytest.raises(DriverFailed) as refused:
            library().open(options, existing=existing)
        assert refused.value.kind == "invalid" and "bootstrap" in refused.value.message
    with pytest.raises(DriverFailed) as refused:
        library().open(options | {"bootstrap": True}, existing=True)
    assert refused.value.kind == "not found"
    assert "not-there" not in aws.client("dynamodb").list_tables()["TableNames"]


def test_bootstrap_makes_the_table(aws, request):
    options = given(aws.options, table=f"made-{os.getpid()}", bootstrap="true")
    with library().open(options) as first, library().open(options) as second:
        first.put("a", b"1")
        assert second.get("a")[1] == b"1"


def test_a_table_with_other_keys_is_refused(aws):
    aws.client("dynamodb").create_table(
        TableName="locks", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}])
    with pytest.raises(DriverFailed) as refused:
        library().open(given(aws.options, table="locks"))
    assert refused.value.kind == "invalid" and "LockID" in refused.value.message


def test_wrong_keys(aws, table):
    for changes in ({"secret_access_key": "x" * 40}, {"access_key_id": "AKIANOBODYNOBODYNOBO"}):
        with pytest.raises(DriverFailed) as refused:
            library().open(given(aws.options, table=table, **changes))
        assert refused.value.kind == "unauthenticated", refused.value
        assert not any(secret in str(refused.value) for secret in aws.secrets)


def test_no_endpoint(aws, table):
    for endpoint in ("http://127.0.0.1:1", "http://nowhere.invalid"):
        start = time.monotonic()
        with pytest.raises(DriverFailed) as refused:
            library().open(given(aws.options, table=table, endpoint=endpoint), seconds=20)
        assert refused.value.kind in ("unavailable", "deadline"), refused.value
        assert time.monotonic() - start < 21


def test_revoked_rights():
    # moto judges policies; ministack knows keys and signatures only.
    with server("moto") as moto:
        table = moto.make_table("readable")
        key = moto.make_key({"Effect": "Allow", "Resource": "*", "Action": [
            "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"]})
        options = given(moto.options, table=table, access_key_id=key[0],
                        secret_access_key=key[1])
        with library().open(options) as store:
            with pytest.raises(DriverFailed) as refused:
                store.put("a", b"1")
            assert (refused.value.kind, refused.value.applied) == ("forbidden", "no")
            assert store.list() == []
