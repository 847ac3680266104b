"""Who is asking: service accounts, users and workloads, and the servers that give them tokens.

Signatures of assertions are checked by google-auth's own code.
"""

import base64
import json
import secrets
import threading
from dataclasses import dataclass

from google.auth import crypt

from gcs_emulator.refusal import Refused

SCOPES = {"https://www.googleapis.com/auth/devstorage.read_write",
          "https://www.googleapis.com/auth/devstorage.full_control",
          "https://www.googleapis.com/auth/cloud-platform"}
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
# Google's own library names this audience whatever the endpoint is.
GOOGLE = "https://oauth2.googleapis.com/token"
# How much the token endpoint lets clocks differ.
SKEW = 300


class Denied(Exception):
    """What a token endpoint answers."""

    def __init__(self, error: str, description: str, status: int = 400):
        super().__init__(description)
        self.status = status
        self.document = {"error": error, "error_description": description}


@dataclass
class Token:
    principal: str
    expires: float
    scopes: frozenset[str]


class Identity:
    def __init__(self, clock):
        self.clock = clock
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        # Public keys by e-mail address and key id, users by refresh token, workloads by subject token.
        self.accounts: dict[str, dict[str, str]] = {}
        self.users: dict[str, dict] = {}
        self.subjects: dict[str, dict] = {}
        self.default_account: str | None = None
        self.may_impersonate: set[str] = set()
        self.lifetime = 3600
        self.open = False
        self.denied: dict[str, set[str]] = {}
        self.tokens: dict[str, Token] = {}
        self.issued = 0

    def issue(self, principal: str, scopes=SCOPES, lifetime: float | None = None) -> str:
        token = "ya29." + secrets.token_urlsafe(40)
        with self.lock:
            self.issued += 1
            self.tokens[token] = Token(principal, self.clock() + (lifetime or self.lifetime),
                                       frozenset(scopes))
        return token

    # MARK: Requests to the service

    def principal(self, authorization: str | None) -> str:
        """Who shows this header; refuses unknown, expired and missing tokens."""
        if authorization is None:
            if self.open:
                return "anonymous"
            raise Refused(401, "required", "Anonymous caller does not have storage.objects access to"
                          " the Google Cloud Storage object.", "Authorization")
        kind, _, text = authorization.partition(" ")
        if kind == "Bearer" and text.count(".") == 2 and not text.startswith("ya29."):
            return self._self_signed(text)
        found = self.tokens.get(text) if kind == "Bearer" else None
        if found is None or found.expires <= self.clock():
            raise Refused(401, "authError", "Invalid Credentials", "Authorization")
        if not found.scopes & SCOPES:
            raise Refused(403, "insufficientPermissions",
                          "Provided scope(s) are not authorized", "Authorization")
        return found.principal

    def check(self, principal: str, permission: str, resource: str):
        if permission in self.denied.get(principal, ()):
            raise Refused(
                403, "forbidden", f"{principal} does not have {permission} access to the Google Cloud"
                f" Storage {resource}. Permission '{permission}' denied on resource (or it may not "
                "exist).")

    def _self_signed(self, text: str) -> str:
        """A service account may sign its own token instead of exchanging an assertion."""
        try:
            claims = self._verified(text)
        except Denied:
            raise Refused(401, "authError", "Invalid Credentials", "Authorization") from None
        if not set(claims.get("scope", "").split()) & SCOPES:
            raise Refused(403, "insufficientPermissions",
                          "Provided scope(s) are not authorized", "Authorization")
        return claims["iss"]

    # MARK: The token endpoint

    def exchange(self, form: dict, url: str) -> dict:
        grant = form.get("grant_type")
        if grant == JWT_GRANT:
            claims = self._verified(form.get("assertion", ""))
            if claims.get("aud") not in (url, GOOGLE):
                raise Denied("invalid_grant", "Invalid JWT: Failed audience check.")
            scopes = set(claims.get("scope", "").split())
            if not scopes:
                raise Denied("invalid_scope", "Empty or missing scope not allowed.")
            return self._answer(self.issue(claims["iss"], scopes))
        if grant == "refresh_token":
            user = self.users.get(form.get("refresh_token", ""))
            if user is None:
                raise Denied("invalid_grant", "Token has been expired or revoked.")
            if (user["client_id"], user["client_secret"]) != (
                    form.get("client_id"), form.get("client_secret")):
                raise Denied("invalid_client", "The OAuth client was not found.", 401)
            return self._answer(self.issue(user["email"]))
        raise Denied("unsupported_grant_type", f"Invalid grant_type: {grant}")

    def _answer(self, token: str) -> dict:
        return {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}

    def _verified(self, text: str) -> dict:
        """The claims of a signed assertion."""
        try:
            signed, _, signature = text.rpartition(".")
            header, claims = (json.loads(_decode(part)) for part in signed.split("."))
            keys = self.accounts[claims["iss"]]
        except KeyError:
            raise Denied("invalid_grant", "Invalid grant: account not found") from None
        except ValueError:
            raise Denied("invalid_grant", "Invalid JWT.") from None
        key = keys.get(header.get("kid"))
        is_right = (header.get("alg") == "RS256" and key is not None
                    and crypt.verify_signature(signed.encode(), _decode(signature), key.encode()))
        if not is_right:
            raise Denied("invalid_grant", "Invalid JWT Signature.")
        now, begun, ends = self.clock(), claims.get("iat", 0), claims.get("exp", 0)
        if begun > now + SKEW or ends < now - SKEW or ends - begun > 3600 or ends <= begun:
            raise Denied("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes)"
                         " and in a reasonable timeframe. Check your iat and exp values in the JWT "
                         "claim.")
        return claims

    # MARK: Workload identity, impersonation, the metadata server

    def exchange_subject(self, form: dict) -> dict:
        found = self.subjects.get(form.get("subject_token", ""))
        if form.get("grant_type") != EXCHANGE_GRANT or found is None:
            raise Denied("invalid_grant", "The given subject token is not valid.")
        for name in ("audience", "subject_token_type"):
            if form.get(name) != found[name]:
                raise Denied("invalid_request", f"Invalid value for \"{name}\".")
        if form.get("requested_token_type") != ACCESS_TOKEN or not form.get("scope"):
            raise Denied("invalid_request", "Invalid value for \"requested_token_type\".")
        token = self.issue(found["principal"], form["scope"].split())
        return self._answer(token) | {"issued_token_type": ACCESS_TOKEN}

    def impersonate(self, principal: str, email: str, document: dict) -> dict:
        if f"{principal}>{email}" not in self.may_impersonate:
            raise Refused(403, "forbidden", "Permission 'iam.serviceAccounts.getAccessToken' denied "
                          "on resource (or it may not exist).")
        seconds = float(document.get("lifetime", "3600s").removesuffix("s"))
        token = self.issue(email, document.get("scope") or (), seconds)
        return {"accessToken": token, "expires": self.clock() + seconds}

    def metadata_token(self, flavor: str | None) -> dict:
        if flavor != "Google":
            raise Refused(403, "forbidden", "Missing Metadata-Flavor:Google header.")
        if self.default_account is None:
            raise Refused(404, "notFound", "The service account was not found.")
        return self._answer(self.issue(self.default_account))


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
