"""What only the Bulk service of the Microsoft stand-in does: places, files, files of errors."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
import requests

from tests.infra.sandbox.callers import WAIT, audience_of, door, send, sent, state
from tests.infra.sandbox.callers_ads import MICROSOFT, MICROSOFT_HEADERS
from tests.infra.sandbox.test_details_files import HASHES

HEAD = (
    "\ufeffType,Status,Id,Parent Id,Client Id,Name,Audience,Action Type,"
    "Accept Customer Match Term,Sub Type,Text\r\nFormat Version,,,,,6.0,,,,,\r\n"
)
TOKEN = {"developertoken": "sandbox", "customerid": "7", "accountid": "42"}
TOKEN["authenticationtoken"] = "sandbox"


@pytest.fixture
def one(url: str) -> str:
    door(url, "limits", {"microsoft": {"polls": 1}})
    return audience_of(url, MICROSOFT)


def asked(url: str, operation: str, body: object) -> requests.Response:
    path = f"/Bulk/v13/{operation}/Query"
    return send(url, MICROSOFT, sent("POST", path, body, **MICROSOFT_HEADERS))


def place(url: str, **more: str) -> dict[str, str]:
    found: dict[str, str] = asked(url, "BulkUploadUrl", {"AccountId": "42", **more}).json()
    return found


def put(at: str, text: str, name: str = "x.csv", **headers: str) -> requests.Response:
    files = {"file": (name, text.encode())}
    return requests.post(at, files=files, headers={**TOKEN, **headers}, timeout=WAIT)


def listed(one: str, action: str = "Add", terms: str = "True") -> str:
    return f"Customer List,,{one},,,,,{action},{terms},,\r\n"


def item(parent: str, number: int, text: str = "", kind: str = "Email") -> str:
    return f"Customer List Item,,,{parent},{number},,,,,{kind},{text or HASHES[number]}\r\n"


def worked(url: str, text: str, **more: str) -> tuple[str, list[dict[str, str]]]:
    """Upload a file; return its status, and the rows of its file of errors."""
    there = place(url, **more)
    assert put(there["UploadUrl"], text).json()["RequestId"] == there["RequestId"]
    said: dict[str, Any] = asked(url, "BulkUploadStatus", {"RequestId": there["RequestId"]}).json()
    if not said["ResultFileUrl"]:
        return said["RequestStatus"], []
    came = requests.get(said["ResultFileUrl"], timeout=WAIT)
    with zipfile.ZipFile(io.BytesIO(came.content)) as archive:
        (name,) = archive.namelist()
        rows = csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")))
        return said["RequestStatus"], list(rows)[1:]


def errors(rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(one["Type"], one["Client Id"], one["Error"]) for one in rows if one["Error"]]


def test_a_file_adds_removes_and_replaces(url: str, one: str) -> None:
    items = "".join(item(one, number) for number in range(5))
    assert worked(url, HEAD + listed(one) + items) == ("Completed", [])
    assert worked(url, HEAD + listed(one, "Remove") + item(one, 0))[0] == "Completed"
    assert state(url, "microsoft")[one]["count"] == 4
    assert worked(url, HEAD + listed(one, "Replace") + item(one, 7))[0] == "Completed"
    assert state(url, "microsoft")[one]["count"] == 1
    assert worked(url, HEAD + listed(one, "Replace"))[0] == "Completed"
    assert state(url, "microsoft")[one]["count"] == 0


def test_what_is_wrong_with_a_row_is_said_of_it_alone_and_nothing_raw_is_shown(
    url: str, one: str
) -> None:
    bad = [item(one, 1, "ann@example.com"), item(one, 2, HASHES[2].upper()), item("9", 3)]
    bad += [item(one, 4, kind="Phone"), f"Campaign,,,{one},5,,,,,,\r\n"]
    text = HEAD + listed(one) + item(one, 0) + "".join(bad)
    for mode, count in (("ErrorsOnly", 5), ("ErrorsAndResults", 12)):
        status, rows = worked(url, text, ResponseMode=mode)
        assert (status, len(rows)) == ("CompletedWithErrors", count)
        assert errors(rows) == [
            ("Customer List Item Error", "1", "CustomerListItemInvalid"),
            ("Customer List Item Error", "2", "CustomerListItemInvalid"),
            ("Customer List Item Error", "3", "CampaignServiceInvalidAudienceId"),
            ("Customer List Item Error", "4", "InvalidCustomerListItemSubType"),
            ("Campaign Error", "5", "CampaignServiceEntityTypeNotSupported"),
        ]
        assert "ann@example.com" not in str(rows)
    assert state(url, "microsoft")[one]["count"] == 1


@pytest.mark.parametrize(
    ("lists", "word"),
    [
        (lambda one: "", ""),
        (lambda one: listed(one, ""), "InvalidActionType"),
        (lambda one: listed(one, terms="False"), "CustomerListTermsAndConditionsNotAccepted"),
        (lambda one: listed(one, terms=""), "CustomerListTermsAndConditionsNotAccepted"),
        (lambda one: listed("9"), "CampaignServiceInvalidAudienceId"),
    ],
)
def test_items_travel_behind_the_row_of_their_list(url: str, one: str, lists, word: str) -> None:
    status, rows = worked(url, HEAD + lists(one) + item(one, 0))
    assert status == "CompletedWithErrors"
    found = errors(rows)
    assert found.pop() == ("Customer List Item Error", "0", "CampaignServiceInvalidAudienceId")
    assert [error[2] for error in found] == ([word] if word else [])
    status, rows = worked(url, HEAD + item(one, 0) + listed(one) + item(one, 1))
    assert errors(rows) == [("Customer List Item Error", "0", "CampaignServiceInvalidAudienceId")]
    assert state(url, "microsoft")[one]["count"] == 1


def test_terms_that_were_accepted_stay_accepted(url: str, one: str) -> None:
    assert worked(url, HEAD + listed(one) + item(one, 0))[0] == "Completed"
    assert worked(url, HEAD + listed(one, terms="") + item(one, 1))[0] == "Completed"
    assert worked(url, HEAD + listed(one, terms="False") + item(one, 2))[1]
    assert state(url, "microsoft")[one]["count"] == 2


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (HEAD[1:], "Failed"),  # no byte order mark
        (HEAD + '"', "Failed"),  # a quote that nothing ends
        (HEAD.replace("Type,Status", "Status,Type"), "Failed"),
        (HEAD.replace("6.0", "5.0"), "UploadFileFormatNotSupported"),
        (HEAD.partition("Format")[0], "UploadFileFormatNotSupported"),
    ],
)
def test_a_file_begins_as_the_format_has_it(url: str, one: str, text: str, status: str) -> None:
    assert worked(url, text + listed(one) + item(one, 0)) == (status, [])
    assert state(url, "microsoft")[one]["count"] == 0


def test_a_place_is_good_once_and_for_fifteen_minutes(url: str, one: str) -> None:
    door(url, "clock", {"now": "2026-07-01T06:00:00Z"})
    text, there, other = HEAD + listed(one) + item(one, 0), place(url), place(url)
    request = {"RequestId": there["RequestId"]}
    waits = asked(url, "BulkUploadStatus", request).json()
    assert (waits["RequestStatus"], waits["PercentComplete"]) == ("PendingFileUpload", 0)
    at = there["UploadUrl"]
    assert put(at, text, authenticationtoken="x").status_code == 401
    assert put(at, text, accountid="43").status_code == 401
    assert put(at, text, name="x.txt").json()["Code"] == 3223
    assert put(at.replace(request["RequestId"], "x"), text).json()["Code"] == 3220
    assert requests.post(at, data=text, headers=TOKEN, timeout=WAIT).json()["Code"] == 3221
    files = [("a", ("a.csv", text)), ("b", ("b.csv", text))]
    assert requests.post(at, files=files, headers=TOKEN, timeout=WAIT).json()["Code"] == 3222
    assert put(at, text).ok
    assert put(at, text).json()["ErrorCode"] == "BulkServiceUrlAlreadyUsedForUpload"
    door(url, "clock", {"now": "2026-07-01T06:16:00Z"})
    assert put(other["UploadUrl"], text).json()["ErrorCode"] == "BulkServiceUrlExpired"
    gone = asked(url, "BulkUploadStatus", {"RequestId": other["RequestId"]})
    assert gone.status_code == 400
    found = asked(url, "BulkUploadStatus", request).json()["ResultFileUrl"]
    assert requests.get(found, timeout=WAIT).ok
    assert requests.get(found.replace("standin", "x"), timeout=WAIT).status_code == 404
    door(url, "clock", {"now": "2026-07-01T06:22:00Z"})
    assert requests.get(found, timeout=WAIT).status_code == 403
    assert asked(url, "BulkUploadUrl", {"AccountId": "43"}).status_code == 400
    assert asked(url, "BulkUploadUrl", {"AccountId": "42", "ResponseMode": "x"}).status_code == 400
