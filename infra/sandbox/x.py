"""The stand-in of X's Ads API v12: custom audiences, OAuth 1.0a signatures checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from infra.sandbox.call import (
    Call,
    RefusedError,
    Reply,
    StandIn,
    counted,
    is_sha256,
    is_text,
    spoilt,
)
from infra.sandbox.state import Audience, State

OPERATIONS = 2_500
BYTES = 5_000_000
SMALLEST = 100
SKEW = 300.0  # seconds
FIRST_ID = 60_000_000
KEY = "sandbox"  # consumer key and token, and the secret of both
HASHED = ("email", "device_id", "handle", "twitter_id", "phone_number")
IDS = (*HASHED, "partner_user_id")
PARAMS = ("effective_at", "expires_at", "users")
SIGNED = ("consumer_key", "token", "signature_method", "timestamp", "nonce", "signature")


def handle(call: Call, state: State) -> Reply:
    """Answer as the Ads API does."""
    params = [*parse_qsl(call.raw_query, keep_blank_values=True), *call.form().items()]
    _verify(call, state, params)
    given = dict(params)
    match = re.fullmatch(
        r"(?:/12)?/accounts/([0-9a-z]{1,20})/custom_audiences(?:/([0-9a-z]{1,20})(/users)?)?",
        call.path,
    )
    if match is None:
        raise _refused(404, "ROUTE_NOT_FOUND", "The requested resource could not be found")
    account, audience_id = match[1], match[2]
    if audience_id is None:
        return _all(call, state, account, given)
    audience = state.platforms["x"].get(audience_id)
    if audience is None or audience.account != account:
        raise _refused(404, "NOT_FOUND", f"custom_audience with id {audience_id} was not found")
    if match[3]:
        return _users(call, state, audience)
    if call.method == "DELETE":
        del state.platforms["x"][audience.id]
        return Reply(body={"data": _shown(audience) | {"deleted": True}, "request": {}})
    if call.method != "GET":
        raise _refused(405, "METHOD_NOT_ALLOWED", "The method is not allowed")
    return Reply(body={"data": _shown(audience), "request": {}})


def _error(status: int, code: str, message: str) -> Reply:
    one = {"code": code, "message": message}
    return Reply(status=status, body={"errors": [one], "request": {"params": {}}})


def _refused(status: int, code: str, message: str) -> RefusedError:
    return RefusedError(_error(status, code, message))


def _unauthorized() -> RefusedError:
    why = "This request is not properly authenticated"
    return _refused(401, "UNAUTHORIZED_ACCESS", why)


def _verify(call: Call, state: State, params: list[tuple[str, str]]) -> None:
    """Check the signature of RFC 5849: HMAC-SHA1 over method, address, and parameters."""
    kind, _, rest = call.headers.get("authorization", "").partition(" ")
    said = {k: unquote(v) for k, v in re.findall(r'(\w+)="([^"]*)"', rest)}
    oauth = {name.removeprefix("oauth_"): value for name, value in said.items()}
    if kind != "OAuth" or any(not oauth.get(name) for name in SIGNED):
        raise _unauthorized()
    if (oauth["consumer_key"], oauth["token"], oauth["signature_method"]) != (
        KEY,
        KEY,
        "HMAC-SHA1",
    ):
        raise _unauthorized()
    signature = said.pop("oauth_signature")
    said.pop("realm", None)
    wanted = _signature(call.method, call.url, [*params, *said.items()])
    if not hmac.compare_digest(signature, wanted):
        raise _unauthorized()
    now = (datetime.now(UTC).timestamp(), state.clock.now().timestamp())
    moment = oauth["timestamp"]
    if not moment.isdecimal() or all(abs(one - int(moment)) > SKEW for one in now):
        raise _unauthorized()
    if not state.once("x", f"{moment} {oauth['nonce']}"):
        raise _unauthorized()


def _signature(method: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    pairs = sorted((quote(k, safe="-._~"), quote(v, safe="-._~")) for k, v in params)
    joined = "&".join(f"{k}={v}" for k, v in pairs)
    base = "&".join(quote(part, safe="-._~") for part in (method.upper(), url, joined))
    digest = hmac.new(f"{KEY}&{KEY}".encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _all(call: Call, state: State, account: str, given: dict[str, str]) -> Reply:
    if call.method == "GET":
        found = [_shown(one) for one in state.of("x", account)]
        return Reply(body={"data": found, "next_cursor": None, "request": {}})
    if call.method != "POST":
        raise _refused(405, "METHOD_NOT_ALLOWED", "The method is not allowed")
    if not is_text(given.get("name"), 255) or not set(given) <= {"name", "description"}:
        raise _refused(400, "MISSING_PARAMETER", "Missing required parameter: 'name'")
    if any(one.name == given["name"] for one in state.of("x", account)):
        raise _refused(400, "DUPLICATE_NAME", "A custom audience with this name exists")
    number = int(state.next_id(FIRST_ID))
    made = Audience(id=_base36(number), name=given["name"], account=account)
    return Reply(status=201, body={"data": _shown(state.make("x", made)), "request": {}})


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    word = ""
    while number:
        number, digit = divmod(number, 36)
        word = digits[digit] + word
    return word


def _shown(audience: Audience) -> dict[str, Any]:
    size = len(audience.members)
    return {
        "id": audience.id,
        "name": audience.name,
        "audience_type": "CRM",
        "audience_size": size if size >= SMALLEST else None,
        "targetable": size >= SMALLEST,
        "reasons_not_targetable": [] if size >= SMALLEST else ["TOO_SMALL"],
        "deleted": False,
    }


def _users(call: Call, state: State, audience: Audience) -> Reply:
    operations = _operations(call)
    read = [_operation(one) for one in operations]
    if call.spoil:
        for place in range(spoilt(len(read))):
            read[place] = "The operation was not processed"
    if any(isinstance(one, str) for one in read):
        # All or nothing: the errors stand at the places of the operations.
        wrong = [
            [{"code": "INVALID_PARAMETER", "message": one}] if isinstance(one, str) else []
            for one in read
        ]
        body: dict[str, Any] = {"data": None, "operation_errors": wrong, "request": {}}
        raise RefusedError(Reply(status=400, body=body))
    count = 0
    for operation, users in zip(operations, read, strict=True):
        rows = [row for row in users if isinstance(row, tuple)]
        count += len(rows)
        if operation["operation_type"] == "Delete":
            audience.remove(rows)
        else:
            audience.add(rows, _moment(operation["params"].get("expires_at")))
    state.sweep()
    return Reply(body={"data": {"success_count": count, "total_count": count}, "request": {}})


def _operations(call: Call) -> list[Any]:
    if call.method != "POST" or call.media_type != "application/json":
        raise _refused(400, "INVALID_PARAMETER", "The body must be JSON, and POSTed")
    if len(call.body) > BYTES:
        raise _refused(413, "PAYLOAD_TOO_LARGE", f"The body is larger than {BYTES} bytes")
    try:
        operations = json.loads(call.body)
    except (ValueError, RecursionError):
        operations = None
    if not isinstance(operations, list) or not 1 <= len(operations) <= OPERATIONS:
        raise _refused(400, "INVALID_PARAMETER", f"The body must be 1 to {OPERATIONS} operations")
    return operations


def _operation(one: Any) -> list[tuple[str, ...]] | str:
    """Return the users of one operation, or say what is wrong with it."""
    if not isinstance(one, dict) or set(one) != {"operation_type", "params"}:
        return "An operation must hold operation_type and params"
    params = one["params"]
    if one["operation_type"] not in ("Update", "Delete") or not isinstance(params, dict):
        return "operation_type must be Update or Delete"
    users = params.get("users")
    if not set(params) <= set(PARAMS) or not isinstance(users, list) or not users:
        return "params must hold users, and may hold effective_at and expires_at"
    if any(_moment(params.get(n)) is None for n in PARAMS[:2] if n in params):
        return "effective_at and expires_at must be ISO 8601"
    rows = [_user(user) for user in users]
    return [row for row in rows if row] if all(rows) else "A user is empty or not hashed"


def _user(user: Any) -> tuple[str, ...]:
    """Return a user's values in order, none when one is wrong."""
    if not isinstance(user, dict) or not user or not set(user) <= set(IDS):
        return ()
    lists = [user[name] for name in IDS if name in user]
    if not all(isinstance(one, list) and one for one in lists):
        return ()
    if not all(is_sha256(value) for name in HASHED for value in user.get(name, [])):
        return ()
    own = user.get("partner_user_id", [])
    good = all(is_text(value, 256) and "@" not in value for value in own)
    return tuple(value for one in lists for value in one) if good else ()


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _counted(limit: int, left: int, wait: float) -> dict[str, str]:
    both = [counted(name, epoch=True) for name in ("x-rate-limit", "x-account-rate-limit")]
    return {key: value for one in both for key, value in one(limit, left, wait).items()}


X = StandIn(
    slug="x",
    handle=handle,
    takes_rows=lambda call: call.path.endswith("/users"),
    throttled=lambda _wait: _error(429, "TOO_MANY_REQUESTS", "Rate limit exceeded"),
    paced=_counted,
    broken=lambda: _error(503, "SERVICE_UNAVAILABLE", "Service unavailable"),
    expired=lambda: _unauthorized().reply,
)
