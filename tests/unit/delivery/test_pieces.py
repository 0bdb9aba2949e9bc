"""A request that is refused whole goes out in pieces; one bad row keeps nobody out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.delivery import outbox, pieces
from audiences.delivery.follow import follow
from audiences.delivery.outbox import Plan, Planned
from audiences.delivery.sender import deliver
from audiences.platforms.base import Action, Outcome
from shared.errors import RejectedError, RetryableError
from shared.ports import HttpAnswer, HttpRequest
from tests.fakes import MemoryStore
from tests.unit.delivery.stage import LOST, PLATFORM, plan, planned, says, session

LISTS = replace(
    PLATFORM,
    divide=lambda body, places: json.dumps([json.loads(body)[place] for place in places]).encode(),
)


def listed(store: MemoryStore, rows: int, **more: object) -> Plan:
    """A plan of one request whose body is the list of its places."""
    one, _ = planned(0, rows=rows)
    body = json.dumps(list(range(rows))).encode()
    one = replace(one, sha256=hashlib.sha256(body).hexdigest())
    return plan(store, (one, body), **more)


def refusing(bad: set[int], *, named: bool, yes: str = "done"):
    """A platform that takes nothing of a request with a bad row in it."""

    def answer(request: HttpRequest) -> HttpAnswer:
        if "/status/" in request.url:
            return says("done")
        rows = json.loads(request.body)
        found = {str(i): "bad" for i, row in enumerate(rows) if row in bad}
        if not found:
            return says(yes, handle="h")
        return says("split", code="refused", rejected=found if named else {})

    return answer


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.sets(st.integers(0, 39), max_size=5), st.booleans(), st.booleans())
def test_only_the_bad_rows_stay_out(rows: int, bad: set[int], named: bool, later: bool) -> None:
    store, bad = MemoryStore(), {place for place in bad if place < rows}
    whole = listed(store, rows)
    yes = "pending" if later else "done"
    made, http, _ = session(refusing(bad, named=named, yes=yes), platform=LISTS)
    deliver(made, store, whole, "77")
    assert follow(made, store, whole, 5) == []
    last = outbox.recorded(store, whole.run, "add-00000", "status")
    last = last or outbox.recorded(store, whole.run, "add-00000")
    assert last is not None
    if bad or not later:
        assert last.outcome.action in (Action.DONE, Action.REFUSED)
    refused = set(last.outcome.rejected)
    if last.outcome.action is Action.REFUSED:
        refused = set(range(rows))
    assert refused == bad
    assert last.outcome.uncertain == {}
    sent = [request.body for request in http.requests if "/status/" not in request.url]
    assert len(sent) == len(set(sent))


def test_a_run_that_died_amid_pieces_goes_on_with_those_that_are_left() -> None:
    store, sent = MemoryStore(), []
    whole = listed(store, 8)
    answer, lost = refusing({5}, named=False), [True]

    def dying(request: HttpRequest) -> HttpAnswer:
        sent.append(request.body)
        if lost[0] and json.loads(request.body) == [4, 5]:
            return LOST
        return answer(request)

    made, _, _ = session(dying, platform=LISTS)
    with pytest.raises(RetryableError):
        deliver(made, store, whole, "77")
    assert outbox.recorded(store, whole.run, "add-00000") is None
    lost[0] = False
    before = len(sent)
    deliver(made, store, whole, "77")
    assert b"[0, 1, 2, 3]" not in sent[before:]
    assert sent[before] == b"[4, 5]"
    found = outbox.recorded(store, whole.run, "add-00000")
    assert found is not None
    assert found.outcome.rejected == {5: "refused"}


def test_each_piece_is_on_record_with_its_places_and_digest() -> None:
    store = MemoryStore()
    whole = listed(store, 4)
    made, http, _ = session(refusing({1}, named=True), platform=LISTS)
    deliver(made, store, whole, "77")
    split = outbox.recorded(store, whole.run, "add-00000", "split")
    assert split is not None
    (piece,) = split.pieces
    assert (piece.id, piece.places) == ("add-00000.0", [0, 2, 3])
    kept = outbox.recorded(store, whole.run, piece.id)
    assert kept is not None
    assert kept.sha256 == hashlib.sha256(http.requests[1].body).hexdigest()
    assert list(pieces.leaves(store, whole.run, "add-00000")) == [piece.id]


def test_a_platform_that_refuses_everything_is_not_asked_for_ever() -> None:
    store = MemoryStore()
    whole = listed(store, 3_000)
    made, http, _ = session(refusing(set(range(3_000)), named=False), platform=LISTS)
    deliver(made, store, whole, "77")
    assert len(http.requests) <= 2 * pieces.FRUITLESS_PIECES
    found = outbox.recorded(store, whole.run, "add-00000")
    assert found is not None
    assert len(found.outcome.rejected) == 3_000


def test_without_a_way_to_divide_it_the_request_is_refused() -> None:
    store = MemoryStore()
    whole = listed(store, 4)
    made, http, _ = session(refusing({1}, named=False))
    deliver(made, store, whole, "77")
    found = outbox.recorded(store, whole.run, "add-00000")
    assert found is not None
    assert (found.outcome.action, len(http.requests)) == (Action.REFUSED, 1)


def test_a_refused_request_ends_a_replacement() -> None:
    """What comes after it would take people out who were meant to stay."""
    store = MemoryStore()
    whole = plan(store, planned(0), planned(1), mode="replace")
    made, http, _ = session(lambda _: says("refused", code="no"))
    with pytest.raises(RejectedError, match="no"):
        deliver(made, store, whole, "77")
    assert not outbox.recorded_ids(store, whole.run)
    assert len(http.requests) <= 2


def around(request_id: str, op: str, body: bytes, **more: object) -> tuple[Planned, bytes]:
    one, _ = planned(0, rows=0)
    digest = hashlib.sha256(body).hexdigest()
    return replace(one, id=request_id, op=op, alone=True, sha256=digest, **more), body  # type: ignore[arg-type]


def test_what_stands_around_the_batches_keeps_its_place_and_gets_handles() -> None:
    store = MemoryStore()
    files = b'{"files": ["{handle:add-00000}", "{handle:add-00001}"]}'
    whole = plan(
        store,
        around("close-00000", "close", files, uses=("add-00000", "add-00001")),
        planned(0),
        planned(1),
        around("open-00000", "open", b"begin"),
    )

    def answer(request: HttpRequest) -> HttpAnswer:
        word, number, *_ = [*request.body.decode().split(), ""]
        return says("done", handle=f"/f/{number}" if word == "add" else "")

    made, http, _ = session(answer)
    deliver(made, store, whole, "77")
    bodies = [request.body for request in http.requests]
    assert bodies[0] == b"begin"
    assert bodies[3] == b'{"files": ["/f/0", "/f/1"]}'


def test_a_fold_says_what_is_not_certain() -> None:
    unnamed = Outcome(action=Action.DONE, rejected_unnamed=1, code="c")
    lost = Outcome(action=Action.RETRY, code="gone")
    done = Outcome(action=Action.DONE, uncertain={1: "later"})
    split = Outcome(action=Action.SPLIT, rejected={0: "bad"}, code="s")
    folded = pieces.fold(split, range(7), [([1, 2], unnamed), ([3, 4], lost), ([5, 6], done)])
    assert folded.rejected == {0: "bad"}
    assert folded.uncertain == {1: "c", 2: "c", 3: "gone", 4: "gone", 6: "later"}


NAMED = replace(LISTS, names=lambda body: [f"row {place}" for place in json.loads(body)])


@pytest.mark.parametrize("later", [False, True])
def test_rows_that_an_answer_names_are_found_in_the_piece_that_went_out(later: bool) -> None:
    """Row 0 makes it refused whole; of the piece without it, row 2 is then refused by its name."""
    store, lost = MemoryStore(), {"row 2": "bad"}

    def answer(request: HttpRequest) -> HttpAnswer:
        if "/status/" in request.url:
            return says("done", named=lost)
        if 0 in json.loads(request.body):
            return says("split", code="refused", named={"row 0": "worse"})
        return says("pending", handle="h") if later else says("done", named=lost)

    whole = listed(store, 4)
    made, _, _ = session(answer, platform=NAMED)
    deliver(made, store, whole, "77")
    assert follow(made, store, whole, 5) == []
    found = pieces.final(store, whole.run, "add-00000", range(4))
    assert found is not None
    assert found.rejected == {0: "worse", 2: "bad"}
    kept = [store.get(one.key) or b"" for one in store.list("outcomes/")]
    assert not any(b"row " in text for text in kept)


def test_a_name_that_stands_nowhere_counts_as_a_row_unnamed() -> None:
    said = Outcome(action=Action.DONE, named={"row 1": "bad", "row 9": "bad"})
    found = pieces.placed(NAMED, b"[0, 1, 2]", said)
    assert (found.rejected, found.rejected_unnamed, found.named) == ({1: "bad"}, 1, {})
    assert pieces.placed(PLATFORM, b"[]", said).rejected_unnamed == 2
