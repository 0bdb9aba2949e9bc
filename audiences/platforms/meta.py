"""Meta customer-file Custom Audiences: rows under one fixed schema, judged by Graph error codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from audiences.platforms import answers as say
from audiences.platforms.base import (
    Action,
    Answer,
    Audience,
    Batch,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
    Target,
)

VERSION = "v26.0"
KEYS = (
    Key(wire="EXTERN_ID", types=("external_id",)),
    Key(wire="EMAIL", types=("email", "email_sha256")),
    Key(wire="PHONE", types=("phone",)),
    Key(wire="MADID", types=("idfa", "gaid", "maid")),
)
# One schema for ever: an audience that has seen another answers "#2650 data source mismatch".
SCHEMA = [key.wire for key in KEYS]

_RETRY = {1, 2, 4, 17, 32, 341, 613, 80003}
_REAUTH = {102, 190, 463, 467}
_STOP = {10, 200, 294, 368, 803, 2635, 2650, 2655, 1487301, 1487366}
_BY_SUBCODE = {
    33: Action.STOP,  # no such audience
    463: Action.REAUTH,  # the token expired
    467: Action.REAUTH,  # the token was invalidated
    1713230: Action.STOP,  # the audience is blocked for what its name suggests
    1870145: Action.RETRY,  # a replace is running
    1870148: Action.RETRY,  # partly done; adds and removes may be repeated
    1870158: Action.RETRY,  # the session timed out
}
_DONE = Outcome(action=Action.DONE)


def _request(batch: Batch) -> Request:
    columns = [dict(row.keys) for row in batch.rows]
    data = [[row.get(wire, "") for wire in SCHEMA] for row in columns]
    # A DELETE loses its body in some proxies; Graph takes the method as a parameter of a POST.
    method = "?method=delete" if batch.op is Op.REMOVE else ""
    path = f"/{quote(batch.target.audience_id, safe='{}')}/users{method}"
    body = say.compact({"payload": {"schema": SCHEMA, "data": data}})
    return Request(method="POST", path=path, body=body)


def _outcome(answer: Answer, rows: int) -> Outcome:
    body = say.read_object(answer.body)
    if body is not None and isinstance(body.get("error"), dict):
        return _error(answer, body["error"])
    if answer.status not in (200, 400):
        return say.by_status(answer)
    if body is None or type(body.get("num_received")) is not int:
        return say.judged(Action.RETRY, "unreadable")  # Graph writes JSON: a proxy wrote this
    lost = max(0, rows - body["num_received"]) + say.whole(body.get("num_invalid_entries"))
    if lost >= rows > 0:
        return say.judged(Action.REFUSED, "invalid_entries")
    # The samples quote the rows themselves, not their places: they are not read.
    return say.judged(Action.DONE, "invalid_entries", lost=lost) if lost else _DONE


def _error(answer: Answer, error: Mapping[str, Any]) -> Outcome:
    code, subcode = say.whole(error.get("code")), say.whole(error.get("error_subcode"))
    action = _action(answer, code, subcode, error.get("is_transient"))
    return say.judged(action, f"{code}/{subcode}" if subcode else str(code), _wait(answer))


def _action(answer: Answer, code: int, subcode: int, transient: object) -> Action:
    if subcode in _BY_SUBCODE:
        return _BY_SUBCODE[subcode]
    if code in _REAUTH:
        return Action.REAUTH
    if transient is True or code in _RETRY or answer.status >= 500:
        return Action.RETRY
    if code in _STOP:
        return Action.STOP
    return Action.REFUSED if answer.status == 400 else say.by_status(answer).action


def _wait(answer: Answer) -> float | None:
    """Return the longest wait of X-Business-Use-Case-Usage, which counts minutes."""
    header = answer.headers.get("x-business-use-case-usage", "")
    minutes = re.findall(r'"estimated_time_to_regain_access"\s*:\s*([0-9]{1,5})\b', header)
    return max(float(m) * 60 for m in minutes) if minutes else None


def _authorise(_request: Request, credentials: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {credentials.strip()}"}


def _edge(target: Target) -> str:
    return f"/act_{quote(target.account.removeprefix('act_'))}/customaudiences"


def _find(target: Target) -> Request:
    wanted = [{"field": "name", "operator": "EQUAL", "value": target.audience}]
    # An account has at most 500 customer-file audiences, so the filter leaves one page at most.
    query = {"fields": "id,name", "limit": "500", "filtering": say.compact(wanted)}
    return Request(method="GET", path=f"{_edge(target)}?{urlencode(query)}")


def _found(body: bytes, name: str) -> str | None:
    audience = say.named(body, "data", "name", name)
    return str(audience["id"]) if audience and audience.get("id") else None


def _create(target: Target, audience: Audience) -> Request:
    body = {
        "name": audience.name,
        "subtype": "CUSTOM",
        "description": audience.description or audience.title,
        "customer_file_source": target.options.get("customer_file_source", "USER_PROVIDED_ONLY"),
    }
    return Request(method="POST", path=_edge(target), body=say.compact(body))


META = Platform(
    slug="meta",
    title="Meta Custom Audiences",
    base_url=f"https://graph.facebook.com/{VERSION}",
    version=VERSION,
    docs="https://developers.facebook.com/docs/marketing-api/reference/custom-audience/users",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(rows=10_000, keys_per_row=4, one_per_wire=True, concurrency=4, per_second=10.0),
    row_ttl=False,
    max_ttl_days=None,
    request=_request,
    outcome=_outcome,
    authorise=_authorise,
    find=_find,
    found=_found,
    create=_create,
    created=lambda body: say.made(body, "id"),
)
