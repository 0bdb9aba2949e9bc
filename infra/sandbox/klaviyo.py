"""The stand-in of Klaviyo: profiles are imported into lists by jobs, and removed by their ids."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import Any

from infra.sandbox.call import Call, RefusedError, Reply, StandIn, counted, is_text, parse, spoilt
from infra.sandbox.state import Audience, State

PROFILES = 10_000
REMOVALS = 1_000
BYTES = 5 * 1024 * 1024
REVISION = re.compile(r"202[4-6]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
MEDIA = ("application/json", "application/vnd.api+json")
KEYS = ("external_id", "email", "phone_number")
FILTER = re.compile(r"(any|equals)\((email|external_id|phone_number|name|id),(.+)\)")
JOBS = "/profile-bulk-import-jobs"


@dataclass(slots=True)
class Job:
    """One import on its way."""

    total: int
    polls: int
    ready_at: float
    failed: list[tuple[int, str]] = field(default_factory=list)  # place in the request, why


def handle(call: Call, state: State) -> Reply:
    """Answer as the API does, in JSON:API."""
    kind, _, key = call.headers.get("authorization", "").partition(" ")
    if kind != "Klaviyo-API-Key" or not state.knows(key.removeprefix("pk_")):
        raise RefusedError(_unauthorized())
    if not REVISION.fullmatch(call.headers.get("revision", "")):
        why = "A revision header of the form YYYY-MM-DD is required"
        raise _refused(400, "invalid", why, "/revision")
    path = call.path.removeprefix("/api").rstrip("/")
    if answer := ANSWERS.get((call.method, path)):
        return answer(call, state)
    if match := re.fullmatch(JOBS + r"/([0-9A-Za-z]+)(/import-errors)?", path):
        return _job(state, match[1], errors=match[2] is not None)
    return _list(call, state, path)


def _list(call: Call, state: State, path: str) -> Reply:
    match = re.fullmatch(r"/lists/([0-9A-Za-z]+)(/relationships/profiles)?", path)
    found = state.platforms["klaviyo"].get(match[1]) if match else None
    if match is None or found is None:
        raise _refused(404, "not_found", "A resource was not found", "")
    if match[2] and call.method == "DELETE":
        return _remove(call, state, found)
    if match[2] or call.method != "GET":
        raise _refused(405, "method_not_allowed", "The method is not allowed", "")
    return Reply(body={"data": _shown(found)})


def _error(status: int, code: str, detail: str, pointer: str = "") -> Reply:
    one = {"id": "standin", "status": status, "code": code, "title": detail, "detail": detail}
    return Reply(status=status, body={"errors": [one | {"source": {"pointer": pointer}}]})


def _refused(status: int, code: str, detail: str, pointer: str) -> RefusedError:
    return RefusedError(_error(status, code, detail, pointer))


def _unauthorized() -> Reply:
    return _error(401, "not_authenticated", "Authentication credentials were not provided.")


def _data(call: Call) -> Any:
    if len(call.body) > BYTES:
        raise _refused(413, "payload_too_large", "The payload is too large", "")
    body = parse(call.body) if call.media_type in MEDIA else None
    if body is None or set(body) != {"data"}:
        raise _refused(400, "invalid", "The payload must hold data, and nothing else", "/data")
    return body["data"]


def _part(value: Any, *names: str) -> Any:
    """Return what stands deep in a document, None where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _make(call: Call, state: State) -> Reply:
    data = _data(call)
    name = _part(data, "attributes", "name")
    if _part(data, "type") != "list" or not is_text(name, 255):
        raise _refused(400, "invalid", "A name is required", "/data/attributes/name")
    number = f"L{state.next_id(100_000)}"
    made = state.make("klaviyo", Audience(id=number, name=name, account=""))
    return Reply(status=201, body={"data": _shown(made)})


def _shown(found: Audience) -> dict[str, Any]:
    facts = {"name": found.name, "profile_count": len(found.members)}
    return _linked("list", found.id, facts)


def _linked(kind: str, number: str, facts: dict[str, Any]) -> dict[str, Any]:
    links = {"self": f"https://a.klaviyo.com/api/{kind}s/{number}/"}
    return {"type": kind, "id": number, "attributes": facts, "links": links}


def _page(found: list[dict[str, Any]]) -> Reply:
    return Reply(body={"data": found, "links": {"self": "https://a.klaviyo.com", "next": None}})


def _filter(call: Call) -> tuple[str, list[str]]:
    """Read `any(email,["a","b"])` or `equals(name,"vips")`."""
    text = call.query.get("filter", "")
    match = FILTER.fullmatch(text)
    try:
        value = json.loads(match[3]) if match else None
    except ValueError:
        value = None
    if match is None or isinstance(value, list) != (match[1] == "any") or value is None:
        raise _refused(400, "invalid", "The filter is not valid", "/filter")
    return match[2], list(map(str, value)) if isinstance(value, list) else [str(value)]


def _lists(call: Call, state: State) -> Reply:
    found = list(state.platforms["klaviyo"].values())
    if "filter" in call.query:
        name, values = _filter(call)
        found = [one for one in found if (one.id if name == "id" else one.name) in values]
    return _page([_shown(one) for one in found])


def _people(state: State) -> dict[str, dict[str, str]]:
    people: dict[str, dict[str, str]] = state.jobs.setdefault("klaviyo profiles", {})
    return people


def _profiles(call: Call, state: State) -> Reply:
    name, values = _filter(call)
    found = [
        _linked("profile", one, dict(keys))
        for one, keys in _people(state).items()
        if keys.get(name) in values
    ]
    return _page(found)


def _import(call: Call, state: State) -> Reply:
    data = _data(call)
    profiles = _part(data, "attributes", "profiles", "data")
    wanted = _part(data, "relationships", "lists", "data") or []
    if _part(data, "type") != "profile-bulk-import-job" or not isinstance(profiles, list):
        raise _refused(400, "invalid", "profiles are required", "/data/attributes/profiles")
    if not 1 <= len(profiles) <= PROFILES:
        why = f"1 to {PROFILES} profiles are allowed"
        raise _refused(400, "invalid", why, "/data/attributes/profiles/data")
    if not isinstance(wanted, list):
        raise _refused(400, "invalid", "lists are a list", "/data/relationships/lists/data")
    lists = [state.platforms["klaviyo"].get(str(_part(one, "id"))) for one in wanted]
    if None in lists:
        raise _refused(404, "not_found", "A list was not found", "/data/relationships/lists")
    failed = [(n, why) for n, one in enumerate(profiles) if (why := _unfit(one))]
    lost = {n for n, _ in failed} | set(range(spoilt(len(profiles)) if call.spoil else 0))
    failed += [(n, "The profile could not be processed") for n in lost - {n for n, _ in failed}]
    for number, one in enumerate(profiles):
        if number not in lost:
            _upsert(state, one["attributes"], [found for found in lists if found])
    pace = state.paces["klaviyo"]
    ready = time.monotonic() + pace.milliseconds / 1000
    job = f"J{state.next_id(200_000)}"
    state.jobs[f"klaviyo {job}"] = Job(len(profiles), round(pace.polls), ready, sorted(failed))
    return Reply(status=202, body={"data": _progress(state, job)})


def _unfit(profile: Any) -> str:
    """Return why a profile is not imported, empty when it is."""
    facts = _part(profile, "attributes")
    if _part(profile, "type") != "profile" or not isinstance(facts, dict):
        return "A profile must have a type and attributes"
    if not any(facts.get(key) for key in KEYS):
        return "One of external_id, email and phone_number is required"
    email, phone = facts.get("email"), facts.get("phone_number")
    if email is not None and not EMAIL.fullmatch(str(email)):
        return "Invalid email address"
    if phone is not None and not PHONE.fullmatch(str(phone)):
        return "Invalid phone number format"
    return "" if is_text(facts.get("external_id", "x"), 255) else "external_id is too long"


def _upsert(state: State, facts: dict[str, Any], lists: list[Audience]) -> None:
    keys = {key: str(facts[key]) for key in KEYS if facts.get(key)}
    number = "P" + hashlib.sha256(next(iter(keys.values())).encode()).hexdigest()[:20].upper()
    _people(state)[number] = keys
    for one in lists:
        one.add([tuple(keys.values())])
    _mark(state, facts.get("properties"), tuple(keys.values()))


def _mark(state: State, properties: Any, keys: tuple[str, ...]) -> None:
    """Let a property that is true or false stand for being in a segment of its name."""
    for name, value in (properties if isinstance(properties, dict) else {}).items():
        if type(value) is bool:
            made = Audience(id=name, name=name, account="")
            segment = state.platforms["klaviyo"].setdefault(name, made)
            segment.add([keys]) if value else segment.remove([keys])


def _job(state: State, number: str, *, errors: bool) -> Reply:
    job = state.jobs.get(f"klaviyo {number}")
    if not isinstance(job, Job):
        raise _refused(404, "not_found", "The job was not found", "")
    if errors:
        return _page([_import_error(place, why) for place, why in job.failed])
    job.polls -= 1
    return Reply(body={"data": _progress(state, number)})


def _progress(state: State, number: str) -> dict[str, Any]:
    job: Job = state.jobs[f"klaviyo {number}"]
    done = job.polls <= 0 or time.monotonic() >= job.ready_at
    facts: dict[str, Any] = {"status": "complete" if done else "processing"}
    facts |= {"total_count": job.total, "failed_count": len(job.failed) if done else 0}
    facts["completed_count"] = job.total - len(job.failed) if done else 0
    facts["created_at"] = state.clock.now().isoformat()
    return _linked("profile-bulk-import-job", number, facts)


def _import_error(place: int, why: str) -> dict[str, Any]:
    pointer = f"/data/attributes/profiles/data/{place}/attributes"
    facts = {"code": "invalid", "title": why, "detail": why, "source": {"pointer": pointer}}
    return _linked("import-error", f"E{place}", facts)


def _remove(call: Call, state: State, found: Audience) -> Reply:
    data = _data(call)
    good = isinstance(data, list) and all(_part(one, "type") == "profile" for one in data)
    if not good or not 1 <= len(data) <= REMOVALS:
        raise _refused(400, "invalid", f"1 to {REMOVALS} profiles are allowed", "/data")
    people = _people(state)
    if any(str(one.get("id")) not in people for one in data):
        raise _refused(404, "not_found", "A profile was not found", "/data")
    found.remove([tuple(people[str(one["id"])].values()) for one in data])
    return Reply(status=204, body=None)


def _throttled(wait: float) -> Reply:
    reply = _error(429, "throttled", "Request was throttled.")
    return Reply(status=429, body=reply.body, headers={"retry-after": str(math.ceil(wait))})


ANSWERS = {
    ("POST", "/lists"): _make,
    ("GET", "/lists"): _lists,
    ("GET", "/profiles"): _profiles,
    ("POST", JOBS): _import,
}

KLAVIYO = StandIn(
    slug="klaviyo",
    handle=handle,
    takes_rows=lambda call: call.path.rstrip("/").endswith(JOBS) and call.method == "POST",
    throttled=_throttled,
    paced=counted("ratelimit", epoch=False),
    broken=lambda: _error(500, "error", "A server error occurred."),
    expired=_unauthorized,
)
