"""Contacts in clear: sent with consent to who asks for them, taken back, and then nowhere left."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audiences.flows.expire import expire
from audiences.flows.runs import show_run, verify_ledger
from shared.ports import HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.flow.sync_world import DiedError, LossyHttp, World, customers

PLACE = """\
name: there
platform: {slug}
account: shop
credentials: sandbox
base_url: {url}/{slug}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
options: {{identify_by: {by}}}
"""
PEOPLE = customers(range(4), device=False)


def place(world: World, by: str, slug: str = "webhook") -> None:
    world.put("destinations", "there", PLACE.format(slug=slug, url=world.url, by=by))


def members(world: World, slug: str = "webhook") -> set[str]:
    (shown,) = world.platform_audiences(slug)
    return set(world.look(f"state/{slug}/{shown}")["members"])


def holding(world: World, text: str) -> set[str]:
    """The tables of the lake of which a file holds a text, records aside."""
    lake = world.folder / "lake"
    found = {path.relative_to(lake).parts[0] for path in _files(lake) if text in _text(path)}
    return found - {"landing", "profiles"}


def _files(lake: Path) -> list[Path]:
    return [path for path in lake.rglob("*") if path.is_file()]


def _text(path: Path) -> str:
    if path.suffix != ".parquet":
        return path.read_bytes().decode("utf-8", "replace")
    with pq.ParquetFile(path) as file:
        return repr(file.read().to_pylist())


@pytest.mark.parametrize(
    ("by", "slug"), [("email", "webhook"), ("phone", "webhook"), ("email", "braze")]
)
def test_people_are_told_under_the_contact_that_was_chosen(
    world: World, by: str, slug: str
) -> None:
    place(world, by, slug)
    world.customers(PEOPLE)
    assert world.sync("there").accepted == 4
    assert members(world, slug) == {one.mail if by == "email" else one.phone for one in PEOPLE}


def test_consent_decides_here_too(world: World) -> None:
    place(world, "email")
    world.customers([*PEOPLE, *customers([7], ads="no", device=False)])
    report = world.sync("there")
    assert report.dropped == {"consent_denied": 1}
    assert members(world) == {one.mail for one in PEOPLE}
    world.day = 1
    world.customers(customers([2], ads="no", device=False))
    assert world.sync("there").removes == 1
    assert members(world) == {one.mail for one in PEOPLE if one.number != 2}


def test_whoever_changes_their_address_is_taken_out_under_the_old_one(world: World) -> None:
    place(world, "email")
    world.customers(PEOPLE)
    world.sync("there")
    world.day = 1
    world.customers(customers([1], email="new@example.com", device=False))
    world.sync("there")
    left = {one.mail for one in PEOPLE if one.number != 1}
    assert members(world) == {*left, "new@example.com"}


def test_an_address_is_held_as_long_as_it_must_be_taken_back_and_no_longer(world: World) -> None:
    place(world, "email")
    world.customers(PEOPLE)
    run = world.sync("there").run
    gone = PEOPLE[3]
    assert holding(world, gone.mail) == {"held"}
    told = show_run(world.open(), run)
    assert {one["body"] for one in told["sent"]} == {""}
    assert all(len(one["sha256"]) == 64 for one in told["sent"])
    world.day = 1
    world.customers(customers([3], device=False, tier="none"))
    assert world.sync("there").removes == 1
    world.day = 2
    world.customers(customers([9], device=False))
    world.sync("there")
    world.day = 3
    world.customers(customers([10], device=False))
    world.sync("there")
    expire(world.open())
    assert holding(world, gone.mail) == set()
    assert verify_ledger(world.open()).faults == ()


def test_what_a_run_sends_is_kept_until_the_run_is_over(world: World) -> None:
    place(world, "email")
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync("there", http=LossyHttp(lambda _: "die"))
    assert "outbox" in holding(world, PEOPLE[0].mail)
    assert world.sync("there").accepted == 4
    assert holding(world, PEOPLE[0].mail) == {"held"}


class Narrow:
    """A receiver to whom more than two members are too many."""

    def __init__(self) -> None:
        self.real = RequestsHttp()

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        if len(json.loads(request.body)["data"]["members"]) > 2:
            return HttpAnswer(status=413)
        return self.real.send(request, timeout_seconds)


def test_a_run_whose_bodies_are_gone_still_adds_up_in_the_ledger(world: World) -> None:
    place(world, "email")
    world.customers(PEOPLE)
    assert world.sync("there", http=Narrow()).accepted == 4
    assert members(world) == {one.mail for one in PEOPLE}
    assert holding(world, PEOPLE[0].mail) == {"held"}
    assert verify_ledger(world.open()).faults == ()
