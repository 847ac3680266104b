"""The driver `s3` over the C interface, on ministack and moto."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from Servers import server
from Servers.aws_stub import Answer, Stub
from Servers.fake_s3 import FakeS3
from blackbox import dist
from blackbox.library import Call, DriverFailed
from blackbox.s3 import PART, given, library


@pytest.fixture(scope="module")
def aws(request):
    with server(getattr(request, "param", "ministack_s3")) as running:
        yield running


# moto decodes escaped keys twice, so that it is a second opinion only on some things.
both = pytest.mark.parametrize("aws", ["ministack_s3", "moto_s3"], indirect=True)


@pytest.fixture
def prefix(request, _count=iter(range(1000))) -> str:
    return f"team/{next(_count)}-{re.sub('[^a-z]', '-', request.node.originalname)}"


@pytest.fixture
def store(aws, prefix):
    with library().open(given(aws.options, prefix=prefix)) as opened:
        yield opened


def keys(aws, prefix) -> list[str]:
    """The keys of objects below a prefix, without it."""
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(
        Bucket=aws.bucket, Prefix=prefix + "/")
    found = [entry["Key"].removeprefix(prefix + "/") for page in pages
             for entry in page.get("Contents", [])]
    return [key for key in found if key != ".holdfast/probe/verdict.json"]


def uploads(aws) -> list:
    return aws.client("s3").list_multipart_uploads(Bucket=aws.bucket).get("Uploads", [])


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value


# MARK: The emulators


@both
def test_the_emulator_refuses_a_stale_write_and_a_wrong_secret(aws):
    client = aws.client("s3")
    client.put_object(Bucket=aws.bucket, Key="emulator", Body=b"1", IfNoneMatch="*")
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"stale"'}):
        with pytest.raises(client.exceptions.ClientError) as failed:
            client.put_object(Bucket=aws.bucket, Key="emulator", Body=b"2", **condition)
        assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert client.get_object(Bucket=aws.bucket, Key="emulator")["Body"].read() == b"1"
    if aws.name == "moto_s3":
        return  # it checks no signatures here
    with pytest.raises(client.exceptions.ClientError) as failed:
        aws.client("s3", (aws.key[0], "x" * 40)).list_objects_v2(Bucket=aws.bucket)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


# MARK: Layout


def test_a_receipt_is_where_the_aws_cli_looks_for_it(aws, prefix, store):
    data = b'{"service": "svc"}\n'
    store.put("svc/dev/aws-lambda.state.json", data, "absent", collection="state", workspace="")
    store.put("net/prod", b"state", collection="terraform", workspace="")
    store.put("a", b"1", collection="records", workspace="")
    store.put("a", b"1", collection="records", workspace="w/x")
    assert keys(aws, prefix) == [
        ".holdfast/records/a", ".holdfast/workspaces/w%2Fx/records/a",
        "svc/dev/aws-lambda.state.json", "terraform/net/prod"]
    place = f"s3://{aws.bucket}/{prefix}/svc/dev/aws-lambda.state.json"
    shown = subprocess.run(
        [Path(sys.executable).with_name("aws"), "s3", "cp", place, "-"], capture_output=True,
        env={"PATH": os.environ["PATH"]} | aws.environment)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == data


@pytest.mark.parametrize("path", [
    "space in name", "plus+and%25percent", "a?b&c=d#e", "quote'\"", "semi;colon,comma", "über/日本/🙂",
    "tilde~", "*star*", "back\\slash", "a/b.", "%2e%2e/x", "<tag>&amp;", "a:b@c!$()[]{}|^`"])
def test_odd_names_are_exact(aws, prefix, store, path):
    info = store.put(path, path.encode(), "absent", attributes={"name": path})
    assert store.get(path)[1] == path.encode()
    assert store.head(path).attributes == {"name": path}
    assert store.list() == [path]
    assert keys(aws, prefix) == [f".holdfast/workspaces/w/things/{path}"]
    store.remove(path, info.version)
    assert store.list() == []


def test_objects_of_strangers_are_read_and_replaced(aws, prefix, store):
    aws.client("s3").put_object(Bucket=aws.bucket, Key=f"{prefix}/terraform/theirs", Body=b"1",
                                Metadata={"owner": "somebody"})
    aws.client("s3").put_object(Bucket=aws.bucket, Key=f"{prefix}/terraform/folder/", Body=b"")
    where = {"collection": "terraform", "workspace": ""}
    info, data = store.get("theirs", **where)
    assert data == b"1" and info.attributes == {} and info.version
    assert store.list(**where) == ["theirs"]
    ours = store.put("theirs", b"2", info.version, **where)
    assert ours.version != info.version
    assert refused(lambda: store.put("theirs", b"3", info.version, **where)).kind == "condition"


@both
def test_bytes_that_come_back_have_another_version(store):
    first = store.put("a", b"same", "absent")
    store.put("a", b"other", first.version)
    third = store.put("a", b"same")
    assert third.version != first.version
    for call in (lambda: store.put("a", b"stale", first.version),
                 lambda: store.remove("a", first.version)):
        failed = refused(call)
        assert (failed.kind, failed.applied, failed.current) == ("condition", "no", third.version)
    assert store.get("a")[1] == b"same"


# MARK: Large values


def test_large_values_go_in_parts_and_come_in_pieces(aws, prefix, store):
    data = os.urandom(3 * PART + 12_345)
    info = store.put("big", data, "absent", attributes={"kind": "large"})
    found, back = store.get("big")
    assert (found.version, found.attributes) == (info.version, {"kind": "large"})
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
    for offset, length in [(0, 1), (PART - 1, 2), (PART + 5, 2 * PART), (len(data) - 3, 99),
                           (len(data), 5), (len(data) + 5, 5), (5, 2**64 - 1)]:
        assert store.get("big", offset=offset, length=length)[1] == data[offset:offset + length]
    assert store.head("big").size == len(data) and not uploads(aws)
    key = f"{prefix}/.holdfast/workspaces/w/things/big"
    assert "-4" in aws.client("s3").head_object(Bucket=aws.bucket, Key=key)["ETag"]


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART])
def test_sizes_around_a_part(store, size):
    data = os.urandom(size)
    store.put("sized", iter([data[:100], data[100:]]) if size else b"")
    assert store.get("sized")[1] == data


@both
def test_a_large_write_that_fails_leaves_nothing(aws, prefix, store):
    def pieces():
        yield os.urandom(PART + 100)
        store.put("big", b"faster")
        yield b"end"

    failed = refused(lambda: store.put("big", pieces(), "absent"))
    # moto ignores one of the conditions, so that there such a write is refused at once.
    assert failed.kind in ("condition", "unsupported") and failed.applied == "no"
    assert not uploads(aws)
    if failed.kind == "condition":
        assert keys(aws, prefix) == [".holdfast/workspaces/w/things/big"]
        assert store.get("big")[1] == b"faster"


def test_a_reader_that_is_overtaken_gets_a_conflict(store):
    store.put("big", os.urandom(3 * PART))

    def write(data):
        if len(data) == 1:
            store.put("big", os.urandom(3 * PART))
        return 0

    failed = refused(lambda: store.get("big", write=write))
    assert (failed.kind, failed.retry) == ("conflict", 1)


@pytest.mark.parametrize("way", ["up", "down"])
def test_memory_is_constant(way, tmp_path):
    """1 GiB each way, in a process of its own, against a service that keeps no bytes."""
    program = tmp_path / "program.py"
    program.write_text(MEMORY)
    with FakeS3(drops=True) as fake:
        done = subprocess.run(
            [sys.executable, program, way], capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]),
                              "OPTIONS": json.dumps(fake.options)})
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout)
    print(f"{way}: grown by {grown >> 20} MiB")
    assert grown < 96 << 20


MEMORY = """
import json, os, sys
from blackbox.library import Call
from blackbox.s3 import given, library

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10

piece = bytes(1 << 20)
with library().open(given(json.loads(os.environ["OPTIONS"]))) as store:
    store.put("small", piece)
    before = peak()
    store.put("big", (piece for _ in range(1024)), call=Call(None))
    if sys.argv[1] == "down":
        before = peak()
        count = 0
        def write(data):
            global count
            count += len(data.pop())
            return 0
        store.get("big", write=write, call=Call(None))
        assert count == 1 << 30, count
    print(peak() - before)
"""


# MARK: Operations, signatures


def test_presigned_urls_work_for_curl(aws, prefix, tmp_path):
    options = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in
                      given(aws.options, prefix=prefix).items() if "credentials" not in name
                      and "config" not in name and not isinstance(value, bool))
    (tmp_path / "holdfast.yml").write_text(f"backend:\n  kind: s3\n  options:\n{options}")

    def call(operation, *parameters, status=0):
        done = subprocess.run(
            [dist.dist() / "bin/holdfast", "driver", "call", "default", operation,
             *[f"--param={word}" for word in parameters]], cwd=tmp_path, capture_output=True,
            env=dist.clean_environment(**aws.environment))
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if not status else done.stderr.decode()

    def curl(*words):
        return subprocess.run(["curl", "-sS", "--fail-with-body", *words], capture_output=True)

    where = ("collection=things", "path=a b/ü+%&?")
    put = call("s3.presign", *where, "method=PUT")
    (tmp_path / "body").write_bytes(b"hello")
    assert curl("-T", tmp_path / "body", put["url"]).returncode == 0
    got = call("s3.presign", *where, "lifetime=60")
    assert got["lifetime"] == 60 and got["key"].endswith("a b/ü+%&?")
    assert curl(got["url"]).stdout == b"hello"
    assert curl(got["url"].replace("Expires=60", "Expires=61")).returncode != 0
    assert curl("-T", tmp_path / "body", got["url"]).returncode != 0, "it is for reading"
    assert "path" in call("s3.presign", "collection=things", "path=../x", status=2)
    assert call("s3.place") == {"place": f"s3://{aws.bucket}/{prefix}/", "settled": True}
    versions = call("s3.versions", *where)
    assert len(versions["versions"]) == 1 and versions["versions"][0]["bytes"] == 5
    aws.client("s3").put_bucket_versioning(
        Bucket=aws.bucket, VersioningConfiguration={"Status": "Enabled"})
    assert curl("-T", tmp_path / "body", put["url"]).returncode == 0
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=put["key"])
    versions = call("s3.versions", *where)["versions"]
    assert [found["latest"] for found in versions] == [True] + [False] * (len(versions) - 1)
    assert len(versions) >= 2 and any(found["removed"] for found in versions)


def test_requests_are_signed_as_botocore_signs_them():
    seed = int(os.environ.get("HOLDFAST_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(8):
        def word(most, letters="abcXYZ019/+="):
            return "".join(chance.choice(letters) for _ in range(chance.randint(1, most)))

        keys_ = Credentials("AKIA" + word(16, "AB01"), word(60),
                            word(900) if chance.random() < 0.5 else None)
        region = chance.choice(["eu-central-1", "us-gov-west-1", "x"])
        with FakeS3() as fake, Stub(lambda request: None, fake.server.server_address[1]) as stub:
            options = fake.options | {"endpoint": stub.url, "region": region,
                                      "prefix": word(20, "aé漢😀-_ "),
                                      "access_key_id": keys_.access_key,
                                      "secret_access_key": keys_.secret_key}
            if keys_.token:
                options["session_token"] = keys_.token
            with library().open(options) as store:
                store.put("x" + word(30, "aé漢😀-_ +%&?~'"), b"1" * chance.randint(0, 300),
                          attributes={"a": word(100, "é b")})
                store.list()
            assert len(stub.requests) > 40
            for request in stub.requests:
                check_signature(request, keys_, region, stub.url)


def check_signature(request, keys_, region, url):
    given_header = request.headers["authorization"]
    names = given_header.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names)
    for name in ("if-match", "if-none-match", "range", "x-amz-meta-holdfast"):
        assert (name in names) == (name in request.headers)
    assert ("x-amz-security-token" in names) == bool(keys_.token)
    assert request.headers["x-amz-content-sha256"] == hashlib.sha256(request.body).hexdigest()
    again = AWSRequest(request.method, url + request.path, data=request.body,
                       headers={name: request.headers[name] for name in names})
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = botocore.auth.S3SigV4Auth(keys_, "s3", region)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert given_header.endswith("Signature=" + signer.signature(text, again))


@pytest.mark.parametrize("encryption, headers", [
    ({}, {}), ({"encryption": "AES256"}, {"x-amz-server-side-encryption": "AES256"}),
    ({"encryption": "aws:kms", "kms_key": "alias/k"},
     {"x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "alias/k"})])
def test_encryption_is_asked_for_by_every_write(encryption, headers):
    with FakeS3() as fake, Stub(lambda request: None, fake.server.server_address[1]) as stub:
        with library().open(fake.options | {"endpoint": stub.url} | encryption) as store:
            store.put("small", b"1")
            store.put("large", iter([bytes(PART + 1)]))
    writes = [request for request in stub.requests
              if request.method == "PUT" and "partNumber" not in request.path
              or request.method == "POST" and request.path.endswith("?uploads=")]
    assert len(writes) > 40
    for request in writes:
        found = {name: value for name, value in request.headers.items()
                 if name.startswith("x-amz-server-side")}
        assert found == headers, request.path


@pytest.mark.parametrize("changes, word", [
    ({"bucket": "UPPER"}, "bucket"), ({"bucket": "a"}, "bucket"), ({"bucket": "a/b/c"}, "bucket"),
    ({"prefix": "a//b"}, "prefix"), ({"prefix": "../x"}, "prefix"), ({"prefix": "x" * 301}, "prefix"),
    ({"endpoint": "ftp://x"}, "endpoint"), ({"endpoint": "http://u@x"}, "endpoint"),
    ({"kms_key": "k"}, "kms_key"), ({"encryption": "aws:kms", "kms_key": "a b"}, "kms_key")])
def test_options_that_are_wrong(changes, word):
    options = {"bucket": "bucket", "endpoint": "http://127.0.0.1:1", "region": "x",
               "access_key_id": "a", "secret_access_key": "b"} | changes
    failed = refused(lambda: library().open(options))
    assert failed.kind == "invalid" and word in failed.message


def test_the_buckets_name_stands_where_addressing_says():
    with Stub(lambda request: Answer(200, b"<ListBucketResult/>")) as stub:
        for addressing, host, path in [
                ("auto", "127.0.0.1", "/bucket/"), ("path", "127.0.0.1", "/bucket/")]:
            options = {"bucket": "bucket", "endpoint": stub.url, "region": "x", "access_key_id": "a",
                       "secret_access_key": "b", "addressing": addressing}
            stub.requests.clear()
            refused(lambda: library().open(options))
            assert stub.requests[0].headers["host"].startswith(host)
            assert stub.requests[0].path.startswith(path)
    options |= {"addressing": "virtual", "endpoint": "http://localhost:1", "connect_timeout": "1s"}
    del options["connect_timeout"]
    failed = refused(lambda: library().open(options))
    assert failed.kind == "unavailable" and "http://bucket.localhost:1" in failed.message


@both
def test_a_missing_bucket_is_made_only_where_that_is_allowed(aws):
    options = given(aws.options, bucket="made-later")
    failed = refused(lambda: library().open(options))
    assert failed.kind == "invalid" and "bootstrap" in failed.message
    failed = refused(lambda: library().open(options | {"bootstrap": True}, existing=True))
    assert failed.kind == "not found"
    with library().open(options | {"bootstrap": True}) as store:
        store.put("a", b"1")
    with library().open(options, existing=True) as store:
        assert store.get("a")[1] == b"1"


def test_listings_go_on_over_pages(aws, prefix):
    client = aws.client("s3")
    names = [f"{number:04}" for number in range(1100)]
    for name in names:
        client.put_object(Bucket=aws.bucket, Key=f"{prefix}/terraform/{name}", Body=b"")
    with library().open(given(aws.options, prefix=prefix)) as store:
        where = {"collection": "terraform", "workspace": ""}
        assert store.list(limit=2000, **where) == names
        assert store.list(limit=3, start_after="0998", **where) == ["0999", "1000", "1001"]


def test_a_deadline_ends_a_large_read(store):
    store.put("big", bytes(2 * PART))
    failed = refused(lambda: store.get("big", call=Call(0)))
    assert failed.kind == "deadline"
