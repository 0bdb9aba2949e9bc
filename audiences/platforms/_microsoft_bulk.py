"""Microsoft's Bulk service: a file that is posted, worked on, and answered by a file of errors.

Guides "Bulk Download and Upload", records "Customer List" and "Customer List Item", format 6.0, as
MicrosoftDocs/Advertising has them (2026-09). Item rows travel with the row of their list, whose
`Action Type` says what becomes of them. Of `Replace` the page says: "all previous customer match
data for this list will be removed, and the service will attempt to add the Customer List Item
records that you include in the same Bulk upload file". So a replacement is one file, and never
two: uploads are worked on side by side, and a file that adds could come before the one that clears.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from audiences.platforms import _microsoft_account as account
from audiences.platforms import _microsoft_results as results
from audiences.platforms.base import PLACE, Batch, Op, Platform, Request, Setting, Target
from audiences.platforms.bodies import multipart
from shared.errors import ConfigurationError

FLOW = Setting(
    name="flow",
    says=(
        "`items` tells 1,000 changes a call; `bulk` uploads files to the Bulk service, and has "
        "mode `replace`"
    ),
    default="items",
    choices=("items", "bulk"),
)
UPLOAD_HOST = Setting(
    name="upload_host",
    says="`bulk`: the host that takes the files, and with them the credentials",
    default="fileupload.api.bingads.microsoft.com",
    verified=False,
)
BULK_URL = "https://bulk.api.bingads.microsoft.com/Bulk/v13"
ROWS = 800_000  # ours: 90 MB of the 100 that a file may have, and of 4,000,000 rows
BYTES = 100_000_000
_ACTIONS = {Op.ADD: "Add", Op.REMOVE: "Remove", Op.REPLACE: "Replace"}
_HEADER = (
    "Type,Status,Id,Parent Id,Client Id,Name,Action Type,Accept Customer Match Term,Sub Type,Text"
)


def bulked(platform: Platform, options: Mapping[str, str]) -> Platform:
    """Return the platform as `flow` has it."""
    if options.get(FLOW.name, FLOW.default).lower() != "bulk":
        return platform
    limits = replace(platform.limits, rows=ROWS, bytes=BYTES, concurrency=2, timeout_seconds=300.0)
    host = options.get(UPLOAD_HOST.name, UPLOAD_HOST.default)
    return replace(
        platform,
        limits=limits,
        ops=frozenset(Op),
        hosts={"bulk": BULK_URL, "upload": f"https://{host}"},
        request=_request,
        outcome=results.outcome,
        divide=None,
        place=_place,
        told=results.told,
        status=_status,
        status_outcome=results.status_outcome,
    )


def _place(target: Target) -> Request:
    """Ask for an address: it is good for 15 minutes, and for one file."""
    body = {"ResponseMode": "ErrorsOnly", "AccountId": account.ids(target)[1]}
    return account.post(target, "/BulkUploadUrl/Query", body, host="bulk")


def _request(batch: Batch) -> Request:
    """Write one file; plain, so that what is planned can be read.

    Raises:
        ConfigurationError: when a replacement has more rows than one file.
    """
    if batch.op is Op.REPLACE and batch.number:
        raise ConfigurationError(
            f"Microsoft replaces a list by one file, and '{batch.target.audience}' does not fit "
            f"into one, of {ROWS:,} rows and {BYTES:,} bytes unless the destination says less: use "
            "mode mirror, whose files may be many"
        )
    content = "\n".join(_lines(batch)).encode("utf-8-sig") + b"\n"
    body, content_type = multipart({}, f"{batch.op}-{batch.number:05d}.csv", content)
    headers = account.headers(batch.target)
    headers |= {"accountid": headers["customeraccountid"]}  # the guide names it both ways
    return Request(method="POST", path=PLACE, body=body, content_type=content_type, headers=headers)


def _lines(batch: Batch) -> Iterator[str]:
    """Yield the version, the list with what to do, and the items, known by their places."""
    audience = batch.target.audience_id
    yield _HEADER
    yield "Format Version,,,,,6.0,,,,"
    yield f"Customer List,,{audience},,,,{_ACTIONS[batch.op]},True,,"
    for place, row in enumerate(batch.rows):
        for wire, value in row.keys:
            yield f"Customer List Item,,,{audience},{place},,,,{wire},{value}"


def _status(target: Target, handle: str) -> Request:
    """Ask how far an upload is, or fetch its errors where they lie."""
    if "://" in handle:
        return Request(method="GET", path=handle)
    return account.post(target, "/BulkUploadStatus/Query", {"RequestId": handle}, host="bulk")
