"""Hostile files: no header and no value can break an ingest, or hide a row."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.flows.ingest import ingest_file
from audiences.flows.workspace import Workspace
from tests.builders import live, new_workspace, rows_of, write

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
VALUE = st.one_of(
    TEXT,
    st.sampled_from(
        [
            "a@x.co",
            "+84912345678",
            "'; DROP TABLE raw; --",
            '"',
            "|",
            "a|b|",
            "\x00",
            "2026-11-20",
            "0000-00-00",
            "9999-12-31",
            "-1e400",
            "cookie",
            "partner:x",
            "true",
            "VN",
        ]
    ),
)
OURS = [
    "row",
    "row_",
    "raw",
    "key",
    "type",
    "value",
    "reason",
    "rank",
    "pos",
    "part",
    "parts",
    "nth",
]
OURS += ["text", "anchor", "device", "linked", "timed", "said", "seen_at", "e", "t", "at", "month"]
NAMES = ["external_id", "email", "phone", "country", "cookie", "name", "event_id", "id_type", "id"]
NAMES += ["party", "link_type", "link_value", "traits", "updated_at", "do_not_contact", "partner:x"]
HEADER = st.one_of(TEXT, st.sampled_from(OURS), st.sampled_from(NAMES))


@st.composite
def files(draw: st.DrawFn, always: tuple[str, ...]) -> list[dict[str, str]]:
    names = draw(st.lists(HEADER, min_size=1, max_size=8))
    plain = {name.strip().strip("\ufeff").strip().lower(): name for name in [*names, *always]}
    plain.pop("", None)
    row = st.fixed_dictionaries(dict.fromkeys(plain, VALUE))
    return draw(st.lists(row, min_size=1, max_size=4))


@pytest.mark.parametrize(
    ("kind", "always"),
    [
        ("profiles", ("email",)),
        ("events", ("name", "at", "email")),
        ("sightings", ("id_type", "id", "seen_at")),
    ],
)
def test_nothing_in_a_file_can_break_the_ingest(kind: str, always: tuple[str, ...]) -> None:
    """Hostile headers and values: every row is kept or rejected, and the lake reads."""
    with TemporaryDirectory() as folder:
        workspace = new_workspace(Path(folder, "w"))
        _hostile(workspace, kind, always)


def _hostile(workspace: Workspace, kind: str, always: tuple[str, ...]) -> None:
    @settings(max_examples=30, deadline=None)
    @given(rows=files(always), ending=st.sampled_from([".jsonl", ".parquet"]))
    def check(rows: list[dict[str, str]], ending: str) -> None:
        path = write(workspace.lake.scratch / f"x{ending}", rows)
        done = ingest_file(workspace, kind, path, "crm")
        assert done.rows_in == len(rows)
        assert done.rows_in == done.kept + done.rejected
        assert sum(done.reasons.values()) == done.rejected

    check()
    for view in ("profiles", "events", "sightings", "links"):
        live(workspace, view, f"SELECT count(*) FROM live_{view}")


def test_columns_may_be_called_as_ours_are(workspace: Workspace) -> None:
    """All at once, each with its own name as its value."""
    own = {name: name for name in OURS if name not in ("row", "row_", "seen_at", "at", "value")}
    rows = {
        "profiles": {"email": "a@x.co"},
        "events": {"email": "a@x.co", "name": "view", "at": "2026-11-20"},
        "sightings": {"id_type": "ctv", "id": "tv", "seen_at": "2026-11-20", "traits": "a| b"},
    }
    for kind, row in rows.items():
        path = write(workspace.lake.scratch / "x.csv", [{**own, **row, "value": "1"}])
        assert ingest_file(workspace, kind, path, "crm").kept == 1
        if kind != "sightings":
            [found] = rows_of(workspace, kind)
            kept = dict(found["attributes"])
            assert kept | own == kept
    [found] = rows_of(workspace, "sightings")
    assert found["traits"] == ["a", "b"]
