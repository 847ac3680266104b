"""Resumable uploads: what is stored so far, what may come next, and the end."""

import threading
import uuid
from dataclasses import dataclass

from gcs_emulator.objects import Condition, Data, Object, Objects
from gcs_emulator.refusal import Refused, invalid

STEP = 256 * 1024
LIFETIME = 7 * 86_400


@dataclass
class Session:
    bucket: str
    name: str
    resource: dict
    condition: Condition
    principal: str
    begun: float
    data: Data
    total: int | None = None
    state: str = "open"
    result: Object | None = None

    def __post_init__(self):
        self.lock = threading.Lock()


class Uploads:
    def __init__(self, objects: Objects):
        self.objects = objects
        self.sessions: dict[str, Session] = {}

    def begin(self, bucket, name, resource, condition, principal, total) -> str:
        # The condition is judged now to save the transfer, and at the end because it counts there.
        self.objects.check(bucket, name, condition)
        id = uuid.uuid4().hex
        self.sessions[id] = Session(bucket, name, resource, condition, principal,
                                    self.objects.clock(), self.objects.new_data(), total)
        return id

    def cancel(self, id: str):
        session = self._session(id)
        with session.lock:
            if session.state == "done":
                raise Refused(404, "notFound", "The upload is complete.")
            session.state = "cancelled"
        raise Refused(499, "clientClosedRequest", "")

    def take(self, id: str, range_text: str | None, body: bytes, sums: dict
             ) -> tuple[Object | None, int]:
        """Takes a piece; returns the object when it was the last one, and how much is stored."""
        session = self._session(id)
        with session.lock:
            if session.state == "cancelled":
                raise Refused(499, "clientClosedRequest", "")
            if session.state == "failed":
                raise Refused(410, "gone", "The upload session is no longer available.")
            if session.state == "done":
                return session.result, session.data.size
            start, total = self._position(session, range_text, body)
            if start is not None:
                self._store(session, start, total, body)
            if session.total is None or session.data.size < session.total:
                return None, session.data.size
            return self._finish(session, sums), session.data.size

    def _session(self, id: str) -> Session:
        session = self.sessions.get(id)
        if session is None or self.objects.clock() > session.begun + LIFETIME:
            raise Refused(404, "notFound", "The upload session was not found.")
        return session

    def _position(self, session: Session, text: str | None, body: bytes
                  ) -> tuple[int | None, int | None]:
        """Where the body begins, `None` for a question about the state; and the total."""
        if text is None:
            return 0, len(body)
        unit, _, rest = text.partition(" ")
        span, _, whole = rest.partition("/")
        try:
            total = None if whole == "*" else int(whole)
            if unit != "bytes":
                raise ValueError
            if span == "*":
                self._agree(session, total)
                if body:
                    raise ValueError
                # An upload of nothing has no other way to say that it is over.
                return (0 if total == 0 else None), total
            first, last = map(int, span.split("-"))
        except ValueError:
            raise invalid("Failed to parse Content-Range header.", "Content-Range") from None
        if last - first + 1 != len(body) or total is not None and last >= total:
            raise invalid(f"Invalid request.  There were {len(body)} byte(s) in the request body.  "
                          f"There should have been {last - first + 1} byte(s) (starting at offset "
                          f"{first} and ending at offset {last}) according to the Content-Range "
                          "header.")
        self._agree(session, total)
        if first > session.data.size:
            raise invalid("Invalid request.  According to the Content-Range header, the upload "
                          f"offset is {first} byte(s), which exceeds already uploaded size of "
                          f"{session.data.size} byte(s).")
        return first, total

    def _agree(self, session: Session, total: int | None):
        if total is not None and session.total not in (None, total):
            raise invalid("The total size of the upload differs from what was said before.")
        if total is not None and total < session.data.size:
            raise invalid("The total size of the upload is less than what is stored already.")

    def _store(self, session: Session, start: int, total: int | None, body: bytes):
        """Stores what is new; of a piece that is not the last one only whole steps."""
        if total is not None:
            session.total = total
        end = start + len(body)
        if end != session.total:
            end -= end % STEP
        fresh = body[session.data.size - start:max(end - start, 0)]
        session.data.append(fresh)

    def _finish(self, session: Session, sums: dict) -> Object:
        try:
            session.data.check(session.resource.get("crc32c"), session.resource.get("md5Hash"))
            session.data.check(sums.get("crc32c"), sums.get("md5"))
            session.result = self.objects.put(session.bucket, session.name, session.data,
                                              session.resource, session.condition)
        except Refused as refused:
            # Too many writes pass; everything else ends the session.
            if refused.status != 429:
                session.state = "failed"
            raise
        session.state = "done"
        return session.result
