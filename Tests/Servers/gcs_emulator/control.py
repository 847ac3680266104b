"""The emulator's own interface, at `/_control`: a virtual clock, faults, rights, and what was asked."""

import threading
import time
from dataclasses import dataclass, field


class Clock:
    """The machine's time, moved by what tests say."""

    def __init__(self):
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


@dataclass
class Fault:
    """What happens to requests that match, `times` times.

    `method`, and parts of the path and of the query; `header` is a part of the Content-Range. With `status`
    nothing is done and that is answered. Otherwise the request is done, and its answer is `lost`, or `cut`
    after some bytes, or `corrupt` in one bit. `reset` breaks the connection before anything is done, and
    `keep` first takes the front of the body.
    """

    method: str = ""
    path: str = ""
    query: str = ""
    header: str = ""
    times: int = 1
    skip: int = 0
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: str = ""
    delay: float = 0.0
    lost: bool = False
    reset: bool = False
    corrupt: bool = False
    cut: int | None = None
    keep: int | None = None

    def matches(self, method: str, path: str, query: str, header: str) -> bool:
        return (self.method in ("", method) and self.path in path and self.query in query
                and self.header in header)


class Control:
    def __init__(self, objects, uploads, identity, clock):
        self.objects, self.uploads, self.identity, self.clock = objects, uploads, identity, clock
        self.lock = threading.Lock()
        self.faults: list[Fault] = []
        self.requests: list[dict] = []

    def fault(self, method: str, path: str, query: str, header: str) -> Fault | None:
        """The fault that this request meets now."""
        if not self.faults:
            return None
        with self.lock:
            for fault in self.faults:
                if not fault.matches(method, path, query, header):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def record(self, method: str, path: str, query: str, principal: str, headers: dict):
        entry = {"method": method, "path": path, "query": query, "principal": principal}
        for name in ("content-range", "range", "user-agent"):
            if name in headers:
                entry[name] = headers[name]
        with self.lock:
            self.requests.append(entry)
            del self.requests[:-20_000]

    def change(self, order: dict) -> dict:
        """Does what an order says; each of its members is one thing."""
        identity = self.identity
        if order.get("reset"):
            self.objects.reset()
            self.uploads.sessions.clear()
        if "advance" in order:
            self.clock.offset += order["advance"]
        if "clock" in order:
            self.clock.offset = order["clock"]
        if "faults" in order:
            with self.lock:
                self.faults = [Fault(**fault) for fault in order["faults"]]
        if order.get("forget_requests"):
            with self.lock:
                self.requests.clear()
        if "limits_rate" in order:
            self.objects.limits_rate = order["limits_rate"]
        for name in ("open", "lifetime", "default_account"):
            if name in order:
                setattr(identity, name, order[name])
        for name in ("accounts", "users", "subjects"):
            getattr(identity, name).update(order.get(name, {}))
        identity.may_impersonate.update(order.get("may_impersonate", ()))
        if "denied" in order:
            identity.denied = {who: set(what) for who, what in order["denied"].items()}
        if order.get("revoke"):
            with identity.lock:
                identity.tokens.clear()
        answer = {}
        if "issue" in order:
            answer["token"] = identity.issue(order["issue"])
        if "fail_sessions" in order:
            for session in self.uploads.sessions.values():
                if session.state == "open":
                    session.state = "failed"
        return answer | {"now": self.clock()}

    def show(self) -> dict:
        with self.lock:
            requests = list(self.requests)
        sessions = [{"name": session.name, "state": session.state, "size": session.data.size}
                    for session in list(self.uploads.sessions.values())]
        return {"requests": requests, "issued": self.identity.issued, "sessions": sessions,
                "now": self.clock(), "faults": len(self.faults)}
