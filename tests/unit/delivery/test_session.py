"""One request is sent until its outcome is certain, or it is said what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audiences.delivery.exchange import exchange
from audiences.delivery.pace import Pace, Retries
from audiences.platforms.base import Action, Request
from shared.clock import Clock
from shared.errors import BridgeError, CredentialError, RejectedError, RetryableError
from shared.ports import FAULT, HttpAnswer
from tests.fakes import FakeSleep
from tests.unit.delivery.stage import (
    LOST,
    NOW,
    PLATFORM,
    by_path,
    in_turn,
    outcome,
    says,
    session,
)

REQUEST = Request(method="POST", path="/rows", body=b"exact")
NEW_TOKEN = HttpAnswer(status=200, body=b'{"token": "new"}')


def judge(answer: HttpAnswer):
    return outcome(answer, 3)


@pytest.mark.parametrize("action", ["done", "pending", "refused"])
def test_a_certain_answer_ends_it(action: str) -> None:
    made, http, _ = session(in_turn(says(action)))
    told, attempts = exchange(made, REQUEST, judge, "seed")
    assert (told.action, attempts, len(http.requests)) == (Action(action), 1, 1)


def test_the_very_same_bytes_go_out_again() -> None:
    made, http, sleep = session(in_turn(LOST, says("retry"), says("done")))
    told, attempts = exchange(made, REQUEST, judge, "seed")
    assert (told.action, attempts) == (Action.DONE, 3)
    assert {request.body for request in http.requests} == {b"exact"}
    assert len(sleep.waited) == 2


def test_it_gives_up_after_its_attempts_and_says_that_nothing_is_lost() -> None:
    made, http, _ = session(in_turn(LOST))
    with pytest.raises(RetryableError, match=r"no certain answer in 8 attempts.*run again later"):
        exchange(made, REQUEST, judge, "seed")
    assert len(http.requests) == 8


@pytest.mark.parametrize(
    ("place", "fault", "words"),
    [
        ("https://ads.test", "refused", r"\(nothing answers at ads\.test\)"),
        ("http://127.0.0.1:8900/meta", "refused", "127.0.0.1:8900; is `bridge sandbox` running"),
        ("https://ads.test", "timeout", r"\(ads\.test took too long\)"),
        ("https://ads.test", "reset", r"\(ads\.test broke off\)"),
    ],
)
def test_where_no_answer_came_it_says_what_became_of_the_connection(
    place: str, fault: str, words: str
) -> None:
    made, _, _ = session(in_turn(HttpAnswer(status=0, headers={FAULT: fault})))
    made.base_url = place
    with pytest.raises(RetryableError, match=words):
        exchange(made, REQUEST, judge, "seed")


def test_it_waits_as_the_platform_says_and_else_longer_each_time() -> None:
    made, _, sleep = session(in_turn(says("retry", wait_seconds=7.0), LOST, LOST, says("done")))
    made.pace = Pace(1e9, sleep, lambda: sum(sleep.waited))
    exchange(made, REQUEST, judge, "seed")
    assert sleep.waited[0] == 7.0
    assert 0.5 <= sleep.waited[1] < 1.5 <= sleep.waited[2] * 1.5 < 4.5


def test_stop_ends_the_run_with_the_platform_s_code() -> None:
    made, http, _ = session(in_turn(says("stop", code="no_permission")))
    with pytest.raises(RejectedError, match="no_permission"):
        exchange(made, REQUEST, judge, "seed")
    assert len(http.requests) == 1


def test_a_stale_token_is_renewed_and_the_request_sent_again() -> None:
    answers = {"/rows": (says("reauth"), says("done")), "/token": (NEW_TOKEN,)}
    made, http, _ = session(by_path(answers))
    told, _ = exchange(made, REQUEST, judge, "seed")
    assert told.action is Action.DONE
    sent = [r.headers.get("authorization") for r in http.requests if r.url.endswith("/rows")]
    assert sent == ["Bearer old", "Bearer new"]


def test_a_token_that_another_lane_renewed_is_used() -> None:
    made, http, _ = session(in_turn(NEW_TOKEN))
    made.credentials = "newer"
    assert made.renew("old")
    assert http.requests == []


def test_a_refused_token_without_renewal_is_forgiven_once() -> None:
    bare = replace(PLATFORM, refresh=None, refreshed=None)
    made, _, _ = session(in_turn(says("reauth"), says("done")), platform=bare)
    told, attempts = exchange(made, REQUEST, judge, "seed")
    assert (told.action, attempts) == (Action.DONE, 2)
    made, http, _ = session(in_turn(says("reauth")), platform=bare)
    with pytest.raises(CredentialError, match="renew them and run again"):
        exchange(made, REQUEST, judge, "seed")
    assert len(http.requests) == 2


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_a_token_endpoint_that_is_away_is_asked_again(status: int) -> None:
    answers = {
        "/rows": (says("reauth"), says("reauth"), says("reauth"), says("done")),
        "/token": (HttpAnswer(status=status), HttpAnswer(status=status), NEW_TOKEN),
    }
    made, _, _ = session(by_path(answers))
    told, _ = exchange(made, REQUEST, judge, "seed")
    assert told.action is Action.DONE


def test_a_token_endpoint_that_refuses_is_a_matter_of_credentials() -> None:
    made, _, _ = session(by_path({"/rows": (says("reauth"),), "/token": (HttpAnswer(status=400),)}))
    with pytest.raises(CredentialError):
        exchange(made, REQUEST, judge, "seed")


def test_no_error_and_no_repr_tells_the_credentials() -> None:
    made, _, _ = session(by_path({"/rows": (says("reauth"),), "/token": (HttpAnswer(status=400),)}))
    made.credentials = "hunter2-token"
    with pytest.raises(BridgeError) as caught:
        exchange(made, REQUEST, judge, "seed")
    assert "hunter2" not in str(caught.value) + repr(made)
    assert "exact" not in repr(REQUEST)


@pytest.mark.parametrize(("minutes", "sent"), [(59, 1), (60, 0), (61, 0)])
def test_nothing_is_sent_from_the_end_of_its_time_on(minutes: int, sent: int) -> None:
    clock = Clock(NOW + timedelta(minutes=minutes))
    made, http, _ = session(in_turn(says("done")), clock=clock)
    end = NOW + timedelta(hours=1)
    if sent:
        exchange(made, REQUEST, judge, "seed", until=end)
    else:
        with pytest.raises(RetryableError, match="grew old"):
            exchange(made, REQUEST, judge, "seed", until=end)
    assert len(http.requests) == sent


def test_an_absolute_path_leaves_the_base_url() -> None:
    made, http, _ = session(in_turn(says("done")))
    made.send(replace(REQUEST, path="https://elsewhere.test/x"))
    assert http.requests[0].url == "https://elsewhere.test/x"


def test_the_pace_lets_so_many_through_a_second() -> None:
    time = [100.0]
    sleep = FakeSleep()
    pace = Pace(10.0, sleep, lambda: time[0])
    for _ in range(5):
        pace.wait()
    assert sleep.waited == pytest.approx([0.1, 0.2, 0.3, 0.4])
    time[0] += 60
    pace.wait()
    assert len(sleep.waited) == 4


def test_waits_double_up_to_a_bound_and_are_the_same_on_a_rerun() -> None:
    retries = Retries()
    waits = [retries.wait_seconds(n, None, "seed") for n in range(1, 12)]
    assert waits == [retries.wait_seconds(n, None, "seed") for n in range(1, 12)]
    assert all(w <= 90 for w in waits)
    assert waits[8] > waits[2] > waits[0]
    assert waits != [retries.wait_seconds(n, None, "other") for n in range(1, 12)]
    assert retries.wait_seconds(1, 600.0, "seed") == 60.0
