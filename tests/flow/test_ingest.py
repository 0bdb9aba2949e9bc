"""Ingest: what is kept, and what is rejected and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal

import pytest

from audiences.flows.ingest import ingest_file
from audiences.flows.workspace import Workspace
from audiences.ingest.rejects import FIXES
from shared.errors import ConfigurationError, DataError
from tests.builders import (
    every_log,
    ingest,
    key_of,
    rows_of,
    stored,
    write,
)

Make = Callable[..., Workspace]
PROFILES = [
    {"external_id": "1", "email": "A@x.co|b@x.co", "phone": "0912345678", "country": "vn"},
    {"external_id": "2", "email": "no-at-sign", "country": "nowhere", "consent_ads": "perhaps"},
    {"email": "c@x.co", "updated_at": "2026-11-01", "descriptive.job": "cook", "zone": "7"},
    {"phone": "12", "country": "VN"},
    {"first_name": "Nobody"},
]
EVENTS = [
    {"event_id": "e1", "name": "order", "at": "2026-11-20T10:00:00+07:00", "email": "c@x.co"},
    {"event_id": "e2", "name": "order", "at": "2026-11-20", "cookie": "ck1", "value": "12.50"},
    {"event_id": "e3", "at": "2026-11-20", "email": "c@x.co"},
    {"event_id": "e4", "name": "view", "at": "yesterday", "email": "c@x.co"},
    {"event_id": "e5", "name": "order", "at": "2026-11-20", "email": "c@x.co", "value": "12,50"},
    {"event_id": "e6", "name": "view", "at": "2026-11-20"},
    {"event_id": "e7", "name": "view", "at": "2026-11-20", "email": "no-at-sign"},
]
SIGHTINGS = [
    {"id_type": "cookie", "id": "ck1", "seen_at": "2026-11-20", "traits": "shoes| hats ||"},
    {"id_type": "COOKIE", "id": "ck2", "seen_at": "2026-11-20", "country": "Vietnam"},
    {"id_type": "fax", "id": "1", "seen_at": "2026-11-20"},
    {"id_type": "email", "id": "c@x.co", "seen_at": "2026-11-20"},
    {"id_type": "ctv", "seen_at": "2026-11-20"},
    {"id": "ck1", "seen_at": "2026-11-20"},
    {"id_type": "ctv", "id": "tv1"},
    {"id_type": "ctv", "id": "tv1", "seen_at": "now"},
    {"id_type": "ctv", "id": "tv1", "seen_at": "2026-11-23"},
    {"id_type": "ctv", "id": "tv1", "seen_at": "2026-08-01"},
    {"id_type": "ctv", "id": "tv1", "seen_at": "2026-11-20", "party": "4"},
    {"id_type": "ctv", "id": "tv1", "seen_at": "2026-11-20", "party": "first"},
    {"id_type": "idfa", "id": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "seen_at": "2026-11-20"},
]


def test_profiles_keep_what_can_be_used(workspace: Workspace) -> None:
    done = ingest(workspace, "profiles", PROFILES)
    assert (done.rows_in, done.kept, done.rejected) == (5, 3, 2)
    assert done.reasons == {"impossible_number": 1, "no_identifier": 1}
    assert done.field_reasons == {"no_at_sign": 1, "bad_country": 1, "bad_flag": 1}
    one, two, three = sorted(
        rows_of(workspace, "profiles"), key=lambda row: str(row["external_id"])
    )
    assert one["key"].bytes == key_of("external_id", "1")
    assert (one["country"], one["email"], one["do_not_contact"]) == ("VN", "A@x.co|b@x.co", False)
    assert (two["country"], two["consent_ads"]) == (None, None)
    assert three["key"].bytes == key_of("email", "c@x.co")
    assert dict(three["attributes"]) == {"descriptive.job": "cook", "zone": "7"}


def test_every_identifier_of_a_cell_links_to_the_strongest(workspace: Workspace) -> None:
    ingest(workspace, "profiles", PROFILES)
    strongest = key_of("external_id", "1")
    ends = {row["b"].bytes for row in rows_of(workspace, "links") if row["a"].bytes == strongest}
    assert ends == {
        key_of("email", "a@x.co"),
        key_of("email", "b@x.co"),
        key_of("phone", "+84912345678"),
    }


def test_events_keep_numbers_times_and_anchors(workspace: Workspace) -> None:
    done = ingest(workspace, "events", EVENTS)
    assert (done.rows_in, done.kept, done.rejected) == (7, 2, 5)
    assert done.reasons == {
        "missing": 1,
        "bad_time": 1,
        "bad_number": 1,
        "no_identifier": 1,
        "no_at_sign": 1,
    }
    rows = {row["value"]: row for row in rows_of(workspace, "events")}
    assert rows[None]["at"].isoformat() == "2026-11-20T03:00:00+00:00"
    assert rows[None]["key"].bytes == key_of("email", "c@x.co")
    assert rows[Decimal("12.5000")]["key"].bytes == key_of("cookie", "ck1")


def test_sightings_keep_what_is_alive(workspace: Workspace) -> None:
    done = ingest(workspace, "sightings", SIGHTINGS)
    assert (done.rows_in, done.kept, done.rejected) == (13, 2, 11)
    assert done.reasons == {
        "unknown_type": 2,
        "missing": 3,
        "bad_time": 1,
        "in_future": 1,
        "expired": 1,
        "bad_party": 2,
        "no_tracking_id": 1,
    }
    assert done.field_reasons == {"bad_country": 1}
    one, two = sorted(rows_of(workspace, "sightings"), key=lambda row: row["id"])
    assert (one["traits"], one["party"], one["source"]) == (["shoes", "hats"], 1, "crm")
    assert (two["id_type"], two["country"]) == ("cookie", None)


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".parquet"])
def test_every_format_gives_the_same_lake(make_workspace: Make, ending: str) -> None:
    as_csv, other = make_workspace("csv"), make_workspace("other")
    for kind, rows in (("profiles", PROFILES), ("events", EVENTS), ("sightings", SIGHTINGS)):
        wanted = ingest(as_csv, kind, rows)
        done = ingest(other, kind, rows, f"x{ending}")
        assert (done.reasons, done.field_reasons) == (wanted.reasons, wanted.field_reasons)
    assert every_log(other) == every_log(as_csv)


def test_rejects_say_where_what_and_how_to_mend_it(workspace: Workspace) -> None:
    done = ingest(workspace, "profiles", PROFILES)
    rejects = rows_of(workspace, "rejects", without=())
    assert {row["ingest"] for row in rejects} == {done.commit}
    assert {
        (r["row"], r["scope"], r["field"], r["reason"], r["sample"] or "") for r in rejects
    } == {
        (2, "field", "email", "no_at_sign", "aa-aa-aaaa"),
        (2, "field", "country", "bad_country", "aaaaaaa"),
        (2, "field", "consent_ads", "bad_flag", "aaaaaaa"),
        (4, "row", "phone", "impossible_number", "99"),
        (5, "row", "", "no_identifier", ""),
    }
    assert all(row["fix"] and row["source"] == "crm" for row in rejects)
    assert all(row["table"] == "profiles" for row in rejects)


def test_rows_that_are_no_rows_are_rejects_too(workspace: Workspace) -> None:
    path = workspace.lake.scratch / "x.csv"
    path.write_bytes(b"email,n\na@x.co\nb@x.co,\xff\nc@x.co,3\n")
    done = ingest_file(workspace, "profiles", path, "crm")
    assert (done.rows_in, done.kept, done.rejected) == (3, 1, 2)
    assert done.reasons == {"not_utf8": 1, "too_few_fields": 1}
    samples = {row["row"]: row["sample"] or "" for row in rows_of(workspace, "rejects")}
    assert samples == {1: "a@a.aa", 2: ""}


def test_a_row_with_two_faults_counts_once(workspace: Workspace) -> None:
    rows = [{"name": "", "at": "x", "email": "bad", "value": "y"}] * 3
    done = ingest(workspace, "events", rows)
    assert (done.rows_in, done.kept, done.rejected) == (3, 0, 3)
    assert sum(done.reasons.values()) == 3
    assert len(done.reasons) == 1


def test_the_country_of_a_phone_is_the_rows_then_the_workspaces(make_workspace: Make) -> None:
    rows = [
        {"external_id": "1", "phone": "0912345678", "country": "VN"},
        {"external_id": "2", "phone": "0812345678", "country": "TH"},
        {"external_id": "3", "phone": "0912345678"},
        {"external_id": "4", "phone": "+66 81 234 5678"},
    ]
    bare, settled = make_workspace("bare"), make_workspace("settled", country="VN")
    assert ingest(bare, "profiles", rows).field_reasons == {"no_country": 1}
    assert ingest(settled, "profiles", rows).field_reasons == {}
    ends = {row["b"].bytes for row in rows_of(settled, "links")}
    assert ends == {key_of("phone", "+84912345678"), key_of("phone", "+66812345678")}


def test_a_digest_of_an_address_is_that_address(workspace: Workspace) -> None:
    digest = hashlib.sha256(b"a@x.co").hexdigest()
    sighting = {"id_type": "cookie", "id": "ck1", "seen_at": "2026-11-20"}
    rows = [sighting | {"link_type": "email_sha256", "link_value": digest.upper()}]
    ingest(workspace, "profiles", [{"email": "A@x.co", "email_sha256": digest}])
    assert rows_of(workspace, "links") == []
    ingest(workspace, "sightings", rows)
    [link] = rows_of(workspace, "links")
    assert (link["a"].bytes, link["b"].bytes) == (
        key_of("email", "a@x.co"),
        key_of("cookie", "ck1"),
    )


def test_every_reason_says_how_to_mend_it() -> None:
    assert all(text and not text.endswith(".") for text in FIXES.values())


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("profiles", {"mail": "a@x.co"}, r"no column of external_id, email.*did you mean to call"),
        ("events", {"name": "x", "email": "a"}, r"no column 'at' \(found: name, email\)"),
        ("events", {"name": "x", "at": "y"}, "no column of external_id, email, phone"),
        ("sightings", {"id": "x"}, "no column 'id_type' and 'seen_at'"),
        ("profiles", {"email;phone": "a;b"}, "commas, not semicolons"),
        ("profiles", {"email\tphone": "a\tb"}, "commas, not tabs"),
    ],
)
def test_a_wrong_header_keeps_nothing(
    workspace: Workspace, kind: str, row: dict[str, str], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        ingest(workspace, kind, [row])
    assert stored(workspace) == []


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl.gz", "x.parquet"])
def test_a_file_without_rows_is_told(workspace: Workspace, name: str) -> None:
    path = write(workspace.lake.scratch / name, [], ["email", "name"])
    with pytest.raises(DataError, match="there is no row in it"):
        ingest_file(workspace, "profiles", path, "crm")
    assert stored(workspace) == []


@pytest.mark.parametrize("source", ["", "CRM", "../x", "a b", "a" * 64, "a=b"])
def test_a_source_is_a_plain_name(workspace: Workspace, source: str) -> None:
    with pytest.raises(ConfigurationError, match="--source"):
        ingest(workspace, "profiles", PROFILES, source=source)
