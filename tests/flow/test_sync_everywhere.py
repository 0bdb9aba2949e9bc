"""One whole story over each further platform: first sync, nothing new, who leaves and who comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from shared.errors import RetryableError
from tests.flow.sync_world import World, customers

ACCOUNTS = {
    "criteo": "'123'",
    "amazon": "'580042'",
    "linkedin": "'507404993'",
    "microsoft": "7/42",
    "pinterest": "'549755885175'",
    "reddit": "a2_abc",
    "tiktok": "'7011'",
    "x": "18ce54d4x5t",
    "yahoo": "'7001'",
}
EACH = {"x": 3, "yahoo": 3}  # where each identifier comes and goes by itself
ROWS = {"criteo": 2}  # where a customer has more than one row
OPTIONS = {"amazon": "client_id: amzn1.application-oa2-client.1"}
_DESTINATION = """\
name: there
platform: {slug}
account: {account}
credentials: sandbox
base_url: {url}/{slug}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
options: {{{options}}}
"""


def held_there(world: World, slug: str) -> set[str]:
    """The member keys of the one audience that there is; what is held for it is the same."""
    (shown,) = world.platform_audiences(slug)
    members = set(world.look(f"state/{slug}/{shown}")["members"])
    assert members == set(world.held_keys("there"))
    return members


def lead_there(world: World, slug: str, options: str = "") -> None:
    account, options = ACCOUNTS[slug], ", ".join(filter(None, [OPTIONS.get(slug), options]))
    told = _DESTINATION.format(slug=slug, account=account, url=world.url, options=options)
    world.put("destinations", "there", told)


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
def test_a_platform_is_kept_in_step(world: World, slug: str) -> None:
    lead_there(world, slug)
    people = customers(range(1, 30))
    world.customers(people)
    first = world.sync("there")
    each = EACH.get(slug, 1)
    assert (first.status, first.adds, first.unknown) == ("done", 29 * each, 0)
    assert first.accepted == 29 * ROWS.get(slug, each)
    before, calls = held_there(world, slug), len(world.requests(slug))
    assert world.sync("there").requests == 0
    assert len(world.requests(slug)) == calls
    world.day = 1
    world.customers([*(replace(one, tier="iron") for one in people[:3]), *customers([90, 91])])
    second = world.sync("there")
    assert (second.status, second.adds, second.removes) == ("done", 2 * each, 3 * each)
    after = held_there(world, slug)
    assert len(after & before) / len(before) == pytest.approx(26 / 29)
    assert len(after) / len(before) == pytest.approx(28 / 29)
    sent = " ".join(str(one["path"]) + str(one["body"]) for one in world.requests(slug))
    raw = [*(one.mail for one in people), *(one.phone[1:] for one in people)]
    assert not any(word in sent for word in raw)


def tried(world: World) -> bool:
    """Sync once; say whether the run came to its end."""
    try:
        return world.sync("there").status == "done"
    except RetryableError:
        return False


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
def test_a_platform_that_falters_ends_in_step_all_the_same(world: World, slug: str) -> None:
    lead_there(world, slug, "rows_per_request: 1")
    people = customers(range(1, 30))
    world.customers(people)
    world.sync("there")
    world.day = 1
    world.customers([*(replace(one, tier="iron") for one in people[:9]), *customers(range(90, 99))])
    world.faults(0.4, "429", "500", "timeout", "reset_after_commit")
    done = [tried(world) for _ in range(2)]
    world.faults(0.0)
    assert any(one["fault"] for one in world.requests(slug))
    report = world.sync("there")
    assert report.status == "done"
    assert report.requests == 0 or not done[-1]
    assert len(held_there(world, slug)) >= 29


def test_linkedins_new_segment_is_waited_for(world: World) -> None:
    """It may answer 404 for a minute or two."""
    lead_there(world, "linkedin")
    world.post("limits", {"linkedin": {"absent": 3}})
    world.customers(customers(range(1, 4)))
    report = world.sync("there")
    assert (report.status, report.accepted) == ("done", 3)
    assert len(held_there(world, "linkedin")) == 3


def test_pinterests_new_list_is_made_an_audience_of(world: World) -> None:
    lead_there(world, "pinterest")
    world.customers(customers(range(1, 4)))
    world.sync("there")
    world.sync("there")
    bearer = {"authorization": "Bearer sandbox"}
    at = f"{world.url}/pinterest/v5/ad_accounts/549755885175/audiences"
    (made,) = requests.get(at, headers=bearer, timeout=20).json()["items"]
    (shown,) = world.platform_audiences("pinterest")
    assert (made["name"], made["rule"]) == ("gold", {"customer_list_id": shown})
    assert made["size"] == len(held_there(world, "pinterest"))


@pytest.mark.parametrize(("options", "names"), [("", ["gold"]), ("make_audience: false", [])])
def test_criteos_new_list_is_made_an_audience_unless_told(
    world: World, options: str, names: list[str]
) -> None:
    lead_there(world, "criteo", options)
    world.customers(customers(range(1, 4)))
    assert world.sync("there").warnings == []
    bearer = {"authorization": "Bearer sandbox"}
    at = f"{world.url}/criteo/2026-07/marketing-solutions/audiences/search"
    listed = requests.post(at, json={"data": {}}, headers=bearer, timeout=20).json()["data"]
    assert [one["attributes"]["name"] for one in listed] == names
    segments = {one["attributes"]["algebra"]["audienceSegmentId"] for one in listed}
    assert segments == (set(world.platform_audiences("criteo")) if names else set())
