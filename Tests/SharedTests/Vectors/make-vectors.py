"""Writes sigv4.json: random requests as AWS's own botocore signs them. Run it with the tests' Python.

    scripts/python Tests/SharedTests/Vectors/make-vectors.py [SEED] >Tests/SharedTests/Vectors/sigv4.json
"""

import datetime
import json
import random
import sys
from urllib.parse import quote

import botocore.auth as auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
random.seed(seed)
LETTERS = "abcXYZ019-._~ /+=&%$é漢😀()*'!,:;@"


def word(most=12, letters=LETTERS):
    return "".join(random.choice(letters) for _ in range(random.randint(1, most)))


def vector(kind):
    now = datetime.datetime.fromtimestamp(random.randint(0, 4_000_000_000), datetime.timezone.utc)
    auth.get_current_datetime = lambda *_, **__: now
    token = word(40, "abcDEF0123/+=") if random.random() < 0.5 else None
    keys = Credentials("AKIA" + word(16, "ABC123"), word(40, "abcDEF0123/+"), token)
    service, region = random.choice(["dynamodb", "s3", "sts"]), random.choice(["eu-central-1", "us-east-1"])
    # No part is "." or "..": botocore would resolve it, and no service here has such a path.
    path = "/" + "/".join("x" + quote(word(), safe="-._~") for _ in range(random.randint(0, 3)))
    names = random.sample(["a", "A", "b-c", "list type", "ü", "prefix", "x=y"], random.randint(0, 4))
    # An item without a value has its sign in every canonical form; duplicates are not in the table.
    query = "&".join(f"{quote(name, safe='-._~')}={quote(word(), safe='-._~')}" for name in names)
    host = random.choice(["example.com", "localhost:8000", "bucket.s3.example.com"])
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    body = bytes(random.randbytes(random.randint(0, 60)))
    method = random.choice(["GET", "PUT", "POST", "DELETE"])
    headers = {"X-Custom": " a   b  ", "Content-Type": "text/plain"} if random.random() < 0.5 else {}
    # The query goes in as parameters would: signed in ascending order whatever the URL's order is.
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    result = {"kind": kind, "method": method, "url": url, "body": list(body), "headers": headers,
              "id": keys.access_key, "secret": keys.secret_key, "token": token, "service": service,
              "region": region, "seconds": int(now.timestamp())}
    if kind == "plain":
        auth.SigV4Auth(keys, service, region).add_auth(request)
        result["authorization"] = request.headers["Authorization"]
    elif kind == "s3":
        auth.S3SigV4Auth(keys, service, region).add_auth(request)
        result["authorization"] = request.headers["Authorization"]
        result["hash"] = request.headers["X-Amz-Content-SHA256"]
    else:
        request = AWSRequest(method=method, url=f"https://{host}{path}", data=None)
        auth.S3SigV4QueryAuth(keys, service, region, expires=600).add_auth(request)
        result["url"] = f"https://{host}{path}"
        result["signature"] = request.url.rpartition("X-Amz-Signature=")[2]
    return result


print(json.dumps([vector(kind) for kind in ("plain", "s3", "presigned") for _ in range(40)],
                 indent=1, ensure_ascii=True))
print(f"seed {seed}", file=sys.stderr)
