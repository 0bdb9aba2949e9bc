"""Schedules follow the audience files: what is put, changed, removed, and left alone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from audiences.flows.schedules import DUE, Reconciled, follow, reconcile, schedule_name
from shared.ports import Schedule
from tests.fakes import MemorySchedules

_HEAD = "name: {}\nwhere: {{profile: {{field: country, is: VN}}}}\n"
_NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)


def text(name: str, *entries: str) -> str:
    listed = "".join(f"  - {{{entry}}}\n" for entry in entries)
    return _HEAD.format(name) + (f"sync:\n{listed}" if entries else "")


def due(expression: str, audience: str, to: str, timezone: str = "UTC") -> Schedule:
    event = {"job": "sync", "audience": audience, "to": to, "at": DUE}
    return Schedule(expression, timezone, event)


DAILY = 'to: meta, schedule: "cron(0 6 * * ? *)", timezone: Asia/Ho_Chi_Minh'
HOURLY = 'to: google, schedule: "rate(1 hour)"'


def test_every_entry_with_a_schedule_has_one() -> None:
    schedules = MemorySchedules()
    texts = {
        "gold": text("gold", DAILY, HOURLY, "to: ttd"),
        "new": text("new"),
        "b": text("b", HOURLY),
    }
    assert reconcile(texts, schedules) == Reconciled(3, 0)
    assert schedules.kept == {
        schedule_name("gold", "meta"): due("cron(0 6 * * ? *)", "gold", "meta", "Asia/Ho_Chi_Minh"),
        schedule_name("gold", "google"): due("rate(1 hour)", "gold", "google"),
        schedule_name("b", "google"): due("rate(1 hour)", "b", "google"),
    }
    schedules.writes.clear()
    assert reconcile(texts, schedules) == Reconciled(0, 0)
    assert schedules.writes == []


def test_a_sync_may_begin_within_a_window() -> None:
    schedules = MemorySchedules()
    reconcile({"b": text("b", HOURLY)}, schedules)
    assert reconcile({"b": text("b", f"{HOURLY}, window_minutes: 30")}, schedules).put == 1
    wanted = replace(due("rate(1 hour)", "b", "google"), window_minutes=30)
    assert schedules.kept == {schedule_name("b", "google"): wanted}


def test_what_is_taken_out_of_a_file_is_removed_and_what_changed_is_changed() -> None:
    schedules = MemorySchedules()
    reconcile({"gold": text("gold", DAILY, HOURLY)}, schedules)
    changed = HOURLY.replace("1 hour", "6 hours")
    assert reconcile({"gold": text("gold", changed)}, schedules) == Reconciled(1, 1)
    assert schedules.kept == {
        schedule_name("gold", "google"): due("rate(6 hours)", "gold", "google")
    }
    assert reconcile({}, schedules) == Reconciled(0, 1)


def test_a_broken_file_keeps_its_schedules_and_stops_no_other() -> None:
    schedules = MemorySchedules()
    reconcile({"gold": text("gold", DAILY), "b": text("b", HOURLY)}, schedules)
    assert reconcile({"gold": "name: gold\nwhere: [", "b": text("b")}, schedules) == Reconciled(
        0, 1
    )
    assert list(schedules.kept) == [schedule_name("gold", "meta")]


def test_one_audience_is_followed_without_its_neighbours() -> None:
    schedules = MemorySchedules()
    reconcile({"gold": text("gold", DAILY), "gold-2": text("gold-2", HOURLY)}, schedules)
    assert follow("gold", text("gold", HOURLY), schedules) == Reconciled(1, 1)
    assert follow("gold", None, schedules) == Reconciled(0, 1)
    assert list(schedules.kept) == [schedule_name("gold-2", "google")]


@given(pairs=st.lists(st.tuples(_NAMES, _NAMES), unique=True, max_size=20))
def test_names_are_what_the_scheduler_takes_and_are_not_shared(
    pairs: list[tuple[str, str]],
) -> None:
    names = [schedule_name(*pair) for pair in pairs]
    assert len(set(names)) == len(pairs)
    for name in names:
        assert len(name) <= 64
        assert all(c.isalnum() or c in "-_." for c in name)
