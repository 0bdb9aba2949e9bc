"""What comes again: files, versions of a record and events count once, as they came last."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audiences.flows.ingest import ingest_file
from audiences.flows.workspace import Workspace
from shared.errors import RetryableError
from tests.builders import AS_OF, ingest, live, rows_of, stored, write

Make = Callable[..., Workspace]
PROFILES = [
    {"external_id": "1", "email": "A@x.co|b@x.co"},
    {"external_id": "2", "email": "no-at-sign"},
    {"email": "c@x.co"},
    {"first_name": "Nobody"},
]


def test_the_same_file_twice_changes_nothing(workspace: Workspace) -> None:
    first = ingest(workspace, "profiles", PROFILES, "x.csv")
    before = stored(workspace)
    again = ingest(workspace, "profiles", PROFILES, "renamed.csv")
    assert (first.already, again.already) == (False, True)
    assert (again.commit, again.rows_in, again.kept, again.reasons) == (
        first.commit,
        first.rows_in,
        first.kept,
        first.reasons,
    )
    assert stored(workspace) == before


def test_the_same_file_from_another_source_is_another_record(workspace: Workspace) -> None:
    ingest(workspace, "profiles", PROFILES, source="crm")
    ingest(workspace, "profiles", PROFILES, source="shop")
    rows = rows_of(workspace, "profiles")
    assert len({row["record"].bytes for row in rows}) == 6
    assert len({row["key"].bytes for row in rows}) == 3


def test_the_newest_version_of_a_record_counts(make_workspace: Make) -> None:
    workspace = make_workspace()
    ingest(
        workspace,
        "profiles",
        [
            {"external_id": "1", "city": "no time, early", "updated_at": ""},
            {"external_id": "1", "city": "old", "updated_at": "2026-01-01"},
            {"external_id": "1", "city": "new", "updated_at": "2026-03-01"},
            {"external_id": "2", "city": "first row"},
            {"external_id": "2", "city": "last row"},
            {"external_id": "3", "city": "first file"},
        ],
    )
    later = make_workspace(as_of=AS_OF.replace(hour=9))
    ingest(later, "profiles", [{"external_id": "3", "city": "second file"}])
    sql = "SELECT external_id, city FROM live_profiles"
    wanted = [("1", "new"), ("2", "last row"), ("3", "second file")]
    assert live(later, "profiles", sql) == wanted
    february = make_workspace(as_of=AS_OF.replace(month=2))
    assert live(february, "profiles", sql)[0] == ("1", "old")
    before = make_workspace(as_of=AS_OF.replace(year=2025))
    assert live(before, "profiles", sql)[0] == ("1", "no time, early")


def test_an_event_that_comes_again_counts_once_as_it_came_last(make_workspace: Make) -> None:
    event = {"event_id": "e1", "name": "order", "at": "2026-11-20", "email": "a@x.co"}
    first, later = make_workspace(), make_workspace(as_of=AS_OF.replace(hour=9))
    ingest(first, "events", [event | {"value": "1"}, event | {"value": "2"}], "1.csv")
    ingest(later, "events", [event | {"value": "3"}, {**event, "event_id": "e2"}], "2.jsonl")
    ingest(later, "events", [event | {"value": "4"}], "3.csv", source="shop")
    sql = "SELECT source, coalesce(value::INT, 0) FROM live_events"
    assert live(later, "events", sql) == [("crm", 0), ("crm", 3), ("shop", 4)]


def test_events_without_an_id_are_each_their_own(workspace: Workspace) -> None:
    row = {"name": "view", "at": "2026-11-20", "email": "a@x.co"}
    ingest(workspace, "events", [row, row, row])
    assert len(live(workspace, "events", "SELECT event FROM live_events")) == 3


def test_a_file_that_another_process_takes_in_waits_its_turn(workspace: Workspace) -> None:
    path = write(workspace.lake.scratch / "x.csv", PROFILES)
    done = ingest_file(workspace, "profiles", path, "crm")
    with (
        workspace.lock(f"ingest-{done.commit}"),
        pytest.raises(RetryableError, match=r"another process.*run again when it is done"),
    ):
        ingest_file(workspace, "profiles", path, "crm")
