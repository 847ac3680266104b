"""No path and no method is ever answered with a redirect that Go follows as a GET."""

import pytest

from blackbox.terraform import NO_STATE, body_headers, lock_info, state

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "LOCK", "UNLOCK", "PATCH", "OPTIONS")
ODD_TARGETS = (
    "/", "//", "/terraform", "/terraform/", "/terraform//", "//terraform/x", "/terraform//x",
    "/terraform/x/", "/terraform/x//", "/terraform/./x", "/terraform/../x", "/terraform/x/..",
    "/terraform/%2e%2e/x", "/terraform/%2E/x", "/terraform/x%2F", "/terraform/x%2fy",
    "/terraform/%2f", "/terraform/%", "/terraform/%zz", "/terraform/x?", "/terraform/x?ID",
    "/terraform/x?ID=", "/terraform/x?a=b&ID=c", "/terraform/x;y", "/terraform/x%3fID=y",
    "/Terraform/x", "/TERRAFORM/x", "/terraform/X/", "/terraformx", "/healthz/", "/version/",
    "/index.html", "/login", "/ui", "/api/", "/.well-known/acme-challenge/x",
    "/terraform/%00", "/terraform/%0d%0aLocation:%20x", "/terraform/\u00e4", "/terraform/%ff",
    "/terraform/" + "x" * 300, "/terraform/" + "x/" * 300, "/" + "y" * 4000,
)
# What Go's client turns into a GET, keeping the credentials: a lost state with exit status 0.
LETHAL = (301, 302, 303)


@pytest.mark.parametrize("method", METHODS)
def test_no_redirect_and_no_fault(daemon, method):
    body = state(1) if method in ("POST", "PUT", "LOCK", "UNLOCK", "PATCH") else None
    targets = (*ODD_TARGETS, f"http://127.0.0.1:{daemon.port}/terraform/x")
    wrong = []
    for target in targets:
        answer = daemon.request(method, target, body, headers=body_headers(body or b""))
        if answer.status in LETHAL or answer.status >= 500:
            wrong.append(f"{method} {target[:60]}: {answer.status}")
    assert not wrong, "\n".join(wrong)


def test_a_trailing_slash_is_not_another_state(daemon):
    daemon.client("x").post(state(1))
    answer = daemon.request("POST", "/terraform/x/", state(2))
    assert answer.status == 308 or 400 <= answer.status < 500
    assert daemon.client("x").get().body == state(1)


def test_a_query_is_not_part_of_the_name(daemon):
    daemon.client("x").post(state(1))
    for query in ("?", "?a=b", "?project=1&ref=main"):
        answer = daemon.request("GET", "/terraform/x" + query)
        assert (answer.status, answer.body) == (200, state(1)), query
    info = lock_info()
    daemon.client("x").lock(info)
    answer = daemon.request("POST", f"/terraform/x?project=1&ID={info['ID']}", state(2))
    assert answer.status == 200


def test_absolute_form_is_the_same_state(daemon):
    daemon.client("x").post(state(1))
    answer = daemon.request("GET", f"http://127.0.0.1:{daemon.port}/terraform/x")
    assert (answer.status, answer.body) == (200, state(1))


@pytest.mark.parametrize("target", ["/healthz", "/readyz", "/version", "/metrics"])
def test_what_people_and_probes_ask(daemon, target):
    answer = daemon.request("GET", target)
    assert answer.status == 200, str(answer)
    if target == "/version":
        assert answer.json()["version"]
    if target == "/metrics":
        assert b"# TYPE" in answer.body


BAD_PATHS = (
    "..", ".", "../etc/passwd", "a/../b", "a/./b", "a//b", "/a", "//a", "a/", "a//",
    "%2e%2e", "%2e%2e/a", "a/%2e%2e/b", "%2E%2e/a", "a/%2e/b", ".%2e/a", "%2e./a",
    "%2f%2fa", "a%2f%2fb", "a%2f..%2fb", "%2fa", "a%2f",
    "%252e%252e/a", "a/%252e%252e/b", "a%252f..%252fb", "a%252f%252fb", "%252fa",
    "%00", "a%00b", "a%2500b", "a/%00/b",
    "a%0ab", "a%0db", "a%09b", "a%1fb", "a%7fb", "a%1b%5b31mb", "a%250ab", "a%c2%85b",
    "%ff", "a%c0%ae%c0%ae/b", "%ed%a0%80", "%", "a%zz",
    "x" * 201, "a/" + "x" * 201, "x/" * 256 + "x", "%78" * 201,
)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "LOCK", "UNLOCK", "DELETE"])
def test_bad_paths_are_refused_and_nothing_is_written(daemon, project, method):
    before = project.contents()
    body = {"POST": state(1), "PUT": state(1)}.get(method)
    if method in ("LOCK", "UNLOCK"):
        body = b'{"ID":"x"}'
    wrong = []
    for path in BAD_PATHS:
        answer = daemon.request(method, f"/terraform/{path}", body)
        if not 400 <= answer.status < 500 or answer.status in (405, *(
                NO_STATE if path not in ("..", "../etc/passwd") else ())):
            wrong.append(f"{method} {path[:60]}: {answer.status}")
    assert not wrong, "\n".join(wrong)
    assert project.contents() == before
    escaped = [path for path in project.folder.parent.rglob("*")
               if path.parent == project.folder.parent and path != project.folder]
    assert not escaped, escaped


def test_the_longest_names_work(daemon, cli):
    part = "p" * 200
    longest = f"{part}/{part}/{'q' * 110}"
    assert len(longest) == 512
    for path in (part, longest):
        client = daemon.client(path)
        info = lock_info()
        assert client.lock(info).status == 200, path
        for serial in (1, 2):
            assert client.post(state(serial), info["ID"]).status == 200
        assert client.unlock(info).status == 200
        assert client.get().body == state(2)
        assert len(cli.versions(path)) == 2
    assert daemon.client(longest + "q").post(state(1)).status in (400, 414)
