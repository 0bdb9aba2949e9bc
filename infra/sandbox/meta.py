"""The stand-in of Meta's Graph API: custom audiences and their users."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from infra.sandbox._meta_replace import replace_rows
from infra.sandbox.call import (
    HASHES,
    UUIDS,
    Call,
    RefusedError,
    Reply,
    StandIn,
    looks_raw,
    misfits,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.state import Audience, State

ROWS = 10_000
AUDIENCES = 500
FIRST_ID = 23_850_000_000_000_000
# In the order of a member's key. Names, places and births are not unique: they refine the keys of
# a row, and make a member only of a row that has none.
OWN = ("EXTERN_ID", "EMAIL", "PHONE", "MADID")
REFINING = ("FN", "LN", "FI", "GEN", "DOBY", "DOBM", "DOBD", "CT", "ST", "ZIP", "COUNTRY")
ORDER = (*OWN, *REFINING)
SINGLE = {"EMAIL_SHA256": "EMAIL", "PHONE_SHA256": "PHONE", "MOBILE_ADVERTISER_ID": "MADID"}
SOURCES = ("USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED")


def handle(call: Call, state: State) -> Reply:
    """Answer as Graph does."""
    version = re.match(r"/v([0-9]+)\.[0-9](?=/)", call.path)
    if version and int(version[1]) < 25:
        raise _refused(2635, "You are calling a deprecated version of the Ads API.")
    token = call.headers.get("authorization", "").removeprefix("Bearer ")
    if not state.knows(call.query.get("access_token", token)):
        raise _refused(190, "Invalid OAuth access token - Cannot parse access token")
    path = call.path[version.end() :] if version else call.path
    params = _params(call)
    method = str(params.pop("method", call.query.get("method", call.method))).upper()
    if match := re.fullmatch(r"/act_([0-9]{1,20})/customaudiences", path):
        return _edge(state, match[1], method, params, call.query)
    if match := re.fullmatch(r"/([0-9]{1,20})/?(/users(?:replace)?)?", path):
        audience = state.platforms["meta"].get(match[1])
        if audience is None:
            raise _refused(100, "Unsupported request. Object does not exist or is missing", 33)
        return (
            _users(state, audience, method, params, call)
            if match[2]
            else _node(state, audience, method)
        )
    raise _refused(2500, "Unknown path components")


def _params(call: Call) -> dict[str, Any]:
    params: dict[str, Any] | None = dict(call.form())
    if call.body and call.media_type != "application/x-www-form-urlencoded":
        params = parse(call.body) if call.media_type == "application/json" else None
    if params is None:
        raise _refused(100, "Invalid parameter: the body is neither JSON nor a form")
    # The parameters of a DELETE may stand in its address; a nested one is JSON in a form too.
    params |= {k: v for k, v in call.query.items() if call.method == "DELETE" or k == "payload"}
    if isinstance(params.get("payload"), str):
        params["payload"] = parse(params["payload"].encode())
    return params


def _refused(code: int, message: str, subcode: int | None = None) -> RefusedError:
    return RefusedError(_error(code, message, subcode))


def _error(code: int, message: str, subcode: int | None = None, status: int = 400) -> Reply:
    error = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code}
    more = {} if subcode is None else {"error_subcode": subcode}
    return Reply(status=status, body={"error": error | more | {"fbtrace_id": "AsTandIn"}})


def _edge(
    state: State, account: str, method: str, params: Mapping[str, Any], query: Mapping[str, str]
) -> Reply:
    mine = [a for a in state.platforms["meta"].values() if a.account == account]
    if method == "GET":
        return _listed(mine, query)
    if method != "POST":
        raise _refused(100, f"Unsupported {method} request", 33)
    known = ("name", "subtype", "description", "customer_file_source", "is_value_based")
    name = params.get("name")
    if unknown := unknown_fields(params, (*known, "access_token")):
        raise _refused(100, f"Invalid parameter: {', '.join(unknown)}")
    if not isinstance(name, str) or not name or params.get("subtype") != "CUSTOM":
        raise _refused(100, "Param name must be given, and subtype must be CUSTOM")
    if params.get("customer_file_source") not in SOURCES:
        raise _refused(100, "Param customer_file_source must be given", 1870053)
    if len(mine) >= AUDIENCES:
        raise _refused(2654, "Too many custom audiences")
    audience = Audience(id=state.next_id(FIRST_ID), name=name, account=account)
    state.platforms["meta"][audience.id] = audience
    return Reply(body={"id": audience.id})


def _listed(audiences: Sequence[Audience], query: Mapping[str, str]) -> Reply:
    """List the audiences that the filter leaves; only a name's EQUAL and CONTAIN are known."""
    wanted = parse(f'{{"filtering":{query.get("filtering", "[]")}}}'.encode())
    filters = wanted["filtering"] if wanted else None
    limit = query.get("limit", "25")
    if not isinstance(filters, list) or not limit.isdecimal():
        raise _refused(100, "Param filtering must be an array, and limit a number")
    for one in filters:
        if not isinstance(one, dict) or one.get("field") != "name":
            raise _refused(100, "Param filtering must name a field that can be filtered")
        value = str(one.get("value"))
        match one.get("operator"):
            case "EQUAL":
                audiences = [a for a in audiences if a.name == value]
            case "CONTAIN":
                audiences = [a for a in audiences if value in a.name]
            case _:
                raise _refused(100, "Param filtering must have an operator")
    page = [{"id": a.id, "name": a.name} for a in audiences[: int(limit)]]
    more = {"paging": {"next": "more"}} if len(audiences) > int(limit) else {}
    return Reply(body={"data": page, **more})


def _node(state: State, audience: Audience, method: str) -> Reply:
    if method == "DELETE":
        del state.platforms["meta"][audience.id]
        return Reply(body={"success": True})
    if method != "GET":
        raise _refused(100, f"Unsupported {method} request", 33)
    size = len(audience.members)
    bounds = (-1, -1) if size < 100 else (size // 100 * 100, size // 100 * 100 + 100)
    return Reply(
        body={
            "id": audience.id,
            "name": audience.name,
            "approximate_count_lower_bound": bounds[0],
            "approximate_count_upper_bound": bounds[1],
            "operation_status": {"code": 200, "description": "Normal"},
        }
    )


def _users(
    state: State, audience: Audience, method: str, params: Mapping[str, Any], call: Call
) -> Reply:
    replacing = call.path.endswith("replace")
    if method not in (("POST",) if replacing else ("POST", "DELETE")):
        raise _refused(100, f"Unsupported {method} request", 33)
    schema, data = _payload(params)
    stated = params["payload"]["schema"]
    if method == "POST" and audience.schema not in (None, stated):
        raise _refused(2650, "Failed to update the custom audience: data source mismatch")
    bad = _invalid(schema, data) | set(range(spoilt(len(data)) if call.spoil else 0))
    rows = _rows(schema, [row for i, row in enumerate(data) if i not in bad] if bad else data)
    if replacing:
        if refused := replace_rows(audience, params.get("session"), rows, state.clock.now()):
            raise _refused(2650, refused[1], refused[0])
    elif method == "POST":
        audience.schema = stated
        audience.add(rows)
    else:
        audience.remove(rows)
    # Graph quotes the rows that it refuses, and so does the stand-in: nobody may log them.
    samples = {str(data[i]): "invalid value" for i in sorted(bad)[:100]}
    return Reply(
        body={
            "audience_id": audience.id,
            "session_id": "910000000001",
            "num_received": len(data),
            "num_invalid_entries": len(bad),
            "invalid_entry_samples": samples,
        }
    )


def _payload(params: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    payload = params.get("payload")
    if unknown := unknown_fields(params, ("payload", "session", "access_token")):
        raise _refused(100, f"Invalid parameter: {', '.join(unknown)}")
    if not isinstance(payload, dict) or not isinstance(payload.get("data"), list):
        raise _refused(100, "The parameter payload is required")
    if unknown := unknown_fields(payload, ("schema", "data", "is_raw", "data_source")):
        raise _refused(100, f"Invalid keys in param payload: {', '.join(unknown)}")
    schema, data = _columns(payload.get("schema"), payload["data"])
    # Meta's own client says `is_raw` of rows with several keys, though it hashed each of them.
    if not schema or (payload.get("is_raw") and isinstance(payload.get("schema"), str)):
        raise _refused(100, "Param payload: schema and data do not fit, or the data is raw")
    if not 1 <= len(data) <= ROWS:
        raise _refused(100, f"Param payload: data must hold 1 to {ROWS} rows")
    return schema, data


def _columns(schema: Any, data: list[Any]) -> tuple[list[str], list[list[Any]]]:
    """Return schema and rows in the form with several keys; no schema where they do not fit."""
    if isinstance(schema, str):
        return ([SINGLE[schema]] if schema in SINGLE else []), [[value] for value in data]
    names = [str(name) for name in schema] if isinstance(schema, list) else []
    known = set(names) <= set(ORDER) and len(set(names)) == len(names)
    fits = all(isinstance(row, list) and len(row) == len(names) for row in data)
    return (names if known and fits else []), data


def _invalid(schema: Sequence[str], data: Sequence[Sequence[Any]]) -> set[int]:
    bad: set[int] = set()
    for i, name in enumerate(schema):
        values = [row[i] for row in data]
        if name == "EXTERN_ID":
            bad |= {n for n, v in enumerate(values) if not isinstance(v, str) or _exposes(v)}
        else:
            bad |= set(misfits(UUIDS if name == "MADID" else HASHES, values))
    return bad | {n for n, row in enumerate(data) if not any(row)}


def _exposes(value: str) -> bool:
    return len(value) > 256 or "@" in value or (value.startswith("+") and looks_raw(value))


def _rows(schema: Sequence[str], data: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    own, refining = ([schema.index(n) for n in names if n in schema] for names in (OWN, REFINING))
    return [_present(row, own) or _present(row, refining) for row in data]


def _present(row: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    return tuple(row[i] for i in places if row[i])


def _throttled(wait: float) -> Reply:
    usage = [{"type": "custom_audience", "call_count": 100, "total_cputime": 40, "total_time": 35}]
    usage[0]["estimated_time_to_regain_access"] = round(wait / 60)
    reply = _error(80003, "There have been too many calls to this ad-account.", status=429)
    header = {"x-business-use-case-usage": str({"1234": usage}).replace("'", '"')}
    return Reply(status=429, body=reply.body, headers=header)


META = StandIn(
    slug="meta",
    handle=handle,
    takes_rows=lambda call: call.path.endswith(("/users", "/usersreplace")),
    throttled=_throttled,
    broken=lambda: _error(2, "An unexpected error has occurred. Please retry", status=500),
    expired=lambda: _error(190, "Error validating access token: session has expired", 463, 401),
)
