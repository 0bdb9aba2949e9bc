"""Names, places and births over whole runs: they go along, change, and go with whoever goes."""

from __future__ import annotations

from typing import Any

import pytest

from audiences.identifiers.packs import apply
from audiences.platforms import platform
from tests.flow.sync_world import PLATFORMS, World, sha

_AMAZON = """\
name: amazon-main
platform: amazon
account: '580000000000000042'
credentials: sandbox
base_url: {url}/amazon
options: {{client_id: amzn1.application-oa2-client.1, country: US{more}}}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
SLUGS = PLATFORMS | {"amazon-main": "amazon"}
TO = ["meta-main", "google-main", "amazon-main"]
NAMED = {"last_name": "Lovelace", "country": "US", "zip": "94103", "city": "San José"}
NAMED |= {"street": "12 Main Street", "state": "CA", "birth_date": "1990-12-10", "gender": "f"}


def person(number: int, **more: str) -> dict[str, str]:
    usual = {"external_id": f"C{number}", "email": f"p{number}@example.com", "tier": "gold"}
    return usual | NAMED | {"first_name": f"Ada{chr(96 + number)}"} | more


@pytest.fixture
def shop(world: World) -> World:
    lead_to_amazon(world)
    world.ingest("profiles", [person(n, updated_at="2026-06-01") for n in range(1, 6)])
    world.day = 1
    return world


def lead_to_amazon(world: World, more: str = "") -> None:
    world.put("destinations", "amazon-main", _AMAZON.format(url=world.url, more=more))


def bodies(world: World, to: str) -> list[str]:
    """What arrived there about members."""
    places = ("/users", "method=delete", "/audienceMembers:", "/records")
    arrived = [one for one in world.requests(SLUGS[to]) if one["method"] == "POST"]
    return [str(one["body"]) for one in arrived if any(place in one["path"] for place in places)]


def there(world: World, to: str) -> dict[str, Any]:
    (found,) = world.platform_audiences(SLUGS[to]).values()
    return found


def sent_of(slug: str, row: dict[str, str]) -> dict[str, str]:
    """The attributes of a row as `bridge normalize` spells them, by wire name."""
    found = platform(slug)
    keys = [*found.attributes, *(key for key in found.keys if key.joined)]
    parts = dict(zip(("birth_year", "birth_month", "birth_day"), ("1990", "12", "10"), strict=True))
    return {
        kind: str(apply(slug, kind, (row | parts)[kind], row["country"]).sent)
        for key in keys
        for kind in key.types
    }


@pytest.mark.parametrize("to", TO)
def test_names_go_along_and_a_new_one_is_sent_once(shop: World, to: str) -> None:
    first = shop.sync(to)
    assert (first.status, first.accepted, first.unknown) == ("done", 5, 0)
    assert there(shop, to)["count"] == 5
    (body,) = bodies(shop, to)
    for n in range(1, 6):
        assert [
            kind for kind, value in sent_of(SLUGS[to], person(n)).items() if value not in body
        ] == []
    assert shop.sync(to).requests == 0

    shop.day = 2
    renamed = person(2, first_name="Grace", updated_at="2026-07-02")
    shop.ingest("profiles", [renamed])
    again = shop.sync(to)
    assert (again.status, shop.plan(again.run).changes) == ("done", {"changed": 1})
    assert there(shop, to)["count"] == 5, "nobody is there twice"
    grace = apply(SLUGS[to], "first_name", "Grace").sent
    told = bodies(shop, to)[1:]
    assert sum(str(grace) in one for one in told) == 1
    assert len(told) == (1 if to == "amazon-main" else 2), "only Amazon's take their own place"
    assert shop.sync(to).requests == 0


@pytest.mark.parametrize("to", TO)
def test_who_leaves_is_taken_out_by_keys_alone(shop: World, to: str) -> None:
    shop.sync(to)
    shop.day = 2
    shop.ingest("profiles", [person(n, tier="iron", updated_at="2026-07-02") for n in (1, 2)])
    gone = shop.sync(to)
    assert (gone.status, gone.removes, there(shop, to)["count"]) == ("done", 2, 3)
    names = {str(value) for n in (1, 2) for value in sent_of(SLUGS[to], person(n)).values()}
    removal = bodies(shop, to)[1]
    if to == "google-main":
        assert removal.count("givenName") == 2, "Google's address is a key"
    else:
        assert [value for value in names if value in removal] == []


@pytest.mark.parametrize("to", TO)
def test_who_said_no_is_not_sent_with_a_name_either(shop: World, to: str) -> None:
    no = {"consent_ads": "denied", "consent_personalization": "denied"}
    shop.ingest("profiles", [person(n, updated_at="2026-07-02", **no) for n in range(1, 6)])
    shop.day = 3
    assert shop.sync(to).rows == 0
    assert bodies(shop, to) == []


def test_a_destination_that_wants_no_attributes_sends_none(shop: World) -> None:
    lead_to_amazon(shop, ", attributes: none")
    assert shop.sync("amazon-main").accepted == 5
    (body,) = bodies(shop, "amazon-main")
    assert "lastname" not in body
    lead_to_amazon(shop)
    shop.day = 2
    more = shop.sync("amazon-main")
    assert (more.accepted, shop.plan(more.run).changes) == (5, {"changed": 5})
    assert there(shop, "amazon-main")["count"] == 5


def test_what_is_held_knows_attributes_by_their_digest_alone(shop: World) -> None:
    shop.sync("meta-main")
    held = shop.held("meta-main")
    assert all(row["attributes"] is not None for row in held)
    assert {key["wire"] for row in held for key in row["keys"]} == {"EXTERN_ID", "EMAIL"}
    assert sha("lovelace") not in repr(held)


def test_a_dry_run_names_attributes_and_shows_none(shop: World) -> None:
    dry = shop.sync("meta-main", dry_run=True)
    rows = dry.estimate["first_rows"]
    assert [row["attributes"] for row in rows] == [
        ["FN", "LN", "CT", "ST", "ZIP", "COUNTRY", "GEN", "DOBY", "DOBM", "DOBD"]
    ] * 3
    assert not any(value in repr(rows) for value in sent_of("meta", person(1)).values())
