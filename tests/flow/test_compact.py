"""Compaction: fewer files and the same rows, whoever dies or reads meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audiences.flows.absorb import absorb
from audiences.flows.compact import Compacted, compact
from audiences.flows.expire import expire
from audiences.flows.replay import replay_run
from audiences.flows.workspace import Workspace
from audiences.lake.append import compaction
from audiences.lake.layout import LOGS
from shared.clock import Clock
from shared.errors import RetryableError
from tests.builders import KillingStore, every_log, ingest, stored, with_store
from tests.flow.calls import queued, track
from tests.flow.sync_world import DiedError, World, customers
from tests.flow.test_sync_resume import dying_after

CALLS = 18
PEOPLE = customers(range(1, 8))


def many(workspace: Workspace) -> Workspace:
    """Fill a workspace with small commits: calls, and a file."""
    ingest(workspace, "profiles", [{"external_id": "C1", "email": "ada@example.com"}])
    for number in range(CALLS):
        absorb(workspace, queued(workspace, [track(number)]))
    return workspace


def files(workspace: Workspace) -> int:
    return sum(1 for table in LOGS for _ in workspace.lake.log_files(table))


def test_many_small_commits_become_one_with_the_same_rows(workspace: Workspace) -> None:
    many(workspace)
    rows, before = every_log(workspace), files(workspace)
    done = compact(workspace)
    assert done.commits == CALLS + 1
    assert every_log(workspace) == rows
    assert files(workspace) < before / 5
    assert len(workspace.lake.committed()) == 1
    assert compact(workspace) == Compacted()


def test_what_was_taken_in_is_still_known(workspace: Workspace) -> None:
    many(workspace)
    compact(workspace)
    rows = every_log(workspace)
    again = ingest(workspace, "profiles", [{"external_id": "C1", "email": "ada@example.com"}])
    assert again.already
    assert absorb(workspace, queued(workspace, [track(3)])).duplicates == 1
    assert every_log(workspace) == rows


def test_compactions_are_compacted_too(workspace: Workspace) -> None:
    many(workspace)
    compact(workspace)
    absorb(workspace, queued(workspace, [track(n) for n in range(100, 105)]))
    rows = every_log(workspace)
    assert compact(workspace, at_least=2).commits == 2
    assert every_log(workspace) == rows
    assert len(workspace.lake.committed()) == 1


def die() -> None:
    raise DiedError


def test_a_death_at_any_change_loses_and_doubles_nothing(workspace: Workspace) -> None:
    many(workspace)
    rows = every_log(workspace)
    for left in range(40):
        dying = with_store(workspace, KillingStore(workspace.lake.store, left, die))
        try:
            compact(dying, at_least=2)
        except DiedError:
            assert every_log(workspace) == rows
            later = replace(workspace, clock=Clock(workspace.now() + timedelta(days=2)))
            if left % 3 == 0:  # the broom takes what the dead one left, and nothing else
                expire(later)
                assert every_log(workspace) == rows
            continue
        break
    assert 3 < left < 39
    assert every_log(workspace) == rows
    assert len(workspace.lake.committed()) == 1
    assert compact(workspace, at_least=2) == Compacted()


def test_of_two_at_once_one_changes_nothing(workspace: Workspace) -> None:
    many(workspace)
    rows = every_log(workspace)
    about = {"at": "2026-11-21T06:00:00Z"}
    commits = workspace.lake.committed()
    slow = compaction(workspace.lake, "f" * 32, commits, about)
    slow.__enter__()
    compact(workspace)
    with pytest.raises(RetryableError):
        slow.__exit__(None, None, None)
    assert every_log(workspace) == rows
    assert [key for key in stored(workspace) if "f" * 32 in key] == []


def test_old_files_go_when_no_kept_run_was_made_of_them(workspace: Workspace) -> None:
    many(workspace)
    compact(workspace)
    profiles = stored(workspace, "profiles/")
    assert len(profiles) == 2
    late = replace(workspace, clock=Clock(workspace.now() + timedelta(days=31)))
    rows = every_log(late)["profiles"]
    expire(late)
    assert len(stored(workspace, "profiles/")) == 1
    assert every_log(late)["profiles"] == rows


def test_syncs_take_a_compaction_for_nothing_new(world: World) -> None:
    """Neither the guard nor an interrupted run sees records that came or went."""
    world.customers(PEOPLE)
    first = world.sync("meta-main")
    world.day = 1
    world.customers(customers([50]))
    with pytest.raises(DiedError):
        world.sync("meta-main", http=dying_after(0))
    assert compact(world.open(), at_least=2).commits == 4
    report = world.sync("meta-main")
    assert (report.status, report.resumed) == ("done", report.run)
    world.in_step("meta-main", [*PEOPLE, *customers([50])])
    assert replay_run(world.open(), first.run).same
    world.day = 2
    guarded = world.destination("meta-main", "{max_removed_percent: 1, max_change_percent: 1}")
    world.put("destinations", "meta-main", guarded)
    assert world.sync("meta-main").status == "done"
