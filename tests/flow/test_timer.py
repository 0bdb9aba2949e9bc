"""The timer of `bridge serve`: missed, overlapping and repeated triggers of schedules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from audiences.flows import exports
from audiences.flows.exports import Desk
from infra.local.timer import Timer
from shared.clock import Clock
from tests.fakes import MemoryJobs, MemoryKeyValue, MemoryStore

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEXT = """\
name: gold
where: {{profile: {{field: country, is: VN}}}}
sync:
  - {{to: meta, schedule: "{}"}}
  - {{to: google}}
"""


@dataclass(slots=True)
class Served:
    """A workspace that is served from time to time."""

    now: datetime = START
    text: str = TEXT.format("rate(10 minutes)")
    store: MemoryStore = field(default_factory=MemoryStore)
    kv: MemoryKeyValue = field(default_factory=MemoryKeyValue)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    timer: Timer | None = None

    def tick(self, minutes: float = 0, *, restart: bool = False) -> int:
        """Look at the schedules when so much time has passed; return how many exports began."""
        self.now += timedelta(minutes=minutes)
        desk = Desk(self.store, self.kv, self.jobs, Clock(self.now))
        if self.timer is None or restart:
            self.timer = Timer(desk)
        self.timer.desk = desk
        before = len(self.jobs.started)
        self.timer.tick({"gold": self.text})
        return len(self.jobs.started) - before

    def end(self) -> None:
        """Let the export that was asked for last come to its end."""
        exports.note(self.kv, self.jobs.started[-1][1], {"status": "done"})


@pytest.fixture
def served() -> Served:
    made = Served()
    made.kv.clock = Clock(START)
    assert made.tick() == 0  # a new schedule counts from now
    return made


def test_what_is_due_is_asked_for_once_however_often_one_looks(served: Served) -> None:
    assert [served.tick(9), served.tick(1), served.tick(0), served.tick(1)] == [0, 1, 0, 0]
    served.end()
    assert served.tick(9) == 1
    export = exports.find(served.store, served.jobs.started[-1][1])
    assert export is not None
    assert (export.audience, export.to, export.by) == ("gold", "meta", "schedule")


def test_several_that_were_missed_within_the_hour_run_once_at_the_start(served: Served) -> None:
    assert served.tick(35, restart=True) == 1
    served.end()
    assert served.tick(0, restart=True) == 0


def test_what_was_missed_longer_ago_is_over(served: Served) -> None:
    served.text = TEXT.format("cron(0 13 * * ? *)")
    served.tick()
    assert served.tick(125, restart=True) == 0  # due at 13:00, and it is 14:05
    assert served.tick(22 * 60 + 56) == 1  # the next day's


def test_a_trigger_while_the_last_one_goes_on_adds_nothing(served: Served) -> None:
    assert served.tick(10) == 1
    assert served.tick(10) == 0
    served.end()
    assert served.tick(1) == 0  # it was taken for the one that went on
    assert served.tick(9) == 1


def test_a_death_between_asking_and_remembering_asks_for_no_second_one(served: Served) -> None:
    before = dict(served.kv.entries)
    assert served.tick(10) == 1
    state = next(key for key in before if key.startswith("schedule/"))
    served.kv.entries[state] = before[state]  # it was never written
    assert served.tick(0, restart=True) == 0


def test_a_changed_schedule_counts_from_the_change_and_a_broken_file_changes_nothing(
    served: Served,
) -> None:
    served.text = TEXT.format("rate(30 minutes)")
    assert [served.tick(20), served.tick(20), served.tick(10)] == [0, 0, 1]
    served.end()
    served.text = "name: ["
    assert served.tick(30) == 1
