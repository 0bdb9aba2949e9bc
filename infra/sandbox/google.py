"""The stand-in of Google's Data Manager API: members, user lists, request status, tokens."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.sandbox._google_enums import read
from infra.sandbox._google_identifiers import check_values, identifiers, member_key
from infra.sandbox._google_lists import lists
from infra.sandbox._google_refusals import check_fields, fault, refused
from infra.sandbox.call import Call, Reply, StandIn, spoilt
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State
from shared.clock import parse_instant
from shared.errors import ConfigurationError

MEMBERS = 10_000
COMMON = ("destinations", "audienceMembers", "validateOnly", "encoding", "encryptionInfo")
DOOR = Door(more={"scope": "https://www.googleapis.com/auth/datamanager"})
CONSENTS = {"CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED"}


@dataclass(slots=True)
class Job:
    """One accepted request on its way: what it will say when it is done."""

    destination: Mapping[str, Any]
    verb: str
    records: int
    identifiers: int
    refused: dict[str, int]  # reason -> records
    ready_at: float
    polls: int


def handle(call: Call, state: State) -> Reply:
    """Answer as the Data Manager API does."""
    path = call.path.removeprefix("/v1")
    if path == "/token":
        return issue(call, state, DOOR)
    token = call.headers.get("authorization", "")
    if not token.startswith("Bearer ") or not state.knows(token.removeprefix("Bearer ")):
        raise refused(401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED")
    if match := re.fullmatch(r"/audienceMembers:(ingest|remove)", path):
        return _members(call, state, match[1])
    if path == "/audienceMembers:removeAll":
        return _remove_all(call, state)
    if path == "/requestStatus:retrieve":
        return _status(call, state)
    if match := re.fullmatch(r"/accountTypes/([A-Z_]+)/accounts/([^/]+)/userLists(/[^/]+)?", path):
        return lists(call, state, match[1], match[2], (match[3] or "").removeprefix("/"))
    raise refused(404, "NOT_FOUND", "NOT_FOUND")


def _members(call: Call, state: State, verb: str) -> Reply:
    body = _body(call, verb)
    audience = _audience(state, body["destinations"])
    members: list[Any] = body["audienceMembers"]
    found = [identifiers(member, verb) for member in members]
    check_values(found)
    denied = [_denied(member, body.get("consent")) for member in members]
    spoil = spoilt(len(members)) if call.spoil else 0
    kept = [i for i in range(len(members)) if i >= spoil and not denied[i]]
    rows = [member_key(found[i]) for i in kept]
    if not body.get("validateOnly"):
        audience.add(rows) if verb == "ingest" else audience.remove(rows)
        now = state.clock.now()
        added = audience.facts.setdefault("added", {})
        added |= {",".join(ids): now for ids in rows if verb == "ingest"}
    counts = {"DENIED_CONSENT": sum(denied[spoil:]), "INVALID_FORMAT": spoil}
    return _taken(
        call,
        state,
        destination=body["destinations"][0],
        verb=verb,
        records=len(members),
        identifiers=sum(map(len, found)),
        refused={reason: count for reason, count in counts.items() if count},
    )


def _taken(call: Call, state: State, **about: Any) -> Reply:
    """Answer with the handle of a job, whose status is asked for later."""
    pace, digest = state.paces["google"], call.digest()
    handle_ = f"{digest[:24]}-{state.seen[digest]}"
    ready_at = time.monotonic() + pace.milliseconds / 1000
    state.jobs[handle_] = Job(ready_at=ready_at, polls=pace.polls, **about)
    return Reply(body={"requestId": handle_})


def _remove_all(call: Call, state: State) -> Reply:
    """Take out whoever was last added before an instant."""
    body = _read(call)
    check_fields(body, ("destinations", "removeAsOfTime", "validateOnly"), "")
    audience = _audience(state, body.get("destinations"))
    now = state.clock.now()
    try:
        before = parse_instant(str(body.get("removeAsOfTime", now.isoformat())))
    except ConfigurationError:
        before = None
    if before is None or before > now:
        reason = "INVALID_REMOVE_AS_OF_TIME"
        raise refused(400, "INVALID_ARGUMENT", reason, "remove_as_of_time")
    added = audience.facts.get("added", {})
    gone = [key for key in audience.members if added.get(key, before) < before]
    if not body.get("validateOnly"):
        audience.drop(gone)
    counted = {"records": len(gone), "identifiers": 0, "refused": {}}
    return _taken(call, state, destination=body["destinations"][0], verb="remove", **counted)


def _read(call: Call) -> dict[str, Any]:
    body = read(call)
    kind = call.headers.get("content-type", "").partition(";")[0].strip()
    if call.method != "POST":
        raise refused(404, "NOT_FOUND", "NOT_FOUND")
    if body is None or kind != "application/json":
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
    return body


def _body(call: Call, verb: str) -> dict[str, Any]:
    body = _read(call)
    extra = ("consent", "termsOfService") if verb == "ingest" else ()
    check_fields(body, (*COMMON, *extra), "")
    members = body.get("audienceMembers")
    if not isinstance(members, list) or not members:
        raise refused(400, "INVALID_ARGUMENT", "REQUIRED_FIELD_MISSING", "audience_members")
    if len(members) > MEMBERS:
        raise refused(400, "INVALID_ARGUMENT", "TOO_MANY_AUDIENCE_MEMBERS", "audience_members")
    if body.get("encoding") != "HEX":
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ENUM_VALUE", "encoding")
    terms = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
    if verb == "ingest" and body.get("termsOfService") != terms:
        raise refused(400, "INVALID_ARGUMENT", "TERMS_AND_CONDITIONS_NOT_SIGNED")
    return body


def _audience(state: State, destinations: Any) -> Audience:
    """Return the one list that a call is for; the stand-in takes no more than one."""
    if not isinstance(destinations, list) or len(destinations) != 1:
        raise refused(400, "INVALID_ARGUMENT", "TOO_MANY_DESTINATIONS", "destinations")
    destination = destinations[0] if isinstance(destinations[0], dict) else {}
    known = ("reference", "loginAccount", "linkedAccount", "operatingAccount")
    check_fields(destination, (*known, "productDestinationId"), "destinations[0].")
    account = destination.get("operatingAccount")
    for name in ("operatingAccount", "loginAccount"):
        if name in destination:
            _account(destination[name], name)
    if not isinstance(account, dict):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_DESTINATION", "destinations[0]")
    audience = state.platforms["google"].get(str(destination.get("productDestinationId")))
    if audience is None or audience.account != account["accountId"]:
        field = "destinations[0].product_destination_id"
        raise refused(400, "INVALID_ARGUMENT", "INVALID_USER_LIST_ID", field)
    return audience


def _account(account: Any, name: str) -> None:
    place = f"destinations[0].{name}"
    if not isinstance(account, dict):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_DESTINATION", place)
    check_fields(account, ("accountType", "accountId"), f"{place}.")
    kind, number = account.get("accountType"), account.get("accountId")
    if not re.fullmatch(r"[0-9]{1,20}", str(number)) or not re.fullmatch(r"[A-Z_]+", str(kind)):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_DESTINATION", place)


def _denied(member: Mapping[str, Any], whole: Any) -> bool:
    own = member.get("consent")
    if own is None and whole is None:
        return False
    consent = {**_object(whole), **_object(own)}
    check_fields(consent, ("adUserData", "adPersonalization"), "consent.")
    if not set(map(str, consent.values())) <= CONSENTS:
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ENUM_VALUE", "consent")
    return "CONSENT_DENIED" in consent.values()


def _object(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "consent")
    return value or {}


def _status(call: Call, state: State) -> Reply:
    job = state.jobs.get(call.query.get("requestId", ""))
    if call.method != "GET" or not isinstance(job, Job):
        raise refused(404, "NOT_FOUND", "NOT_FOUND")
    job.polls -= 1
    lost = sum(job.refused.values())
    status = "SUCCESS" if not lost else "PARTIAL_SUCCESS" if lost < job.records else "FAILED"
    if job.polls > 0 and time.monotonic() < job.ready_at:
        status = "PROCESSING"
    done: dict[str, Any] = {"destination": job.destination, "requestStatus": status}
    if lost and status != "PROCESSING":
        reasons = [(f"PROCESSING_ERROR_REASON_{r}", str(n)) for r, n in job.refused.items()]
        counts = [{"reason": reason, "recordCount": count} for reason, count in reasons]
        done["errorInfo"] = {"errorCounts": counts}
    part = "Ingestion" if job.verb == "ingest" else "Removal"
    counted = {"recordCount": str(job.records), "userIdentifierCount": str(job.identifiers)}
    done[f"audienceMembers{part}Status"] = {f"compositeData{part}Status": counted}
    return Reply(body={"requestStatusPerDestination": [done]})


GOOGLE = StandIn(
    slug="google",
    handle=handle,
    takes_rows=lambda call: "/audienceMembers:" in call.path,
    tokens_at=("/token", "/v1/token"),
    throttled=lambda _wait: fault(429, "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"),
    broken=lambda: fault(503, "UNAVAILABLE", "INTERNAL_ERROR"),
    expired=lambda: fault(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"),
)
