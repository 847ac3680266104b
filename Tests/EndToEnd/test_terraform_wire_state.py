"""Reading, writing and removing a state: terraform-http rows 1.1, 1.5 and 1.6."""

import gzip
import json
import os
import time

import pytest

from blackbox import dist
from blackbox.terraform import NO_STATE, body_headers, state
from blackbox.wire import Connection, ConnectionEnded, chunks, content_md5, request_bytes

STORES = dist.STORES
# What the daemon does with requests before it asks a store is the same over each.
front_end = pytest.mark.stores("sqlite")

BODIES = {
    "a state": state(1, motd="hello"),
    "not JSON": b"\x00\x01\xff\xfe not json \r\n\r\n",
    "unicode": '{"serial": 1, "snowman": "\u2603", "astral": "\U0001f600", "nfd": "e\u0301"}'.encode(),
    "big numbers": b'{"serial":18446744073709551615,"n":1e400,"f":0.10000000000000000000000001}',
    "trailing space": b'{"serial": 3}   \n\n\t ',
    "no newline": b'{"serial":3}',
    "duplicate keys": b'{"serial":3,"serial":4}',
    "byte order mark": b'\xef\xbb\xbf{"serial":3}',
    "deep nesting": b"[" * 20000,
    "client-encrypted": b'{"serial":7,"lineage":"l","meta":{},"encrypted_data":"AAAA",'
                        b'"encryption_version":"v0"}',
    "one byte": b"x",
    "incompressible": os.urandom(300_000),
    "over a mebibyte": state(9, blob="y" * 3_000_000),
}


def test_a_state_that_never_was_is_no_state(client):
    assert client.get().status in NO_STATE


@pytest.mark.parametrize("name", BODIES)
def test_bytes_come_back_exactly(client, cli, name):
    body = BODIES[name]
    assert client.post(body).status == 200
    read = client.get()
    assert (read.status, read.body) == (200, body)
    assert cli.pull(client.path) == body


@front_end
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_both_write_methods(client, method):
    for serial in (1, 2):
        assert client.post(state(serial), method=method).status == 200
        assert client.get().body == state(serial)


def test_remote_test_client(client):
    # Terraform's own helper: put, get, delete with 200 and nothing else, then no state.
    assert client.post(state(1)).status == 200
    assert client.get().body == state(1)
    assert client.delete().status == 200
    assert client.get().status in NO_STATE
    assert client.delete().status == 200, "the answer to a first DELETE may have been lost"


def test_a_removed_state_can_be_made_again(client):
    client.post(state(5))
    client.delete()
    assert client.post(state(1)).status == 200
    assert client.get().body == state(1)


def test_names_are_apart(daemon):
    paths = ["a", "a/b", "a/b/c", "a-b/c", "A", "a.tfstate", "a.json/b", "\u00e4", "a b", "a%b"]
    quoted = [path.replace("%", "%25").replace(" ", "%20").replace("\u00e4", "%C3%A4")
              for path in paths]
    for number, path in enumerate(quoted):
        assert daemon.client(path).post(state(number + 1)).status == 200, path
    for number, path in enumerate(quoted):
        assert daemon.client(path).get().body == state(number + 1), path
    assert daemon.client("a").delete().status == 200
    assert daemon.client("a/b").get().body == state(2)


@front_end
def test_gzip_only_on_request(client):
    body = state(1, blob="z" * 20_000)
    client.post(body)
    zipped = client.get()
    assert zipped.header("Content-Encoding") == "gzip"
    assert len(zipped.raw) < len(body) and gzip.decompress(zipped.raw) == body
    for refusal in ("identity", "gzip;q=0", "deflate"):
        plain = client.get(**{"Accept-Encoding": refusal})
        assert plain.header("Content-Encoding") in (None, "identity"), refusal
        assert plain.raw == body
    # OpenTofu and Terraform fail on a value that is not base64, so it is right or absent.
    assert plain.header("Content-MD5") in (None, content_md5(body))


@front_end
@pytest.mark.parametrize("spelling", ["Content-Md5", "content-md5", "CONTENT-MD5", "Content-MD5"])
def test_content_md5_is_checked_in_any_spelling(client, spelling):
    body = state(1)
    right = client._send("POST", client.target, body, {spelling: content_md5(body)})
    assert right.status == 200
    for value in (content_md5(b"other"), "not base64 at all", "AAAA", ""):
        wrong = client._send("POST", client.target, state(2), {spelling: value})
        assert wrong.status == 400, f"{value!r}: {wrong}"
        assert client.get().body == body
    assert client._send("POST", client.target, state(2), {}).status == 200


@front_end
def test_head_has_the_length_and_no_body(client):
    assert client._send("HEAD", client.target, None, {}).status in NO_STATE
    client.post(state(1))
    head = client._send("HEAD", client.target, None, {})
    assert (head.status, head.raw) == (200, b"")
    assert head.header("Content-Length") in (None, str(len(state(1))))


@front_end
def test_other_methods_are_refused_with_those_allowed(client):
    client.post(state(1))
    for method in ("PATCH", "TRACE", "PROPFIND", "MKCOL"):
        answer = client._send(method, client.target, b"", {})
        assert answer.status == 405, f"{method}: {answer}"
        allowed = {name.strip() for name in (answer.header("Allow") or "").split(",")}
        assert {"GET", "POST", "PUT", "DELETE", "LOCK", "UNLOCK"} <= allowed, method
    assert client.get().body == state(1)


@front_end
def test_a_chunked_body_is_a_body(client):
    body = state(1, blob="q" * 100_000)
    headers = client.headers | body_headers(body)
    answer = client._send("POST", client.target, body, headers, chunked=True)
    assert answer.status == 200
    assert client.get().body == body


@front_end
def test_expect_continue(client):
    body = state(1)
    with Connection(client.port) as connection:
        head = request_bytes("POST", client.target, body, port=client.port, headers={
            "Expect": "100-continue", **body_headers(body)})
        connection.send(head[: -len(body)])
        time.sleep(0.1)
        connection.send(body)
        assert connection.response().status == 200
    assert client.get().body == body


@front_end
def test_one_connection_serves_many_requests(client):
    with Connection(client.port) as connection:
        for serial in range(1, 30):
            body = state(serial)
            answer = connection.request("POST", client.target, body, headers=body_headers(body))
            assert answer.status == 200
            assert connection.request("GET", client.target).body == body
            assert connection.request("PATCH", client.target, b"x").status == 405


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_a_truncated_body_changes_nothing(client, project, how):
    client.post(state(1))
    before = project.contents()
    body = state(2, blob="t" * 500_000)
    with Connection(client.port) as connection:
        head = {"Content-Type": "application/json"}
        if how == "length":
            whole = request_bytes("POST", client.target, body, port=client.port, headers=head)
            connection.send(whole[: len(whole) // 2])
        else:
            head["Transfer-Encoding"] = "chunked"
            connection.send(request_bytes("POST", client.target, port=client.port, headers=head))
            connection.send(chunks(body[:300_000])[:-5])
        connection.finish_sending()
        try:
            assert connection.response().status == 400
        except ConnectionEnded:
            pass
    assert client.get().body == state(1)
    # The daemon may clean up after it has closed the connection.
    ending = time.monotonic() + 10
    while project.contents() != before and time.monotonic() < ending:
        time.sleep(0.05)
    assert project.contents() == before


@front_end
def test_an_empty_write_is_refused(client):
    # A 200 with an empty body means "no state" to the client: an empty state would lose the last.
    client.post(state(1))
    assert 400 <= client.post(b"").status < 500
    assert client.get().body == state(1)


@front_end
def test_a_body_over_the_limit_is_refused_before_it_is_read(client):
    client.post(state(1))
    with Connection(client.port, timeout=10) as connection:
        connection.send(request_bytes("POST", client.target, port=client.port, headers={
            "Content-Length": str((4 << 30) + 1), "Content-Type": "application/json"}))
        assert connection.response().status == 413
    assert client.get().body == state(1)


@front_end
def test_a_second_content_length_is_refused(client):
    body = state(1)
    raw = (f"POST {client.target} HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\n"
           f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
    with Connection(client.port, timeout=10) as connection:
        connection.send(raw + body)
        assert connection.response().status == 400
    assert client.get().status in NO_STATE


@front_end
def test_a_serial_that_goes_backwards_is_kept_and_noted(client, cli):
    # `state push -force` and `init -migrate-state` do this, and the wire does not say that it is so.
    client.post(state(10))
    assert client.post(state(6)).status == 200
    assert client.post(state(7, lineage="another")).status == 200
    newest, middle, oldest = cli.versions(client.path)
    assert [newest["serial"], middle["serial"], oldest["serial"]] == [7, 6, 10]
    assert "serial-regressed" in middle["events"]
    assert "lineage-changed" in newest["events"]
    assert json.loads(client.get().body)["lineage"] == "another"
