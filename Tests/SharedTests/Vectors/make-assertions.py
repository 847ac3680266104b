"""Writes assertions.json: statements of service accounts as google-auth signs them. Run it with the tests' Python.

    scripts/python Tests/SharedTests/Vectors/make-assertions.py >Tests/SharedTests/Vectors/assertions.json

The keys are made anew by each run and open nothing.
"""

import base64
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def vector(number: int, bits: int, form: serialization.PrivateFormat) -> dict:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    seconds, id = 1_700_000_000 + number * 86_399, f"key-{number}"
    account, audience = f"robot-{number}@p.iam.gserviceaccount.com", f"https://a.example/{number}?x"
    claims = {"aud": audience, "exp": seconds + 3600, "iat": seconds, "iss": account, "scope": SCOPE}
    documents = ({"alg": "RS256", "kid": id, "typ": "JWT"}, claims)
    text = ".".join(part(json.dumps(document, separators=(",", ":")).encode())
                    for document in documents)
    signature = crypt.RSASigner.from_string(key).sign(text)
    return {"key": key, "id": id, "account": account, "audience": audience, "scope": SCOPE,
            "seconds": seconds, "assertion": f"{text}.{part(signature)}"}


FORMS = (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL)
print(json.dumps([vector(number, (2048, 3072, 4096)[number % 3], FORMS[number % 2])
                  for number in range(6)], indent=1))
