"""Who may speak to the daemon, and what it never tells."""

import base64
import subprocess

import pytest

from blackbox.project import modes
from blackbox.terraform import lock_info, state
from blackbox.wire import Connection, ConnectionEnded

KEY = "canary-key-5b1f0e9c7a"
WRONG = "canary-wrong-2d4c6b8a"


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example",
                                  "localhost.evil.example", "169.254.169.254", "0.0.0.0"])
def test_an_unknown_host_is_refused(daemon, host):
    daemon.client("x").post(state(1))
    for target in ("/terraform/x", "/terraform/none", "/version", "/metrics"):
        answer = daemon.request("GET", target, headers={"Host": host})
        assert answer.status == 403, f"{target}: {answer}"
    answer = daemon.request("POST", "/terraform/x", state(2), headers={"Host": host})
    assert answer.status == 403
    assert daemon.client("x").get().body == state(1)


def test_own_hosts_are_known(daemon):
    daemon.client("x").post(state(1))
    port = daemon.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", f"LOCALHOST:{port}",
                 "localhost", "127.0.0.1"):
        assert daemon.request("GET", "/terraform/x", headers={"Host": host}).status == 200, host


def test_a_request_without_a_host(daemon):
    assert daemon.request("GET", "/terraform/x", headers={"Host": None}).status in (400, 403)
    with Connection(daemon.port) as connection:
        port = daemon.port
        connection.send(f"GET /terraform/x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                        "Host: evil.example\r\n\r\n".encode())
        assert connection.response().status in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1", "null", "file://"])
def test_a_foreign_origin_is_refused(daemon, origin):
    daemon.client("x").post(state(1))
    for method, body in (("GET", None), ("POST", state(2)), ("DELETE", None), ("LOCK", b'{"ID":"x"}')):
        answer = daemon.request(method, "/terraform/x", body, headers={"Origin": origin})
        assert answer.status == 403, f"{method}: {answer}"
        assert answer.header("Access-Control-Allow-Origin") is None
    assert daemon.client("x").get().body == state(1)


def test_the_own_origin_is_known(daemon):
    headers = {"Origin": f"http://127.0.0.1:{daemon.port}"}
    assert daemon.request("GET", "/version", headers=headers).status == 200


def basic(password: str, user: str = "any") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("source", ["file", "flag", "environment"])
def test_every_form_of_the_key(launch, project, key_file, source):
    flags = {"file": ["--api-key-file", key_file], "flag": ["--api-key", KEY], "environment": []}
    env = {"HOLDFAST_DAEMON_API_KEY": KEY} if source == "environment" else {}
    daemon = launch(project, *flags[source], env=env)
    right = [{"X-API-Key": KEY}, {"Authorization": basic(KEY)}, {"Authorization": basic(KEY, "")},
             {"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}]
    for headers in right:
        assert daemon.client("x", headers=headers).post(state(1)).status == 200, headers
    wrong = [{}, {"X-API-Key": WRONG}, {"X-API-Key": KEY + "x"}, {"X-API-Key": KEY[:-1]},
             {"X-API-Key": ""}, {"Authorization": basic(WRONG)}, {"Authorization": basic("", KEY)},
             {"Authorization": f"Bearer {WRONG}"}, {"Authorization": "Bearer"},
             {"Authorization": "Basic !!!"}, {"Authorization": f"Digest {KEY}"},
             {"X-API-Key": KEY.upper()}]
    for headers in wrong:
        client = daemon.client("x", headers=headers)
        for answer in (client.get(), client.post(state(2)), client.lock(lock_info()),
                       client.force_unlock(), client.delete()):
            assert answer.status in (401, 403), f"{headers}: {answer}"
            # With the challenge, `curl` and browsers know what to send; Terraform reads the status.
            assert answer.status == 403 or answer.header("WWW-Authenticate")
            assert KEY not in str(answer)
    assert daemon.client("x", headers=right[0]).get().body == state(1)


def test_a_wrong_key_learns_nothing(launch, project, key_file):
    daemon = launch(project, "--api-key-file", key_file)
    daemon.client("there", headers={"X-API-Key": KEY}).post(state(1))
    answers = set()
    for path in ("there", "not-there", "a/../b", "%00", "x" * 300):
        answer = daemon.request("GET", f"/terraform/{path}", headers={"X-API-Key": WRONG})
        answers.add((answer.status, answer.body))
    for target in ("/metrics", "/no-such-route"):
        assert daemon.request("GET", target).status in (401, 403), target
    assert len(answers) == 1, answers
    assert daemon.request("GET", "/healthz").status == 200, "a probe needs no key"


def test_keys_are_never_told(launch, project, key_file):
    daemon = launch(project, "--api-key-file", key_file, env={"LOG_LEVEL": "trace"})
    for key in (KEY, WRONG):
        for headers in ({"X-API-Key": key}, {"Authorization": basic(key)},
                        {"Authorization": f"Bearer {key}"}):
            client = daemon.client("x", headers=headers)
            answers = [client.get(), client.post(state(1)), client.lock_raw(b"{"),
                       client._send("PATCH", client.target, b"", {})]
            for answer in answers:
                assert "canary-" not in str(answer)
        daemon.request("GET", f"/terraform/x?api_key={key}")
    metrics = daemon.request("GET", "/metrics", headers={"X-API-Key": KEY})
    assert b"canary-" not in metrics.body
    assert daemon.stop() == 0
    for secret in (KEY, base64.b64encode(f"any:{KEY}".encode()).decode(),
                   base64.b64encode(f"any:{WRONG}".encode()).decode(), WRONG):
        assert secret not in daemon.log
    for path in project.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_a_states_bytes_are_never_told(launch, project, cli, tmp_path):
    canary = "canary-state-91ac77"
    body = state(1, password=canary)
    daemon = launch(project, env={"LOG_LEVEL": "trace"})
    client = daemon.client("x")
    client.post(body)
    client.lock(lock_info())
    client.post(body + b" ", "stale")
    client._send("POST", client.target, body, {"Content-Md5": "AAAA"})
    client.lock_raw(body)
    client._send("UNLOCK", client.target, body, {})
    file = tmp_path / "pushed"
    file.write_bytes(body)
    outputs = []
    for arguments in (["state", "list"], ["state", "show", "terraform/x"], ["lock", "list"],
                      ["state", "versions", "terraform/x"], ["lock", "show", "terraform/x"],
                      ["state", "push", "terraform/x", file], ["config", "show", "--origin"],
                      ["driver", "list"]):
        for flags in ([], ["--json"]):
            done = cli.run(*arguments, *flags)
            outputs.append(done.stdout + done.stderr)
    assert canary.encode() not in b"".join(outputs)
    assert canary.encode() not in daemon.request("GET", "/metrics").body
    assert daemon.stop() == 0
    assert canary not in daemon.log


def test_a_secret_of_the_configuration_is_never_told(project, cli):
    project.configure(f"backend:\n  kind: {project.kind}\n  apiToken: ${{env:TOKEN}}\n")
    done = cli.run("state", "list", env={"TOKEN": "canary-token-77"})
    assert done.returncode == 2 and b"canary" not in done.stdout + done.stderr
    done = cli.run("config", "show", "--origin", env={"TOKEN": "canary-token-77"})
    assert b"canary" not in done.stdout + done.stderr


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(launch, project, umask):
    daemon = launch(project, umask=umask)
    client, info = daemon.client("net/prod/eu"), lock_info()
    client.lock(info)
    client.post(state(1, blob="m" * 3_000_000), info["ID"])
    client.post(state(2), "stale")
    client.unlock(info)
    client.delete()
    client.post(state(3))
    wrong = {
        name: mode for name, mode in modes(project.place).items()
        if mode != ("0o700" if (project.folder / name).is_dir() else "0o600")}
    assert not wrong


def test_the_default_address_is_loopback(launch, project):
    daemon = launch(project, address=None)
    sockets = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    mine = [line.split()[3] for line in sockets.splitlines() if f":{daemon.port} " in line]
    assert mine == [f"127.0.0.1:{daemon.port}"]


def test_an_open_address_with_a_key_warns(launch, project, key_file):
    daemon = launch(project, "--api-key-file", key_file, address="0.0.0.0")
    assert "warning" in daemon.log.lower() and "TLS" in daemon.log
    assert daemon.request("GET", "/terraform/x").status in (401, 403)


def test_an_open_address_on_the_operators_word(launch, project):
    daemon = launch(project, "--insecure", address="0.0.0.0")
    assert daemon.client("x").post(state(1)).status == 200


def test_an_empty_or_open_key_file_is_refused(launch, project, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    empty.chmod(0o600)
    daemon = launch(project, "--api-key-file", empty, wait=False)
    assert daemon.wait() == 2, daemon.log


def test_huge_headers(daemon):
    def send(head: bytes) -> int | None:
        with Connection(daemon.port, timeout=20) as connection:
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % daemon.port)
            try:
                connection.send(head + b"\r\n")
                return connection.response().status
            except (ConnectionEnded, ConnectionError):
                return None

    assert send(b"X-Ok: " + b"a" * 8000 + b"\r\n") == 200
    for head in (b"X-Big: " + b"a" * 17_000 + b"\r\n",
                 b"".join(b"X-%d: %s\r\n" % (number, b"b" * 100) for number in range(200)),
                 b"X-Huge: " + b"c" * 4_000_000 + b"\r\n"):
        assert send(head) in (400, 431, None), head[:10]
    assert daemon.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("raw", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\r\n" * 5000, b"\0" * 2000,
    b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1\r\nBad Header: x\r\n\r\n",
    b"POST /terraform/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /terraform/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1e3\r\n\r\n",
    b"POST /terraform/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /terraform/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=lambda raw: ascii(raw[:24]))
def test_nonsense_harms_nobody(daemon, raw):
    with Connection(daemon.port, timeout=5) as connection:
        connection.send(raw)
        connection.finish_sending()
        try:
            assert 400 <= connection.response().status < 600
        except (ConnectionEnded, TimeoutError, AssertionError):
            pass
    assert daemon.request("GET", "/healthz").status == 200
