"""The lake's promises on every store: appends, snapshots, pruning, and what a reader sees when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audiences import schemas
from audiences.lake import query, snapshot
from audiences.lake.append import OPEN_FILES, Commit, commit
from audiences.lake.lake import Lake, open_lake
from audiences.lake.layout import LOGS, NEVER, is_over, log_key, partition_of
from shared.errors import ConfigurationError, IntegrityError
from tests.conftest import lake_on_disk
from tests.fakes import MemoryStore

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
DAY = timedelta(days=1)


def key(number: int) -> bytes:
    return UUID(int=number).bytes


def table(name: str, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=LOGS[name].schema)


def sighting(number: int, seen: datetime, days: float, **rest: Any) -> dict[str, Any]:
    return {
        "key": key(number),
        "id": str(number),
        "id_type": "cookie",
        "seen_at": seen,
        "expires_at": seen + timedelta(days=days),
        **rest,
    }


def append(lake: Lake, commit_id: str, name: str, value: str, *rows: dict[str, Any]) -> None:
    with commit(lake, commit_id, {"at": "2026-11-21T06:00:00Z"}) as out:
        out.write(name, value, table(name, *rows))


def ids(lake: Lake, name: str = "sightings", column: str = "id") -> list[str]:
    return sorted(lake.log(name).to_table().column(column).to_pylist())


def live(lake: Lake, as_of: datetime) -> list[str]:
    with query.connect(lake.scratch) as con:
        query.view_sightings(con, lake, as_of)
        return sorted(query.table(con, "SELECT id FROM live_sightings")["id"].to_pylist())


def test_a_commit_is_seen_whole_once_its_manifest_is_there(lake: Lake) -> None:
    about: dict[str, Any] = {"at": "2026-11-21T06:00:00Z"}
    with commit(lake, "c1", about) as out:
        out.write("sightings", "2026-12-01", table("sightings", sighting(1, NOW, 10)))
        out.write("sightings", "2026-12-02", table("sightings", sighting(2, NOW, 11)))
        assert ids(lake) == []
        about["rows_in"] = 2
    assert ids(lake) == ["1", "2"]
    manifest = lake.read_json("commits/c1.json")
    assert manifest is not None
    assert manifest["rows_in"] == 2
    assert sum(file["rows"] for file in manifest["files"]) == 2
    assert {file["key"] for file in manifest["files"]} == {f.key for f in lake.store.list("sight")}


def test_files_without_a_manifest_are_not_read(lake: Lake) -> None:
    append(lake, "c1", "sightings", "2026-12-01", sighting(1, NOW, 10))
    lake.store.delete(["commits/c1.json"])
    assert ids(lake) == []


def test_an_error_in_the_block_leaves_nothing(lake: Lake) -> None:
    def half_done() -> None:
        with commit(lake, "c1", {"at": "2026-11-21T06:00:00Z"}) as out:
            out.write("profiles", "crm", table("profiles", {"email": "a"}))
            raise KeyError

    with pytest.raises(KeyError):
        half_done()
    assert list(lake.store.list("")) == []
    assert list(lake.scratch.iterdir()) == []


def test_what_an_earlier_try_left_elsewhere_does_not_come_to_life(lake: Lake) -> None:
    """A try that died had put a row in another partition than the try that comes through."""
    append(lake, "c1", "sightings", "2026-12-01", sighting(1, NOW, 10))
    lake.store.delete(["commits/c1.json"])
    lake.write_json("attempts/c1.json", {"at": "2026-11-21T06:00:00Z"})
    append(lake, "c1", "sightings", "2026-12-02", sighting(1, NOW, 11))
    assert ids(lake) == ["1"]


def test_a_log_that_has_no_file_reads_as_empty(lake: Lake) -> None:
    for name, log in LOGS.items():
        assert lake.log(name).to_table().schema.names == log.schema.names
        assert lake.log(name).count_rows() == 0


def test_two_commits_add_up_and_one_can_be_read_alone(lake: Lake) -> None:
    append(lake, "c1", "profiles", "crm", {"email": "a"})
    append(lake, "c2", "profiles", "crm", {"email": "b"}, {"email": "c"})
    assert ids(lake, "profiles", "email") == ["a", "b", "c"]
    alone = Lake(lake.store, lake.files, lake.scratch, frozenset({"c2"}))
    assert ids(alone, "profiles", "email") == ["b", "c"]


def test_partitions_that_are_not_wanted_are_not_opened(lake: Lake) -> None:
    for day in ("2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"):
        append(lake, f"c{day}", "sightings", day, sighting(1, NOW, 10))
    wanted = [value for _, value in lake.log_files("sightings", lambda v: v > "2026-11-20")]
    assert wanted == ["2026-11-21", "2026-11-22"]
    for file, _ in list(lake.log_files("sightings", lambda v: v <= "2026-11-20")):
        lake.store.put(file, b"unreadable")
    assert live(lake, NOW) == ["1", "1"]


@pytest.mark.parametrize("swept", [False, True])
def test_what_has_expired_is_not_read_swept_or_not(lake: Lake, swept: bool) -> None:
    seen = datetime(2026, 11, 1, 12, tzinfo=UTC)
    append(lake, "c1", "sightings", "2026-11-21", sighting(1, seen, 20))  # until 21st, 12:00
    append(lake, "c2", "sightings", "2026-11-21", sighting(2, seen, 19.5))  # until midnight
    append(lake, "c3", "sightings", "2026-12-01", sighting(3, NOW + DAY, 9))
    if swept:
        lake.store.delete([k for k, v in lake.log_files("sightings") if v < "2026-11-21"])
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert live(lake, noon - timedelta(seconds=1)) == ["1"]
    assert live(lake, noon) == []
    assert live(lake, NOW + DAY) == ["3"]


def test_a_column_that_an_older_file_lacks_reads_as_null(lake: Lake) -> None:
    append(lake, "c1", "profiles", "crm", {"email": "a", "language": "vi"})
    file = next(key for key, _ in lake.log_files("profiles"))
    older = table("profiles", {"email": "a"}).drop_columns(["language", "attributes"])
    path = lake.scratch / "older.parquet"
    pq.write_table(older, path)
    lake.store.upload(path, file)
    append(lake, "c2", "profiles", "crm", {"email": "b", "language": "th"})
    rows = lake.log("profiles").to_table(columns=["email", "language"]).to_pylist()
    assert sorted(map(repr, rows)) == sorted(
        map(repr, [{"email": "a", "language": None}, {"email": "b", "language": "th"}])
    )


def test_more_partitions_than_a_process_may_open_files(tmp_path: Path) -> None:
    out = Commit("c1", tmp_path)
    months = [f"{year}-{month:02d}" for year in range(1980, 2020) for month in range(1, 13)]
    # A part that was closed to make room goes on in a second file.
    for number, month in enumerate([*months, months[0]]):
        out.write("events", month, table("events", {"event": key(number)}))
        assert len(list(Path("/proc/self/fd").iterdir())) < OPEN_FILES + 100
    finished = out.finish()
    assert len({name for name, _, _ in finished}) == len(months) + 1
    assert sum(rows for _, _, rows in finished) == len(months) + 1
    written = {v.as_py() for _, p, _ in finished for v in pq.read_table(p).column("event")}
    assert len(written) == len(months) + 1


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def answer(lake: Lake) -> list[dict[str, Any]]:
    with query.connect(lake.scratch) as con:
        query.view_profiles(con, lake, NOW)
        return query.table(con, "FROM live_profiles ORDER BY email").to_pylist()


def test_damage_anywhere_in_a_file_is_noticed(tmp_path: Path) -> None:
    """Cut short or one byte changed: an error that names the place, never another answer."""
    lake = lake_on_disk(tmp_path)
    append(lake, "c1", "profiles", "crm", *({"email": f"{n}@x.co"} for n in range(500)))
    [(file, _)] = lake.log_files("profiles")
    path = tmp_path / "lake" / file
    whole, wanted = path.read_bytes(), answer(lake)
    steps = range(0, len(whole), len(whole) // 30)
    noticed = 0
    for broken in [*(whole[:at] for at in steps), *(damaged(whole, at) for at in steps)]:
        path.write_bytes(broken)
        try:
            assert answer(lake) == wanted
        except IntegrityError as error:
            noticed += 1
            assert re.search("profiles.* in the lake is damaged: restore it", str(error))  # noqa: PT017
    # The rest is in what no reading depends on, such as statistics.
    assert noticed > 30


def test_a_file_that_is_gone_and_a_broken_manifest_are_told(tmp_path: Path) -> None:
    lake = lake_on_disk(tmp_path)
    made = write(lake, people(1), None, "r1")
    lake.store.delete(made.files)
    with pytest.raises(IntegrityError, match=r"a file of the lake is gone: .*run=r1/0\.parquet"):
        snapshot.dataset(lake, made, schemas.PEOPLE)
    lake.store.put("people/_manifests/00000001.json", b"{")
    with pytest.raises(IntegrityError, match=r"people/_manifests/00000001\.json is damaged"):
        snapshot.latest(lake, "people")


def people(*numbers: int) -> list[pa.RecordBatch]:
    rows = [{"key": key(n), "type": "email", "person": key(n)} for n in numbers]
    return pa.Table.from_pylist(rows, schema=schemas.PEOPLE).to_batches()


def write(lake: Lake, batches: Sequence[pa.RecordBatch], after: int | None, run: str) -> Any:
    return snapshot.write(
        lake, "people", schemas.PEOPLE, batches, run=run, after=after, about={"at": "2026"}
    )


def test_snapshots_follow_each_other_and_stay_as_they_are(lake: Lake) -> None:
    assert snapshot.latest(lake, "people") is None
    first = write(lake, people(1), None, "r1")
    second = write(lake, people(2, 3), first.number, "r2")
    latest = snapshot.latest(lake, "people")
    assert latest is not None
    assert (latest.name, latest.rows, dict(latest.about)) == ("people/00000002", 2, {"at": "2026"})
    assert snapshot.snapshots(lake, "people") == [1, 2]
    again = snapshot.load(lake, "people", first.number)
    assert snapshot.dataset(lake, again, schemas.PEOPLE).count_rows() == 1
    assert snapshot.dataset(lake, second, schemas.PEOPLE).count_rows() == 2


def test_one_of_two_writers_wins_and_the_other_is_told(lake: Lake) -> None:
    first = write(lake, people(1), None, "r1")
    write(lake, people(2), first.number, "r2")
    with pytest.raises(IntegrityError, match=r"people was changed by another run.*run again"):
        write(lake, people(3), first.number, "r3")
    latest = snapshot.latest(lake, "people")
    rows = snapshot.dataset(lake, latest, schemas.PEOPLE).to_table().column("key").to_pylist()
    assert [row.bytes for row in rows] == [key(2)]


def test_a_snapshot_that_is_gone_says_so(lake: Lake) -> None:
    with pytest.raises(IntegrityError, match="people/00000007 is gone"):
        snapshot.load(lake, "people", 7)


def test_a_snapshot_of_no_rows_can_be_read(lake: Lake) -> None:
    made = write(lake, [], None, "r1")
    assert snapshot.dataset(lake, made, schemas.PEOPLE).count_rows() == 0
    assert snapshot.dataset(lake, None, schemas.PEOPLE).count_rows() == 0


def test_a_root_with_signs_of_urls_is_one_folder(tmp_path: Path) -> None:
    lake = lake_on_disk(tmp_path / "a b%20c #x?")
    append(lake, "c1", "profiles", "crm", {"email": "a"})
    assert ids(lake, "profiles", "email") == ["a"]


def test_an_address_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="neither file:// nor s3://"):
        open_lake(MemoryStore(), tmp_path)


@pytest.mark.parametrize("name", sorted(LOGS))
def test_names_of_log_files_read_back(name: str) -> None:
    assert partition_of(log_key(name, "2026-11-21", "abc", 7)) == ("2026-11-21", "abc")
    assert partition_of(f"{name}/{LOGS[name].partition}=x/other.txt") is None


def test_a_day_is_over_when_the_next_one_begins() -> None:
    today = date(2026, 11, 21)
    assert not is_over("2026-11-21", today, 0)
    assert is_over("2026-11-20", today, 0)
    assert not is_over("2026-10-22", today, 30)
    assert is_over("2026-10-21", today, 30)
    assert not is_over(NEVER, today, 0)


def test_duckdb_draws_no_progress_where_answers_stand(tmp_path: Path) -> None:
    with query.connect(tmp_path) as con:
        assert query.one(con, "SELECT current_setting('enable_progress_bar')") == (False,)
