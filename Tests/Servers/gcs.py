"""Google Cloud Storage, by an emulator of our own: the one on PyPI ignores preconditions."""

import json
import sys
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from Servers.server import Server

PROJECT = "holdfast-tests"
PROVIDER = ("//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/tests/providers/"
            "tests")


class GCSServer(Server):
    """The emulator with one bucket and one service account, whose key the tests' stores use."""

    name = "gcs"
    driver = "gcs"

    def __init__(self):
        super().__init__()
        self.bucket = "holdfast-tests"
        self.key_file = Path()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, str(Path(__file__).with_name("gcs_emulator")), str(self.port),
                str(self.folder)]

    def check(self) -> None:
        self.control()

    def started(self) -> None:
        self.key_file = self.make_account("store")
        self.make_bucket(self.bucket)

    # MARK: What the emulator is told

    def control(self, **order) -> dict:
        """Gives an order, or asks what was seen; `gcs_emulator/control.py` says which there are."""
        body = json.dumps(order).encode() if order else None
        request = urllib.request.Request(f"{self.endpoint}/_control", data=body)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def calm(self) -> None:
        """Takes back faults, rights and the clock."""
        self.control(faults=[], denied={}, limits_rate=False, clock=0, open=False, lifetime=3600,
                     default_account=None, forget_requests=True)

    @property
    def requests(self) -> list[dict]:
        return self.control()["requests"]

    def make_bucket(self, name: str) -> str:
        self.ask("POST", f"/storage/v1/b?project={PROJECT}", {"name": name})
        return name

    def make_account(self, name: str) -> Path:
        """A service account with a key, whose file this is."""
        email, kid = f"{name}@{PROJECT}.iam.gserviceaccount.com", uuid.uuid4().hex
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.control(accounts={email: {kid: public.decode()}})
        key = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())
        return self.write(f"{name}.json", json.dumps({
            "type": "service_account", "project_id": PROJECT, "private_key_id": kid,
            "private_key": key.decode(), "client_email": email, "client_id": "1",
            "token_uri": f"{self.endpoint}/token"}))

    # MARK: The service, without the driver

    def token(self, principal: str = "tests") -> str:
        return self.control(issue=principal)["token"]

    def ask(self, method: str, path: str, document: dict | bytes | None = None,
            headers: dict | None = None) -> tuple[int, dict, bytes]:
        """One request with a token: the status, the headers and the body, whatever they are."""
        body = json.dumps(document).encode() if isinstance(document, dict) else document
        given = {"Authorization": f"Bearer {self.token()}",
                 "Content-Type": "application/json"} | (headers or {})
        request = urllib.request.Request(self.endpoint + path, data=body, headers=given,
                                         method=method)
        try:
            with _opener.open(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def resources(self, bucket: str | None = None) -> dict[str, dict]:
        """Everything that a bucket holds, by name."""
        found, token = {}, ""
        while True:
            page = json.loads(self.ask(
                "GET", f"/storage/v1/b/{bucket or self.bucket}/o?pageToken={token}")[2])
            found |= {item["name"]: item for item in page.get("items", [])}
            token = page.get("nextPageToken", "")
            if not token:
                return found

    def content(self, name: str, bucket: str | None = None) -> bytes:
        status, _, body = self.ask(
            "GET", f"/storage/v1/b/{bucket or self.bucket}/o/{quote(name, safe='')}?alt=media")
        assert status == 200, body
        return body

    # MARK: Stores

    @property
    def options(self) -> dict[str, str]:
        return {"bucket": self.bucket, "endpoint": self.endpoint,
                "credentials_file": str(self.key_file), "metadata_disabled": "true"}

    @property
    def place_options(self) -> dict[str, str]:
        return self.options | {"bucket": "{place}", "bootstrap": "true", "project": PROJECT}

    @property
    def environment(self) -> dict[str, str]:
        # By STORAGE_EMULATOR_HOST no tool would show a token, and this service wants one.
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(self.key_file)}

    @property
    def secrets(self) -> list[str]:
        return [line for line in json.loads(self.key_file.read_text())["private_key"].splitlines()
                if len(line) > 40]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """308 says how far an upload is, and leads nowhere."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirects())

SERVER = GCSServer
