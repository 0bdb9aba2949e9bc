"""Microsoft Advertising: what a partial error says of one item, of the others, and of the call."""

from __future__ import annotations

import json

import pytest

from audiences.platforms import platform
from audiences.platforms.base import Access, Action, Answer, Audience, Outcome, Request, Target

MICROSOFT = platform("microsoft")
BAD = {"Code": 8005, "ErrorCode": "CustomerListItemInvalid"}
ILL = {"Code": 0, "ErrorCode": "InternalError"}


def judged(*errors: dict, rows: int = 3) -> Outcome:
    return MICROSOFT.outcome(
        Answer(status=200, body=json.dumps({"PartialErrors": errors}).encode()), rows
    )


def test_an_item_that_failed_inside_is_sent_again_and_an_invalid_one_is_not() -> None:
    outcome = judged({**BAD, "Index": 0}, {**ILL, "Index": 2})
    assert outcome.rejected == {0: "CustomerListItemInvalid"}
    assert outcome.uncertain == {2: "InternalError"}


@pytest.mark.parametrize("index", [None, 3, -1, "1", True])
def test_an_error_without_a_place_speaks_for_every_item_that_no_other_names(index) -> None:
    outcome = judged({**BAD, "Index": index}, {**ILL, "Index": 1})
    assert outcome.rejected == {0: "CustomerListItemInvalid", 2: "CustomerListItemInvalid"}
    assert outcome.uncertain == {1: "InternalError"}


@pytest.mark.parametrize("said", ["ann@example.com", "a" * 64, "Ann", 7, None, ["x"]])
def test_a_code_that_is_no_symbol_is_never_repeated(said) -> None:
    assert judged({"Index": 1, "ErrorCode": said}).rejected == {1: "Unknown"}


def test_a_list_that_was_not_made_is_told_from_one_that_was() -> None:
    assert MICROSOFT.told
    error = {"Index": 0, "Code": 4848, "ErrorCode": "CampaignServiceDuplicateAudienceName"}
    body = json.dumps({"AudienceIds": [None], "PartialErrors": [error]}).encode()
    outcome = MICROSOFT.told(Answer(status=200, body=body))
    assert (outcome.action, outcome.code) == (Action.REFUSED, error["ErrorCode"])


def test_the_developers_token_goes_beside_the_users_and_outlives_it() -> None:
    assert MICROSOFT.refreshed
    access = Access(credentials='{"developer_token":"dev","access_token":"old"}')
    renewed = MICROSOFT.refreshed(access, Answer(status=200, body=b'{"access_token":"new"}'))
    request = Request(method="POST", path="https://campaign.test/Audiences")
    assert MICROSOFT.authorise(request, Access(credentials=renewed)) == {
        "authorization": "Bearer new",
        "developertoken": "dev",
    }
    without = MICROSOFT.authorise(request, Access(credentials='{"access_token":"t"}'))
    assert without == {"authorization": "Bearer t"}


@pytest.mark.parametrize(
    ("account", "options", "headers", "parent"),
    [
        ("7/42", {}, {"customerid": "7", "customeraccountid": "42"}, "42"),
        ("7/42", {"scope": "Customer"}, {"customerid": "7", "customeraccountid": "42"}, "7"),
        ("42", {}, {"customeraccountid": "42"}, "42"),
        ("42", {"scope": "Customer"}, {"customeraccountid": "42"}, None),
    ],
)
def test_a_new_list_belongs_to_the_account_or_the_customer(
    account, options, headers, parent
) -> None:
    assert MICROSOFT.create
    target = Target(account=account, audience="vips", audience_id="", options=options)
    request = MICROSOFT.create(target, Audience(name="vips", title="VIPs"))
    (made,) = json.loads(request.body)["Audiences"]
    assert request.headers == headers
    assert made.get("ParentId") == parent
    assert made["MembershipDuration"] == 30


@pytest.mark.parametrize(
    ("found", "size"),
    [
        ({"SearchSize": "1200", "AudienceNetworkSize": 900}, (900, 1200)),
        ({"SearchSize": None, "AudienceNetworkSize": 900}, (900, 900)),
        ({"SearchSize": None, "AudienceNetworkSize": None}, None),
    ],
)
def test_sizes_differ_by_network(found, size) -> None:
    assert MICROSOFT.sized
    body = json.dumps({"Audiences": [found], "PartialErrors": []}).encode()
    read = MICROSOFT.sized(Answer(status=200, body=body))
    assert (None if read is None else (read.low, read.high)) == size
