"""The stand-in of Amazon's AMC advertiser audiences: metadata, records, and jobs that end later."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.sandbox.call import (
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_sha256,
    is_text,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

RECORDS = 6_000  # what the guide advises; the most depends on how much a record holds
BYTES = 10 * 1024 * 1024
LONGEST = 34_300_800  # seconds that a member lives by default, and at most
FIRST_ID = 379_909_525_712_000_000  # over 2**53, as the real ones are
MEDIA = "application/vnd.amcaudiences.v1+json"
AT = "/amc/audiences"
GRANTS_AT = "/auth/o2/token"
OWN = ("email", "phone")  # of which a member's key is made
PII = (*OWN, "firstname", "lastname", "address", "city", "state", "postal")
RECORD = ("externalUserId", "countryCode", "action", "hashedPII", "userConsent", "measurements")
EXTERNAL = re.compile(r"[0-9a-zA-Z_-]{1,128}")
NAME = re.compile(r"[0-9a-zA-Z _-]{10,128}")
# Where a record needs to say what the person agreed to: the EEA, the United Kingdom, Switzerland.
ASKED = re.compile(
    "AT|BE|BG|CH|CY|CZ|DE|DK|EE|ES|FI|FR|GB|GR|HR|HU|IE|IS|IT|LI|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK"
)
CONSENTS = ("amzn", "tcf", "gpp")


@dataclass(slots=True)
class Job:
    """One upload on its way."""

    audience: Audience
    records: int
    polls: int
    ready_at: float
    invalid: list[dict[str, str]] = field(default_factory=list)


def handle(call: Call, state: State) -> Reply:
    """Answer as the Amazon Ads API does."""
    if call.path == GRANTS_AT:
        if "authorization" in call.headers:
            raise _refused(400, "The token endpoint takes no Authorization header")
        return issue(call, state, Door())
    if not state.knows(call.bearer):
        raise RefusedError(_error(401, "Unauthorized"))
    if not is_text(call.headers.get("amazon-advertising-api-clientid"), 200):
        raise _refused(401, "Not authorized to access scope: Amazon-Advertising-API-ClientId")
    path = call.path.removeprefix(AT)
    match call.method, path:
        case "POST", "/metadata":
            return _create(call, state)
        case "POST", "/records":
            return _records(call, state)
    if match := re.fullmatch(r"/metadata/([0-9]{1,20})", path):
        return _metadata(call, _found(state, match[1]))
    if call.method == "GET" and path.startswith("/records/"):
        return _job(state, path.removeprefix("/records/"))
    raise _refused(404, "The requested resource was not found")


def _error(status: int, message: str) -> Reply:
    return Reply(status=status, body={"message": message})


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(_error(status, message))


def _body(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    if call.media_type != MEDIA:
        raise _refused(415, "Unsupported Media Type")
    if len(call.body) > BYTES:
        raise _refused(413, "Request Too Long")
    body = parse(call.body)
    if body is None or unknown_fields(body, known):
        raise _refused(400, "The body is no JSON object, or has fields that are not known")
    return body


def _found(state: State, audience_id: str) -> Audience:
    audience = state.platforms["amazon"].get(audience_id)
    if audience is None:
        raise _refused(404, "The requested audience was not found")
    return audience


def _create(call: Call, state: State) -> Reply:
    body = _body(call, ("name", "description", "targetResource", "countryCode", "metadata"))
    target, more = body.get("targetResource"), body.get("metadata")
    if not isinstance(target, dict) or set(target) not in ({"connectionId"}, {"advertiserId"}):
        raise _refused(400, "targetResource must hold a connectionId or an advertiserId")
    if not NAME.fullmatch(str(body.get("name"))):
        raise _refused(400, "name must be an alphanumeric string of 10 to 128 characters")
    if not is_text(body.get("description"), 1000, 0):
        raise _refused(400, "description must be a string of 0 to 1000 characters")
    if not isinstance(more, dict) or not is_text(more.get("externalAudienceId"), 128):
        raise _refused(400, "metadata.externalAudienceId is required")
    account = str(next(iter(target.values())))
    ttl = _ttl(more, ("externalAudienceId", "ttl", "audienceFees"))
    audience = Audience(id=state.next_id(FIRST_ID), name=body["name"], account=account)
    audience.facts = {"external": more["externalAudienceId"], "ttl": ttl}
    state.make("amazon", audience)
    made = {"audienceId": int(audience.id), "externalAudienceId": more["externalAudienceId"]}
    return Reply(status=201, body=made)


def _ttl(metadata: Any, known: tuple[str, ...]) -> int:
    if not isinstance(metadata, dict):
        raise _refused(400, "metadata must be an object")
    ttl = metadata.get("ttl", LONGEST)
    if unknown_fields(metadata, known) or type(ttl) is not int or not 0 <= ttl <= LONGEST:
        raise _refused(400, f"metadata.ttl must be 0 to {LONGEST}, and no field unknown")
    return ttl


def _metadata(call: Call, audience: Audience) -> Reply:
    if call.method == "PUT":
        more = _body(call, ("description", "metadata")).get("metadata", {})
        audience.facts["ttl"] = _ttl(more, ("ttl", "audienceFees"))
    elif call.method != "GET":
        raise _refused(405, "Method Not Allowed")
    size = {"receivedRecordSize": len(audience.members)}
    facts = {"externalAudienceId": audience.facts.get("external", ""), "audienceSize": size}
    facts["ttl"] = audience.facts.get("ttl", LONGEST)
    shown = {"audienceId": int(audience.id), "name": audience.name, "metadata": facts}
    return Reply(body=shown | {"advertiserId": audience.account})


def _records(call: Call, state: State) -> Reply:
    body = _body(call, ("audienceId", "records", "targetResource"))
    records = body.get("records")
    if type(body.get("audienceId")) is not int:
        raise _refused(400, "audienceId must be a number")
    audience = _found(state, str(body["audienceId"]))
    if not isinstance(records, list) or not 1 <= len(records) <= RECORDS:
        raise _refused(400, f"records must hold 1 to {RECORDS} records")
    if shapes := [why for record in records if (why := _malformed(record))]:
        raise _refused(400, f"Malformed record: {shapes[0]}")
    reasons = [_wrong(record) for record in records]
    for place in range(spoilt(len(records)) if call.spoil else 0):
        reasons[place] = reasons[place] or "INTERNAL_ERROR"
    end = state.clock.now() + timedelta(seconds=audience.facts.get("ttl", LONGEST))
    pace = state.paces["amazon"]
    ready = time.monotonic() + pace.milliseconds / 1000
    job = Job(audience, len(records), round(pace.polls), ready)
    _apply(job, records, reasons, end)
    number = f"1155d3e3-b18c-4b2b-a3b2-{int(state.next_id(0)):012d}"
    state.jobs[f"amazon {number}"] = job
    return Reply(status=202, body={"jobRequestId": number})


def _apply(job: Job, records: list[Any], reasons: list[str], end: datetime) -> None:
    """Take the records without a reason against them; note the others."""
    audience = job.audience
    keys: dict[str, str] = audience.facts.setdefault("keys", {})  # by the name of the record
    for record, why in zip(records, reasons, strict=True):
        external = record["externalUserId"]
        if why:
            one = {"audienceId": audience.id, "externalId": external, "error": why}
            job.invalid.append(one)
            continue
        for held in (audience.members, audience.expires):
            held.pop(keys.get(external, ""), None)
        keys.pop(external, None)
        if record["action"] == "CREATE":
            pii = record["hashedPII"]
            values = tuple(one[name] for one in pii for name in one if name in OWN and one[name])
            values = values or (external,)
            keys[external] = ",".join(values)
            audience.add([values], end)


def _malformed(record: Any) -> str:
    """Return what refuses the whole call, empty for nothing."""
    if not isinstance(record, dict) or unknown_fields(record, RECORD):
        return "unknown fields"
    external = record.get("externalUserId")
    if not isinstance(external, str) or not EXTERNAL.fullmatch(external):
        return "externalUserId must match ^[0-9a-zA-Z-_]{1,128}$"
    pii = record.get("hashedPII")
    if record.get("action") not in ("CREATE", "DELETE") or not isinstance(pii, list):
        return "action must be CREATE or DELETE, hashedPII a list"
    if len(pii) > 100 or not all(isinstance(one, dict) for one in pii):
        return "hashedPII must hold at most 100 objects"
    if any(unknown_fields(one, PII) for one in pii):
        return "hashedPII has unknown fields"
    return ""


def _wrong(record: dict[str, Any]) -> str:
    """Return why one record is not taken, empty when it is."""
    values = [value for one in record["hashedPII"] for value in one.values()]
    if not all(value == "" or is_sha256(value) for value in values):
        return "INVALID_HASH: hashedPII must be SHA-256 in lower case"
    return "" if record["action"] == "DELETE" else _consent(record)


def _consent(record: dict[str, Any]) -> str:
    consent = record.get("userConsent", {})
    said = consent.get("consent") if isinstance(consent, dict) else None
    if said is not None and (not isinstance(said, dict) or unknown_fields(said, CONSENTS)):
        return "INVALID_CONSENT: userConsent.consent must hold amzn, tcf or gpp"
    amzn = (said or {}).get("amzn", {})
    if not isinstance(amzn, dict) or unknown_fields(amzn, ("amznAdStorage", "amznUserData")):
        return "INVALID_CONSENT: amzn must hold amznAdStorage and amznUserData"
    if "DENIED" in amzn.values() and not (said or {}).get("tcf"):
        return "CONSENT_DENIED"
    geo = consent.get("geo") if isinstance(consent, dict) else None
    country = geo.get("countryCode") if isinstance(geo, dict) else None
    asked = any(ASKED.fullmatch(str(one)) for one in (country, record.get("countryCode")))
    return "CONSENT_MISSING" if asked and not said else ""


def _job(state: State, number: str) -> Reply:
    job = state.jobs.get(f"amazon {number}")
    if not isinstance(job, Job):
        raise _refused(404, "The requested job was not found")
    job.polls -= 1
    if job.polls > 0 and time.monotonic() < job.ready_at:
        return Reply(body={"jobRequestId": number, "jobState": "PENDING"})
    lost = len(job.invalid)
    word = "SUCCEEDED" if not lost else "FAILED" if lost == job.records else "PARTIALLYSUCCEEDED"
    rate = 100 * (job.records - lost) / job.records
    done = {"successful": {"recordsProcessedRate": rate}, "invalidRecords": job.invalid}
    size = {"audienceSize": {"receivedRecordSize": len(job.audience.members)}}
    return Reply(body={"jobRequestId": number, "jobState": word} | done | size)


AMAZON = StandIn(
    slug="amazon",
    handle=handle,
    takes_rows=lambda call: call.path == AT + "/records",
    tokens_at=(GRANTS_AT,),
    throttled=lambda _wait: _error(429, "Too Many Requests"),
    broken=lambda: _error(500, "Internal Server Error"),
    expired=lambda: _error(401, "Unauthorized"),
)
