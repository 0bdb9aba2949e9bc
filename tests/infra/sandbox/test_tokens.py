"""The token endpoints of the stand-ins: what they take, refuse, rotate, and how long it lives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
import requests

from tests.infra.sandbox.callers import AGENT, KEY, WAIT, audience_of, door, send, state
from tests.infra.sandbox.callers_ads import MICROSOFT, SNAPCHAT
from tests.infra.sandbox.callers_more import CRITEO, LINE

PLACES = {
    "google": "/token",
    "linkedin": "/oauth/v2/accessToken",
    "snapchat": "/login/oauth2/access_token",
    "pinterest": "/v5/oauth/token",
    "amazon": "/auth/o2/token",
    "microsoft": "/common/oauth2/v2.0/token",
    "reddit": "/api/v1/access_token",
    "criteo": "/oauth2/token",
}
BASIC = {"pinterest", "reddit"}
every = pytest.mark.parametrize("slug", PLACES)


def ask(url: str, slug: str, secret: str = KEY, **form: str) -> requests.Response:
    wanted = {"grant_type": "refresh_token", "refresh_token": "sandbox", **form}
    client = {"client_id": "sandbox", "client_secret": secret}
    given = {"data": wanted if slug in BASIC else {**wanted, **client}}
    if slug in BASIC:
        given["auth"] = ("sandbox", secret)
    at = f"{url}/{slug}{PLACES[slug]}"
    return requests.post(at, headers={"user-agent": AGENT}, timeout=WAIT, **given)


@every
def test_a_refresh_token_buys_an_access_token(url: str, slug: str) -> None:
    came = ask(url, slug)
    assert (came.status_code, came.json()["token_type"]) == (200, "bearer")
    assert came.json()["access_token"].startswith("sandbox-")


@every
@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"refresh_token": "revoked"}, 400, "invalid_grant"),
        ({"secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_wrong_token_requests_are_refused(url: str, slug: str, change, status, error) -> None:
    came = ask(url, slug, **change)
    assert (came.status_code, came.json()["error"]) == (status, error)


@every
def test_a_token_request_is_a_form_and_is_not_recorded(url: str, slug: str) -> None:
    at = f"{url}/{slug}{PLACES[slug]}"
    came = requests.post(at, json={"a": 1}, headers={"user-agent": AGENT}, timeout=WAIT)
    assert (came.status_code, came.json()["error"]) == (400, "invalid_request")
    ask(url, slug, refresh_token="s3cr3t")
    assert "s3cr3t" not in requests.get(f"{url}/_sandbox/requests", timeout=WAIT).text


def test_a_minted_token_ends(url: str) -> None:
    door(url, "clock", {"now": "2026-11-21T00:00:00Z"})
    came = ask(url, "criteo", grant_type="client_credentials")
    minted, life = came.json()["access_token"], came.json()["expires_in"]
    audience = audience_of(url, CRITEO)
    call = CRITEO.add(audience, [CRITEO.value(1)])
    assert send(url, CRITEO, call, minted).ok
    assert life == 900
    door(url, "clock", {"now": "2026-11-21T00:15:01Z"})
    assert send(url, CRITEO, call, minted).status_code == 401


def test_a_channel_of_line_gets_a_token_that_ends_soon(url: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    came = requests.post(f"{url}/line/oauth2/v3/token", data=form, timeout=WAIT)
    assert came.json()["expires_in"] == 900
    audience = audience_of(url, LINE)
    assert send(url, LINE, LINE.add(audience, [LINE.value(1)]), came.json()["access_token"]).ok


@pytest.mark.parametrize("slug", ["microsoft", "pinterest"])
def test_each_refresh_gives_a_new_refresh_token(url: str, slug: str) -> None:
    first = ask(url, slug).json()["refresh_token"]
    second = ask(url, slug, refresh_token=first).json()["refresh_token"]
    assert len({"sandbox", first, second}) == 3
    assert ask(url, slug).ok  # the older ones stay good until they are revoked
    assert "refresh_token" not in ask(url, "snapchat").json()


def test_minted_tokens_open_the_api(url: str) -> None:
    for caller in (MICROSOFT, SNAPCHAT):
        minted = ask(url, caller.slug).json()["access_token"]
        audience = audience_of(url, caller)
        assert send(url, caller, caller.add(audience, [caller.value(1)]), minted).ok
        assert state(url, caller.slug)[audience]["count"] == 1


def test_amazons_token_endpoint_takes_no_authorization(url: str) -> None:
    at, form = f"{url}/amazon/auth/o2/token", {"grant_type": "refresh_token"}
    came = requests.post(at, form, headers={"authorization": "Bearer x"}, timeout=WAIT)
    assert came.status_code == 400


def test_tiktoks_codes_are_used_once(url: str) -> None:
    at = f"{url}/tiktok/open_api/v1.3/oauth2/access_token/"
    body = {"app_id": "sandbox", "secret": "sandbox", "auth_code": "c1"}
    codes = [requests.post(at, json=body, timeout=WAIT).json()["code"] for _ in range(2)]
    assert codes == [0, 40110]
    wrong = requests.post(at, json=body | {"secret": "x"}, timeout=WAIT).json()
    assert wrong["code"] == 40103


def plain(value: bytes) -> str:
    return base64.b64encode(value).decode()


def urlsafe(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def assertion(encode, secret: bytes = b"sandbox", **change: object) -> str:
    claims = {
        "iss": "idb2b.dsp.datax.sandbox",
        "sub": "idb2b.dsp.datax.sandbox",
        "aud": "https://id.b2b.yahooincapis.com/zts/v1",
        "jti": f"{time.monotonic_ns()}",
        "exp": int(time.time()) + 3600,
        **change,
    }
    head = encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{head}.{encode(json.dumps(claims).encode())}"
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def yahoo(url: str, word: str, **change: str) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "scope": "idb2b.dsp.datax:role.online.writer",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": word,
        **change,
    }
    return requests.post(f"{url}/yahoo/zts/v1/oauth2/token", form, timeout=WAIT)


@pytest.mark.parametrize("encode", [plain, urlsafe])
def test_yahoo_takes_a_signed_assertion_once(url: str, encode) -> None:
    word = assertion(encode)
    assert yahoo(url, word).json()["access_token"].startswith("sandbox-")
    assert yahoo(url, word).status_code == 401  # its jti is used


@pytest.mark.parametrize(
    "change",
    [
        {"secret": b"wrong"},
        {"iss": "somebody"},
        {"aud": "elsewhere"},
        {"exp": 1_700_000_000},
        {"exp": 9_999_999_999},
        {"jti": ""},
    ],
)
def test_yahoo_refuses_other_assertions(url: str, change: dict) -> None:
    came = yahoo(url, assertion(urlsafe, **change))
    assert (came.status_code, came.json()["error"]) == (401, "invalid_client")


def test_yahoo_refuses_other_forms(url: str) -> None:
    assert yahoo(url, assertion(urlsafe), scope="x").json()["error"] == "invalid_request"
    assert yahoo(url, "nonsense").status_code == 401
    assert yahoo(url, "é.é.é").status_code == 401
