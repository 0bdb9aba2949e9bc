"""Custom audiences from files, of the TikTok stand-in: upload, create, update, read, delete."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from infra.sandbox._tiktok_refusals import BAD, checked, error, mine, ok, refused
from infra.sandbox.call import Call, RefusedError, Reply, is_text, parse
from infra.sandbox.multipart import parts
from infra.sandbox.state import Audience, State

FIRST_ID = 190_000_000
SMALLEST = 1_000
PATHS = 50
AT = "/dmp/custom_audience"
FILES = {f"{AT}/{tail}/" for tail in ("file/upload", "create", "update", "get", "list", "delete")}
SHA, MD5 = r"[0-9a-f]{64}", r"[0-9a-f]{32}"
KINDS = {
    **dict.fromkeys(("EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "GAID_SHA256"), SHA),
    **dict.fromkeys(("IDFA_MD5", "GAID_MD5", "FIRST_MD5"), MD5),
    "FIRST_SHA256": SHA,
}
COLUMNS = {"Email_SHA256": SHA, "Phone_SHA256": SHA, "MAID_SHA256": SHA, "MAID_MD5": MD5}
COLUMNS["MAID"] = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that arrived."""

    account: str
    kind: str
    rows: list[tuple[str, ...]]


def files(call: Call, state: State, path: str) -> Reply:
    """Answer a call of the file flow."""
    tail = path.removeprefix(AT).strip("/")
    if tail == "file/upload":
        return _upload(call, state)
    if tail in ("get", "list"):
        return _read(call, state, tail)
    body = parse(call.body) if call.media_type == "application/json" else None
    if call.method != "POST" or body is None:
        raise refused(BAD, "The body must be a JSON object.")
    return {"create": _create, "update": _update, "delete": _delete}[tail](body, state)


def _upload(call: Call, state: State) -> Reply:
    form = parts(call)
    names = {"advertiser_id", "calculate_type", "file_signature", "file"}
    if call.method != "POST" or form is None or set(form) - {"file_name"} != names:
        raise refused(BAD, f"The form must have {', '.join(sorted(names))}.")
    content, kind = form["file"].content, form["calculate_type"].text
    if form["file"].filename is None or kind not in (*KINDS, "MULTIPLE_TYPES"):
        raise refused(BAD, "calculate_type is unknown, or file is no file.")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != form["file_signature"].text:
        raise refused(40900, "The file signature does not match.")
    path = f"standin/{hashlib.sha256(content).hexdigest()[:32]}"
    account = form["advertiser_id"].text
    state.jobs[f"tiktok {path}"] = Upload(account, kind, _rows(content, kind))
    return ok({"file_path": path})


def _rows(content: bytes, kind: str) -> list[tuple[str, ...]]:
    """Return the identifiers of each line; one wrong line refuses its file."""
    lines = content.decode("utf-8", "replace").splitlines()
    shapes = [KINDS.get(kind, "")]
    if kind == "MULTIPLE_TYPES":
        header = lines.pop(0).split(",") if lines else []
        if not header or not set(header) <= set(COLUMNS):
            raise refused(40909, f"The header must hold some of {', '.join(COLUMNS)}.")
        shapes = [COLUMNS[name] for name in header]
    line = re.compile(",".join(f"(?:{shape})?" for shape in shapes))
    if any(not line.fullmatch(text) or not text.strip(",") for text in lines):
        raise refused(40909, f"The file has lines that are no {kind}.")
    return [tuple(filter(None, text.split(","))) for text in lines]


def _taken(body: dict[str, Any], state: State, kind: str) -> list[tuple[str, ...]]:
    paths = body.get("file_paths")
    if not isinstance(paths, list) or not 1 <= len(paths) < PATHS:
        raise refused(BAD, f"file_paths must hold 1 to {PATHS - 1} paths.")
    rows: list[tuple[str, ...]] = []
    for path in paths:
        upload = state.jobs.get(f"tiktok {path}")
        if not isinstance(upload, Upload) or upload.account != str(body.get("advertiser_id")):
            raise refused(BAD, "file_paths: a file does not exist.")
        if upload.kind != kind:
            raise refused(40909, "calculate_type is not that of the file.")
        rows += upload.rows
    return rows


def _create(body: dict[str, Any], state: State) -> Reply:
    names = ("advertiser_id", "custom_audience_name", "calculate_type", "file_paths")
    more = ("audience_sub_type", "retention_in_days", "audience_enhancement")
    name, days = checked(body, (*names, *more)).get("custom_audience_name"), 365
    if not is_text(name, 128):
        raise refused(BAD, "custom_audience_name must be 1 to 128 long.")
    if body.get("audience_sub_type", "NORMAL") not in ("NORMAL", "REACH_FREQUENCY"):
        raise refused(BAD, "audience_sub_type is unknown.")
    days = body.get("retention_in_days", days)
    if type(days) is not int or not 1 <= days <= 365:
        raise refused(BAD, "retention_in_days must be 1 to 365.")
    kind = str(body.get("calculate_type"))
    rows = _taken(body, state, kind)
    if len(set(rows)) < SMALLEST:
        raise _too_small()
    account = str(body["advertiser_id"])
    audience = Audience(id=state.next_id(FIRST_ID), name=str(name), account=account)
    end = state.clock.now() + timedelta(days=days)
    audience.facts = {"streaming": False, "kind": kind, "end": end, "history": ["CREATE"]}
    audience.add(rows)
    return ok({"custom_audience_id": state.make("tiktok", audience).id})


def _too_small() -> RefusedError:
    return refused(BAD, f"The custom audience would be smaller than {SMALLEST}.")


def _update(body: dict[str, Any], state: State) -> Reply:
    checked(body, ("advertiser_id", "custom_audience_id", "action", "file_paths"))
    audience = mine(state, str(body.get("custom_audience_id")), [body.get("advertiser_id")])
    if audience.facts.get("streaming", True):
        raise refused(BAD, "The audience cannot be edited: it was not made from a file.")
    action, rows = body.get("action", "REPLACE"), _taken(body, state, audience.facts["kind"])
    after = Audience(id="", name="", account="", members=dict(audience.members))
    match action:
        case "APPEND":
            after.add(rows)
        case "REMOVE":
            after.remove(rows)
        case "REPLACE":
            after.replace(rows)
        case _:
            raise refused(BAD, "action must be APPEND, REMOVE or REPLACE.")
    if len(after.members) < SMALLEST:
        raise _too_small()
    audience.members, audience.index = after.members, None
    audience.facts["history"].append(action)
    return ok({})


def _read(call: Call, state: State, tail: str) -> Reply:
    audiences = state.of("tiktok", call.query.get("advertiser_id", ""))
    if tail == "list":
        size = call.query.get("page_size", "10")
        if not size.isdecimal() or not 1 <= int(size) <= 100:
            raise refused(BAD, "page_size must be 1 to 100.")
        page, pages = int(call.query.get("page", "1")), -(-len(audiences) // int(size))
        start = (page - 1) * int(size)
        info = {"page": page, "page_size": int(size), "total_page": pages}
        info |= {"total_number": len(audiences)}
        shown = [_shown(a) for a in audiences[start : start + int(size)]]
        return ok({"list": shown, "page_info": info})
    try:
        wanted = [str(one) for one in json.loads(call.query.get("custom_audience_ids", "[]"))]
    except (ValueError, TypeError):
        wanted = []
    if not 1 <= len(wanted) <= 100:
        raise refused(BAD, "custom_audience_ids must be a JSON list of 1 to 100 ids.")
    found = [a for a in audiences if a.id in wanted]
    if len(found) != len(wanted):
        return error(BAD, "A custom audience does not exist.")
    history = [{"action": word} for a in found for word in a.facts.get("history", [])]
    more = {"audience_history": history}
    return ok({"list": [{"audience_details": {**_shown(a), **more}} for a in found]})


def _shown(audience: Audience) -> dict[str, Any]:
    end = audience.facts.get("end")
    return {
        "audience_id": audience.id,
        "name": audience.name,
        "calculate_type": audience.facts.get("kind", ""),
        "cover_num": len(audience.members),
        "is_valid": len(audience.members) >= SMALLEST,
        "expired_time": end.strftime("%Y-%m-%d %H:%M:%S") if end else "",
    }


def _delete(body: dict[str, Any], state: State) -> Reply:
    ids = checked(body, ("advertiser_id", "custom_audience_ids")).get("custom_audience_ids")
    if not isinstance(ids, list) or not ids:
        raise refused(BAD, "custom_audience_ids: Missing data for required field.")
    found = [mine(state, str(one), [body.get("advertiser_id")]) for one in ids]
    for audience in found:
        state.platforms["tiktok"].pop(audience.id, None)
    return ok({})
