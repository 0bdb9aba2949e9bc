"""The outbox holds what a run will send, and notices when that is no longer what was written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from audiences.delivery.outbox import (
    Recorded,
    digest_of,
    outcome_key,
    plan_key,
    read_plan,
    record,
    recorded,
    seal,
    write_plan,
)
from audiences.platforms.base import Action, Outcome
from shared.errors import IntegrityError
from tests.fakes import MemoryStore
from tests.unit.delivery.stage import plan, planned


def test_a_plan_comes_back_as_it_was_written() -> None:
    store = MemoryStore()
    whole = plan(store, planned(0), planned(1, "remove"))
    assert read_plan(store, whole.run) == whole
    assert read_plan(store, whole.run, seal(whole)) == whole
    assert (whole.rows("add"), whole.rows("remove")) == (3, 3)


def test_there_is_no_plan_where_none_was_written() -> None:
    assert read_plan(MemoryStore(), "nothing") is None


def test_a_run_is_planned_once() -> None:
    store = MemoryStore()
    whole = plan(store, planned(0))
    with pytest.raises(IntegrityError, match="planned already"):
        write_plan(store, whole)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{}", b"null", b'{"requests": 1}', b'{"requests": [{}]}', b"\xff"]
)
def test_a_file_that_is_no_plan_is_said_to_be_none(text: bytes) -> None:
    store = MemoryStore()
    store.files[plan_key("run-1")] = text
    with pytest.raises(IntegrityError, match="not what was written"):
        read_plan(store, "run-1")


def test_any_change_breaks_the_seal() -> None:
    store = MemoryStore()
    whole = plan(store, planned(0))
    sealed = seal(whole)
    value = json.loads(store.files[plan_key(whole.run)])
    for name, was in value.items():
        other = {str: f"{was}x", bool: not was}.get(type(was), {"x": 1})
        if name == "requests":
            other = [value["requests"][0] | {"path": "/elsewhere"}]
        store.files[plan_key(whole.run)] = json.dumps(value | {name: other}).encode()
        with pytest.raises(IntegrityError):
            read_plan(store, whole.run, sealed)


def test_requests_that_do_not_fit_the_digest_need_no_seal() -> None:
    store = MemoryStore()
    whole = plan(store, planned(0), planned(1))
    value = json.loads(store.files[plan_key(whole.run)])
    value["requests"].reverse()
    store.files[plan_key(whole.run)] = json.dumps(value).encode()
    with pytest.raises(IntegrityError):
        read_plan(store, whole.run)


def test_the_digest_is_of_bytes_and_order() -> None:
    one, two = planned(0)[0], planned(1)[0]
    digests = {
        digest_of(requests)
        for requests in ([one, two], [two, one], [one], [], [one, replace(two, sha256="0" * 64)])
    }
    assert len(digests) == 5


def test_an_outcome_survives_being_written() -> None:
    store = MemoryStore()
    outcome = Outcome(
        action=Action.PENDING, code="c", message="m", rejected={3: "bad"}, handle="h/1"
    )
    kept = Recorded(id="add-00000", sha256="0" * 64, outcome=outcome, attempts=2, at="now")
    record(store, "run-1", kept)
    record(store, "run-1", replace(kept, attempts=3))
    record(store, "run-1", replace(kept, attempts=4), kind="status")
    assert recorded(store, "run-1", "add-00000") == kept
    later = recorded(store, "run-1", "add-00000", kind="status")
    assert later is not None
    assert later.attempts == 4
    assert recorded(store, "run-1", "add-00001") is None
    assert outcome_key("r", "x") != outcome_key("r", "x", kind="status")
