"""Sent: was one person ever sent to a platform, under what consent, and are they out again."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from audiences.flows.sent import Sent, ever_sent
from infra.local.cli import app
from shared.errors import ConfigurationError, DataError
from tests.flow.sync_world import Customer, World, customers


def asked(world: World, kind: str, value: str, to: str = "") -> Sent:
    return ever_sent(world.open(), kind=kind, value=value, to=to)


def test_tells_who_is_held_since_when_and_under_what_consent(world: World) -> None:
    one, *others = customers(range(3), ads="yes")
    world.customers([one, *others])
    world.sync("meta-main")
    world.day = 3
    world.sync("google-main")
    found = asked(world, "phone", one.phone)
    states = {each.destination: (each.state, each.since, each.consent) for each in found.lists}
    assert states["meta-main"][:2] == ("held", "2026-07-01T00:00:00Z")
    assert states["google-main"][:2] == ("held", "2026-07-04T00:00:00Z")
    assert states["meta-main"][2] == "ad_user_data=granted;ad_personalization=granted"
    assert [each.destination for each in asked(world, "email", one.mail, "meta-main").lists] == [
        "meta-main"
    ]


def test_tells_who_is_out_again_and_who_came_back(world: World) -> None:
    one, *others = customers(range(4))
    world.customers([one, *others])
    world.sync("google-main")
    world.day = 1
    world.customers([Customer(number=one.number, tier="none")])
    world.sync("google-main")
    (gone,) = asked(world, "email", one.mail).lists
    assert (gone.state, gone.how, gone.since) == ("out", "removed", "2026-07-02T00:00:00Z")
    assert [line["op"] for line in gone.history] == ["add", "remove"]
    world.day = 2
    world.customers([one])
    world.sync("google-main")
    (back,) = asked(world, "email", one.mail).lists
    assert (back.state, back.since) == ("held", "2026-07-03T00:00:00Z")
    assert (back.first_sent, back.last_sent) == ("2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z")


def test_finds_what_was_sent_under_each_name_of_a_person_who_was_two(world: World) -> None:
    one, two = customers(range(2))
    world.customers([one, two])
    world.sync("google-main")
    before = [asked(world, "email", each.mail).person for each in (one, two)]
    assert before[0] != before[1]
    world.day = 1
    joined = {"external_id": one.id, "email": two.mail, "updated_at": world.now.isoformat()}
    world.ingest("profiles", [joined | {"tier": "gold"}])
    world.sync("google-main")
    found = [asked(world, "email", each.mail) for each in (one, two)]
    assert found[0] == found[1]
    assert found[0].person in before
    (both,) = found[0].lists
    assert both.state == "held"
    assert sum(line["rows"] for line in both.history if line["op"] == "add") >= 2


def test_one_who_was_never_sent_and_one_whom_nobody_knows(world: World) -> None:
    sent, not_sent = Customer(number=1), Customer(number=2, tier="none", device=False)
    world.customers([sent, not_sent])
    world.sync("meta-main")
    known = asked(world, "email", not_sent.mail)
    assert known.person is not None
    assert not known.as_json()["ever_sent"]
    unknown = asked(world, "email", "nobody@example.org")
    assert (unknown.person, unknown.lists) == (None, ())
    with pytest.raises(DataError):
        asked(world, "email", "no address")
    with pytest.raises(ConfigurationError):
        asked(world, "email", sent.mail, "nowhere")


def test_a_device_that_nobody_owns_any_more_is_found_by_the_row_that_was_sent(
    world: World,
) -> None:
    one, two = customers(range(2))
    world.customers([one, two])
    world.sync("ttd-main", "seen")
    world.day = 200  # the sighting is over, and the platform has forgotten
    (found,) = asked(world, "gaid", one.gaid).lists
    assert (found.state, found.how) == ("out", "forgotten")


def test_what_is_refused_was_never_taken_and_the_command_prints_nothing_raw(
    world: World,
) -> None:
    one, two = customers(range(2))
    world.customers([one, two])
    world.sync("google-main")
    asked_for = ["run", "sent", "--email", one.mail, "-C", str(world.folder)]
    asked_for += ["--as-of", world.now.isoformat()]
    shown = CliRunner().invoke(app, asked_for)
    assert shown.exit_code == 0
    assert "google-main" in shown.stdout
    told = CliRunner().invoke(app, [*asked_for, "--json"])
    value = json.loads(told.stdout)
    assert value["held"] is True
    for text in (shown.stdout, told.stdout):
        assert not any(raw in text for raw in (one.mail, one.phone, one.gaid, one.key("google")))
