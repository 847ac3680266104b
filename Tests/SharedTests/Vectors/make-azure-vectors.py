"""Writes shared-key.json: random requests as Microsoft's own SDK signs them. Run it with the tests' Python.

    scripts/python Tests/SharedTests/Vectors/make-azure-vectors.py [SEED] >Tests/SharedTests/Vectors/shared-key.json
"""

import base64
import json
import random
import sys
from email.utils import formatdate
from urllib.parse import quote

from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
random.seed(seed)
LETTERS = "abcXYZ019-._~ /+=&%$é漢😀()*'!,:;@"
NAMES = ["comp", "blockid", "restype", "prefix", "marker", "maxresults", "include", "delimiter"]
OWN = ["x-ms-version", "x-ms-blob-type", "x-ms-range", "x-ms-meta-holdfast", "x-ms-blob-content-type",
       "x-ms-client-request-id", "x-ms-meta-a_b", "x-ms-meta-ab"]


def word(most=12):
    return "".join(random.choice(LETTERS) for _ in range(random.randint(1, most)))


def ascii_word():
    return "".join(random.choice("abcXYZ019-._~/+=:") for _ in range(random.randint(1, 12)))


def vector() -> dict:
    account = "".join(random.choice("abcdefgh01") for _ in range(8))
    key = base64.b64encode(random.randbytes(64)).decode()
    names = random.sample(NAMES, random.randint(0, 4))
    query = "&".join(f"{name}={quote(word(), safe='')}" for name in names)
    path = "/" + quote(word(), safe="") + "/" + quote(word(30), safe="/")
    url = f"https://{account}.blob.example.net{path}{'?' + query if query else ''}"
    body = list(random.randbytes(random.choice([0, 0, 5, 70])))
    method = random.choice(["GET", "PUT", "HEAD", "DELETE"]) if not body else "PUT"
    headers = {name: ascii_word() for name in random.sample(OWN, random.randint(1, 5))}
    for name in ("If-Match", "If-None-Match", "Content-MD5", "Content-Type"):
        if random.random() < 0.3:
            headers[name] = ascii_word()
    seconds = random.randint(0, 4_000_000_000)
    given = headers | {"x-ms-date": formatdate(seconds, usegmt=True)}
    if body:
        given["Content-Length"] = str(len(body))
    request = PipelineRequest(HttpRequest(method, url, headers=given), PipelineContext(None))
    SharedKeyCredentialPolicy(account, key).on_request(request)
    return {"account": account, "key": key, "method": method, "url": url, "body": body,
            "headers": headers, "seconds": seconds,
            "authorization": request.http_request.headers["Authorization"]}


print(json.dumps([vector() for _ in range(120)], indent=1))
