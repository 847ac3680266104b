"""A stand-in of the Azure Blob service, of our own, because no package has one.

Microsoft's SDK judges each signature (see azure_access.py), and tests hold the stand-in to that SDK and to
obstore. It can still share a misreading of the documentation with the driver that neither of them shows.
"""

import itertools
import json
import sys
import urllib.request
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from Servers.server import Server

# The account that every emulator of the service has.
ACCOUNT = "devstoreaccount1"


class AzureBlobServer(Server):
    name = driver = "azblob"
    # One that is in no other text, so that a message that shows it is found.
    key = "aG9sZGZhc3QtY2FuYXJ5LWtleS1ob2xkZmFzdC1jYW5hcnkta2V5LWhvbGRmYXN0LWNhbmFyeS1rZXk="

    def __init__(self):
        super().__init__()
        self.container = "holdfast-tests"
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"{self.url}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        return (f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={self.key};"
                f"BlobEndpoint={self.endpoint};")

    def command(self) -> list[str]:
        return [sys.executable, Path(__file__).with_name("azure_service.py"), str(self.port), ACCOUNT,
                self.key]

    def check(self) -> None:
        self.control()

    def started(self) -> None:
        self.make_container(self.container)

    def control(self, **wanted) -> dict:
        """Says something to the stand-in, see azure_service.py, and returns what it saw."""
        request = urllib.request.Request(f"{self.url}/_control", json.dumps(wanted).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def client(self, **options) -> BlobServiceClient:
        """The service by Microsoft's SDK, which tries nothing twice."""
        given = {"credential": {"account_name": ACCOUNT, "account_key": self.key}, "retry_total": 0}
        return BlobServiceClient(self.endpoint, **given | options)

    def make_container(self, name: str | None = None) -> str:
        name = name or f"tests-{next(self._numbers)}"
        self.client().create_container(name)
        return name

    @property
    def options(self) -> dict[str, str]:
        return {"container": self.container, "account": ACCOUNT, "endpoint": self.endpoint,
                "account_key": self.key}

    @property
    def place_options(self) -> dict[str, str]:
        return self.options | {"prefix": "{place}"}

    @property
    def environment(self) -> dict[str, str]:
        return {"AZURE_STORAGE_CONNECTION_STRING": self.connection_string}

    @property
    def secrets(self) -> list[str]:
        return [self.key]


SERVER = AzureBlobServer
