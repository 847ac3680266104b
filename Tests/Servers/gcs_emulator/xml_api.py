"""The part of the XML API that other clients use: objects, listings, multipart uploads."""

import uuid
import xml.etree.ElementTree as ElementTree
from email.utils import formatdate
from urllib.parse import unquote
from xml.sax.saxutils import escape

from gcs_emulator.message import Answer, Request, media_answer
from gcs_emulator.objects import Condition, Object, Objects, time_text
from gcs_emulator.refusal import Refused, invalid

CODES = {400: "InvalidArgument", 401: "AuthenticationRequired", 403: "AccessDenied",
         404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange", 429: "SlowDown"}


class XMLInterface:
    def __init__(self, objects: Objects, identity):
        self.objects, self.identity = objects, identity
        self.parts: dict[str, dict[int, bytes]] = {}

    def handle(self, request: Request) -> Answer:
        try:
            bucket, _, name = request.raw_path[1:].partition("/")
            if not name:
                return self._list(request, unquote(bucket))
            return self._object(request, unquote(bucket), unquote(name))
        except Refused as refused:
            body = "" if request.method == "HEAD" else error(refused)
            return Answer(refused.status, {"Content-Type": "application/xml"}, body.encode())

    def _object(self, request: Request, bucket: str, name: str) -> Answer:
        query, condition = request.query, condition_of(request)
        check = self.identity.check
        match request.method:
            case "GET" | "HEAD":
                check(request.principal, "storage.objects.get", "object")
                if request.headers.get("if-match") or request.headers.get("if-none-match"):
                    self._check_tag(request, bucket, name)
                found = self.objects.find(bucket, name, condition, query.get("generation"))
                answer = media_answer(found, request.headers.get("range"))
                for key, value in found.resource.get("metadata", {}).items():
                    answer.headers[f"x-goog-meta-{key}"] = value
                answer.headers["Last-Modified"] = http_date(found.updated)
                return answer
            case "DELETE" if "uploadId" in query:
                self.parts.pop(query["uploadId"], None)
                return Answer(204)
            case "DELETE":
                check(request.principal, "storage.objects.delete", "object")
                self.objects.remove(bucket, name, condition, query.get("generation"))
                return Answer(204)
            case "PUT" if "uploadId" in query:
                return self._part(query, request.body)
            case "PUT":
                check(request.principal, "storage.objects.create", "object")
                return made(self.objects.put(
                    bucket, name, self._source(request), resource_of(request), condition))
            case "POST" if "uploads" in query:
                id = uuid.uuid4().hex
                self.parts[id] = {}
                return xml(f"<InitiateMultipartUploadResult><UploadId>{id}</UploadId>"
                           "</InitiateMultipartUploadResult>")
            case "POST" if "uploadId" in query:
                return self._complete(request, bucket, name, condition)
        raise Refused(405, "methodNotAllowed", "Method Not Allowed")

    def _source(self, request: Request):
        """The bytes of a put: the body's, or another object's."""
        source = request.headers.get("x-goog-copy-source")
        if source is None:
            return self.objects.new_data(request.body)
        bucket, _, name = unquote(source.lstrip("/")).partition("/")
        return self.objects.find(bucket, name, Condition()).data

    def _check_tag(self, request: Request, bucket: str, name: str):
        found = self.objects.find(bucket, name, Condition())
        wanted, unwanted = (request.headers.get(header) for header in ("if-match", "if-none-match"))
        if wanted not in (None, "*", f'"{found.etag}"'):
            raise Refused(412, "conditionNotMet", "Precondition Failed")
        if unwanted in ("*", f'"{found.etag}"'):
            raise Refused(304, "notModified", "")

    def _part(self, query: dict, body: bytes) -> Answer:
        parts = self.parts.get(query["uploadId"])
        if parts is None:
            raise Refused(404, "NoSuchUpload", "The upload does not exist.")
        parts[int(query["partNumber"])] = body
        return Answer(200, {"ETag": f'"{uuid.uuid4().hex}"'})

    def _complete(self, request: Request, bucket: str, name: str, condition: Condition) -> Answer:
        parts = self.parts.get(request.query["uploadId"])
        if parts is None:
            raise Refused(404, "NoSuchUpload", "The upload does not exist.")
        numbers = [int(node.text) for node in ElementTree.fromstring(request.body).iter()
                   if node.tag.rpartition("}")[2] == "PartNumber"]
        data = self.objects.new_data()
        for number in numbers:
            if number not in parts:
                raise invalid("One of the parts was not found.")
            data.append(parts[number])
        stored = self.objects.put(bucket, name, data, resource_of(request), condition)
        del self.parts[request.query["uploadId"]]
        answer = xml("<CompleteMultipartUploadResult><ETag>"
                     f"{escape(chr(34) + stored.etag + chr(34))}</ETag>"
                     "</CompleteMultipartUploadResult>")
        answer.headers |= made(stored).headers
        return answer

    def _list(self, request: Request, bucket: str) -> Answer:
        if request.method != "GET" or request.query.get("list-type") != "2":
            raise Refused(501, "notImplemented", "Not Implemented")
        self.identity.check(request.principal, "storage.objects.list", "bucket")
        query = dict(request.query)
        names = {"max-keys": "maxResults", "continuation-token": "pageToken"}
        asked = {names.get(name, name): value for name, value in query.items()}
        if query.get("start-after"):
            # Nothing lies between a name and the same name with a zero byte.
            asked["startOffset"] = query["start-after"] + "\0"
        found, prefixes, token = self.objects.list(bucket, asked)
        entries = "".join(
            f"<Contents><Key>{escape(each.name)}</Key><Generation>{each.generation}</Generation>"
            f"<LastModified>{time_text(each.updated)}</LastModified>"
            f"<ETag>{escape(chr(34) + each.etag + chr(34))}</ETag><Size>{each.data.size}</Size>"
            "</Contents>" for each in found)
        entries += "".join(f"<CommonPrefixes><Prefix>{escape(prefix)}</Prefix></CommonPrefixes>"
                           for prefix in prefixes)
        if token:
            entries += f"<NextContinuationToken>{token}</NextContinuationToken>"
        return xml(f"<ListBucketResult><IsTruncated>{'true' if token else 'false'}</IsTruncated>"
                   f"{entries}</ListBucketResult>")


def condition_of(request: Request) -> Condition:
    names = {"generation": "ifGenerationMatch", "metageneration": "ifMetagenerationMatch"}
    given = {long: request.headers[f"x-goog-if-{short}-match"] for short, long in names.items()
             if f"x-goog-if-{short}-match" in request.headers}
    return Condition.of(given)


def resource_of(request: Request) -> dict:
    prefix = "x-goog-meta-"
    metadata = {name.removeprefix(prefix): value for name, value in request.headers.items()
                if name.startswith(prefix)}
    return {"contentType": request.headers.get("content-type", "application/octet-stream"),
            "metadata": metadata}


def made(stored: Object) -> Answer:
    return Answer(200, {"ETag": f'"{stored.etag}"', "X-Goog-Generation": str(stored.generation),
                        "X-Goog-Metageneration": "1"})


def xml(body: str) -> Answer:
    return Answer(200, {"Content-Type": "application/xml"},
                  f"<?xml version='1.0' encoding='UTF-8'?>{body}".encode())


def error(refused: Refused) -> str:
    code = CODES.get(refused.status, "InvalidRequest")
    if "bucket does not exist" in refused.message:
        code = "NoSuchBucket"
    return (f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>"
            f"<Message>{escape(refused.message)}</Message></Error>")


def http_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)
