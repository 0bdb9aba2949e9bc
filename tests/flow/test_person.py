"""Person: all that is known of one person, found by any of their identifiers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from audiences.flows.build import build
from audiences.flows.person import find_person
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from shared.errors import DataError
from tests.builders import AS_OF, ingest, key_of, people

Make = Callable[..., Workspace]
AUDIENCES = {
    "buyers": "name: buyers\nof: people\nwhere: {event: {name: order, times: {at_least: 1}}}\n",
    "shoes": "name: shoes\nof: devices\nwhere: {seen: {trait: shoes, times: {at_least: 1}}}\n",
}


@pytest.fixture
def shop(make_workspace: Make) -> Workspace:
    workspace = make_workspace(audiences=AUDIENCES, destinations={})
    profiles = [
        {"external_id": "1", "email": "ana@example.com", "city": "Hue", "phone": "+84912345678"},
        {"external_id": "2", "email": "bo@example.com"},
    ]
    ingest(workspace, "profiles", profiles)
    ingest(workspace, "profiles", [{"email": "ana@example.com", "loyal": "yes"}], source="mail")
    order = {"name": "order", "at": "2026-11-20", "email": "ana@example.com", "currency": "VND"}
    events = [order | {"value": "10.5"}, order | {"value": "2", "at": "2026-11-01"}]
    ingest(workspace, "events", events)
    seen = {"id_type": "cookie", "id": "c1", "seen_at": "2026-11-20", "traits": "shoes|hats"}
    ingest(workspace, "sightings", [seen | {"link_type": "external_id", "link_value": "1"}])
    resolve_people(workspace)
    for name in AUDIENCES:
        build(workspace, name)
    return workspace


def test_one_view_holds_what_every_source_knows(shop: Workspace) -> None:
    found = find_person(shop, kind="email", value="Ana@Example.com")
    assert {p["source"] for p in found.profiles} == {"crm", "mail"}
    assert {p.get("city") for p in found.profiles} == {"Hue", None}
    assert [p.get("attributes") for p in found.profiles if p["source"] == "mail"] == [
        {"loyal": "yes"}
    ]
    assert sorted(i["type"] for i in found.identifiers) == [
        "cookie",
        "email",
        "external_id",
        "phone",
    ]
    [orders] = found.events
    assert (orders["name"], orders["times"], orders["value"]) == ("order", 2, 12.5)
    assert (orders["first"], orders["last"]) == ("2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z")
    [device] = found.sightings
    assert device["traits"] == ["hats", "shoes"]
    assert found.audiences == ["buyers", "shoes"]
    assert found.platforms == []


def test_every_way_to_a_person_gives_the_same_view(shop: Workspace) -> None:
    by_mail = find_person(shop, kind="email", value="ana@example.com").as_json()
    assert json.loads(json.dumps(by_mail)) == by_mail
    for found in (
        find_person(shop, person=by_mail["person"]),
        find_person(shop, person=by_mail["person"].upper()),
        find_person(shop, kind="phone", value="0912 345 678", country="VN"),
        find_person(shop, kind="external_id", value="1"),
        find_person(shop, kind="cookie", value="c1"),
    ):
        assert found.as_json() == by_mail


def test_an_id_means_the_person_not_the_identifier_it_was_named_after(
    make_workspace: Make,
) -> None:
    """A person may go on under a name whose identifier has since come to somebody else."""
    now = make_workspace()
    seen = {"id_type": "cookie", "seen_at": "2026-11-20", "party": "2"}
    link = {"link_type": "email", "link_value": "z@x.co"}
    ingest(now, "sightings", [seen | {"id": "c1"} | link, seen | {"id": "c2"} | link])
    resolve_people(now)
    name = people(now)[key_of("cookie", "c1")]
    assert name == key_of("email", "z@x.co")
    # The address is not seen again, but both devices are: one with another address, one alone.
    later = make_workspace(as_of=AS_OF + timedelta(days=31))
    again = seen | {"seen_at": "2026-12-21"}
    ingest(later, "sightings", [again | {"id": "c1"}, again | {"id": "c2"}], "2.csv")
    resolve_people(later)
    ingest(later, "profiles", [{"email": "z@x.co", "external_id": "9"}])
    resolve_people(later)
    whole = people(later)
    assert whole[key_of("email", "z@x.co")] != name
    assert name in whole.values()
    found = find_person(later, person=name.hex())
    assert found.person == name.hex()
    assert [i["type"] for i in found.identifiers] == ["cookie"]
    assert find_person(later, kind="email", value="z@x.co").person != name.hex()


def test_the_view_is_that_of_the_instant(shop: Workspace, make_workspace: Make) -> None:
    del shop
    before = make_workspace(as_of=AS_OF - timedelta(days=10))
    found = find_person(before, kind="email", value="ana@example.com")
    assert [event["times"] for event in found.events] == [1]
    assert found.sightings == []
    after = make_workspace(as_of=AS_OF + timedelta(days=100))
    found = find_person(after, kind="email", value="ana@example.com")
    assert found.sightings == []
    assert found.audiences == ["buyers"]
    assert "cookie" not in {i["type"] for i in found.identifiers}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"kind": "email", "value": "nobody@example.com"}, "nobody with that identifier"),
        ({"kind": "email", "value": "ana.example.com"}, r"this email cannot be used: no_at_sign"),
        ({"kind": "phone", "value": "0912345678"}, r"no_country \(Add a country"),
        ({"person": "ana@example.com"}, "32 hexadecimal digits"),
        ({"person": "0" * 32}, "nobody with that"),
    ],
)
def test_who_cannot_be_found_is_told_without_the_value(
    shop: Workspace, how: dict[str, str], words: str
) -> None:
    with pytest.raises(DataError, match=words) as told:
        find_person(shop, **how)
    assert "ana" not in str(told.value)
    assert "nobody@" not in str(told.value)


def test_an_empty_lake_knows_nobody(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="bridge resolve"):
        find_person(workspace, kind="email", value="ana@example.com")
