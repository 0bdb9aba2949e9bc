"""The Trade Desk's CRM data: the very bytes of its calls, and what their answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from audiences.destinations import parse
from audiences.flows.taking import taking
from audiences.platforms import platform
from audiences.platforms._the_trade_desk_crm import LEAST, PII_TYPE
from audiences.platforms.base import (
    Action,
    Answer,
    Audience,
    Batch,
    Course,
    Op,
    Outcome,
    Request,
    Row,
    Target,
)
from audiences.platforms.limits import limited
from shared.errors import ConfigurationError, RetryableError

AT = datetime(2026, 7, 1, tzinfo=UTC)
TARGET = Target(account="ab/1", audience="vips", audience_id="crm7", options={"uploads": "crm"})
CRM = limited(platform("the_trade_desk"), TARGET.options)


def answer(status: int, body: object = "") -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status=status, body=text.encode())


def batch(rows: int, number: int = 0) -> Batch:
    found = [Row(((PII_TYPE, f"{n}="),)) for n in range(rows)]
    return Batch(op=Op.REPLACE, target=TARGET, rows=found, number=number)


def test_it_is_another_platform_by_one_option_alone() -> None:
    assert limited(platform("the_trade_desk"), {}) is platform("the_trade_desk")
    assert (CRM.base_url, CRM.ops) == ("https://api.thetradedesk.com/v3", {Op.REPLACE})


def test_addresses_go_as_uid2_wants_them() -> None:
    text = "name: t\nplatform: the_trade_desk\naccount: a\ncredentials: env:T\n"
    there, rules = taking(parse(f"{text}options: {{uploads: crm}}\n", "f.yaml"))
    assert [key.types for key in there.keys] == [("email", "email_sha256")]
    rule = rules.rule("email")
    assert rule is not None
    assert (rules.platform, rule.form, rule.encoding) == ("uid2", "gmail_com", "sha256_base64")


def test_a_place_is_asked_for_and_a_file_is_put_there() -> None:
    assert CRM.opening is not None
    course = Course(target=TARGET, at=AT, starts=AT, mode="replace")
    (asked,) = CRM.opening(course)
    assert (asked.method, asked.path) == ("POST", "/crmdata/segment/ab%2F1/crm7")
    assert asked.body == (
        b'{"PiiType":"EmailHashedUnifiedId2","MergeMode":"Replace","RetentionEnabled":true}'
    )
    put = CRM.request(batch(LEAST))
    assert (put.method, put.path) == ("PUT", "{handle:open-00000}")
    assert put.content_type == "text/plain"
    assert put.body == "".join(f"{n}=\n" for n in range(LEAST)).encode()


@pytest.mark.parametrize(
    ("rows", "number", "said"),
    [(LEAST - 1, 0, "fewer than 1,500 rows, and 'vips' has 1,499"), (LEAST, 1, "2,000,000 rows")],
)
def test_what_is_no_file_for_it_is_refused(rows: int, number: int, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        CRM.request(batch(rows, number))


def test_the_address_of_the_place_is_what_the_file_needs() -> None:
    told = CRM.told
    assert told is not None
    place = "https://bucket.example/x?X-Amz-Signature=y"
    given = answer(200, {"ReferenceId": "r", "Url": place})
    assert told(given) == Outcome(action=Action.DONE, handle=place)
    assert told(answer(200, {"Url": 1})).handle == ""
    assert told(answer(401)).action is Action.REAUTH
    assert told(answer(404)).action is Action.STOP
    assert told(answer(400)).action is Action.REFUSED
    assert told(answer(503)).action is Action.RETRY


@pytest.mark.parametrize(
    ("status", "action"),
    [(200, Action.DONE), (204, Action.DONE), (0, Action.RETRY), (503, Action.RETRY),
     (400, Action.STOP), (401, Action.STOP), (403, Action.STOP), (413, Action.STOP)],
)  # fmt: skip
def test_a_file_is_there_whole_or_the_run_ends(status: int, action: Action) -> None:
    assert CRM.outcome(answer(status), 1_500).action is action


def test_a_segment_is_looked_for_page_by_page() -> None:
    assert CRM.find is not None
    assert CRM.found is not None
    asked = CRM.find(TARGET)
    assert (asked.method, asked.path) == ("GET", "/crmdata/segment/ab%2F1")
    other = {"SegmentName": "vips2", "CrmDataId": "crm8"}
    more = CRM.found(asked, answer(200, {"Segments": [other], "PagingToken": "a b"}), "vips")
    assert isinstance(more, Request)
    assert more.path == "/crmdata/segment/ab%2F1?pagingToken=a+b"
    found = {"Segments": [other, {"SegmentName": "vips", "CrmDataId": "crm7"}]}
    assert CRM.found(more, answer(200, found), "vips") == "crm7"
    assert CRM.found(more, answer(200, {"Segments": [], "PagingToken": "c"}), "vips") is None
    with pytest.raises(RetryableError):
        CRM.found(more, answer(200, "<html>"), "vips")


def test_a_segment_is_made_in_its_region() -> None:
    assert CRM.create is not None
    assert CRM.created is not None
    made = CRM.create(TARGET, Audience(name="vips", title="VIPs"))
    assert (made.method, made.path) == ("POST", "/crmdata/targeting/segment")
    assert made.body == b'{"AdvertiserId":"ab/1","SegmentName":"vips","Region":"US"}'
    assert CRM.created(answer(200, {"CrmDataId": "crm7", "FirstPartyDataId": 9})) == "crm7"
