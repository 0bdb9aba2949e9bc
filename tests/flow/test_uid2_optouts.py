"""Opting out of UID2 is noticed within a day, by the raw ids that are wanted or held."""

from __future__ import annotations

import pytest

from audiences.flows.match_loss import match_loss
from shared.ports import HttpRequest
from tests.builders import rows_of
from tests.flow.sync_world import DiedError, LossyHttp, World, customers
from tests.flow.uid2_world import TTD, UID2, asked, mapped, opts_out, said, sighted, uids

STATUS = "/v2/optout/status"


def ids(world: World) -> list[bytes]:
    return [row["digest"] for row in rows_of(world.open(), "uid2_asked")]


@pytest.mark.parametrize("mode", ["mirror", "add"])
def test_who_opts_out_is_off_the_platform_the_next_day(world: World, mode: str) -> None:
    out, stays = customers([1, 2])
    world.customers([out, stays])
    mapped(world)
    world.sync(TTD, mode=mode)
    assert asked(world, STATUS) == 0, "who was mapped a moment ago has not opted out"
    opts_out(world, out.mail)
    world.day = 1
    done = world.sync(TTD, mode=mode)
    assert (done.dropped, done.removes) == ({"uid2_optout": 1}, 3)
    assert world.members(TTD) == uids(world, [stays]) | {stays.gaid}
    assert asked(world) == 1, "the contacts are not due"
    loss = match_loss(world.open(), "gold", TTD, mode=mode)
    assert {one["outcome"]: one["members"] for one in loss.outcomes} == {
        "matched": 1,
        "uid2_optout": 1,
    }


def test_a_raw_id_is_asked_about_once_a_day_whoever_wants_it(world: World) -> None:
    world.customers(customers(range(4), device=False))
    mapped(world)
    world.sync(TTD)
    world.sync(TTD, "half")
    for world.day in (1, 1.4, 1.9):
        world.sync(TTD)
        world.sync(TTD, "half")
        assert asked(world, STATUS) == 1
    assert len(ids(world)) == len({*ids(world)}) == 8
    world.day = 2
    world.sync(TTD)
    assert asked(world, STATUS) == 2


@pytest.mark.parametrize(("days", "asks"), [(0, 0), (3, 1)])
def test_a_destination_says_how_often(world: World, days: int, asks: int) -> None:
    world.customers(customers([1], device=False))
    mapped(world)
    text = (world.folder / "destinations" / f"{TTD}.yaml").read_text()
    world.put("destinations", TTD, text.replace("uid2: {", f"uid2: {{optout_days: {days}, "))
    for world.day in (0, 1, 2.9, 3, 4, 5.9):
        world.sync(TTD)
    assert asked(world, STATUS) == asks


def test_a_raw_id_that_was_sighted_is_asked_about_before_it_is_sent(world: World) -> None:
    one, other = customers([1, 2])
    world.customers([one, other])
    sighted(world, one, said(world, "email", "gone@example.com")["u"])
    sighted(world, other, UID2)
    opts_out(world, "gone@example.com")
    mapped(world)
    done = world.sync(TTD)
    assert done.dropped == {"uid2_optout": 1}
    assert world.members(TTD) == uids(world, [other]) | {other.gaid, UID2}
    assert asked(world, STATUS) == 1
    world.day = 8  # their contacts are mapped anew, which takes back nothing of another's id
    assert world.sync(TTD).dropped == {"uid2_optout": 1}


def test_devices_that_are_raw_ids_are_asked_about_too(world: World) -> None:
    out = said(world, "phone", "+15550001111")["u"]
    seen = {"id_type": "uid2", "traits": "shoes"}
    world.sightings([seen | {"id": out}, seen | {"id": UID2}])
    mapped(world)
    assert world.sync(TTD, "seen").accepted == 2
    opts_out(world, "+15550001111")
    world.day = 1
    done = world.sync(TTD, "seen")
    assert (done.dropped, world.members(TTD, "seen")) == ({"uid2_optout": 1}, {UID2})


def test_an_id_that_is_held_alone_is_asked_about_in_mode_add(world: World) -> None:
    one = customers([1], device=False)[0]
    world.customers([one])
    gone = said(world, "email", "gone@example.com")["u"]
    sighted(world, one, gone)
    mapped(world)
    world.sync(TTD, mode="add")
    toml = world.folder / "bridge.toml"
    toml.write_text(f"{toml.read_text()}\n[lifetimes]\nuid2 = 10\n")
    world.day = 11  # nothing ties the id to anybody any more
    world.sync(TTD, mode="add")
    assert gone in world.members(TTD), "nobody is taken out in mode add"
    opts_out(world, "gone@example.com")
    world.day = 12
    world.sync(TTD, mode="add")
    assert world.members(TTD) == uids(world, [one])


def test_who_takes_an_opt_out_back_is_there_again(world: World) -> None:
    one = customers([1])[0]
    world.customers([one])
    mapped(world)
    world.sync(TTD)
    opts_out(world, one.mail)
    world.day = 1
    world.sync(TTD)
    assert world.members(TTD) == set()
    world.post("reset", {})
    world.day = 9
    done = world.sync(TTD)
    assert done.dropped == {}
    assert done.accepted == 3


def test_who_is_opted_out_meanwhile_is_not_sent_by_a_run_that_lies_open(world: World) -> None:
    one, other = customers([1, 2], device=False)
    world.customers([one, other])
    mapped(world)
    with pytest.raises(DiedError):
        world.sync(TTD, http=LossyHttp(lambda r: "die" if "/the_trade_desk/" in r.url else ""))
    opts_out(world, one.mail)
    world.day = 1
    done = world.sync(TTD)
    assert (done.dropped, world.members(TTD)) == ({"uid2_optout": 1}, uids(world, [other]))


def away(request: HttpRequest) -> str:
    return "down" if STATUS in request.url else ""


def test_an_operator_that_does_not_say_who_opted_out_is_a_warning(world: World) -> None:
    world.customers(customers([1]))
    mapped(world)
    world.sync(TTD)
    world.day = 1
    done = world.sync(TTD, http=LossyHttp(away))
    assert (done.status, done.removes, len(world.members(TTD))) == ("done", 0, 3)
    assert (done.unasked["contacts"], done.unasked["code"]) == (0, "retryable")
    assert done.warnings[0].startswith("it could not be asked which raw ids have opted out (")
    assert not world.sync(TTD).warnings
    assert asked(world, STATUS) == 1


def test_nobody_is_asked_for_by_a_destination_without_raw_ids(world: World) -> None:
    world.customers(customers([1]))
    world.sync("meta-main")
    world.sync(TTD)
    assert world.requests("uid2") == []


def test_a_question_that_dies_repeats_only_what_was_not_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiences.flows.optouts.ROWS", 2)
    monkeypatch.setattr("audiences.flows.optouts._AT_ONCE", 4)
    people = customers(range(4), device=False)
    world.customers(people)
    mapped(world)
    world.sync(TTD)
    opts_out(world, people[0].mail)
    world.day = 1
    reached: list[str] = []

    def fate(request: HttpRequest) -> str:
        reached.extend([request.url] if STATUS in request.url else [])
        return "die" if len(reached) == 4 else ""

    with pytest.raises(DiedError):
        world.sync(TTD, http=LossyHttp(fate))
    assert len(ids(world)) == 4
    world.sync(TTD)
    assert len(ids(world)) == len({*ids(world)}) == 8
    assert asked(world, STATUS) == 5
    assert world.members(TTD) == uids(world, people[1:])
