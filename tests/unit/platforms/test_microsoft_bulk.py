"""Microsoft's Bulk service: what stands in a file, where it goes, and what its errors say."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.delivery.parquet import written
from audiences.platforms import platform
from audiences.platforms.base import (
    PLACE,
    Access,
    Action,
    Answer,
    Batch,
    Op,
    Outcome,
    Row,
    Target,
)
from audiences.platforms.limits import limited
from audiences.platforms.modes import modes
from shared.errors import ConfigurationError

OPTIONS = {"flow": "bulk"}
BULK = limited(platform("microsoft"), OPTIONS)
THERE = Target(account="7/42", audience="vips", audience_id="800", options=OPTIONS)
HEAD = "\ufeffType,Client Id,Text,Error,Error Number\r\n"
BAD, ILL = "CustomerListItemInvalid,8005", "InternalError,0"
ITEM = "Customer List Item Error"


def judged(text: str, rows: int = 4) -> Outcome:
    assert BULK.status_outcome
    return BULK.status_outcome(Answer(status=200, body=(HEAD + text).encode()), rows)


def test_the_flow_has_all_modes_and_the_calls_have_not() -> None:
    assert modes(BULK) == ["mirror", "add", "replace"]
    assert modes(platform("microsoft")) == ["mirror", "add"]


def test_a_full_file_is_within_what_the_service_takes() -> None:
    """Ids of Microsoft's have ten digits; the largest would have nineteen."""
    row = Row((("Email", "e" * 64),))
    far = replace(THERE, audience_id="9" * 19)
    bodies = [
        len(BULK.request(Batch(op=Op.ADD, target=far, rows=[row] * count)).body)
        for count in (1, 100_001)
    ]
    assert BULK.limits.bytes == 100_000_000
    assert (bodies[1] - bodies[0]) / 100_000 * BULK.limits.rows < BULK.limits.bytes


def test_a_replacement_that_takes_two_files_is_none() -> None:
    batch = Batch(op=Op.REPLACE, target=THERE, rows=[Row((("Email", "e" * 64),))])
    assert written(BULK.request(batch)).path == PLACE
    with pytest.raises(ConfigurationError, match=r"'vips' does not fit.*mode mirror"):
        BULK.request(replace(batch, number=1))
    assert BULK.request(replace(batch, op=Op.ADD, number=1)).path == PLACE


def test_a_file_goes_with_both_tokens_in_every_way_that_is_written() -> None:
    request = BULK.request(Batch(op=Op.ADD, target=THERE, rows=[]))
    access = Access(credentials='{"developer_token":"dev","access_token":"t"}')
    assert {**request.headers, **BULK.authorise(request, access)} == {
        "customerid": "7",
        "customeraccountid": "42",
        "accountid": "42",
        "developertoken": "dev",
        "authenticationtoken": "t",
        "authorization": "Bearer t",
    }


def test_the_host_of_files_is_named_by_the_destination() -> None:
    assert BULK.hosts["upload"] == "https://fileupload.api.bingads.microsoft.com"
    own = limited(platform("microsoft"), OPTIONS | {"upload_host": "files.test"})
    assert own.hosts["upload"] == "https://files.test"


PLACES = [
    ('{"UploadUrl":"https://files.test/x","RequestId":"r-1"}', Action.DONE),
    ('{"UploadUrl":"/x","RequestId":"r-1"}', Action.RETRY),
    ('{"UploadUrl":"https://files.test/x"}', Action.RETRY),
    ('{"UploadUrl":"https://files.test/a b","RequestId":"r-1"}', Action.RETRY),
    ('{"UploadUrl":null,"RequestId":"r-1"}', Action.RETRY),
]


@pytest.mark.parametrize(("body", "action"), PLACES)
def test_a_place_has_an_address_and_an_id(body: str, action: Action) -> None:
    assert BULK.told
    told = BULK.told(Answer(status=200, body=body.encode()))
    assert told.action is action
    place = ("https://files.test/x", "r-1") if action is Action.DONE else ("", "")
    assert (told.address, told.handle) == place


def test_too_many_files_are_waited_for() -> None:
    assert BULK.told
    word = "BulkServiceNoMoreCallsPermittedForTheTimePeriod"
    body = f'{{"OperationErrors":[{{"Code":4204,"ErrorCode":"{word}"}}]}}'.encode()
    told = BULK.told(Answer(status=500, body=body))
    assert (told.action, told.code, told.wait_seconds) == (Action.RETRY, word, 900.0)


def test_a_row_that_failed_inside_is_sent_again_and_an_invalid_one_is_not() -> None:
    lines = [f"{ITEM},0,x,{BAD}", f"{ITEM},2,x,{ILL}", f"{ITEM},3,x,{ILL}", f"{ITEM},3,x,{BAD}"]
    outcome = judged("\r\n".join(lines))
    assert (outcome.action, outcome.rejected_unnamed) == (Action.DONE, 0)
    assert outcome.rejected == dict.fromkeys((0, 3), "CustomerListItemInvalid")
    assert outcome.uncertain == {2: "InternalError"}


@pytest.mark.parametrize("place", ["", "4", "-1", "a@example.com", "1.0", "9" * 12])
def test_an_error_of_no_row_of_ours_is_counted(place: str) -> None:
    outcome = judged(f"{ITEM},{place},x,{BAD}\r\n{ITEM},1,x,{BAD}")
    assert (outcome.rejected_unnamed, set(outcome.rejected)) == (1, {1})
    assert judged(f"{ITEM},{place},x,{BAD}\r\n" * 9).rejected_unnamed == 4


def test_an_error_of_the_list_is_one_of_all_its_rows() -> None:
    outcome = judged(f"{ITEM},1,x,{BAD}\r\nCustomer List Error,,,CampaignServiceBad,7")
    assert (outcome.action, outcome.code) == (Action.REFUSED, "CampaignServiceBad")
    assert not outcome.rejected


@pytest.mark.parametrize("said", ["ann@example.com", "a" * 64, "Ann", ""])
def test_a_code_that_is_no_symbol_is_never_repeated(said: str) -> None:
    outcome = judged(f"{ITEM},1,{said},{said},{said}")
    assert outcome.rejected == {1: "Unknown"}
    assert not said or said not in repr(outcome)


def packed(text: str) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.csv", text)
    return whole.getvalue()


@pytest.mark.parametrize("pack", [str.encode, packed, lambda text: gzip.compress(text.encode())])
def test_errors_are_read_however_they_are_packed(pack) -> None:
    assert BULK.status_outcome
    body = pack(f"{HEAD}{ITEM},1,x,{BAD}\r\n")
    assert BULK.status_outcome(Answer(status=200, body=body), 4).rejected.keys() == {1}
    for short in (body[:-3], body[: len(body) // 2]) if body[:1] != b"\xef" else ():
        assert BULK.status_outcome(Answer(status=200, body=short), 4).action is Action.PENDING


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: (HEAD + text).encode()))
def test_any_file_whatever_is_judged(body: bytes) -> None:
    assert BULK.status_outcome
    for whole in (body, packed(body.decode("latin-1"))):
        outcome = BULK.status_outcome(Answer(status=200, body=whole), 3)
        assert all(0 <= place < 3 for place in (*outcome.rejected, *outcome.uncertain))
        assert len(outcome.rejected) + outcome.rejected_unnamed <= 3
