"""Queued calls into the lake: each once, whatever is delivered how often and dies where."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audiences.flows.absorb import Absorbed, absorb
from audiences.flows.queued import Delivered
from audiences.flows.workspace import Workspace
from audiences.ingest.call_rows import rows_of as call_rows
from audiences.ingest.calls import KINDS, faults_of
from shared.clock import Clock
from tests.builders import AS_OF, every_log, new_workspace, rows_of
from tests.fakes import MemoryKeyValue
from tests.flow.calls import Call, queued, track

ROOT = Path(__file__).parents[2]


def test_the_same_messages_again_change_nothing(workspace: Workspace) -> None:
    messages = queued(workspace, [track(n) for n in range(5)])
    first = absorb(workspace, messages)
    before = every_log(workspace)
    again = absorb(workspace, messages)
    mixed = absorb(workspace, [*messages[2:], *queued(workspace, [track(9)])])
    assert (first.kept, again.duplicates, again.commit) == (5, 5, "")
    assert (mixed.kept, mixed.duplicates) == (1, 3)
    assert len(before["events"]) == 5
    assert len(rows_of(workspace, "events")) == 6


def test_a_client_that_sends_twice_is_kept_once(workspace: Workspace) -> None:
    twice = [*queued(workspace, [track(1)]), *queued(workspace, [track(1)])]
    twice = [replace(m, id=str(n)) for n, m in enumerate(twice)]
    done = absorb(workspace, twice)
    assert (done.kept, done.duplicates, done.failed) == (1, 1, ())


def test_a_message_that_cannot_be_read_fails_alone(workspace: Workspace) -> None:
    good = queued(workspace, [track(1)])
    head = json.loads(good[0].body)
    odd = [{**head, "v": 2}, {**head, "kind": "x"}, {**head, "received": None}, {**head, "call": 1}]
    bodies = ["", "{", "[]", "null", *map(json.dumps, odd)]
    bad = [Delivered(f"bad-{n}", body) for n, body in enumerate(bodies)]
    done = absorb(workspace, [*bad, *good])
    assert done.kept == 1
    assert set(done.failed) == {message.id for message in bad}


def test_what_the_collector_refused_is_among_the_rejects(workspace: Workspace) -> None:
    calls: list[Call] = [track(1), ("track", {"userId": "u"}), ("nonsense", {})]
    done = absorb(workspace, queued(workspace, calls))
    assert (done.kept, done.rejected, dict(done.reasons)) == (1, 2, {"missing": 1, "not_usable": 1})
    told = {(row["table"], row["field"], row["reason"]) for row in rows_of(workspace, "rejects")}
    assert told == {("track", "event", "missing"), ("call", "type", "not_usable")}


def test_a_call_that_the_lake_refuses_has_its_reason(workspace: Workspace) -> None:
    done = absorb(workspace, queued(workspace, [track(1, properties={"value": "a lot"})]))
    assert (done.kept, dict(done.reasons), done.failed) == (0, {"bad_number": 1}, ())


@dataclass(slots=True)
class Poisoned:
    """A key-value store that breaks on what holds a word, as a hostile call might break us."""

    kv: MemoryKeyValue = field(default_factory=lambda: MemoryKeyValue(Clock(AS_OF)))
    broken: str = "record/web/"

    def get(self, key: str) -> str | None:
        if key.startswith(self.broken) and len(self.kv.entries) > 0:
            raise ZeroDivisionError
        return self.kv.get(key)

    def put(self, key: str, value: str, **how: Any) -> bool:
        return self.kv.put(key, value, **how)

    def delete(self, key: str, **how: Any) -> bool:
        return self.kv.delete(key, **how)


def test_a_call_that_breaks_us_fails_alone_and_is_taken_once_mended(workspace: Workspace) -> None:
    kv = Poisoned()
    broken = replace(workspace, kv=kv)
    calls = [track(n) for n in range(7)]
    calls.insert(3, ("identify", {"userId": "u1", "messageId": "p", "traits": {"a": 1}}))
    messages = queued(workspace, calls)
    done = absorb(broken, messages)
    assert done.failed == ("message-3",)
    assert len(rows_of(workspace, "events")) == 7
    kv.broken = "nothing"
    mended = absorb(broken, messages)
    assert (mended.failed, mended.duplicates) == ((), 7)
    assert len(rows_of(workspace, "profiles")) == 1


def test_what_another_worker_is_at_waits_for_the_lease(workspace: Workspace) -> None:
    messages = queued(workspace, [track(1)])
    dead = replace(workspace, lake=replace(workspace.lake, store=Full(workspace.lake.store)))
    with pytest.raises(OSError, match="full"):
        absorb(dead, messages)
    waiting = absorb(workspace, messages, lease_seconds=60)
    assert (waiting.failed, waiting.kept) == (("message-0",), 0)
    later = replace(workspace, clock=Clock(AS_OF + timedelta(seconds=61)))
    taken = absorb(later, messages, lease_seconds=60)
    assert (taken.failed, taken.kept) == ((), 1)
    assert len(rows_of(workspace, "events")) == 1


@dataclass(frozen=True, slots=True)
class Full:
    """A store whose disk is full when the commit is to be written."""

    store: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def put(self, key: str, data: bytes, **how: Any) -> bool:
        if key.startswith("commits/"):
            raise OSError("full")
        taken: bool = self.store.put(key, data, **how)
        return taken


KILLED = """
import json, sys
from dataclasses import replace
from pathlib import Path
from audiences.flows.absorb import absorb
from audiences.flows.queued import Delivered
from tests.builders import KillingStore, new_workspace, with_store
workspace = new_workspace(Path(sys.argv[1]))
messages = [Delivered(*pair) for pair in json.loads(sys.argv[3])]
absorb(with_store(workspace, KillingStore(workspace.lake.store, int(sys.argv[2]))), messages)
"""


@pytest.mark.parametrize("left", [0, 1, 3, 6])
def test_killed_anywhere_and_delivered_again_each_call_is_kept_once(
    workspace: Workspace, make_workspace: Callable[..., Workspace], left: int
) -> None:
    calls: list[Call] = [
        *(track(n, anonymousId=f"a{n}") for n in range(3)),
        ("identify", {"userId": "u1", "traits": {"email": "ada@example.com"}, "messageId": "i"}),
    ]
    messages = queued(workspace, calls)
    text = json.dumps([(m.id, m.body) for m in messages])
    folder = str(workspace.settings.folder)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, folder, str(left), text], cwd=ROOT, check=False
    )
    assert done.returncode == -9
    regrouped = [messages[:1], messages[1:], messages]
    told: list[Absorbed] = [absorb(workspace, part) for part in regrouped]
    assert [each.failed for each in told] == [()] * 3
    whole = make_workspace("other")
    absorb(whole, messages)
    for table in ("events", "sightings", "profiles"):
        assert rows_of(workspace, table) == rows_of(whole, table)


def test_many_made_up_names_do_not_make_one_wide_table(workspace: Workspace) -> None:
    calls = [
        track(n, properties={f"p{n}-{i}": i for i in range(80)} | {"row": 1, "key": "x"})
        for n in range(30)
    ]
    done = absorb(workspace, queued(workspace, calls))
    assert (done.kept, done.failed) == (30, ())
    assert all(len(row["attributes"]) <= 62 for row in rows_of(workspace, "events"))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("email", "phone", "revenue", "category", "row", "at", "cookie", "country", "partner:x")
OBJECTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=6)
HOSTILE = st.fixed_dictionaries(
    {"userId": st.text(min_size=1, max_size=9), "event": st.text(min_size=1, max_size=9)},
    optional={
        "anonymousId": st.text(max_size=9),
        "previousId": st.text(min_size=1, max_size=5),
        "groupId": st.text(min_size=1, max_size=5),
        "properties": OBJECTS,
        "traits": OBJECTS,
        "context": st.fixed_dictionaries({}, optional={"traits": OBJECTS, "consent": JSON}),
    },
)


@given(kind=st.sampled_from(KINDS), call=HOSTILE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_call_without_faults_becomes_rows_of_text(kind: str, call: dict[str, Any]) -> None:
    if faults_of(kind, call):
        return
    rows = call_rows(kind, call, AS_OF)
    for row in (*rows.profiles, *rows.events, *rows.sightings):
        for name, value in row.items():
            assert isinstance(name, str)
            assert name
            value.encode()


@given(calls=st.lists(st.tuples(st.sampled_from(KINDS), HOSTILE), min_size=1, max_size=8))
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
def test_every_hostile_call_ends_as_kept_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, calls: list[Call]
) -> None:
    workspace = new_workspace(tmp_path_factory.mktemp("hostile") / "w")
    messages = queued(workspace, calls)
    done = absorb(workspace, messages)
    assert done.failed == ()
    assert absorb(workspace, messages).kept == 0
