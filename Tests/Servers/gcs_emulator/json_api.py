"""The JSON API: buckets, objects, uploads, downloads."""

import email.parser
import email.policy
from urllib.parse import quote

from gcs_emulator import fields
from gcs_emulator.message import Answer, Request, json_answer, media_answer
from gcs_emulator.objects import Bucket, Condition, Object, Objects, time_text
from gcs_emulator.refusal import Refused, invalid
from gcs_emulator.uploads import Uploads

# Requests that are not uploads have small bodies.
LIMIT = 1 << 20


class JSONInterface:
    def __init__(self, objects: Objects, uploads: Uploads, identity):
        self.objects, self.uploads, self.identity = objects, uploads, identity

    def handle(self, request: Request) -> Answer:
        parts = request.parts(8)
        try:
            if parts[0] == "upload":
                return self._upload(request, parts[4] if len(parts) > 4 else "")
            if parts[0] == "download":
                parts, request.query["alt"] = parts[1:], "media"
            if len(request.body) > LIMIT:
                raise invalid("The request is too large.")
            return self._route(request, parts[2:])
        except Refused as refused:
            if request.query.get("alt") == "media":
                # Downloads say what is wrong in plain text.
                return Answer(refused.status, {"Content-Type": "text/html; charset=UTF-8"},
                              refused.message.encode())
            raise

    def _route(self, request: Request, parts: list[str]) -> Answer:
        match request.method, parts:
            case "GET", ["b"]:
                items = [self._bucket(bucket) for bucket in list(self.objects.buckets.values())]
                return json_answer({"kind": "storage#buckets", "items": items})
            case "POST", ["b"]:
                return self._make_bucket(request)
            case "GET", ["b", bucket]:
                self._allow(request, "storage.buckets.get", "bucket")
                return json_answer(self._bucket(self.objects.bucket(bucket)))
            case "DELETE", ["b", bucket]:
                self._allow(request, "storage.buckets.delete", "bucket")
                self.objects.remove_bucket(bucket)
                return Answer(204)
            case "GET", ["b", bucket, "o"]:
                return self._list(request, bucket)
            case _, ["b", bucket, "o", name]:
                return self._object(request, bucket, name)
            case "POST", ["b", bucket, "o", name, "compose"]:
                return self._compose(request, bucket, name)
            case "POST", ["b", bucket, "o", name, "rewriteTo" | "copyTo" as verb, *_]:
                return self._copy(request, bucket, name, verb)
        raise Refused(404, "notFound", "Not Found")

    def _allow(self, request: Request, permission: str, resource: str = "object"):
        self.identity.check(request.principal, permission, resource)

    # MARK: Buckets

    def _make_bucket(self, request: Request) -> Answer:
        if not request.query.get("project"):
            raise Refused(400, "required", "Required parameter: project", "project")
        self._allow(request, "storage.buckets.create", "bucket")
        document = request.document
        return json_answer(self._bucket(
            self.objects.make_bucket(str(document.get("name", "")), document)))

    def _bucket(self, bucket: Bucket) -> dict:
        created = time_text(bucket.created)
        return {"kind": "storage#bucket", "id": bucket.name, "name": bucket.name,
                "projectNumber": "1", "metageneration": "1", "location": "EU",
                "storageClass": "STANDARD", "timeCreated": created, "updated": created,
                "etag": "CAE="}

    # MARK: Objects

    def _object(self, request: Request, bucket: str, name: str) -> Answer:
        query, condition = request.query, Condition.of(request.query)
        match request.method:
            case "GET":
                self._allow(request, "storage.objects.get")
                found = self._find(request, bucket, name, condition)
                if query.get("alt") == "media":
                    return media_answer(found, request.headers.get("range"))
                return self._answer(found, request)
            case "DELETE":
                self._allow(request, "storage.objects.delete")
                self.objects.bucket(bucket)
                self.objects.remove(bucket, name, condition, query.get("generation"))
                return Answer(204)
            case "PATCH" | "PUT":
                self._allow(request, "storage.objects.update")
                return self._answer(self.objects.patch(
                    bucket, name, request.document, condition, request.method == "PUT"), request)
        raise Refused(405, "methodNotAllowed", "Method Not Allowed")

    def _find(self, request: Request, bucket: str, name: str, condition: Condition) -> Object:
        try:
            return self.objects.find(bucket, name, condition, request.query.get("generation"))
        except Refused as refused:
            # Who may not list is not told whether the object is there.
            if refused.status == 404 and bucket in self.objects.buckets:
                self._allow(request, "storage.objects.list")
            raise

    def _list(self, request: Request, bucket: str) -> Answer:
        self._allow(request, "storage.objects.list", "bucket")
        found, prefixes, token = self.objects.list(bucket, request.query)
        document = {"kind": "storage#objects", "items": [resource(each, request.base) for each in found],
                    "prefixes": prefixes, "nextPageToken": token}
        document = {name: value for name, value in document.items() if value}
        return json_answer(fields.select(document, request.query.get("fields")))

    def _answer(self, found: Object, request: Request) -> Answer:
        return json_answer(fields.select(resource(found, request.base), request.query.get("fields")))

    def _allow_write(self, request: Request, bucket: str, name: str):
        self._allow(request, "storage.objects.create")
        # What replaces an object also deletes one.
        if name in self.objects.bucket(bucket).objects:
            self._allow(request, "storage.objects.delete")

    def _compose(self, request: Request, bucket: str, name: str) -> Answer:
        self._allow_write(request, bucket, name)
        document, data = request.document, self.objects.new_data()
        for source in document.get("sourceObjects", []):
            condition = Condition.of({
                key: str(value) for key, value in source.get("objectPreconditions", {}).items()})
            generation = source.get("generation")
            found = self.objects.find(bucket, source.get("name", ""), Condition(),
                                      generation and str(generation))
            condition.check(found)
            data.append(found.data.read(0, found.data.size))
        return self._answer(self.objects.put(bucket, name, data, document.get("destination") or {},
                                             Condition.of(request.query)), request)

    def _copy(self, request: Request, bucket: str, name: str, verb: str) -> Answer:
        parts = request.parts(12)
        target, target_name = parts[parts.index(verb) + 2], parts[parts.index(verb) + 4]
        self._allow(request, "storage.objects.get")
        self._allow_write(request, target, target_name)
        source = self.objects.find(bucket, name, Condition(), request.query.get("sourceGeneration"))
        Condition.of(request.query, "Source").check(source)
        made = self.objects.put(target, target_name, source.data,
                                source.resource | request.document, Condition.of(request.query))
        if verb == "copyTo":
            return self._answer(made, request)
        size = str(made.data.size)
        return json_answer({"kind": "storage#rewriteResponse", "done": True, "objectSize": size,
                            "totalBytesRewritten": size, "resource": resource(made, request.base)})

    # MARK: Uploads

    def _upload(self, request: Request, bucket: str) -> Answer:
        kind, id = request.query.get("uploadType"), request.query.get("upload_id")
        if id is not None and request.method in ("PUT", "DELETE"):
            return self._piece(request, id)
        if request.method not in ("POST", "PUT"):
            raise Refused(405, "methodNotAllowed", "Method Not Allowed")
        match kind:
            case "media":
                given = {"contentType": request.headers.get("content-type", "")}
                return self._put(request, bucket, given, request.body)
            case "multipart":
                return self._put(request, bucket, *parts_of(request))
            case "resumable":
                return self._begin(request, bucket)
        raise invalid("Uploads must be sent to the upload URL with an uploadType.", "uploadType")

    def _put(self, request: Request, bucket: str, given: dict, content: bytes) -> Answer:
        name = request.query.get("name") or given.get("name") or ""
        self._allow_write(request, bucket, name)
        data, sums = self.objects.new_data(content), sums_of(request)
        data.check(given.get("crc32c") or sums.get("crc32c"),
                   given.get("md5Hash") or sums.get("md5") or request.headers.get("content-md5"))
        return self._answer(self.objects.put(
            bucket, name, data, given, Condition.of(request.query)), request)

    def _begin(self, request: Request, bucket: str) -> Answer:
        given = request.document
        name = request.query.get("name") or given.get("name") or ""
        self._allow_write(request, bucket, name)
        kind = request.headers.get("x-upload-content-type")
        if kind and "contentType" not in given:
            given["contentType"] = kind
        total = request.headers.get("x-upload-content-length")
        id = self.uploads.begin(bucket, name, given, Condition.of(request.query), request.principal,
                                int(total) if total else None)
        url = (f"{request.base}/upload/storage/v1/b/{quote(bucket, safe='')}/o?uploadType=resumable"
               f"&name={quote(name, safe='')}&upload_id={id}")
        return Answer(200, {"Location": url, "X-GUploader-UploadID": id})

    def _piece(self, request: Request, id: str) -> Answer:
        if request.method == "DELETE":
            self.uploads.cancel(id)
        made, size = self.uploads.take(id, request.headers.get("content-range"), request.body,
                                       sums_of(request))
        if made is not None:
            return self._answer(made, request)
        headers = {"X-GUploader-UploadID": id}
        if size:
            headers["Range"] = f"bytes=0-{size - 1}"
        return Answer(308, headers)


def resource(found: Object, base: str) -> dict:
    """An object as the interface shows it."""
    place = f"{quote(found.bucket, safe='')}/o/{quote(found.name, safe='')}"
    return {"kind": "storage#object", "id": f"{found.bucket}/{found.name}/{found.generation}",
            "selfLink": f"{base}/storage/v1/b/{place}",
            "mediaLink": f"{base}/download/storage/v1/b/{place}?generation={found.generation}"
            "&alt=media",
            "name": found.name, "bucket": found.bucket, "generation": str(found.generation),
            "metageneration": str(found.metageneration), "contentType": "application/octet-stream",
            "storageClass": "STANDARD", "size": str(found.data.size),
            "md5Hash": found.data.md5_hash, "crc32c": found.data.crc32c, "etag": found.etag,
            "timeCreated": time_text(found.created), "updated": time_text(found.updated)
            } | found.resource


def sums_of(request: Request) -> dict[str, str]:
    """The sums of the header X-Goog-Hash."""
    items = request.headers.get("x-goog-hash", "").split(",")
    return {name.strip(): value.strip() for name, _, value in (item.partition("=") for item in items)}


def parts_of(request: Request) -> tuple[dict, bytes]:
    """The two parts of a multipart upload: what the object is, and its bytes."""
    kind = request.headers.get("content-type", "")
    message = email.parser.HeaderParser(policy=email.policy.HTTP).parsestr(f"Content-Type: {kind}\n\n")
    boundary = message.get_boundary()
    if message.get_content_type() != "multipart/related" or not boundary:
        raise invalid("Malformed multipart body: no boundary.")
    mark = b"--" + boundary.encode()
    if not request.body.startswith(mark):
        raise invalid("Malformed multipart body.")
    # The first part is JSON text; of the second, which is any bytes, only the very end is looked for.
    first, found, rest = request.body[len(mark):].partition(b"\r\n" + mark + b"\r\n")
    end = rest.rfind(b"\r\n" + mark + b"--")
    if not found or end < 0:
        raise invalid("Malformed multipart body.")
    given = Request("POST", "", "", {}, split_part(first.removeprefix(b"\r\n"))[1], "").document
    headers, content = split_part(rest[:end])
    kind = headers.get("content-type")
    return ({"contentType": kind} if kind else {}) | given, content


def split_part(part: bytes) -> tuple[dict[str, str], bytes]:
    """The headers, names in small letters, and the content of one part."""
    if part.startswith(b"\r\n"):
        return {}, part[2:]
    head, mark, content = part.partition(b"\r\n\r\n")
    if not mark:
        raise invalid("Malformed multipart body.")
    pairs = (line.partition(":") for line in head.decode().split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, content
