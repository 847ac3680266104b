"""Where AWS credentials come from: each place, over the driver `dynamodb` and stand-ins on loopback."""

import json
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from Servers.aws_stub import Answer, Stub, failure
from blackbox.dynamodb import library
from blackbox.library import DriverFailed

TABLE = {"Table": {"TableStatus": "ACTIVE",
                   "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                                 {"AttributeName": "sk", "KeyType": "RANGE"}],
                   "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                            {"AttributeName": "sk", "AttributeType": "S"}]}}
SECRET = "canary-secret"


class Service:
    """DynamoDB, the token service, a container's agent and the metadata service, all in one."""

    def __init__(self):
        self.routes = {}
        self.stub = Stub(self.answer)

    def answer(self, request):
        if request.headers.get("x-amz-target"):
            return Answer(200, json.dumps(TABLE).encode())
        found = self.routes.get((request.method, request.path.partition("?")[0]))
        return found(request) if found else Answer(404, b"")

    @property
    def key_ids(self) -> list[str]:
        """Whose signatures DynamoDB saw."""
        return [request.headers["authorization"].partition("Credential=")[2].partition("/")[0]
                for request in self.stub.requests if "x-amz-target" in request.headers]

    @property
    def tokens(self) -> list[str]:
        return [request.headers.get("x-amz-security-token", "")
                for request in self.stub.requests if "x-amz-target" in request.headers]

    def asked(self, path: str) -> int:
        return sum(request.path.startswith(path) for request in self.stub.requests)


@pytest.fixture
def service():
    service = Service()
    with service.stub:
        yield service


def open_store(service, seconds=20, **options):
    given = {"table": "receipts", "region": "eu-central-1", "endpoint": service.stub.url,
             "sts_endpoint": service.stub.url, "credentials_file": "/dev/null",
             "config_file": "/dev/null", "metadata_disabled": True} | options
    given = {name: value for name, value in given.items() if value is not None}
    return library().open(given, existing=True, seconds=seconds)


def keys(name: str, seconds: float | None = 3600, secret: str = SECRET) -> bytes:
    ends = datetime.now(timezone.utc) + timedelta(seconds=seconds or 0)
    return json.dumps({"Code": "Success", "AccessKeyId": name, "SecretAccessKey": secret,
                       "Token": f"token-{name}", "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
                      ).encode()


def refused(service, **options) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        open_store(service, **options).close()
    assert SECRET not in str(failed.value)
    return failed.value


# MARK: Options and files


def test_keys_of_the_options(service):
    with open_store(service, access_key_id="ID", secret_access_key=SECRET, session_token="T"):
        assert (service.key_ids, service.tokens) == (["ID"], ["T"])


@pytest.mark.parametrize("half", ["access_key_id", "secret_access_key"])
def test_half_a_key_is_refused(service, half):
    failed = refused(service, **{half: SECRET})
    assert failed.kind == "invalid" and "is missing" in failed.message


def test_no_keys_at_all(service):
    failed = refused(service)
    assert failed.kind == "unauthenticated" and "AWS_ACCESS_KEY_ID" in failed.message


def write_files(tmp_path):
    credentials, config = tmp_path / "credentials", tmp_path / "config"
    credentials.write_text(
        "# a comment\n[default]\naws_access_key_id = DEFAULT\n"
        f"aws_secret_access_key={SECRET}\n\n[team]\r\naws_access_key_id=TEAM\r\n"
        f"aws_secret_access_key = {SECRET}\r\naws_session_token = T\r\n")
    config.write_text("[default]\nregion = eu-west-3\ns3 =\n  region = nested\n"
                      "[profile team]\nregion = us-east-2\naws_access_key_id = OTHER\n"
                      "[profile sso]\nsso_session = x\n[profile empty]\nregion = x\n")
    return {"credentials_file": str(credentials), "config_file": str(config)}


@pytest.mark.parametrize("profile, name, region", [(None, "DEFAULT", "eu-west-3"),
                                                   ("team", "TEAM", "us-east-2")])
def test_keys_and_region_of_a_profile(service, tmp_path, profile, name, region):
    with open_store(service, region=None, profile=profile, **write_files(tmp_path)):
        assert service.key_ids == [name]
        assert f"/{region}/dynamodb/" in service.stub.requests[0].headers["authorization"]


def test_profiles_that_do_not_help(service, tmp_path):
    files = write_files(tmp_path)
    assert "sso_session" in refused(service, profile="sso", **files).message
    assert refused(service, profile="nobody", **files).kind == "invalid"
    assert refused(service, profile="empty", **files).kind == "unauthenticated"
    assert "region" in refused(service, region=None).message
    failed = refused(service, credentials_file=str(tmp_path / "typo"))
    assert failed.kind == "invalid" and "typo" in failed.message
    # The usual file may be missing.
    assert refused(service, credentials_file=str(tmp_path / ".aws/credentials")
                   ).kind == "unauthenticated"


# MARK: Web identity


def identity(tmp_path):
    path = tmp_path / "token"
    path.write_text("web token+/=\n")
    return {"role_arn": "arn:aws:iam::1:role/r", "web_identity_token_file": str(path)}


def test_a_web_identity_is_exchanged(service, tmp_path):
    answer = keys("WEB")
    fields = json.loads(answer)
    body = "".join(f"<{name}>{fields[old].replace('&', '&amp;')}</{name}>" for name, old in [
        ("AccessKeyId", "AccessKeyId"), ("SecretAccessKey", "SecretAccessKey"),
        ("SessionToken", "Token"), ("Expiration", "Expiration")])
    service.routes["POST", "/"] = lambda _: Answer(200, f"<R><Credentials>{body}</Credentials></R>"
                                                   .encode())
    with open_store(service, role_session_name="me", **identity(tmp_path)) as store:
        assert (service.key_ids, service.tokens) == (["WEB"], ["token-WEB"])
        store.list()
    form = service.stub.requests[0].body.decode()
    assert "WebIdentityToken=web%20token%2B%2F%3D&" in form + "&" and "RoleSessionName=me" in form
    assert "authorization" not in service.stub.requests[0].headers
    assert service.asked("/") == 3, "the exchange was made more than once"


def test_a_web_identity_that_has_expired(service, tmp_path):
    service.routes["POST", "/"] = lambda _: Answer(
        400, b"<E><Error><Code>ExpiredTokenException</Code></Error></E>")
    failed = refused(service, **identity(tmp_path))
    assert (failed.kind, failed.vendor) == ("unauthenticated", "ExpiredTokenException")


# MARK: Containers and instances


def test_a_container(service, tmp_path):
    service.routes["GET", "/creds"] = lambda request: Answer(
        200, keys(request.headers.get("authorization", "none")))
    url = service.stub.url + "/creds?id=1"
    with open_store(service, container_credentials_full_uri=url):
        pass
    with open_store(service, container_credentials_full_uri=url,
                    container_authorization_token="T1"):
        pass
    path = tmp_path / "token"
    path.write_text("T2\n")
    with open_store(service, container_credentials_full_uri=url,
                    container_authorization_token_file=str(path)):
        pass
    assert service.key_ids == ["none", "T1", "T2"]


@pytest.mark.parametrize("url", ["http://example.com/", "http://127.0.0.1.example.com/",
                                 "http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://127.1.1/"])
def test_a_token_leaves_the_machine_only_by_tls(service, url):
    failed = refused(service, container_credentials_full_uri=url,
                     container_authorization_token=SECRET)
    assert failed.kind == "invalid" and "container_credentials_full_uri" in failed.message


def metadata(service, answer):
    roles = "/latest/meta-data/iam/security-credentials/"

    def guarded(body):
        return lambda request: (Answer(200, body()) if request.headers.get(
            "x-aws-ec2-metadata-token") == "session" else Answer(401))

    service.routes["PUT", "/latest/api/token"] = lambda request: Answer(
        200 if "x-aws-ec2-metadata-token-ttl-seconds" in request.headers else 400, b"session")
    service.routes["GET", roles] = guarded(lambda: b"the-role\n")
    service.routes["GET", roles + "the-role"] = guarded(answer)
    return {"metadata_endpoint": service.stub.url, "metadata_disabled": False}


def test_an_instance(service):
    options = metadata(service, lambda: keys("EC2"))
    with open_store(service, **options):
        assert (service.key_ids, service.tokens) == (["EC2"], ["token-EC2"])
    assert refused(service, **options | {"metadata_disabled": True}).kind == "unauthenticated"


def test_no_metadata_service(service):
    start = time.monotonic()
    failed = refused(service, metadata_disabled=False, metadata_endpoint="http://127.0.0.1:1")
    assert failed.kind == "unauthenticated" and time.monotonic() - start < 5


def test_the_order_of_the_places(service, tmp_path):
    everything = metadata(service, lambda: keys("EC2")) | {
        "container_credentials_full_uri": service.stub.url + "/creds"} | write_files(tmp_path)
    service.routes["GET", "/creds"] = lambda _: Answer(200, keys("AGENT"))
    for drop, name in [((), "DEFAULT"), (("credentials_file",), "AGENT"),
                       (("container_credentials_full_uri",), "EC2")]:
        for option in drop:
            everything.pop(option)
        open_store(service, **everything).close()
        assert service.key_ids[-1] == name


# MARK: Refreshing


def test_keys_that_end_soon_are_replaced_by_one_call(service):
    made = []

    def answer():
        made.append(None)
        if len(made) > 1:
            time.sleep(0.3)
        return keys(f"EC2-{len(made)}", seconds=100 if len(made) == 1 else 3600)

    with open_store(service, **metadata(service, answer)) as store:
        threads = [threading.Thread(target=store.list) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.list()
    # The others went on with the old ones meanwhile.
    assert len(made) == 2
    assert service.key_ids[-1] == "EC2-2" and service.key_ids.count("EC2-1") >= 1


def test_a_failed_refresh_does_not_end_good_keys(service):
    made = []

    def answer():
        made.append(None)
        return keys("EC2", seconds=100) if len(made) == 1 else b"broken"

    with open_store(service, **metadata(service, answer)) as store:
        store.list()
        store.list()
    assert len(made) == 2 and set(service.key_ids) == {"EC2"}


def test_keys_that_the_service_calls_expired_are_looked_for_again(service):
    made = []

    def answer():
        made.append(None)
        return keys(f"EC2-{len(made)}")

    with open_store(service, **metadata(service, answer)) as store:
        usual = service.stub.answer
        service.stub.answer = lambda request: (
            failure("ExpiredTokenException") if request.action == "Query" and len(made) == 1
            else usual(request))
        with pytest.raises(DriverFailed) as failed:
            store.list()
        assert failed.value.kind == "unauthenticated"
        store.list()
    assert service.key_ids[-1] == "EC2-2"
