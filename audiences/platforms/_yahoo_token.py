"""Yahoo's tokens: asked for with a JWT that is signed with the client's secret (RFC 7523)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode

from audiences.platforms.answers import compact, read_object
from audiences.platforms.base import Access, Request, Setting

ISSUER = "https://id.b2b.yahooincapis.com/zts/v1"
SCOPE = Setting(
    name="scope",
    says="the role that is asked for with the token",
    default="idb2b.dsp.datax:role.online.writer",
    verified=False,
)
_PREFIX = "idb2b.dsp.datax."
_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIVES_SECONDS = 3_600


def refresh(access: Access) -> Request | None:
    """Ask for an access token; None where the credentials are a bare token."""
    secrets = read_object(access.credentials.encode()) or {}
    client, secret = secrets.get("client_id"), secrets.get("client_secret")
    if not isinstance(client, str) or not isinstance(secret, str) or not client or not secret:
        return None
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": _BEARER,
        "client_assertion": assertion(client, secret, access),
        "scope": access.options.get(SCOPE.name, SCOPE.default),
        "aud": ISSUER,
    }
    return Request(
        method="POST",
        path=str(secrets.get("token_uri", f"{ISSUER}/oauth2/token")),
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded",
    )


def assertion(client: str, secret: str, access: Access) -> str:
    """Return the JWT by which the client proves itself, good once and for an hour."""
    name = client if client.startswith(_PREFIX) else _PREFIX + client
    now = int(access.at.timestamp())
    claims = {"iss": name, "sub": name, "aud": ISSUER, "jti": access.nonce}
    times = {"iat": now, "exp": now + _LIVES_SECONDS}
    head = _encoded(compact({"alg": "HS256", "typ": "JWT"}))
    signed = f"{head}.{_encoded(compact(claims | times))}"
    return f"{signed}.{_encoded(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
