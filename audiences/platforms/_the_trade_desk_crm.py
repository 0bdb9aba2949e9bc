"""The Trade Desk's CRM data: a file of hashed e-mail addresses replaces a segment.

It needs no UID2. A place for the file is asked for first; its address is good for an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from audiences.platforms import answers as say
from audiences.platforms.base import (
    Action,
    Answer,
    Audience,
    Batch,
    Course,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
    Setting,
    Target,
)
from shared.errors import ConfigurationError

UPLOADS = Setting(
    name="uploads",
    says="`ids`: each id by the Data API; `crm`: a file of hashed e-mail addresses, mode replace",
    default="ids",
    choices=("ids", "crm"),
)
REGION = Setting(
    name="region",
    says="`crm`: where a new segment is kept",
    default="US",
    choices=("US", "EU", "APAC"),
)
PII_TYPE = "EmailHashedUnifiedId2"
LEAST, MOST = 1_500, 2_000_000  # rows of a file; the most is ours
_PLACE = "{handle:open-00000}"  # what the first answer of a run gives


def uploaded(platform: Platform, options: Mapping[str, str]) -> Platform:
    """Return the platform as the option `uploads` has it."""
    if options.get(UPLOADS.name, UPLOADS.default).lower() != "crm":
        return platform
    return replace(
        platform,
        title="The Trade Desk CRM data",
        base_url="https://api.thetradedesk.com/v3",
        version="v3",
        rules="uid2",  # the platform asks for addresses as UID2 does
        keys=(Key(wire=PII_TYPE, types=("email", "email_sha256")),),
        of=frozenset({"people"}),
        limits=Limits(
            rows=MOST,
            keys_per_row=1,
            one_per_wire=True,
            concurrency=1,
            per_second=1.0,
            timeout_seconds=300.0,
        ),
        row_ttl=False,
        max_ttl_days=None,
        ops=frozenset({Op.REPLACE}),
        minimum=LEAST,
        replace_minutes=55,
        request=_request,
        outcome=_outcome,
        divide=None,
        opening=_opening,
        told=_told,
        find=_list,
        found=_found,
        create=_create,
        created=lambda answer: say.made(answer.body, "CrmDataId"),
    )


def _opening(course: Course) -> Sequence[Request]:
    """Ask for a place to put the file."""
    drop = {"PiiType": PII_TYPE, "MergeMode": "Replace", "RetentionEnabled": True}
    path = f"/crmdata/segment/{quote(course.target.account, safe='')}/{course.target.audience_id}"
    return [Request(method="POST", path=path, body=say.compact(drop))]


def _request(batch: Batch) -> Request:
    """Write one file, a digest on a line; a second one would take the place of the first.

    Raises:
        ConfigurationError: when there are fewer rows than a file may have, or more.
    """
    if batch.number:
        raise ConfigurationError(f"CRM data of more than {MOST:,} rows is no file that we send")
    if len(batch.rows) < LEAST:
        raise ConfigurationError(
            f"The Trade Desk takes no file of fewer than {LEAST:,} rows, and "
            f"'{batch.target.audience}' has {len(batch.rows):,}: leave the option uploads out, "
            "and send UID2s"
        )
    lines = "".join(f"{value}\n" for row in batch.rows for _, value in row.keys)
    return Request(method="PUT", path=_PLACE, body=lines.encode(), content_type="text/plain")


def _outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge what the place says of a file: it has it whole, or the run ends."""
    if answer.status in (200, 201, 204):
        return Outcome(action=Action.DONE)
    if answer.status in (400, 401, 413):  # it says no by another address than the API's
        return say.judged(Action.STOP, f"http_{answer.status}")
    return say.by_status(answer)


def _told(answer: Answer) -> Outcome:
    """Judge a call of the API; one that asks for a place is given its address."""
    if not 200 <= answer.status < 300:
        return say.by_status(answer)
    url = (say.read_object(answer.body) or {}).get("Url")
    return Outcome(action=Action.DONE, handle=url if isinstance(url, str) else "")


def _list(target: Target) -> Request:
    return Request(method="GET", path=f"/crmdata/segment/{quote(target.account, safe='')}")


def _found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Look for a segment page by page; the page after the last is empty."""
    segment = say.named(answer.body, "Segments", "SegmentName", name)
    if segment is not None:
        return str(segment.get("CrmDataId", ""))
    said = say.read_object(answer.body) or {}
    token = said.get("PagingToken")
    if not said.get("Segments") or not isinstance(token, str) or not token:
        return None
    account = asked.path.partition("?")[0]
    return replace(asked, path=f"{account}?{urlencode({'pagingToken': token})}")


def _create(target: Target, audience: Audience) -> Request:
    body = {
        "AdvertiserId": target.account,
        "SegmentName": audience.name,
        "Region": REGION.of(target),
    }
    return Request(method="POST", path="/crmdata/targeting/segment", body=say.compact(body))
