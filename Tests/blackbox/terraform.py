"""What Terraform's `http` backend says, byte for byte where that matters."""

import json
import uuid

from blackbox.wire import Connection, Response, content_md5, request_bytes

SEVEN_FIELDS = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
# What tells Terraform that a write was refused for good.
REFUSED = (409, 423)
# What tells it that there is no state.
NO_STATE = (204, 404)
LINEAGE = "5f5b24a4-4bd8-2b43-33a6-5f8c9a3d6f10"


def state(serial: int = 1, lineage: str = LINEAGE, **outputs: str) -> bytes:
    """A state document as Terraform 1.11 writes it."""
    document = {
        "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": lineage,
        "outputs": {name: {"value": value, "type": "string"} for name, value in outputs.items()},
        "resources": [], "check_results": None,
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def lock_info(lock_id: str | None = None, **changes: str) -> dict[str, str]:
    return {
        "ID": lock_id or str(uuid.uuid4()), "Operation": "OperationTypeApply", "Info": "",
        "Who": "ann@laptop", "Version": "1.11.4",
        "Created": "2026-11-21T07:14:03.242552313Z", "Path": "",
    } | changes


class Client:
    """Speaks to one state as Terraform does. Each request has a connection of its own."""

    def __init__(self, port: int, path: str, headers: dict[str, str] | None = None,
                 timeout: float = 60, store: str | None = None):
        self.port, self.path, self.timeout, self.store = port, path, timeout, store
        self.target = self._target()
        self.headers = {"User-Agent": "Go-http-client/1.1"} | (headers or {})

    def _target(self, lock_id: str | None = None) -> str:
        items = {"store": self.store, "ID": lock_id}
        query = "&".join(f"{name}={value}" for name, value in items.items() if value is not None)
        return f"/terraform/{self.path}" + (f"?{query}" if query else "")

    def get(self, **headers: str) -> Response:
        return self._send("GET", self.target, None, {"Accept-Encoding": "gzip"} | headers)

    def post(self, body: bytes, lock_id: str | None = None, method: str = "POST") -> Response:
        target = self._target(lock_id)
        return self._send(method, target, body, body_headers(body))

    def delete(self, lock_id: str | None = None) -> Response:
        target = self._target(lock_id)
        return self._send("DELETE", target, None, {"Accept-Encoding": "gzip"})

    def lock(self, info: dict[str, str]) -> Response:
        return self.lock_raw(json.dumps(info).encode())

    def lock_raw(self, body: bytes) -> Response:
        return self._send("LOCK", self.target, body, body_headers(body))

    def unlock(self, info: dict[str, str]) -> Response:
        body = json.dumps(info).encode()
        return self._send("UNLOCK", self.target, body, body_headers(body))

    def unlock_by_query(self, lock_id: str) -> Response:
        return self._send("UNLOCK", self._target(lock_id), b"", body_headers(b""))

    def force_unlock(self) -> Response:
        """What `terraform force-unlock` sends: chunked, and empty."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip",
                   "Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
        return self._send("UNLOCK", self.target, b"", headers, chunked=True)

    def begin_post(self, body: bytes, sent: int, lock_id: str | None = None) -> Connection:
        """Starts a write and sends only the first bytes of its body."""
        target = self._target(lock_id)
        connection = Connection(self.port, self.timeout)
        whole = request_bytes("POST", target, body, port=self.port,
                              headers=self.headers | body_headers(body))
        connection.send(whole[: len(whole) - len(body) + sent])
        return connection

    def _send(self, method: str, target: str, body: bytes | None, headers: dict[str, str],
              chunked: bool = False) -> Response:
        with Connection(self.port, self.timeout) as connection:
            return connection.request(
                method, target, body, headers=self.headers | headers, chunked=chunked)


def body_headers(body: bytes) -> dict[str, str]:
    """Go spells the header `Content-Md5`."""
    return {"Content-Type": "application/json", "Content-Md5": content_md5(body),
            "Accept-Encoding": "gzip"}
