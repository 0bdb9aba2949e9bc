"""What answers mean, over every platform of the registry: documented ones, and any whatever."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.platforms import MODULES, platform
from audiences.platforms.base import Action, Answer

SLUGS = sorted(MODULES)
DIGEST = hashlib.sha256(b"canary").hexdigest()
MAID = "ea7583cd-a667-48bc-b806-000000000005"


def graph(code: int, subcode: int | None = None, **more: object) -> dict:
    return {"error": {"code": code, "error_subcode": subcode, "message": "m", **more}}


def rpc(reason: str, *fields: str) -> dict:
    violations = [{"field": f, "reason": reason} for f in fields]
    return {"error": {"details": [{"reason": reason}, {"fieldViolations": violations}]}}


def lines(*found: dict) -> dict:
    return {"FailedLines": list(found)}


ERRORS = [
    *(("meta", 400, graph(code), Action.RETRY) for code in (1, 2, 4, 17, 32, 341, 613, 80003)),
    ("meta", 400, graph(9999, is_transient=True), Action.RETRY),
    ("meta", 500, graph(9999), Action.RETRY),
    ("meta", 400, "<html>bad gateway</html>", Action.RETRY),
    ("meta", 400, graph(2650, 1870145), Action.RETRY),
    ("meta", 400, graph(2650, 1870158), Action.RETRY),
    *(("meta", 400, graph(2650, sub), Action.STOP) for sub in (1870147, 1870159, 1870144, None)),
    *(("meta", 400, graph(190, sub), Action.REAUTH) for sub in (None, 458, 460, 463, 467, 492)),
    ("meta", 401, graph(102), Action.REAUTH),
    *(("meta", 400, graph(code), Action.STOP) for code in (200, 294, 368, 1487301, 1487366, 2655)),
    ("meta", 403, graph(200, 1870090), Action.STOP),
    ("meta", 400, graph(100, 1713230), Action.STOP),
    ("meta", 400, graph(100, 33), Action.STOP),
    ("meta", 400, graph(100), Action.REFUSED),
    ("meta", 400, graph(105), Action.REFUSED),
    ("meta", 200, {"num_received": 3, "num_invalid_entries": 3}, Action.REFUSED),
    ("meta", 200, "OK", Action.RETRY),
    ("google", 200, {"requestId": "r-1"}, Action.PENDING),
    ("google", 200, {}, Action.RETRY),
    *(("google", status, {}, Action.RETRY) for status in (409, 429, 500, 503, 504)),
    ("google", 401, rpc("ACCESS_TOKEN_EXPIRED"), Action.REAUTH),
    ("google", 403, rpc("NOT_ALLOWLISTED"), Action.STOP),
    ("google", 404, {}, Action.STOP),
    ("google", 400, rpc("TERMS_AND_CONDITIONS_NOT_SIGNED"), Action.STOP),
    ("google", 400, rpc("DESTINATION_ACCOUNT_TYPE_MISMATCH"), Action.STOP),
    ("google", 400, rpc("EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED"), Action.STOP),
    ("google", 400, rpc("INVALID_USER_LIST_TYPE", "audience_members[0]"), Action.STOP),
    ("google", 400, rpc("INVALID_HEX_ENCODING", "audience_members[1]"), Action.REFUSED),
    ("google", 400, rpc("TOO_MANY_AUDIENCE_MEMBERS"), Action.REFUSED),
    ("the_trade_desk", 200, {}, Action.DONE),
    ("the_trade_desk", 200, "", Action.DONE),
    ("the_trade_desk", 240, "", Action.DONE),
    ("the_trade_desk", 200, "<html>", Action.RETRY),
    ("the_trade_desk", 400, lines({"ErrorCode": "MissingUserId"}), Action.DONE),
    ("the_trade_desk", 400, "Bad Request", Action.REFUSED),
    ("the_trade_desk", 413, {"ErrorCode": "MaxRequestSizeExceeded"}, Action.REFUSED),
    ("the_trade_desk", 401, "Unauthorized", Action.REAUTH),
    ("the_trade_desk", 403, "Forbidden", Action.STOP),
    *(("the_trade_desk", status, "x", Action.RETRY) for status in (429, 500, 502, 503, 504)),
    *((slug, 0, "", Action.RETRY) for slug in SLUGS),
    *((slug, 418, "", Action.REFUSED) for slug in SLUGS),
    *((slug, 302, "", Action.STOP) for slug in SLUGS),
]


@pytest.mark.parametrize(("slug", "status", "body", "action"), ERRORS)
def test_every_documented_answer_has_its_meaning(slug, status, body, action) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    outcome = platform(slug).outcome(Answer(status=status, body=text.encode()), 3)
    assert outcome.action is action
    assert outcome.code or action in (Action.DONE, Action.PENDING)


STATUSES = [
    (200, "SUCCESS", [], Action.DONE, 0),
    (200, "PROCESSING", [], Action.PENDING, 0),
    (200, "PARTIAL_SUCCESS", [("DENIED_CONSENT", "2")], Action.DONE, 2),
    (200, "PARTIAL_SUCCESS", [("DENIED_CONSENT", 90), ("NO_CONSENT", 90)], Action.DONE, 10),
    (200, "PARTIAL_SUCCESS", [], Action.DONE, 1),
    (200, "PARTIAL_SUCCESS", [("INTERNAL_ERROR", "2")], Action.RETRY, 0),
    (200, "FAILED", [("INVALID_FORMAT", "10")], Action.REFUSED, 0),
    (200, "FAILED", [("INTERNAL_ERROR", "10")], Action.RETRY, 0),
    (200, "NEW_WORD", [], Action.PENDING, 0),
    (0, "", [], Action.PENDING, 0),
    (503, "", [], Action.PENDING, 0),
    (401, "", [], Action.REAUTH, 0),
    (400, "", [], Action.RETRY, 0),
    (404, "", [], Action.RETRY, 0),
    (403, "", [], Action.STOP, 0),
]


@pytest.mark.parametrize(("status", "word", "counts", "action", "lost"), STATUSES)
def test_googles_status_has_its_meaning(status, word, counts, action, lost) -> None:
    found = [{"reason": f"PROCESSING_ERROR_REASON_{r}", "recordCount": n} for r, n in counts]
    done = {"requestStatus": word, "errorInfo": {"errorCounts": found}}
    body = json.dumps({"requestStatusPerDestination": [done]}).encode()
    judge = platform("google").status_outcome
    assert judge
    outcome = judge(Answer(status=status, body=body), 10)
    assert (outcome.action, outcome.rejected_unnamed) == (action, lost)


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
    body = json.dumps(graph(80003)).encode()
    outcome = platform("meta").outcome(Answer(status=429, headers=headers, body=body), 1)
    assert outcome.wait_seconds == 180.0
    for slug in SLUGS:
        late = Answer(status=503, headers={"retry-after": "7"}, body=b"")
        assert platform(slug).outcome(late, 1).wait_seconds == 7.0


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
    found = platform(slug)
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
        found = platform(slug)
        for judge in filter(None, [found.outcome, found.status_outcome]):
            outcome = judge(answer, count)
            assert all(0 <= i < count for i in outcome.rejected)
            assert outcome.action is not Action.PENDING or outcome.handle or found.status
            if status == 0 or 500 <= status < 600:
                assert outcome.action in (Action.RETRY, Action.PENDING)


def test_a_deep_answer_is_judged_too() -> None:
    for slug in SLUGS:
        deep = Answer(status=200, body=b'{"a":' * 100_000)
        assert platform(slug).outcome(deep, 1).action is Action.RETRY
