"""OAuth 1.0a (RFC 5849): requests signed with the secrets of an application and of a user.

The credentials are a JSON object with `consumer_key`, `consumer_secret`, `access_token` and
`access_token_secret`, or these four with spaces between; one word alone stands for all four.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlsplit

from audiences.platforms.answers import read_object
from audiences.platforms.base import Access, Request

_NAMES = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


def signed(request: Request, access: Access) -> Mapping[str, str]:
    """Return the header that signs a request without form fields (JSON is not signed)."""
    key, key_secret, token, token_secret = _secrets(access.credentials)
    said = {
        "oauth_consumer_key": key,
        "oauth_nonce": access.nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(access.at.timestamp())),
        "oauth_token": token,
        "oauth_version": "1.0",
    }
    base = base_string(request, list(said.items()))
    secret = f"{_encoded(key_secret)}&{_encoded(token_secret)}"
    digest = hmac.new(secret.encode(), base.encode(), hashlib.sha1).digest()
    said["oauth_signature"] = base64.b64encode(digest).decode()
    fields = ", ".join(f'{name}="{_encoded(value)}"' for name, value in sorted(said.items()))
    return {"authorization": f"OAuth {fields}"}


def base_string(request: Request, said: Sequence[tuple[str, str]]) -> str:
    """Return what is signed: method, address and sorted parameters (RFC 5849, section 3.4.1)."""
    url = urlsplit(request.path)
    default = {"http": 80, "https": 443}.get(url.scheme)
    port = f":{url.port}" if url.port and url.port != default else ""
    address = f"{url.scheme.lower()}://{(url.hostname or '').lower()}{port}{url.path or '/'}"
    given = [*parse_qsl(url.query, keep_blank_values=True), *said]
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in given)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join(_encoded(part) for part in (request.method.upper(), address, joined))


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _secrets(credentials: str) -> list[str]:
    found = read_object(credentials.encode())
    if found is not None:
        return [str(found.get(name, "")) for name in _NAMES]
    words = credentials.split()
    return words * 4 if len(words) == 1 else [*words, "", "", "", ""][:4]
