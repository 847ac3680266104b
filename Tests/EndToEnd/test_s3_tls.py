"""The driver `s3` over TLS: bodies carry a sum that the service checks, or are hashed for the signature."""

import base64
import hashlib
import os
import re
import ssl
import subprocess

import pytest

from Servers import server
from Servers.aws_stub import Stub
from blackbox.s3 import PART, given, library


@pytest.fixture(scope="module")
def ministack():
    with server("ministack_s3") as running:
        yield running


@pytest.fixture
def secured(ministack, tmp_path):
    """A TLS server before ministack, and the options of a store behind it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=tests", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", tmp_path / "key", "-out", tmp_path / "pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    with Stub(lambda request: None, ministack.port, tls=context) as stub:
        yield stub, given(ministack.options, prefix="tls", endpoint=stub.url,
                          ca_file=str(tmp_path / "pem"))


def crc32c(data: bytes) -> int:
    """By the definition: the reflected polynomial of Castagnoli, bit by bit, eight of them by a table."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    total = 0xFFFFFFFF
    for byte in data:
        total = total >> 8 ^ table[(total ^ byte) & 255]
    return total ^ 0xFFFFFFFF


def test_bodies_carry_a_sum_and_are_not_hashed(secured):
    assert crc32c(b"123456789") == 0xE3069283
    stub, options = secured
    with library().open(options | {"checksum": "crc32c"}) as store:
        stub.requests.clear()
        small, large = os.urandom(1000), os.urandom(PART + 100)
        store.put("small", small, "absent")
        info = store.put("large", iter([large]), "absent")
        assert store.get("small")[1] == small and store.get("large")[1] == large
        store.put("large", iter([large]), info.version)
        found = store.capabilities()
        assert found["condition.absent"][0] == found["condition.version"][0] == 20
    sums = []
    for request in stub.requests:
        content = request.method == "PUT"
        assert ("x-amz-checksum-crc32c" in request.headers) == content, request.path
        if content:
            sums.append(request.headers["x-amz-checksum-crc32c"])
            assert request.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
            if len(request.body) < 2000:
                wanted = crc32c(request.body).to_bytes(4, "big")
                assert base64.b64decode(sums[-1]) == wanted
        if "uploads=" in request.path and request.method == "POST":
            assert request.headers["x-amz-checksum-algorithm"] == "CRC32C"
        if "uploadId" in request.path and request.method == "POST":
            named = re.findall(r"<ChecksumCRC32C>(.*?)</ChecksumCRC32C>", request.body.decode())
            assert len(named) == 2 and set(named) <= set(sums)


def test_other_services_than_amazons_get_the_hash_in_the_signature(secured):
    """Some refuse the header of a sum, and all of them check the hash."""
    stub, options = secured
    with library().open(options) as store:
        stub.requests.clear()
        store.put("small", b"1")
        store.put("large", iter([bytes(PART + 100)]))
    for request in stub.requests:
        assert not any(name.startswith("x-amz-checksum") for name in request.headers)
        wanted = hashlib.sha256(request.body).hexdigest()
        assert request.headers["x-amz-content-sha256"] == wanted
        assert b"Checksum" not in request.body[:1000]
