"""The callers of the other stand-ins: those that sign, and the engagement platforms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import time
import urllib.parse

from tests.infra.sandbox.callers import Caller, Sent, Words, sent

NONCE = itertools.count()


def quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def oauth1(address: str, call: Sent, secret: str) -> dict[str, str]:
    """RFC 5849: the JSON body is no part of what is signed."""
    said = {
        "oauth_consumer_key": "sandbox",
        "oauth_token": "sandbox",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": f"n{next(NONCE)}",
        "oauth_version": "1.0",
    }
    plain, _, query = address.partition("?")
    pairs = sorted({**dict(urllib.parse.parse_qsl(query)), **said}.items())
    joined = "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs)
    base = f"{call.method}&{quote(plain)}&{quote(joined)}"
    digest = hmac.new(f"{secret}&{secret}".encode(), base.encode(), hashlib.sha1).digest()
    said["oauth_signature"] = base64.b64encode(digest).decode()
    words = ", ".join(f'{name}="{quote(value)}"' for name, value in said.items())
    return {"authorization": f"OAuth {words}"}


def x_users(operation: str):
    def call(audience: str, values: list[str]) -> Sent:
        users = [{"email": [value]} for value in values]
        body = [{"operation_type": operation, "params": {"users": [user]}} for user in users]
        return sent("POST", f"/12/accounts/18ce/custom_audiences/{audience}/users", body)

    return call


X = Caller(
    slug="x",
    create=Sent("POST", "/12/accounts/18ce/custom_audiences?name=winter%20visitors"),
    made=lambda came: came.json()["data"]["id"],
    add=x_users("Update"),
    remove=x_users("Delete"),
    auth=oauth1,
    rows=2_500,
    lost=10,
    words=Words(
        auth=(401, "UNAUTHORIZED_ACCESS"),
        shape=(400, "INVALID_PARAMETER"),
        raw=(400, '"operation_errors":[[{"code":"INVALID_PARAMETER"'),
        long=(400, "1 to 2500"),
        unknown=(404, '"code":"NOT_FOUND"'),
        broken=(503, "SERVICE_UNAVAILABLE"),
        expired=(401, "UNAUTHORIZED_ACCESS"),
        rate=(429, "TOO_MANY_REQUESTS"),
        rate_header="x-rate-limit-reset",
        partial=(400, "operation_errors"),
    ),
)


def reddit_users(action: str):
    def call(audience: str, values: list[str]) -> Sent:
        rows = [["", value] for value in values]
        order = {"column_order": ["MAID_SHA256", "EMAIL_SHA256"], "user_data": rows}
        body = {"data": {"action_type": action, **order}}
        return sent("PATCH", f"/api/v3/custom_audiences/{audience}/users", body)

    return call


REDDIT = Caller(
    slug="reddit",
    create=sent(
        "POST",
        "/api/v3/ad_accounts/a2_1/custom_audiences",
        {"data": {"name": "NAME", "type": "CUSTOMER_LIST"}},
    ),
    made=lambda came: came.json()["data"]["id"],
    add=reddit_users("ADD"),
    remove=reddit_users("REMOVE"),
    rows=2_500,
    needs={"user-agent": (403, "User-Agent")},
    words=Words(
        auth=(401, '"message":"Unauthorized"'),
        shape=(400, '"error":{"code":400'),
        raw=(400, "no SHA-256"),
        long=(400, "1 to 2500"),
        unknown=(404, "Not Found"),
        broken=(500, "Internal Server Error"),
        expired=(401, "Unauthorized"),
        rate=(429, "Too Many Requests"),
    ),
)


def criteo_contacts(operation: str):
    def call(audience: str, values: list[str]) -> Sent:
        change = {"operation": operation, "identifierType": "email", "identifiers": values}
        body = {"data": {"type": "ContactlistAmendment", "attributes": change}}
        path = f"/2026-07/marketing-solutions/audience-segments/{audience}/contact-list"
        return sent("PATCH", path, body)

    return call


CRITEO = Caller(
    slug="criteo",
    create=sent(
        "POST",
        "/2026-07/marketing-solutions/audience-segments/create",
        {
            "data": [
                {
                    "attributes": {
                        "advertiserId": "123",
                        "name": "NAME",
                        "description": "",
                        "contactList": {},
                    }
                }
            ]
        },
    ),
    made=lambda came: came.json()["data"][0]["id"],
    add=criteo_contacts("add"),
    remove=criteo_contacts("remove"),
    rows=50_000,
    words=Words(
        auth=(401, "authorization-token-invalid"),
        shape=(400, "model-validation-error"),
        raw=(200, '"nbInvalidIdentifiers":1'),
        long=(413, "request-too-large"),
        unknown=(404, "audience-invalid"),
        broken=(500, '"type":"availability"'),
        expired=(401, "authorization-token-expired"),
        rate=(429, '"type":"quota"'),
        rate_header="x-ratelimit-reset",
        partial=(200, '"nbInvalidIdentifiers":1'),
    ),
)


def line_add(audience: str, values: list[str]) -> Sent:
    audiences = [{"id": value} for value in values]
    body = {"audienceGroupId": int(audience), "uploadDescription": "run 7", "audiences": audiences}
    return sent("PUT", "/v2/bot/audienceGroup/upload", body)


LINE = Caller(
    slug="line",
    create=sent(
        "POST",
        "/v2/bot/audienceGroup/upload",
        {"description": "NAME", "isIfaAudience": False, "audiences": []},
    ),
    made=lambda came: came.json()["audienceGroupId"],
    add=line_add,
    value=lambda n: f"U{n:032x}",
    rows=10_000,
    words=Words(
        auth=(401, "Authentication failed"),
        shape=(400, "message"),
        raw=(400, "UPLOAD_AUDIENCE_GROUP_INVALID_AUDIENCE_ID_FORMAT"),
        long=(400, "Size must be between"),
        unknown=(400, "AUDIENCE_GROUP_NOT_FOUND"),
        broken=(500, "Internal server error"),
        expired=(401, "Authentication failed"),
        rate=(429, "rate limit"),
    ),
)


def yahoo_rows(end: int):
    def call(audience: str, values: list[str]) -> Sent:
        member = f"exp={end}&seg_id={audience}&ts=1700000000"
        rows = [[value, "", member] for value in values]
        body = {"schema": ["SHA256EMAIL", "IDFA", "SEGMENTS"], "gdpr": False, "data": rows}
        return sent("POST", "/online/audience/", body)

    return call


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"description":"d"}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
    b'{"id":"aud_1","name":"NAME","type":"SEGMENT"}\r\n--b--\r\n'
)
YAHOO = Caller(
    slug="yahoo",
    create=Sent(
        "PUT", "/v1/taxonomy/append", FORM, {"content-type": "multipart/form-data; boundary=b"}
    ),
    made=lambda _came: "aud_1",
    add=yahoo_rows(4_000_000_000),
    remove=yahoo_rows(0),
    rows=1_000,
    words=Words(
        auth=(401, "Unauthorized"),
        shape=(400, "error"),
        raw=(200, '"invalidRows":1'),
        long=(400, "1 to 1000"),
        unknown=(200, '"invalidRows":1'),
        broken=(500, "Internal Server Error"),
        expired=(401, "Unauthorized"),
        rate=(429, "Too Many Requests"),
        rate_header="retry-after",
        partial=(200, '"invalidRows":1'),
    ),
)
