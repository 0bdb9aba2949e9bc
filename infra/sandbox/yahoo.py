"""The stand-in of Yahoo DataX: taxonomy, realtime members, tokens for a signed JWT."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from infra.sandbox.call import (
    UUID,
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_sha256,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.multipart import parts
from infra.sandbox.oauth import refused as no_token
from infra.sandbox.state import Audience, State

ROWS = 1_000
CLIENT = "idb2b.dsp.datax.sandbox"
SECRET = b"sandbox"
AUDIENCE = "https://id.b2b.yahooincapis.com/zts/v1"
SCOPE = "idb2b.dsp.datax:role.online.writer"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANTS_AT = "/zts/v1/oauth2/token"
ONLINE = "/online/audience"
SCHEMA = ("SHA256EMAIL", "IDFA", "GPADVID", "HASHEDID", "SEGMENTS")
SEGMENT = re.compile(r"[A-Za-z0-9_]{1,128}")


def handle(call: Call, state: State) -> Reply:
    """Answer as DataX does."""
    if call.path == GRANTS_AT:
        return _token(call, state)
    if not state.knows(call.bearer):
        raise RefusedError(_error(401, "Unauthorized"))
    if call.path == "/v1/taxonomy" and call.method == "GET":
        return _active(state)
    if re.fullmatch(r"/v1/taxonomy/append(/[A-Za-z0-9_]+)?", call.path):
        return _taxonomy(call, state)
    if call.path.rstrip("/") == ONLINE and call.method == "POST":
        return _members(call, state)
    raise RefusedError(_error(404, "Not Found"))


def _error(status: int, message: str) -> Reply:
    return Reply(status=status, body={"error": {"code": status, "message": message}})


def _refused(message: str) -> RefusedError:
    return RefusedError(_error(400, message))


def _token(call: Call, state: State) -> Reply:
    form = call.form()
    if call.method != "POST" or form.get("grant_type") != "client_credentials":
        raise no_token("unsupported_grant_type", "grant_type must be client_credentials")
    if form.get("client_assertion_type") != BEARER or form.get("scope") != SCOPE:
        raise no_token("invalid_request", "client_assertion_type or scope is not valid")
    claims = _claims(form.get("client_assertion", ""))
    now = (datetime.now(UTC).timestamp(), state.clock.now().timestamp())
    end = claims.get("exp")
    if claims.get("iss") != CLIENT or claims.get("sub") != CLIENT or claims.get("aud") != AUDIENCE:
        raise no_token("invalid_client", "iss, sub or aud is not valid", 401)
    if type(end) is not int or all(not one < end <= one + 3700 for one in now):
        raise no_token("invalid_client", "The assertion is expired, or lives too long", 401)
    if not claims.get("jti") or not state.once("yahoo", str(claims["jti"])):
        raise no_token("invalid_client", "jti was used before", 401)
    token = state.mint(timedelta(hours=1))
    return Reply(body={"access_token": token, "token_type": "Bearer", "expires_in": 3600})


def _claims(assertion: str) -> dict[str, Any]:
    """Return what an assertion claims, when it is signed with the client's secret."""
    head, _, rest = assertion.partition(".")
    body, _, signature = rest.partition(".")
    wanted = hmac.new(SECRET, f"{head}.{body}".encode(), hashlib.sha256).digest()
    header = parse(_decoded(head)) or {}
    if header.get("alg") != "HS256" or not hmac.compare_digest(_decoded(signature), wanted):
        raise no_token("invalid_client", "The assertion's signature is not valid", 401)
    return parse(_decoded(body)) or {}


def _decoded(text: str) -> bytes:
    # Clients of this platform write plain base64 as well as the url-safe form of the standard.
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return b""


def _taxonomy(call: Call, state: State) -> Reply:
    form = parts(call) if call.method == "PUT" else None
    if form is None or set(form) != {"metadata", "data"}:
        raise _refused("Expecting a PUT of multipart/form-data with metadata and data")
    metadata, nodes = parse(form["metadata"].content), _nodes(form["data"].content)
    if metadata is None or not all(SEGMENT.fullmatch(str(node.get("id"))) for node in nodes):
        raise _refused("id must match [A-Za-z0-9_]+")
    for node in nodes:
        if node.get("type", "SEGMENT") == "SEGMENT" and isinstance(node.get("name"), str):
            made = Audience(id=str(node["id"]), name=node["name"], account="")
            state.platforms["yahoo"].setdefault(made.id, made)
    return Reply(status=202, body=_taken(str(metadata.get("description", "")), state))


def _nodes(content: bytes) -> list[dict[str, Any]]:
    """Return the nodes of a form: the documents show a list, and a single one is taken too."""
    one = parse(content)
    try:
        nodes = [one] if one else json.loads(content)
    except (ValueError, RecursionError):
        nodes = None
    if not isinstance(nodes, list) or not nodes or not all(isinstance(n, dict) for n in nodes):
        raise _refused("data must be the nodes of a taxonomy")
    return nodes


def _taken(description: str, state: State) -> dict[str, Any]:
    now = state.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "resourceType": "datax-taxonomy",
        "resourceId": "standin",
        "createTime": now,
        "description": description,
        "links": [],
        "status": {"state": "PROCESSING", "lastUpdateTime": now},
    }


def _active(state: State) -> Reply:
    """Show the taxonomy in use, which is a list; the stand-in works nodes in at once."""
    known = state.platforms["yahoo"].values()
    nodes = [{"id": one.id, "name": one.name, "type": "SEGMENT"} for one in known]
    return Reply(body=json.dumps(nodes).encode())


def _members(call: Call, state: State) -> Reply:
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None or unknown_fields(body, ("schema", "data", "gdpr", "gdpr_euconsent")):
        raise _refused("The body is no JSON object, or has fields that are not known")
    if type(body.get("gdpr")) is not bool or (body["gdpr"] and not body.get("gdpr_euconsent")):
        raise _refused("gdpr must be true or false, and gdpr_euconsent given when it is true")
    schema, rows = _table(body)
    read = [_row(row, schema, state) for row in rows]
    if call.spoil:
        read[: spoilt(len(rows))] = [None] * spoilt(len(rows))
    for one in read:
        if one is not None:
            _apply(state, *one)
    state.sweep()
    bad = [number for number, one in enumerate(read) if one is None]
    counts = {"totalRows": len(rows), "processedRows": len(rows) - len(bad)}
    samples = [str(rows[n]).replace("'", "") for n in bad[:10]]
    return Reply(body=counts | {"invalidRows": len(bad), "exampleInvalidRows": samples})


def _table(body: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Return the schema and the rows of a body that is well-formed."""
    schema, rows = body.get("schema"), body.get("data")
    if not isinstance(schema, list) or not schema or schema[-1] != "SEGMENTS":
        raise _refused("SEGMENTS must be the last value of schema")
    if (
        not set(map(str, schema)) <= set(SCHEMA)
        or len(set(schema)) != len(schema)
        or not schema[:-1]
    ):
        raise _refused(f"schema may hold {', '.join(SCHEMA)}")
    if not isinstance(rows, list) or not 1 <= len(rows) <= ROWS:
        raise _refused(f"data must hold 1 to {ROWS} rows")
    return schema, rows


Entry = tuple[str, int | None]


def _row(row: Any, schema: list[str], state: State) -> tuple[tuple[str, ...], list[Entry]] | None:
    """Return a row's identifiers, and its segments with their ends; None where it is invalid."""
    if not isinstance(row, list) or len(row) != len(schema):
        return None
    if not all(isinstance(value, str) for value in row):
        return None
    ids = [(kind, value) for kind, value in zip(schema[:-1], row[:-1], strict=True) if value]
    segments = [_segment(text) for text in row[-1].split(";")]
    if not ids or not all(_well_formed(kind, value) for kind, value in ids):
        return None
    known = state.platforms["yahoo"]
    if any(one is None or one[0] not in known for one in segments):
        return None
    order = sorted(ids, key=lambda pair: SCHEMA.index(pair[0]))
    return tuple(value for _, value in order), [one for one in segments if one]


def _well_formed(kind: str, value: str) -> bool:
    if kind in ("IDFA", "GPADVID"):
        fits = UUID.fullmatch(value) is not None
        return fits and (kind != "IDFA" or value == value.upper())
    return is_sha256(value)


def _segment(text: str) -> Entry | None:
    """Read `exp=1707776000&seg_id=aud_1&ts=1700000000`."""
    words = dict(parse_qsl(text, keep_blank_values=True))
    numbers = [words[name] for name in ("exp", "ts") if name in words]
    if "seg_id" not in words or not set(words) <= {"exp", "seg_id", "ts"}:
        return None
    if not all(number.isdecimal() for number in numbers):
        return None
    return words["seg_id"], int(words["exp"]) if "exp" in words else None


def _apply(state: State, ids: tuple[str, ...], entries: list[Entry]) -> None:
    for segment, end in entries:
        audience = state.platforms["yahoo"][segment]
        if end == 0:
            audience.remove([ids])
        else:
            audience.add([ids], None if end is None else datetime.fromtimestamp(end, UTC))


def _throttled(wait: float) -> Reply:
    reply = _error(429, "Too Many Requests")
    return Reply(status=429, body=reply.body, headers={"retry-after": str(round(wait))})


YAHOO = StandIn(
    slug="yahoo",
    handle=handle,
    takes_rows=lambda call: call.path.rstrip("/") == ONLINE,
    tokens_at=(GRANTS_AT,),
    throttled=_throttled,
    broken=lambda: _error(500, "Internal Server Error"),
    expired=lambda: _error(401, "Unauthorized"),
)
