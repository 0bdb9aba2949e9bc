"""The stand-in of LINE's audience groups: user ids are added, and never taken out one by one."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from infra.sandbox.call import (
    UUID,
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_text,
    parse,
    unknown_fields,
)
from infra.sandbox.multipart import parts
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

IDS = 10_000
FILE_IDS = 1_500_000
BYTES = 2 * 1024 * 1024
GROUPS = 1_000
SMALLEST = 50
LIFE = timedelta(days=180)
FIRST_ID = 4_389_000_000_000
USER = re.compile(r"U[0-9a-f]{32}")
AT = "/v2/bot/audienceGroup"
TOKENS_AT = "/oauth2/v3/token"
TOKEN_LIFE = timedelta(minutes=15)
RUNNING = 10  # jobs of one group at once
CREATE = ("description", "isIfaAudience", "uploadDescription", "audiences")
ADD = ("audienceGroupId", "uploadDescription", "audiences")


@dataclass(slots=True, kw_only=True)
class Job:
    """One upload on its way."""

    number: int
    description: str
    count: int
    created: int
    polls: int
    ready_at: float

    def done(self) -> bool:
        """Tell whether it is over: asked about often enough, or long enough ago."""
        return self.polls <= 0 or time.monotonic() >= self.ready_at


def handle(call: Call, state: State) -> Reply:
    """Answer as the Messaging API does."""
    if call.path == TOKENS_AT:
        return issue(call, state, Door(grants=("client_credentials",), life=TOKEN_LIFE))
    if not state.knows(call.bearer):
        raise RefusedError(_unauthorized())
    if "x-line-retry-key" in call.headers:
        raise _refused(400, "X-Line-Retry-Key is not supported by this endpoint")
    path = call.path.removeprefix(AT)
    match call.method, path:
        case (("POST" | "PUT"), "/upload"):
            return _upload(call, state, *_json(call))
        case (("POST" | "PUT"), "/upload/byFile"):
            return _upload(call, state, *_file(call))
        case "GET", "/list":
            return _list(call, state)
    match = re.fullmatch(r"/([0-9]{1,20})(/updateDescription)?", path)
    if match is None:
        raise _refused(404, "Not found")
    return _group(call, state, match)


def _group(call: Call, state: State, match: re.Match[str]) -> Reply:
    """Answer a call to one group."""
    group = _found(state, match[1])
    match call.method, match[2]:
        case "GET", None:
            jobs = [_progress(job, group) for job in group.facts.get("jobs", [])[-50:]]
            return Reply(body={"audienceGroup": _shown(state, group), "jobs": jobs})
        case "DELETE", None:
            del state.platforms["line"][group.id]
            return Reply(status=202, body=None)
        case "PUT", "/updateDescription":
            group.name = _description((parse(call.body) or {}).get("description"))
            return Reply(status=200, body=None)
    raise _refused(405, "Method Not Allowed")


def _unauthorized() -> Reply:
    why = "Authentication failed. Confirm that the access token in the authorization header"
    return Reply(status=401, body={"message": f"{why} is valid."})


def _throttled() -> Reply:
    why = "The API rate limit has been exceeded. Try again later."
    return Reply(status=429, body={"message": why})


def _refused(status: int, message: str, code: str = "", field: str = "") -> RefusedError:
    detail = {"message": code, **({"property": field} if field else {})}
    details = {"details": [detail]} if code else {}
    return RefusedError(Reply(status=status, body={"message": message, **details}))


def _bad(code: str, field: str) -> RefusedError:
    return _refused(400, "The request body has 1 error(s)", code, field)


def _found(state: State, group_id: str) -> Audience:
    group = state.platforms["line"].get(group_id)
    if group is None:
        raise _refused(400, "audience group not found", "AUDIENCE_GROUP_NOT_FOUND")
    return group


def _json(call: Call) -> tuple[dict[str, Any], list[str]]:
    """Return what a JSON upload says, and its ids."""
    if len(call.body) > BYTES:
        raise _refused(413, "Request Entity Too Large")
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None:
        raise _refused(400, "The request body could not be parsed as JSON")
    if unknown := unknown_fields(body, CREATE if call.method == "POST" else ADD):
        raise _bad("Unknown property", unknown[0])
    audiences = body.pop("audiences", [])
    good = isinstance(audiences, list) and all(
        isinstance(one, dict) and set(one) == {"id"} for one in audiences
    )
    if not good or len(audiences) > IDS:
        raise _bad(f"Size must be between 0 and {IDS}", "audiences")
    return body, [str(one["id"]) for one in audiences]


def _file(call: Call) -> tuple[dict[str, Any], list[str]]:
    """Return what a file upload says, and its ids, one a line."""
    form = parts(call)
    if form is None or "file" not in form or form["file"].media_type != "text/plain":
        raise _refused(400, "The form must have a file of text/plain")
    body: dict[str, Any] = {name: part.text for name, part in form.items() if name != "file"}
    known = CREATE if call.method == "POST" else ADD
    if unknown := unknown_fields(body, known[:-1]):
        raise _bad("Unknown property", unknown[0])
    if "isIfaAudience" in body:
        body["isIfaAudience"] = body["isIfaAudience"] == "true"
    ids = form["file"].text.splitlines()
    if not 1 <= len(ids) <= FILE_IDS:
        raise _bad(f"Size must be between 1 and {FILE_IDS}", "file")
    return body, ids


def _description(text: Any) -> str:
    if not is_text(text, 120):
        raise _bad("AUDIENCE_GROUP_NAME_SIZE_OVER", "description")
    return str(text)


def _upload(call: Call, state: State, body: dict[str, Any], ids: list[str]) -> Reply:
    if not is_text(body.get("uploadDescription", "x"), 300):
        raise _bad("Size must be between 1 and 300", "uploadDescription")
    if call.method == "POST":
        group = _new(state, body)
    else:
        group = _found(state, str(body.get("audienceGroupId")))
    if state.clock.now() > group.facts.setdefault("until", state.clock.now() + LIFE):
        raise _bad("AUDIENCE_GROUP_CAN_NOT_UPLOAD_STATUS_EXPIRED", "audienceGroupId")
    shape = UUID if group.facts.get("ifa") else USER
    if not all(shape.fullmatch(one) for one in ids):
        raise _bad("UPLOAD_AUDIENCE_GROUP_INVALID_AUDIENCE_ID_FORMAT", "audiences[].id")
    if len(_running(group)) >= RUNNING:
        raise RefusedError(_throttled())
    group.add([(one,) for one in ids])
    group.facts.setdefault("jobs", []).append(_job(state, body, len(ids)))
    if call.method == "PUT":
        return Reply(status=202, body=None)
    state.make("line", group)
    shown = _shown(state, group)
    names = ("audienceGroupId", "type", "description", "created", "permission")
    made = {name: shown[name] for name in (*names, "expireTimestamp", "isIfaAudience")}
    return Reply(status=202, body=made | {"createRoute": "MESSAGING_API"})


def _new(state: State, body: dict[str, Any]) -> Audience:
    name, ifa = _description(body.get("description")), body.get("isIfaAudience", False)
    if type(ifa) is not bool:
        raise _bad("Must be a boolean", "isIfaAudience")
    if len(state.platforms["line"]) >= GROUPS:
        raise _bad("AUDIENCE_GROUP_COUNT_MAX_OVER", "")
    group = Audience(id=state.next_id(FIRST_ID), name=name, account="")
    group.facts = {"ifa": ifa, "until": state.clock.now() + LIFE, "made": state.clock.now()}
    return group


def _job(state: State, body: dict[str, Any], count: int) -> Job:
    pace = state.paces["line"]
    return Job(
        number=int(state.next_id(FIRST_ID)),
        description=body.get("uploadDescription", ""),
        count=count,
        created=int(state.clock.now().timestamp()),
        polls=round(pace.polls),
        ready_at=time.monotonic() + pace.milliseconds / 1000,
    )


def _running(group: Audience) -> list[Job]:
    return [job for job in group.facts.get("jobs", []) if not job.done()]


def _progress(job: Job, group: Audience) -> dict[str, Any]:
    job.polls -= 1
    return {
        "audienceGroupJobId": job.number,
        "audienceGroupId": int(group.id),
        "description": job.description,
        "type": "DIFF_ADD",
        "jobStatus": "FINISHED" if job.done() else "WORKING",
        "audienceCount": job.count,
        "created": job.created,
    }


def _shown(state: State, group: Audience) -> dict[str, Any]:
    now = state.clock.now()
    made, until = group.facts.get("made", now), group.facts.get("until", now + LIFE)
    status = "EXPIRED" if now > until else "IN_PROGRESS" if _running(group) else "READY"
    more: dict[str, Any] = {}
    if status == "READY" and 0 < len(group.members) < SMALLEST:
        status, more = "FAILED", {"failedType": "AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT"}
    return {
        "audienceGroupId": int(group.id),
        "type": "UPLOAD",
        "description": group.name,
        "status": status,
        "audienceCount": len(group.members),
        "created": int(made.timestamp()),
        "expireTimestamp": int(until.timestamp()),
        "isIfaAudience": group.facts.get("ifa", False),
        "permission": "READ_WRITE",
        "createRoute": "MESSAGING_API",
        **more,
    }


def _list(call: Call, state: State) -> Reply:
    page, size = call.query.get("page", ""), call.query.get("size", "20")
    if not page.isdecimal() or not size.isdecimal() or int(page) < 1 or not 1 <= int(size) <= 40:
        raise _bad("Must be 1 or more, and size at most 40", "page")
    found = [
        group
        for group in state.platforms["line"].values()
        if call.query.get("description", "").lower() in group.name.lower()
    ]
    start = (int(page) - 1) * int(size)
    shown = [_shown(state, group) for group in found[start : start + int(size)]]
    more = {"hasNextPage": len(found) > start + int(size), "totalCount": len(found)}
    counts = {"readWriteAudienceGroupTotalCount": len(found), "page": int(page), "size": int(size)}
    return Reply(body={"audienceGroups": shown, **more, **counts})


LINE = StandIn(
    slug="line",
    handle=handle,
    tokens_at=(TOKENS_AT,),
    throttled=lambda _wait: _throttled(),
    broken=lambda: Reply(status=500, body={"message": "Internal server error"}),
    expired=_unauthorized,
)
