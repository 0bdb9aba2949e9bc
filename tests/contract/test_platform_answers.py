"""What answers mean, over every platform of the registry: documented ones, and any whatever."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.platforms import platform
from audiences.platforms.base import EPOCH, Action, Answer, Request, Size, Target
from tests.contract.cases.case import NAMES, Error, case, there

SLUGS = NAMES
DIGEST = hashlib.sha256(b"canary").hexdigest()
MAID = "ea7583cd-a667-48bc-b806-000000000005"


EVERYWHERE = [(0, Action.RETRY), (418, Action.REFUSED), (302, Action.STOP)]
ERRORS = [(slug, error) for slug in SLUGS for error in case(slug).errors]
STATUSES = [(slug, error) for slug in SLUGS for error in case(slug).statuses]


def lines(*found: dict) -> dict:
    return {"FailedLines": list(found)}


@pytest.mark.parametrize(("slug", "error"), ERRORS)
def test_every_documented_answer_has_its_meaning(slug: str, error: Error) -> None:
    answer = Answer(status=error.status, headers=error.headers, body=error.bytes())
    outcome = there(slug).outcome(answer, 3)
    assert outcome.action is error.action
    assert outcome.code or error.action in (Action.DONE, Action.PENDING)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(("status", "action"), EVERYWHERE)
def test_what_no_document_says_has_its_meaning_too(slug: str, status: int, action: Action) -> None:
    assert there(slug).outcome(Answer(status=status), 3).action is action


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if there(slug).status_outcome])
@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
def test_a_question_that_went_wrong_is_asked_again(slug: str, status: int) -> None:
    """It says nothing of the rows: taken for lost they would all be sent again."""
    judge = there(slug).status_outcome
    assert judge is not None
    assert judge(Answer(status=status), 3).action is Action.PENDING


@pytest.mark.parametrize("slug", SLUGS)
def test_an_action_that_can_come_is_in_the_platforms_own_table(slug: str) -> None:
    known, told = there(slug), case(slug)
    assert {error.action for error in (*told.errors, *told.statuses)} <= set(known.answers)
    assert (known.status is None) == (not told.statuses)


@pytest.mark.parametrize(("slug", "error"), STATUSES)
def test_every_documented_status_has_its_meaning(slug: str, error: Error) -> None:
    judge = there(slug).status_outcome
    assert judge
    outcome = judge(Answer(status=error.status, body=error.bytes()), 10)
    assert outcome.action is error.action


GOOGLES = [
    ("PARTIAL_SUCCESS", [("DENIED_CONSENT", "2")], 2),
    ("PARTIAL_SUCCESS", [("DENIED_CONSENT", 90), ("NO_CONSENT", 90)], 10),
    ("PARTIAL_SUCCESS", [], 1),
    ("PARTIAL_SUCCESS", [("INTERNAL_ERROR", "2")], 0),
]


@pytest.mark.parametrize(("word", "counts", "lost"), GOOGLES)
def test_google_counts_the_members_that_it_refused(word, counts, lost) -> None:
    found = [{"reason": f"PROCESSING_ERROR_REASON_{r}", "recordCount": n} for r, n in counts]
    done = {"requestStatus": word, "errorInfo": {"errorCounts": found}}
    body = json.dumps({"requestStatusPerDestination": [done]}).encode()
    judge = platform("google").status_outcome
    assert judge
    assert judge(Answer(status=200, body=body), 10).rejected_unnamed == lost


def test_a_request_that_tiktok_did_in_part_is_told_again_whole() -> None:
    """Neither which rows nor how many it says, and telling a row twice does no harm."""
    outcome = platform("tiktok").outcome(Answer(status=200, body=b'{"code":20001}'), 3)
    assert outcome.uncertain == dict.fromkeys(range(3), "20001")
    assert not outcome.rejected


def test_linkedin_judges_each_element_by_itself() -> None:
    said = [{"status": 201}, {"status": 400, "error": {"code": "INVALID_USER"}}, {"status": 429}]
    said += [{"status": 400, "error": {"code": "ann@example.com"}}, {"status": 500}, "?"]
    answer = Answer(status=200, body=json.dumps({"elements": said}).encode())
    outcome = platform("linkedin").outcome(answer, 7)
    assert outcome.rejected == {1: "INVALID_USER", 3: "http_400"}
    assert outcome.uncertain == {2: "http_429", 4: "http_500", 5: "http_0", 6: "http_0"}


SIZES = [
    ("linkedin", {"destinations": [{"status": "READY", "audienceSize": 301}]}, Size(301, 301)),
    ("linkedin", {"destinations": [{"status": "READY", "audienceSize": 0}]}, Size(0, 299)),
    ("linkedin", {"destinations": [{"status": "BUILDING", "audienceSize": 0}]}, None),
    ("pinterest", {"status": "READY", "num_uploaded_user_records": 7}, Size(100, None)),
    ("pinterest", {"status": "TOO_SMALL"}, Size(0, 99)),
    ("pinterest", {"status": "PROCESSING"}, None),
    ("reddit", {"data": {"size": 1200}}, Size(1200, 1200)),
    ("reddit", {"data": {"size": None}}, None),
    (
        "tiktok",
        {"code": 0, "data": {"list": [{"audience_details": {"cover_num": 1200}}]}},
        Size(1200, 1200),
    ),
    ("tiktok", {"code": 40001, "data": {"list": [{"audience_details": {"cover_num": 1}}]}}, None),
]


@pytest.mark.parametrize(("slug", "body", "size"), SIZES)
def test_a_size_is_what_the_platform_says_and_no_more(slug, body, size) -> None:
    sized = there(slug).sized
    assert sized
    assert sized(Answer(status=200, body=json.dumps(body).encode())) == size


@pytest.mark.parametrize("slug", ["pinterest", "reddit"])
@pytest.mark.parametrize(("left", "wait"), [("0", 30.0), ("1", None), ("?", None)])
def test_no_call_goes_out_while_headers_say_that_none_is_left(slug, left, wait) -> None:
    pace = there(slug).pace
    assert pace
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-reset": "30"}
    assert pace(Answer(status=200, headers=headers), EPOCH) == wait


def test_a_failed_line_without_a_number_speaks_for_every_row_not_named() -> None:
    judge = platform("the_trade_desk").outcome
    named = {"ItemNumber": "2", "ErrorCode": "UserNotMapped"}
    body = json.dumps(lines(named, {"ErrorCode": "InvalidDataOwnerId"})).encode()
    outcome = judge(Answer(status=400, body=body), 3)
    assert outcome.rejected == {
        0: "InvalidDataOwnerId",
        1: "UserNotMapped",
        2: "InvalidDataOwnerId",
    }
    alone = judge(Answer(status=200, body=json.dumps(lines(named)).encode()), 3)
    assert alone.rejected == {1: "UserNotMapped"}


def test_waits_are_read_where_platforms_say_them() -> None:
    usage = {"42": [{"type": "custom_audience", "estimated_time_to_regain_access": 3}]}
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    body = json.dumps({"error": {"code": 80003}}).encode()
    outcome = platform("meta").outcome(Answer(status=429, headers=headers, body=body), 1)
    assert outcome.wait_seconds == 180.0
    for slug in SLUGS:
        late = Answer(status=503, headers={"retry-after": "7"}, body=b"")
        assert there(slug).outcome(late, 1).wait_seconds == 7.0, slug


PAGED = [slug for slug in SLUGS if case(slug).pages]


@pytest.mark.parametrize("slug", PAGED)
def test_an_audience_on_a_later_page_is_found(slug: str) -> None:
    found, pages = there(slug), case(slug).pages
    assert found.find
    assert found.found
    assert pages
    step = found.find(Target(account="42", audience="vips", audience_id=""))
    asked = []
    for body in pages.bodies:
        assert isinstance(step, Request)
        asked.append(step.path)
        step = found.found(step, Answer(status=200, body=json.dumps(body).encode()), "vips")
    assert (asked, step) == (list(pages.asked), "77")


CANARIES = [
    "ann@example.com",
    "84901234567",
    DIGEST,
    MAID,
    "EAAB0secret0token",
    "Ann Lee",
]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 413, 429, 500])
def test_no_outcome_repeats_what_an_answer_quotes(slug: str, status: int) -> None:
    found = there(slug)
    for canary in [*CANARIES, 84901234567]:
        detail = {"reason": canary, "field": canary, "recordCount": canary}
        error = {
            **dict.fromkeys(("message", "code", "error_subcode", "type", "status"), canary),
            "details": [{**detail, "fieldViolations": [detail]}],
        }
        line = dict.fromkeys(("ErrorCode", "Message", "ItemNumber", "TDID"), canary)
        done = {"requestStatus": "FAILED", "errorInfo": {"errorCounts": [detail]}}
        for body in ({"error": error}, lines(line), {"requestStatusPerDestination": [done]}):
            answer = Answer(status=status, body=json.dumps(body).encode())
            judges = [found.outcome, *filter(None, [found.status_outcome])]
            for outcome in (judge(answer, 2) for judge in judges):
                assert str(canary) not in f"{outcome.message} {outcome.code} {outcome.rejected}"


WORDS = st.sampled_from(
    [
        "error",
        "code",
        "error_subcode",
        "is_transient",
        "details",
        "fieldViolations",
        "field",
        "reason",
        "requestId",
        "requestStatusPerDestination",
        "requestStatus",
        "errorInfo",
        "errorCounts",
        "recordCount",
        "FailedLines",
        "ItemNumber",
        "ErrorCode",
        "num_received",
        "num_invalid_entries",
        "PARTIAL_SUCCESS",
        "FAILED",
        "audience_members[0]",
        "1",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.binary(max_size=40) | st.dictionaries(WORDS, TREES).map(json.dumps).map(str.encode)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-business-use-case-usage", "content-type"]), st.text()
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 599), BODIES, HEADERS, st.integers(0, 5))
def test_any_answer_whatever_is_judged(status, body, headers, count) -> None:
    answer = Answer(status=status, headers=headers, body=body)
    for slug in SLUGS:
        found = there(slug)
        for judge in filter(None, [found.outcome, found.status_outcome]):
            outcome = judge(answer, count)
            assert all(0 <= i < count for i in (*outcome.rejected, *outcome.uncertain))
            assert outcome.action is not Action.PENDING or outcome.handle or found.status
            if status == 0 or 500 <= status < 600:
                assert outcome.action in (Action.RETRY, Action.PENDING)


def test_a_deep_answer_is_judged_too() -> None:
    for slug in SLUGS:
        deep = Answer(status=200, body=b'{"a":' * 100_000)
        outcome = there(slug).outcome(deep, 1)
        assert outcome.action is Action.RETRY, slug
