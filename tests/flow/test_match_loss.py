"""The autopsy of an audience: every member under one outcome, with the plan's own verdicts."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiences.flows.build import build
from audiences.flows.match_loss import MatchLoss, match_loss
from audiences.flows.resolve import resolve_people
from audiences.flows.sync import sync
from audiences.flows.workspace import Workspace
from shared.clock import Clock
from shared.errors import ConfigurationError
from tests.builders import AS_OF, ingest, new_workspace

GOLD = """\
name: gold
where: {profile: {field: attributes.tier, is: gold}}
suppress: [do-not-contact]
"""
HALF = GOLD.replace("gold\n", "half\n", 1) + "holdout: {percent: 50, salt: s}\n"
SEEN = "name: seen\nof: devices\nwhere: {seen: {trait: shoes, times: {at_least: 1}}}\n"
TO = """\
name: {name}
platform: {platform}
account: "12"
credentials: sandbox
base_url: http://127.0.0.1:1/{platform}
"""
DESTINATIONS = {"meta-main": "meta", "google-main": "google", "ttd-main": "the_trade_desk"}
GAID = "38400000-8cf0-11bd-b23e-10b96e400{:03d}"

PROFILES: list[dict[str, Any]] = [
    {"external_id": "M1", "email": "ana@example.com", "phone": "+84912345678"},
    {"external_id": "M2", "email": "bo@example.com", "phone": "0912 345 670"},  # phone lost
    {"external_id": "L1", "phone": "0912 345 671"},  # no country
    {"external_id": "L2", "email": "carla.example.com", "country": "VN"},
    {"external_id": "L3", "email": "dora@@example.com", "phone": "12", "country": "VN"},
    {"external_id": "C1", "email": "d1@example.com", "country": "DE"},  # no answer
    {"external_id": "C2", "email": "d2@example.com", "country": "DE", "consent_ads": "yes"},
    {"external_id": "C3", "email": "d3@example.com", "consent_ads": "no"},
    {"external_id": "G1", "email": "e1@gmail.com"},
    {"external_id": "G2", "email": "e.1@gmail.com"},  # one mailbox on Google
    {"external_id": "T1"},
    {"external_id": "T2", "country": "FR", "consent_ads": "yes", "consent_personalization": "1"},
    {"email": "only@example.com"},
    {"external_id": "fay@example.com"},  # a customer number that is an address
    {"email_sha256": "9b" * 32},
    {"external_id": "S1", "email": "s1@example.com", "do_not_contact": "true"},
]


def sightings() -> list[dict[str, Any]]:
    return [
        {"id_type": "gaid", "id": GAID.format(1), "seen_at": "2026-11-20", "link_value": "T1"},
        {"id_type": "cookie", "id": "c-2", "seen_at": "2026-08-25", "link_value": "T2"},
    ]


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """Customers of every sort, resolved."""
    workspace = new_workspace(
        tmp_path / "w",
        audiences={"gold": GOLD, "half": HALF, "seen": SEEN},
        destinations={n: TO.format(name=n, platform=p) for n, p in DESTINATIONS.items()},
    )
    ingest(workspace, "profiles", [{"tier": "gold"} | row for row in PROFILES])
    usual = {"link_type": "external_id", "traits": "shoes", "party": "1"}
    ingest(workspace, "sightings", [usual | row for row in sightings()], name="s.csv")
    resolve_people(workspace)
    return workspace


def told(loss: MatchLoss) -> dict[tuple[str, str], int]:
    return {(one["outcome"], one["detail"]): one["members"] for one in loss.outcomes}


def autopsy(workspace: Workspace, audience: str, to: str, **how: Any) -> MatchLoss:
    build(workspace, audience)
    loss = match_loss(workspace, audience, to, **how)
    assert sum(told(loss).values()) == loss.members
    return loss


def test_every_member_has_one_outcome_that_says_why(shop: Workspace) -> None:
    loss = autopsy(shop, "gold", "google-main")
    assert told(loss) == {
        ("matched", ""): 4,
        ("consent_missing", "consent_ads and consent_personalization"): 1,
        ("consent_missing", "consent_personalization"): 1,
        ("consent_denied", "consent_ads"): 1,
        ("same_as_another", ""): 1,
        ("no_country", "phone no_country"): 1,
        ("invalid", "email no_at_sign"): 1,
        ("invalid", "email two_at_signs, phone impossible_number"): 1,
        ("type_not_taken", "external_id, gaid"): 1,
        ("type_not_taken", "cookie, external_id"): 1,
        ("type_not_taken", "external_id"): 1,
        ("type_not_taken", "email_sha256"): 1,
    }
    assert (loss.members, loss.matched, loss.suppressed) == (15, 4, 1)
    by_field = {(f["field"], f["reason"]): (f["members"], f["matched"]) for f in loss.fields}
    assert by_field[("phone", "no_country")] == (2, 1)


@pytest.mark.parametrize("to", DESTINATIONS)
@pytest.mark.parametrize(("audience", "mode"), [("half", "mirror"), ("gold", "add")])
def test_the_counts_are_the_plans_own(shop: Workspace, audience: str, to: str, mode: str) -> None:
    plan = sync(shop, audience, to, mode=mode, dry_run=True)
    loss = match_loss(shop, audience, to, mode=mode)
    assert loss.dropped == plan.dropped
    assert loss.matched == plan.adds
    assert sum(plan.dropped.values()) + plan.adds == loss.members


def test_a_platform_that_takes_device_ids_alone_says_what_it_misses(shop: Workspace) -> None:
    loss = autopsy(shop, "gold", "ttd-main")
    outcomes = told(loss)
    assert outcomes[("matched", "")] == 2
    assert not [outcome for outcome, _ in outcomes if outcome in ("invalid", "no_country")]
    assert loss.fields == ()  # what it would not take need not be mended for it
    later = replace(shop, clock=Clock(AS_OF.replace(day=28)))
    outcomes = told(autopsy(later, "gold", "ttd-main"))
    assert outcomes[("matched", "")] == 1
    assert outcomes[("device_over", "cookie, external_id")] == 1
    build(shop, "gold")
    assert told(match_loss(shop, "gold", "ttd-main", mode="add"))[("matched", "")] == 2


def test_a_customer_number_that_is_an_address_is_told_on_meta(shop: Workspace) -> None:
    outcomes = told(autopsy(shop, "gold", "meta-main"))
    assert outcomes[("number_is_contact", "external_id")] == 1


def test_a_device_whose_life_ended_since_the_build_is_counted(shop: Workspace) -> None:
    build(shop, "seen")
    later = replace(shop, clock=Clock(AS_OF.replace(day=28)))
    loss = match_loss(later, "seen", "ttd-main")
    assert told(loss) == {("matched", ""): 1, ("member_over", ""): 1}
    assert loss.members == 2


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_names_each_record_and_field_and_no_value(shop: Workspace, tmp_path: Path) -> None:
    loss = autopsy(shop, "gold", "google-main", file=tmp_path / "out.csv")
    lines = rows(tmp_path / "out.csv")
    assert loss.lines == len(lines)
    assert all(line["source"] == "crm" and line["ingest"] and line["fix"] for line in lines)
    found = {
        (r["external_id"], int(r["row"]), r["field"], r["reason"], r["matched"]) for r in lines
    }
    assert found == {
        ("M2", 2, "phone", "no_country", "yes"),
        ("L1", 3, "phone", "no_country", "no"),
        ("L2", 4, "email", "no_at_sign", "no"),
        ("L3", 5, "email", "two_at_signs", "no"),
        ("L3", 5, "phone", "impossible_number", "no"),
        ("C1", 6, "consent_ads", "consent_missing", "no"),
        ("C1", 6, "consent_personalization", "consent_missing", "no"),
        ("C2", 7, "consent_personalization", "consent_missing", "no"),
        ("C3", 8, "consent_ads", "consent_denied", "no"),
        ("T1", 11, "", "type_not_taken", "no"),
        ("T2", 12, "", "type_not_taken", "no"),
        ("", 14, "", "type_not_taken", "no"),  # its number is an address, and is not shown
        ("", 15, "", "type_not_taken", "no"),
    }
    text = (tmp_path / "out.csv").read_text("utf-8")
    assert not [word for word in ("@example", "@@", "0912", "carla", "fay", "9b9b") if word in text]


def test_values_are_in_the_file_only_when_asked_for(shop: Workspace, tmp_path: Path) -> None:
    autopsy(shop, "gold", "google-main", file=tmp_path / "out.csv", show_values=True)
    values = {r["value"] for r in rows(tmp_path / "out.csv")}
    assert values >= {"0912 345 670", "0912 345 671", "carla.example.com", "12"}


def test_what_ingest_noted_is_forgotten_after_a_month_and_judged_again(
    shop: Workspace, tmp_path: Path
) -> None:
    before = autopsy(shop, "gold", "google-main", file=tmp_path / "a.csv")
    for file in shop.lake.store.list("rejects/"):
        shop.lake.store.delete([file.key])
    after = match_loss(shop, "gold", "google-main", file=tmp_path / "b.csv")
    assert told(after) == told(before)
    assert rows(tmp_path / "a.csv") == rows(tmp_path / "b.csv")


def test_an_audience_that_was_never_built_is_a_clear_error(shop: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="'gold' was not built yet"):
        match_loss(shop, "gold", "meta-main")


def test_a_value_that_several_sources_give_is_handed_back_to_each(
    make_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    workspace = make_workspace(
        audiences={"gold": GOLD}, destinations={"m": TO.format(name="m", platform="google")}
    )
    row = {"external_id": "X", "email": "no-sign", "tier": "gold"}
    ingest(workspace, "profiles", [row], source="crm")
    ingest(workspace, "profiles", [row], source="shop", name="y.csv")
    resolve_people(workspace)
    loss = autopsy(workspace, "gold", "m", file=tmp_path / "out.csv")
    assert (loss.members, loss.fields[0]["members"]) == (1, 1)
    assert [r["source"] for r in rows(tmp_path / "out.csv")] == ["crm", "shop"]


def test_keys_and_attributes_are_counted_and_those_unread_are_named(
    make_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    workspace = make_workspace(
        audiences={"gold": GOLD}, destinations={"m": TO.format(name="m", platform="meta")}
    )
    named = {"first_name": "Ann", "birth_date": "05/04/1990", "country": "US", "tier": "gold"}
    people = [{"external_id": f"N{n}", "email": f"n{n}@example.com"} | named for n in range(3)]
    people[2] |= {"birth_date": "1990-05-04", "zip": "94103"}
    unknown = {"phone_sha256": "9b" * 32} | named  # Meta takes no digest with the plus in it
    ingest(workspace, "profiles", [*people, unknown])
    resolve_people(workspace)
    loss = autopsy(workspace, "gold", "m", file=tmp_path / "out.csv")
    counted = " ".join(f"{one['wire']}={one['members']}" for one in loss.keys if one["members"])
    assert counted == "EXTERN_ID=3 EMAIL=3 FN=3 ZIP=1 COUNTRY=3 DOBY=1 DOBM=1 DOBD=1"
    assert {(f["field"], f["reason"], f["members"], f["matched"]) for f in loss.fields} == {
        ("birth_date", "ambiguous_date", 3, 2)
    }
    assert ("type_not_taken", "phone_sha256") in told(loss), "not lost for a date"
    assert {row["field"] for row in rows(tmp_path / "out.csv")} == {"birth_date"}
    assert "1990" not in (tmp_path / "out.csv").read_text("utf-8")


def test_every_key_stands_in_the_documentation(shop: Workspace) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
    value = autopsy(shop, "gold", "google-main").as_json()
    keys = {*value, *value["outcomes"][0], *value["fields"][0], *value["dropped"]}
    keys |= {*value["keys"][0]}
    assert [key for key in keys if f"`{key}`" not in page and f"`{key}[]`" not in page] == []
