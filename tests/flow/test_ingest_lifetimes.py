"""Lifetimes: how long what was seen may live, and that nothing can lengthen it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.flows.workspace import Workspace
from audiences.identifiers.catalog import LONGEST_DAYS
from tests.builders import AS_OF, ingest, rows_of, stored

Make = Callable[..., Workspace]
SEEN = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15"
CHROME = "Mozilla/5.0 (Windows NT) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
DEVICE = "6d92078a-8246-4ba4-ae5b-76104861e7dc"


def seen(id_type: str, value: str = "x1", **rest: str) -> dict[str, str]:
    return {"id_type": id_type, "id": value, "seen_at": SEEN.isoformat(), **rest}


def days(rows: list[dict[str, Any]]) -> list[float]:
    return [(row["expires_at"] - row["seen_at"]) / timedelta(days=1) for row in rows]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (seen("cookie"), 90),
        (seen("cookie", browser="Safari"), 7),
        (seen("cookie", browser=SAFARI), 7),
        (seen("cookie", browser=CHROME), 90),
        (seen("cookie", party="1", browser="firefox"), 90),
        (seen("cookie", party="2"), 30),
        (seen("cookie", party="3", browser=SAFARI), 30),
        (seen("idfa", DEVICE), 90),
        (seen("gaid", DEVICE, party="3"), 90),
        (seen("ctv"), 90),
        (seen("partner:acme"), 30),
        (seen("PARTNER:acme", party="1"), 30),
        (seen("ip", "8.8.8.8"), 1),
    ],
)
def test_every_id_lives_as_long_as_its_type(
    workspace: Workspace, row: dict[str, str], wanted: int
) -> None:
    ingest(workspace, "sightings", [row])
    assert days(rows_of(workspace, "sightings")) == [wanted]
    day = (SEEN + timedelta(days=wanted)).date()
    assert [k for k in stored(workspace, "sightings/") if f"expires_on={day}/" in k]


def test_a_workspace_shortens_lives_and_never_lengthens_them(make_workspace: Make) -> None:
    toml = '[lifetimes]\ncookie = 10\nctv = 90\n"partner:acme" = 80\nip = 30\nemail_sha256 = 5\n'
    workspace = make_workspace(toml=toml)
    rows = [
        seen("cookie", "c1"),
        seen("cookie", "c2", browser="Safari"),
        seen("cookie", "c3", party="2"),
        seen("ctv", "c4"),
        seen("partner:acme", "c5"),
        seen("ip", "8.8.8.8"),
        seen("ctv", "c6", link_type="email_sha256", link_value="ab" * 32),
        seen("ctv", "c7", link_type="email", link_value="a@x.co"),
    ]
    assert ingest(workspace, "sightings", rows).rejected == 0
    found = {row["id"]: row for row in rows_of(workspace, "sightings")}
    assert days([found[i] for i in ("c1", "c2", "c3", "c4", "c5", "8.8.8.8")]) == [
        10,
        7,
        10,
        90,
        30,
        1,
    ]
    # A link lives as long as its weaker end.
    links = {row["a_type"]: row for row in rows_of(workspace, "links")}
    assert days([links["email_sha256"], links["email"]]) == [5, 90]


def test_one_partner_may_have_a_life_of_its_own(make_workspace: Make) -> None:
    workspace = make_workspace(toml='[lifetimes]\npartner = 20\n"partner:acme" = 3\n')
    ingest(workspace, "sightings", [seen("partner:acme", "a"), seen("partner:other", "b")])
    found = {row["id"]: row for row in rows_of(workspace, "sightings")}
    assert days([found["a"], found["b"]]) == [3, 20]


def test_an_address_of_a_network_links_nobody(workspace: Workspace) -> None:
    rows = [seen("ip", "8.8.8.8", link_type="email", link_value="a@x.co")]
    event = {"name": "view", "at": "2026-11-20", "email": "a@x.co", "ip": "8.8.8.8", "cookie": "c"}
    assert ingest(workspace, "sightings", rows).kept == 1
    assert ingest(workspace, "events", [event]).kept == 1
    assert {row["b_type"] for row in rows_of(workspace, "links")} == {"cookie"}


def test_links_of_events_die_with_the_weaker_end(workspace: Workspace) -> None:
    event = {"name": "view", "at": SEEN.isoformat()}
    rows = [
        event | {"email": "a@x.co", "phone": "+84912345678", "cookie": "c1", "partner:acme": "p1"},
        event | {"email": "a@x.co", "cookie": "old", "at": "2026-01-01"},
    ]
    ingest(workspace, "events", rows)
    found = {row["b_type"]: row["expires_at"] for row in rows_of(workspace, "links")}
    assert found == {
        "phone": None,
        "cookie": SEEN + timedelta(days=90),
        "partner:acme": SEEN + timedelta(days=30),
    }


MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - UTC is added


@settings(max_examples=12, deadline=None)
@given(moments=st.lists(MOMENTS, min_size=1, max_size=8), offset=st.sampled_from(["Z", "+14:00"]))
def test_no_date_makes_anything_outlive_ninety_days(
    tmp_path_factory: pytest.TempPathFactory, moments: list[datetime], offset: str
) -> None:
    from tests.builders import new_workspace

    workspace = new_workspace(tmp_path_factory.mktemp("w") / "w")
    near = [AS_OF.replace(tzinfo=None) + timedelta(days=d) for d in (-89, -1, 0.9, 1.1, 40)]
    at = [f"{moment.isoformat()}{offset}" for moment in [*moments, *near]]
    ingest(workspace, "sightings", [seen("cookie", f"c{n}", seen_at=t) for n, t in enumerate(at)])
    row = {"name": "view", "email": "a@x.co"}
    ingest(workspace, "events", [row | {"cookie": f"c{n}", "at": t} for n, t in enumerate(at)])
    limit = AS_OF + timedelta(days=LONGEST_DAYS + 1)  # clocks may be a day ahead
    ends = [row["expires_at"] for t in ("sightings", "links") for row in rows_of(workspace, t)]
    assert ends
    assert all(AS_OF < end <= limit for end in ends)
