"""CRM data of The Trade Desk stand-in: segments, and files dropped at an address that ends."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.sandbox.call import Call, RefusedError, Reply, is_text, parse, unknown_fields
from infra.sandbox.state import Audience, State

FIRST_ID = 880_000
ROWS = 1_500
LIFE = timedelta(hours=1)
HASHED = ("EmailHashedUnifiedId2", "PhoneNumberHashedUnifiedId2")
CREATE = ("AdvertiserId", "SegmentName", "Region", "DataProviderId")
DROP = ("PiiType", "MergeMode", "RetentionEnabled", "TtlInMinutes")
LINE = re.compile(r"[A-Za-z0-9+/]{43}=|[0-9a-fA-F]{64}")
PLACE = "/crmdata/drop/"


@dataclass(frozen=True, slots=True)
class Drop:
    """One place to put a file, and until when."""

    segment: Audience
    until: datetime


def crm(call: Call, state: State) -> Reply:
    """Answer a call of the CRM data API, or the upload of a file."""
    path = call.path.removeprefix("/v3")
    if path.startswith(PLACE):
        return _put(call, state, path.removeprefix(PLACE))
    if not state.knows(call.headers.get("ttd-auth", "")):
        raise _refused(401, "The authentication token is missing, invalid or expired.")
    if call.method == "POST" and path in ("/crmdata/segment", "/crmdata/targeting/segment"):
        return _create(call, state)
    if match := re.fullmatch(r"/crmdata/segment/([A-Za-z0-9_-]{1,64})", path):
        return _listed(call, state, match[1])
    if match := re.fullmatch(r"/crmdata/segment/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9]{1,32})", path):
        segment = state.platforms["the_trade_desk"].get(match[2])
        if segment is None or segment.account != match[1]:
            raise _refused(404, "The CRM data segment does not exist.")
        return _drop(call, state, segment)
    raise _refused(404, "Not Found")


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(Reply(status=status, body={"Message": message, "ErrorDetails": []}))


def _body(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    body = parse(call.body) if call.media_type == "application/json" else None
    if call.method != "POST" or body is None or unknown_fields(body, known):
        raise _refused(400, "The request is no JSON object, or has properties that are not known.")
    return body


def _create(call: Call, state: State) -> Reply:
    body = _body(call, CREATE)
    account, name = body.get("AdvertiserId"), body.get("SegmentName")
    if not is_text(account, 64) or not is_text(name, 256):
        raise _refused(400, "AdvertiserId and SegmentName are required.")
    if body.get("Region") not in ("US", "EU", "APAC"):
        raise _refused(400, "Region must be US, EU or APAC.")
    if any(one.name == name for one in state.of("the_trade_desk", str(account))):
        raise _refused(400, "A CRM data segment with this name already exists.")
    made = Audience(id=f"crm{state.next_id(FIRST_ID)}", name=str(name), account=str(account))
    made.facts["crm"] = True
    state.make("the_trade_desk", made)
    return Reply(body={"CrmDataId": made.id, "FirstPartyDataId": int(made.id[3:])})


def _listed(call: Call, state: State, account: str) -> Reply:
    if call.method != "GET":
        raise _refused(405, "Method Not Allowed")
    found = [one for one in state.of("the_trade_desk", account) if one.facts.get("crm")]
    shown = [{"CrmDataId": one.id, "SegmentName": one.name} for one in found]
    # One page holds them all; the page after it is empty, which says that there are no more.
    first = not call.query.get("pagingToken")
    return Reply(body={"Segments": shown if first else [], "PagingToken": "end"})


def _drop(call: Call, state: State, segment: Audience) -> Reply:
    body = _body(call, DROP)
    if body.get("PiiType") not in HASHED:
        raise _refused(400, f"The stand-in takes no raw data: PiiType must be one of {HASHED}.")
    if body.get("MergeMode") != "Replace":
        raise _refused(400, "MergeMode must be Replace.")
    if type(body.get("RetentionEnabled", True)) is not bool:
        raise _refused(400, "RetentionEnabled must be a boolean.")
    reference = f"ref{state.next_id(FIRST_ID + 1)}"
    state.jobs[f"crm {reference}"] = Drop(segment, state.clock.now() + LIFE)
    base = call.url[: call.url.rindex("/crmdata/")].removesuffix("/v3")
    url = f"{base}{PLACE}{reference}?X-Amz-Expires=3600&X-Amz-Signature=standin"
    return Reply(body={"ReferenceId": reference, "Url": url})


def _put(call: Call, state: State, reference: str) -> Reply:
    """Take a file; S3 would take anything, the stand-in says at once what would be dropped."""
    drop = state.jobs.get(f"crm {reference}")
    if not isinstance(drop, Drop) or call.query.get("X-Amz-Signature") != "standin":
        return _s3(403, "SignatureDoesNotMatch", "The request signature does not match")
    if state.clock.now() > drop.until:
        return _s3(403, "AccessDenied", "Request has expired")
    if call.method != "PUT" or call.media_type != "text/plain":
        return _s3(403, "SignatureDoesNotMatch", "It was signed for PUT of text/plain")
    text = call.body.decode("utf-8", "replace")
    lines = text.splitlines()
    if not text.endswith("\n") or not all(LINE.fullmatch(line) for line in lines):
        return _s3(400, "InvalidRequest", "A line is no digest, or the last one does not end")
    if len(set(lines)) < ROWS:
        return _s3(400, "InvalidRequest", f"A drop must hold at least {ROWS} rows")
    drop.segment.replace([(_base64(line),) for line in lines])
    return Reply(status=200, body=None)


def _base64(line: str) -> str:
    return line if len(line) == 44 else base64.b64encode(bytes.fromhex(line)).decode()


def _s3(status: int, code: str, message: str) -> Reply:
    words = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Reply(status=status, body=words, headers={"content-type": "application/xml"})
