"""The Bulk service of the Microsoft stand-in: a place, a file, its status, its file of errors.

Written from the guide "Bulk Download and Upload" and the records "Customer List" and "Customer
List Item" of format 6.0; lists are made by Campaign Management alone.
"""

from __future__ import annotations

import csv
import io
import time
import zipfile
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from infra.sandbox.call import SHA256, Call, RefusedError, Reply, spoilt, unknown_fields
from infra.sandbox.multipart import parts
from infra.sandbox.state import Audience, State

BASE = "/Bulk/v13"
FIRST = 0xB01D_0000
ROWS, BYTES = 4_000_000, 100_000_000
UPLOADS = "/Api/Advertiser/CampaignManagement/FileUpload/File/UploadBulkFile/"
RESULTS = "/bulk-results/"
TO_UPLOAD, TO_FETCH = timedelta(minutes=15), timedelta(minutes=5)
COLUMNS = (
    *("Type", "Status", "Id", "Parent Id", "Client Id", "Modified Time", "Name", "Description"),
    *("Scope", "Audience", "Action Type", "Accept Customer Match Term", "Membership Duration"),
    *("Sub Type", "Text"),
)
TERMS = (8003, "CustomerListTermsAndConditionsNotAccepted")
UNREAD = (201, "ApiInputValidationError")
Line = dict[str, str]
Wrong = tuple[int, str]
Lists = dict[str, tuple[Audience, str, list[str]]]  # by id: action and items


@dataclass(slots=True)
class Upload:
    """One request for a place, and what became of the file that was put there."""

    account: str
    until: datetime
    polls: int
    results: bool  # whether rows without an error are answered too
    ready_at: float = 0.0
    status: str = "PendingFileUpload"
    lines: list[Line] = field(default_factory=list)  # of the file of errors
    columns: list[str] = field(default_factory=list)


def change(audience: Audience, action: str, items: list[str], state: State) -> None:
    """Do with items what an action says."""
    rows, days = [(item,) for item in items], audience.facts.get("days", 30)
    if action == "Remove":
        return audience.remove(rows)
    if action == "Replace":
        audience.replace([])
    return audience.add(rows, None if days == -1 else state.clock.now() + timedelta(days=days))


def opened(call: Call, state: State, body: Mapping[str, Any]) -> Reply:
    """Give a place: its address is good for 15 minutes, and once."""
    account = call.headers["customeraccountid"]
    if str(body.get("AccountId")) != account:
        raise _fault(1000, "InvalidAccountId", "AccountId is not that of the header.")
    mode = body.get("ResponseMode", "ErrorsOnly")
    if mode not in ("ErrorsOnly", "ErrorsAndResults"):
        raise _fault(*UNREAD, "ResponseMode is not known.")
    request = str(UUID(int=int(state.next_id(FIRST))))
    pace = state.paces["microsoft"]
    until = state.clock.now() + TO_UPLOAD
    upload = Upload(account, until, pace.polls, results=mode == "ErrorsAndResults")
    state.jobs[f"bulk {request}"] = upload
    base = call.url.removesuffix("/BulkUploadUrl/Query").removesuffix(BASE)
    return Reply(body={"RequestId": request, "UploadUrl": f"{base}{UPLOADS}{request}?Ver=13"})


def _fault(code: int, error: str, message: str) -> RefusedError:
    one = {"Code": code, "ErrorCode": error, "Message": message, "Details": None}
    fault = {"OperationErrors": [one], "TrackingId": "standin", "Type": "ApiFaultDetail"}
    return RefusedError(Reply(status=400, body=fault))


def status(call: Call, state: State, body: Mapping[str, Any]) -> Reply:
    """Say how far an upload is."""
    request = str(body.get("RequestId"))
    upload = state.jobs.get(f"bulk {request}")
    if not isinstance(upload, Upload) or upload.account != call.headers["customeraccountid"]:
        raise _fault(*UNREAD, "The request id is not valid.")
    shown, url = upload.status, None
    if shown == "PendingFileUpload":
        if state.clock.now() > upload.until:
            raise _fault(*UNREAD, "The request id is no longer valid.")
    else:
        upload.polls -= 1
        if upload.polls > 0 and time.monotonic() < upload.ready_at:
            shown = "InProgress"
    if shown.startswith("Completed"):
        base = call.url.removesuffix("/BulkUploadStatus/Query").removesuffix(BASE)
        end = int((state.clock.now() + TO_FETCH).timestamp())
        url = f"{base}{RESULTS}{request}.zip?se={end}&sig=standin"
    done = {"PercentComplete": 100 if url else 0, "Errors": None, "ForwardCompatibilityMap": None}
    return Reply(body={"RequestStatus": shown, "ResultFileUrl": url, **done})


def fetched(call: Call, state: State) -> Reply:
    """Give a file of errors, to whoever has its address, for five minutes."""
    request = call.path.removeprefix(RESULTS).removesuffix(".zip")
    upload, end = state.jobs.get(f"bulk {request}"), call.query.get("se", "0")
    if not isinstance(upload, Upload) or call.query.get("sig") != "standin":
        return Reply(status=404, body="<Error><Code>ResourceNotFound</Code></Error>")
    if not end.isdecimal() or state.clock.now().timestamp() > int(end):
        return Reply(status=403, body="<Error><Code>AuthenticationFailed</Code></Error>")
    text = io.StringIO()
    columns = [*upload.columns, "Error", "Error Number"]
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerow({"Type": "Format Version", "Name": "6.0"})
    writer.writerows(upload.lines)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{request}.csv", text.getvalue().encode("utf-8-sig"))
    return Reply(body=packed.getvalue(), headers={"content-type": "application/zip"})


def put(call: Call, state: State) -> Reply:
    """Take a file; what is wrong with its rows is said when it has been worked on."""
    request = call.path.removeprefix(UPLOADS)
    upload = state.jobs.get(f"bulk {request}")
    if not isinstance(upload, Upload):
        raise _refused(request, 3220, "BulkServiceInvalidBulkUploadUrl")
    if not _may(call, state, upload):
        raise _refused(request, 105, "InvalidCredentials", 401)
    if upload.status != "PendingFileUpload":
        raise _refused(request, 3224, "BulkServiceUrlAlreadyUsedForUpload")
    if state.clock.now() > upload.until:
        raise _refused(request, 3226, "BulkServiceUrlExpired")
    text = _text(call, request)
    try:
        _work(upload, text, state, spoil=call.spoil)
    except csv.Error:
        upload.status = "Failed"
    pace = state.paces["microsoft"]
    upload.polls, upload.ready_at = pace.polls, time.monotonic() + pace.milliseconds / 1000
    return Reply(body={"TrackingId": "standin", "RequestId": request})


def _may(call: Call, state: State, upload: Upload) -> bool:
    """Tell whether the headers are there; the token has one by the guide, by the client another."""
    given = call.headers
    token = given.get("authenticationtoken") or call.bearer
    account = given.get("accountid") or given.get("customeraccountid")
    named = given.get("customerid") and account == upload.account
    return bool(named) and state.knows(token) and given.get("developertoken") == "sandbox"


def _refused(request: str, code: int, error: str, http: int = 400) -> RefusedError:
    about = {"TrackingId": "standin", "RequestId": request, "Message": "The file is not taken."}
    return RefusedError(Reply(status=http, body={**about, "Code": code, "ErrorCode": error}))


def _text(call: Call, request: str) -> str:
    """Return the text of the one file of a form; none where it is no UTF-8 that begins with BOM."""
    found = [part for part in (parts(call) or {}).values() if part.filename is not None]
    if call.method != "POST" or not found:
        raise _refused(request, 3221, "BulkServiceNoFileFound")
    if len(found) > 1:
        raise _refused(request, 3222, "BulkServiceMultipleFilesFound")
    name, content = str(found[0].filename), found[0].content
    if len(content) > BYTES:
        raise _refused(request, 3225, "BulkServiceFileRowCountExceeded")
    if name.endswith(".zip"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                (name,) = archive.namelist()
                content = archive.read(name)
        except (zipfile.BadZipFile, ValueError):
            return ""
    if not name.endswith(".csv"):
        raise _refused(request, 3223, "BulkServiceInvalidFileExtension")
    if content.count(b"\n") > ROWS:
        raise _refused(request, 3225, "BulkServiceFileRowCountExceeded")
    try:
        return content[len(BOM_UTF8) :].decode() if content.startswith(BOM_UTF8) else ""
    except UnicodeDecodeError:
        return ""


def _work(upload: Upload, text: str, state: State, *, spoil: bool) -> None:
    """Do what a file says, and note what is wrong with its rows."""
    rows = _rows(upload, text)
    lists: Lists = {}
    items = sum(row.get("Type") == "Customer List Item" for row in rows)
    left = spoilt(items) if spoil else 0
    for row in rows:
        is_list = row["Type"] == "Customer List"
        wrong = _list(row, upload, state, lists) if is_list else _item(row, lists, spoil=left > 0)
        left -= not is_list
        shown = row | ({"Text": ""} if wrong and "Text" in row else {})
        upload.lines += [shown] if upload.results else []
        if wrong:
            told = {"Type": f"{row['Type']} Error", "Error": wrong[1]}
            upload.lines.append(shown | told | {"Error Number": str(wrong[0])})
    for audience, action, texts in lists.values():
        change(audience, action, texts, state)
    if upload.status == "PendingFileUpload":
        errors = any("Error" in line for line in upload.lines)
        upload.status = "CompletedWithErrors" if errors else "Completed"


def _rows(upload: Upload, text: str) -> list[Line]:
    """Return the rows behind that of the format's version; none of a file that is refused."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    upload.columns = next(lines, [])
    first = dict(zip(upload.columns, next(lines, []), strict=False))
    if upload.columns[:1] != ["Type"]:
        upload.status = "Failed"
    elif (first.get("Type"), first.get("Name")) != ("Format Version", "6.0"):
        upload.status = "UploadFileFormatNotSupported"
    else:
        return [dict(zip(upload.columns, line, strict=False)) for line in lines if line]
    return []


def _unread(row: Line) -> bool:
    return bool(unknown_fields({name: cell for name, cell in row.items() if cell}, COLUMNS))


def _list(row: Line, upload: Upload, state: State, lists: Lists) -> Wrong | None:
    if _unread(row):
        return UNREAD
    audience = state.platforms["microsoft"].get(row.get("Id", ""))
    if audience is None or audience.account != upload.account:
        return 4805, "CampaignServiceInvalidAudienceId"
    terms = row.get("Accept Customer Match Term") or state.jobs.get(f"terms {upload.account}")
    if terms != "True":
        return TERMS
    state.jobs[f"terms {upload.account}"] = "True"
    if row.get("Action Type") not in ("Add", "Remove", "Replace"):
        return 8001, "InvalidActionType"
    if audience.id in lists:
        return 515, "DuplicateId"
    lists[audience.id] = (audience, row["Action Type"], [])
    return None


def _item(row: Line, lists: Lists, *, spoil: bool) -> Wrong | None:
    """Take an item, which must come behind the row of its list; None when it is taken."""
    if _unread(row):
        return UNREAD
    if row["Type"] != "Customer List Item":
        return 212, "CampaignServiceEntityTypeNotSupported"
    if row.get("Parent Id", "") not in lists:
        return 4805, "CampaignServiceInvalidAudienceId"
    if row.get("Sub Type") != "Email":
        return 8002, "InvalidCustomerListItemSubType"
    if spoil or not SHA256.fullmatch(row.get("Text", "")) or len(row.get("Client Id", "")) > 100:
        return 8005, "CustomerListItemInvalid"
    lists[row["Parent Id"]][2].append(row["Text"])
    return None
