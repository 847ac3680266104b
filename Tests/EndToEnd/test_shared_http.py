"""HTTP as drivers do it: TLS, proxies and kept connections, over the driver `dynamodb`."""

import json
import ssl
import subprocess

import pytest

from Servers.aws_stub import Answer, Stub
from blackbox.dynamodb import library
from blackbox.library import DriverFailed

TABLE = json.dumps({"Table": {
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                  {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                             {"AttributeName": "sk", "AttributeType": "S"}]}}).encode()


def answer(request) -> Answer:
    return Answer(200, TABLE)


def open_store(endpoint: str, **options):
    return library().open({
        "table": "receipts", "region": "eu-central-1", "endpoint": endpoint, "access_key_id": "ID",
        "secret_access_key": "canary-secret"} | options, existing=True, seconds=20)


def refused(endpoint: str, **options) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        open_store(endpoint, **options).close()
    assert "canary" not in str(failed.value)
    return failed.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    for name, subject in [("good", "IP:127.0.0.1"), ("other", "DNS:elsewhere.example")]:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=tests", "-addext", f"subjectAltName={subject}",
             "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
            check=True, capture_output=True)
    return folder


def tls(folder, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def test_certificates_are_verified(certificate):
    with Stub(answer, tls=tls(certificate, "good")) as stub:
        failed = refused(stub.url)
        assert (failed.kind, failed.vendor) == ("invalid", "CURLE_PEER_FAILED_VERIFICATION")
        assert "ca_file" in failed.message
        assert refused(stub.url, ca_file=str(certificate / "other.pem")).kind == "invalid"
        with open_store(stub.url, ca_file=str(certificate / "good.pem")) as store:
            assert store.list() == []
        assert not any("canary" in str(request.headers) for request in stub.requests)


def test_the_name_in_a_certificate_counts(certificate):
    with Stub(answer, tls=tls(certificate, "other")) as stub:
        assert refused(stub.url, ca_file=str(certificate / "other.pem")
                       ).vendor == "CURLE_PEER_FAILED_VERIFICATION"


def test_a_server_without_tls():
    with Stub(answer) as stub:
        failed = refused(stub.url.replace("http:", "https:"))
        assert (failed.kind, failed.applied) == ("unavailable", "no")


def test_a_connection_that_breaks_under_tls_ends_no_process(certificate):
    lost = iter([Answer(200, TABLE), Answer(lost=True), Answer(200, TABLE, cut=5)])
    with Stub(lambda _: next(lost, Answer(200, b"{}")), tls=tls(certificate, "good")) as stub:
        with open_store(stub.url, ca_file=str(certificate / "good.pem")) as store:
            for _ in range(2):
                with pytest.raises(DriverFailed) as failed:
                    store.put("a", b"x" * 300_000)
                assert (failed.value.kind, failed.value.applied) == ("unavailable", "unknown")


def test_a_proxy_is_an_option_and_no_variable(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Stub(answer) as stub:
        open_store(stub.url).close()
        open_store("http://service.example", proxy=f"http://user:canary@127.0.0.1:{stub.port}").close()
        assert stub.requests[-1].path == "http://service.example/"
        assert stub.requests[-1].headers["host"] == "service.example"
    failed = refused("http://service.example", proxy="http://user:canary@127.0.0.1:1")
    assert failed.kind == "unavailable"


def test_a_connection_is_kept():
    ports = set()

    class Watching(Stub):
        def _handle(self, handler):
            ports.add(handler.client_address)
            super()._handle(handler)

    with Watching(answer) as stub, open_store(stub.url) as store:
        for _ in range(10):
            store.list()
        assert len(ports) == 1


def test_redirects_are_not_followed():
    with Stub(answer) as other:
        with Stub(lambda _: Answer(307, b"", {"Location": other.url})) as stub:
            refused(stub.url)
        assert other.requests == []
