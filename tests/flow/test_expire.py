"""Expire: sweeps what no reader sees, counts it, and changes no reading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from audiences.flows.expire import expire
from audiences.flows.ingest import ingest_file
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import query, snapshot
from audiences.lake.append import commit
from tests.builders import AS_OF, every_log, ingest, people, rows_of, stored, write

Make = Callable[..., Workspace]
DAY = timedelta(days=1)
VIEWS = ("sightings", "links", "profiles", "events")


def fill(workspace: Workspace) -> None:
    ingest(workspace, "profiles", [{"external_id": "1", "email": "a@x.co"}, {"phone": "bad"}])
    seen = [
        {"id_type": "ip", "id": "8.8.8.8", "seen_at": "2026-11-21"},  # until the 22nd
        {"id_type": "cookie", "id": "c1", "seen_at": "2026-11-15", "browser": "Safari"},
        {"id_type": "cookie", "id": "c2", "seen_at": "2026-11-15T12:00Z", "browser": "Safari"},
        {"id_type": "cookie", "id": "c3", "seen_at": "2026-11-20", "party": "2"},
        {"id_type": "ctv", "id": "tv", "seen_at": "2026-11-20"},
    ]
    link = {"link_type": "email", "link_value": "a@x.co"}
    ingest(workspace, "sightings", [row | link for row in seen])
    event = {"name": "view", "at": "2026-11-20", "email": "a@x.co", "cookie": "c1"}
    ingest(workspace, "events", [event])


def readings(workspace: Workspace) -> dict[str, list[Any]]:
    with query.connect(workspace.lake.scratch) as con:
        for view in VIEWS:
            getattr(query, f"view_{view}")(con, workspace.lake, workspace.now())
        return {
            view: sorted(map(repr, query.table(con, f"FROM live_{view}").to_pylist()))
            for view in VIEWS
        }


def test_days_that_are_over_go_whole_and_are_counted(make_workspace: Make) -> None:
    fill(make_workspace())
    same_day = expire(make_workspace(as_of=AS_OF + DAY))
    assert (same_day.partitions, same_day.rows) == (0, 0)
    # The 22nd is over on the 23rd: the address's sighting, and both cookies on Safari with links.
    swept = expire(make_workspace(as_of=AS_OF + 2 * DAY))
    assert (swept.partitions, swept.rows) == (2, 5)
    again = expire(make_workspace(as_of=AS_OF + 2 * DAY))
    assert (again.partitions, again.rows, again.files) == (0, 0, 0)
    left = rows_of(make_workspace(), "sightings")
    assert {row["id"] for row in left} == {"c3", "tv"}


def test_sweeping_changes_no_reading_from_then_on(make_workspace: Make) -> None:
    fill(make_workspace())
    days = (0, 1, 8, 30, 91)
    instants = [AS_OF + (d + hour / 24) * DAY for d in days for hour in (0, 17.999, 18)]
    before = [readings(make_workspace(as_of=at)) for at in instants]
    assert len({repr(reading) for reading in before}) > 4
    for number, at in enumerate(instants):
        expire(make_workspace(as_of=at))
        for later, wanted in list(zip(instants, before, strict=True))[number::4]:
            assert readings(make_workspace(as_of=later)) == wanted


def test_nothing_seen_on_a_device_is_stored_for_long(make_workspace: Make) -> None:
    fill(make_workspace())
    expire(make_workspace(as_of=AS_OF + 93 * DAY))
    logs = every_log(make_workspace())
    assert logs["sightings"] == []
    assert {row["b_type"] for row in logs["links"]} == {"email"}
    assert logs["rejects"] == []
    assert (len(logs["profiles"]), len(logs["events"])) == (1, 1)


def test_rejects_and_raw_files_have_their_own_time(make_workspace: Make) -> None:
    fill(make_workspace())

    def kept(days: int) -> tuple[int, int]:
        workspace = make_workspace(as_of=AS_OF + days * DAY)
        expire(workspace)
        return len(stored(workspace, "landing/")), len(stored(workspace, "rejects/"))

    assert [kept(days) for days in (7, 8, 30, 31)] == [(3, 1), (0, 1), (0, 1), (0, 0)]


def test_a_file_that_was_swept_does_not_come_back(make_workspace: Make) -> None:
    start = make_workspace()
    path = start.lake.scratch / "x.csv"
    write(path, [{"id_type": "cookie", "id": "c1", "seen_at": "2026-11-15", "browser": "Safari"}])
    ingest_file(start, "sightings", path, "web")
    later = make_workspace(as_of=AS_OF + 10 * DAY)
    expire(later)
    assert ingest_file(later, "sightings", path, "web").already
    assert rows_of(later, "sightings") == []


def test_the_last_two_snapshots_stay_and_older_ones_for_a_while(make_workspace: Make) -> None:
    for days in (0, 10, 20, 30):
        workspace = make_workspace(as_of=AS_OF + days * DAY)
        ingest(workspace, "profiles", [{"email": f"{days}@x.co"}])
        resolve_people(workspace)
    latest = people(workspace)

    def kept(days: int) -> list[int]:
        expire(make_workspace(as_of=AS_OF + days * DAY))
        assert people(workspace) == latest
        numbers = snapshot.snapshots(workspace.lake, "people")
        assert len(stored(workspace, "people/")) == 2 * len(numbers)
        return numbers

    assert [kept(d) for d in (30, 31, 40, 41, 400)] == [
        [1, 2, 3, 4],
        [2, 3, 4],
        [2, 3, 4],
        [3, 4],
        [3, 4],
    ]


def test_files_that_no_manifest_names_go_after_a_day(make_workspace: Make) -> None:
    """What the loser of a race, or a process that died, had written."""
    now = make_workspace()
    ingest(now, "profiles", [{"email": "a@x.co"}])
    resolve_people(now)
    before = stored(now)
    run = f"{AS_OF:%Y%m%dT%H%M%S}-0123456789"
    orphans = [f"people/run={run}/0.parquet", "profiles/source=crm/" + "a" * 32 + ".00000.parquet"]
    for key in orphans:
        now.lake.store.put(key, b"x")
    now.lake.write_json(f"attempts/{'a' * 32}.json", {"at": AS_OF.isoformat()})
    assert expire(make_workspace(as_of=AS_OF + DAY)).files == 0
    assert expire(make_workspace(as_of=AS_OF + 2 * DAY)).files == 2
    assert stored(now) == before


def test_a_commit_that_came_through_stays_when_only_its_mark_was_left(
    make_workspace: Make,
) -> None:
    now = make_workspace()
    done = ingest(now, "profiles", [{"email": "a@x.co"}])
    now.lake.write_json(f"attempts/{done.commit}.json", {"at": AS_OF.isoformat()})
    expire(make_workspace(as_of=AS_OF + 3 * DAY))
    assert len(rows_of(now, "profiles")) == 1
    assert stored(now, "attempts/") == []


def test_files_that_are_not_ours_are_left_alone(make_workspace: Make) -> None:
    now = make_workspace()
    others = ["runs/notes.txt", "landing/README", "sightings/expires_on=2020-01-01/x.txt", "x"]
    for key in others:
        now.lake.store.put(key, b"x")
    with commit(now.lake, "c1", {"at": "2026-11-21"}):
        pass
    swept = expire(make_workspace(as_of=AS_OF + 1_000 * DAY))
    assert (swept.partitions, swept.rows, swept.files) == (0, 0, 0)
    assert set(others) < set(stored(now))
