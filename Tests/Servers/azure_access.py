"""Who may do what at the stand-in of the Azure Blob service.

Signatures are judged by Microsoft's own code: a request with SharedKey is signed once more by the policy of
azure-storage-blob, a SAS is made once more by its class, and both must come out the same. Tokens are those
that the stand-ins of the token endpoints gave out.
"""

import base64
import hmac
import json
import secrets
import urllib.parse
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from azure.storage.blob._shared.shared_access_signature import SharedAccessSignature
from azure.storage.blob._shared_access_signature import BlobSharedAccessSignature

from Servers.azure_objects import Clock, Refusal

# What each role may do; `a` stands for making a container, `p` for looking at one.
ROLES = {"Storage Blob Data Owner": "rwdlpa", "Storage Blob Data Contributor": "rwdlpa",
         "Storage Blob Data Reader": "rlp", "Reader": ""}
_SKEW_SECONDS = 900


class Access:
    def __init__(self, account: str, key: str, clock: Clock):
        self.account, self.key, self.clock = account, key, clock
        self.policy = SharedKeyCredentialPolicy(account, key)
        # By the id of the identity that a token is for, "" for the machine's own.
        self.roles = {"": "Storage Blob Data Contributor"}
        self.lifetime = 3600
        self.tokens: dict[str, tuple[str, float]] = {}
        # What the workload's token file and the secret of an application must hold.
        self.assertion, self.secret = "federated-token", "application-secret"
        self.requests: list[str] = []

    def check(self, method: str, target: str, headers: dict, needed: str, container: str,
              blob: str) -> None:
        """Refuses a request that may not do `needed` (one of r w d l p a)."""
        shown = headers.get("authorization", "")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        if shown.startswith("SharedKey "):
            return self._check_key(method, target, headers, shown)
        if shown.startswith("Bearer "):
            return self._check_token(shown[7:], needed)
        if not shown and "sig" in query:
            given = {name: values[0] for name, values in query.items()}
            return self._check_sas(given, needed, container, blob)
        if not shown:
            raise Refusal(401, "NoAuthenticationInformation", **{
                "WWW-Authenticate": "Bearer authorization_uri=https://login.test/t resource_id=r"})
        raise Refusal(400, "InvalidAuthenticationInfo")

    # MARK: Keys

    def _check_key(self, method: str, target: str, headers: dict, shown: str) -> None:
        given = {name: value for name, value in headers.items() if name != "authorization"}
        # The SDK asks for ranges by a header of the service's own, and calls the usual one so.
        if "range" in given:
            given["byte_range"] = given.pop("range")
        again = PipelineRequest(HttpRequest(method, f"http://{headers['host']}{target}",
                                            headers=given), PipelineContext(None))
        self.policy.on_request(again)
        wanted = again.http_request.headers["Authorization"]
        if not hmac.compare_digest(wanted.encode(), shown.encode()):
            raise Refusal(403, "AuthenticationFailed", _FAILED + "The MAC signature found in the "
                          f"HTTP request '{shown}' is not the same as any computed signature.")
        try:
            date = parsedate_to_datetime(headers.get("x-ms-date") or headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            raise Refusal(403, "AuthenticationFailed", _FAILED + "no date") from None
        if abs(date - self.clock.date()) > _SKEW_SECONDS:
            raise Refusal(403, "AuthenticationFailed", _FAILED + "Request date header too old")

    # MARK: Shared access signatures

    def _check_sas(self, given: dict, needed: str, container: str, blob: str) -> None:
        if not hmac.compare_digest(self._signature(given, container, blob).encode(),
                                   given["sig"].encode()):
            raise Refusal(403, "AuthenticationFailed", _FAILED + "Signature did not match.")
        now = self.clock.now()
        if now < _moment(given.get("st"), 0) or now >= _moment(given.get("se"), 0):
            raise Refusal(403, "AuthenticationFailed", _FAILED + "Signature not valid in the "
                          f"specified time frame: Expiry [{given.get('se')}]")
        if given.get("spr") == "https":
            raise Refusal(403, "AuthorizationProtocolMismatch")
        if "srt" in given:
            if "b" not in given.get("ss", ""):
                raise Refusal(403, "AuthorizationServiceMismatch")
            kind = "o" if blob else "c" if container else "s"
            if kind not in given["srt"]:
                raise Refusal(403, "AuthorizationResourceTypeMismatch")
        # A signature for one container says nothing of the container itself.
        of_account = {"a": "c", "p": "r"} if "srt" in given else {}
        if of_account.get(needed, needed) not in given.get("sp", ""):
            raise Refusal(403, "AuthorizationPermissionMismatch")

    def _signature(self, given: dict, container: str, blob: str) -> str:
        same = dict(permission=given.get("sp"), expiry=given.get("se"), start=given.get("st"),
                    ip=given.get("sip"), protocol=given.get("spr"))
        version = given.get("sv", "")
        if "srt" in given:
            maker = SharedAccessSignature(self.account, self.key, version)
            token = maker.generate_account(given.get("ss"), given["srt"], **same)
        else:
            maker = BlobSharedAccessSignature(self.account, self.key)
            maker.x_ms_version = version
            if given.get("sr") == "c":
                token = maker.generate_container(container, **same)
            elif given.get("sr") == "b":
                token = maker.generate_blob(container, blob, **same)
            else:
                raise Refusal(403, "AuthenticationFailed", _FAILED + "sr is invalid")
        return dict(urllib.parse.parse_qsl(token))["sig"]

    # MARK: Tokens

    def _check_token(self, token: str, needed: str) -> None:
        identity, end = self.tokens.get(token, ("", 0.0))
        if self.clock.now() >= end:
            raise Refusal(401, "InvalidAuthenticationInfo", "Lifetime validation failed. The token "
                          "is expired.", **{"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if needed not in ROLES[self.roles.get(identity, "Reader")]:
            raise Refusal(403, "AuthorizationPermissionMismatch", "This request is not authorized "
                          "to perform this operation using this permission.")

    def issue(self, identity: str) -> str:
        # As the directory makes them, so that it can be read whose it is.
        claims = {"appid": identity, "oid": f"object-of-{identity}", "tid": "tenant"}
        middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        token = f"eyJhbGciOiJub25lIn0.{middle}.{secrets.token_urlsafe(48)}"
        self.tokens[token] = (identity, self.clock.now() + self.lifetime)
        return token

    def token_answer(self, method: str, path: str, query: dict, headers: dict, body: bytes
                     ) -> tuple[int, dict] | None:
        """The answer of a token endpoint: status and document; None for another path."""
        identity = query.get("client_id", "")
        wants_storage = query.get("resource") in ("https://storage.azure.com/",
                                                  "https://storage.azure.com")
        if path == "/metadata/identity/oauth2/token":
            self.requests.append("metadata")
            if headers.get("metadata") != "true" or not wants_storage or "api-version" not in query:
                return 400, {"error": "invalid_request"}
            return self._granted(identity, as_text=True)
        if path == "/msi/token":
            self.requests.append("app service")
            if headers.get("x-identity-header") != self.secret:
                return 401, {"error": "unauthorized"}
            if query.get("api-version") != "2019-08-01" or not wants_storage:
                return 400, {"error": "invalid_request"}
            return self._granted(identity, as_text=True)
        if path.endswith("/oauth2/v2.0/token") and method == "POST":
            self.requests.append("authority")
            return self._exchange(dict(urllib.parse.parse_qsl(body.decode())))
        return None

    def _exchange(self, form: dict) -> tuple[int, dict]:
        is_wanted = (form.get("grant_type") == "client_credentials"
                     and form.get("scope") == "https://storage.azure.com/.default")
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if "client_assertion" in form:
            is_right = (form["client_assertion"] == self.assertion
                        and form.get("client_assertion_type") == kind)
        else:
            is_right = form.get("client_secret") == self.secret
        if not is_wanted:
            return 400, {"error": "invalid_scope", "error_description": "AADSTS70011: scope"}
        if not is_right:
            return 401, {"error": "invalid_client", "error_description":
                         f"AADSTS7000215: Invalid client secret or assertion {json.dumps(form)}"}
        return self._granted(form.get("client_id", ""), as_text=False)

    def _granted(self, identity: str, as_text: bool) -> tuple[int, dict]:
        if identity not in self.roles:
            return 400, {"error": "invalid_request", "error_description": "Identity not found"}
        token = self.issue(identity)
        # The metadata service writes its numbers as text, the authority does not.
        document = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        if as_text:
            document |= {"expires_in": str(self.lifetime),
                         "expires_on": str(int(self.clock.now() + self.lifetime))}
        return 200, document


_FAILED = ("Server failed to authenticate the request. Make sure the value of Authorization header "
           "is formed correctly including the signature. ")


def _moment(text: str | None, missing: float) -> float:
    if not text:
        return missing
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refusal(403, "AuthenticationFailed", _FAILED + "a time is malformed") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
