"""An operator of UID2 that is away or lets nobody in: a sync goes on with what is known."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import Duration
from rich.console import Console

from audiences.flows import deliver, prepare
from audiences.flows.match_loss import match_loss
from audiences.flows.notices import Teller
from audiences.flows.steps import Wish, bring_in_step
from functions import _work
from functions.sync.durable import DurableSteps, Functions
from infra.local.commands.sync import show
from infra.sandbox.uid2 import SECRET
from shared.errors import (
    BridgeError,
    ConfigurationError,
    CredentialError,
    RejectedError,
    RetryableError,
)
from shared.leases import Leases
from shared.ports import HttpRequest
from tests.fakes import MemoryKeyValue
from tests.flow.sync_world import Customer, LossyHttp, World, customers
from tests.flow.test_notices import Told
from tests.flow.uid2_world import TTD, mapped, uids


def away(request: HttpRequest) -> str:
    return "down" if "/uid2/" in request.url else ""


def test_a_sync_goes_on_with_devices_and_ids_that_are_known(world: World) -> None:
    old, new = customers([1, 2])
    world.customers([old])
    mapped(world)
    world.sync(TTD)
    first = uids(world, [old])
    world.day = 31  # all that was said is due
    world.customers([new])
    done = world.sync(TTD, http=LossyHttp(away))
    assert (done.status, done.adds, done.removes, done.unknown) == ("done", 1, 0, 0)
    assert world.members(TTD) == first | {old.gaid, new.gaid}
    assert (done.unasked["contacts"], done.unasked["code"]) == (4, "retryable")
    (told,) = done.warnings
    assert told.startswith("4 e-mail addresses and phone numbers could not be mapped, and ")
    assert "(retryable: the UID2 operator gave no certain answer" in told
    assert "Next: nothing; the next sync asks again" in told
    console = Console(record=True, width=1000, file=StringIO())
    show(console, done)
    assert told in console.export_text()
    world.day = 32
    back = world.sync(TTD)
    assert (back.warnings, back.unasked) == ([], {})
    assert world.members(TTD) == uids(world, [old, new]) | {old.gaid, new.gaid}


def test_who_could_not_be_asked_about_is_no_change_for_the_guard(world: World) -> None:
    world.customers(customers([1, 2, 3]))
    mapped(world, guard="{max_removed_percent: 1, max_change_percent: 1}")
    assert world.sync(TTD, http=LossyHttp(away)).adds == 3
    back = world.sync(TTD)
    assert (back.status, back.adds) == ("done", 6)
    world.customers(customers([4]))
    assert world.sync(TTD).status == "stopped"


def test_a_run_that_changes_nothing_says_as_much(world: World) -> None:
    world.customers(customers([1]))
    mapped(world)
    world.sync(TTD)
    world.day = 31
    world.sync(TTD, http=LossyHttp(away))
    done = world.sync(TTD, http=LossyHttp(away))
    assert (done.status, done.requests) == ("done", 0)
    assert done.unasked["contacts"] == 2
    assert len(done.warnings) == 1


def test_an_id_that_is_due_is_added_nowhere_until_it_was_asked_for(world: World) -> None:
    people = customers(range(8))
    world.customers(people)
    mapped(world)
    world.sync(TTD)
    world.day = 31
    world.sync(TTD, audience="half", http=LossyHttp(away))
    there = world.members(TTD, "half")
    assert there
    assert there < {one.gaid for one in people}
    world.sync(TTD, audience="half")
    assert world.members(TTD, "half") & uids(world, people)


def test_an_id_is_kept_for_ninety_days_after_it_was_last_said(world: World) -> None:
    people = customers(range(3), device=False)
    world.customers(people)
    mapped(world)
    world.sync(TTD)
    first = uids(world, people)
    for world.day in (30.5, 60, 89.9):
        assert world.sync(TTD, http=LossyHttp(away)).requests == 0
        assert world.members(TTD) == first
    loss = match_loss(world.open(), "gold", TTD)
    assert [(one["outcome"], one["members"]) for one in loss.outcomes] == [("matched", 3)]
    world.day = 90.1
    with pytest.raises(RetryableError, match="the UID2 operator"):
        world.sync(TTD, http=LossyHttp(away))
    assert world.members(TTD) == set()
    loss = match_loss(world.open(), "gold", TTD)
    assert [(one["outcome"], one["members"]) for one in loss.outcomes] == [("uid2_due", 3)]


def test_who_is_known_to_have_opted_out_stays_out(world: World) -> None:
    world.customers([Customer(number=1, email="optout@example.com"), *customers([2])])
    mapped(world)
    world.sync(TTD)
    world.day = 31
    done = world.sync(TTD, http=LossyHttp(away))
    assert done.dropped == {"uid2_optout": 1}
    assert customers([1])[0].gaid not in world.members(TTD)


def test_who_leaves_the_audience_meanwhile_is_removed(world: World) -> None:
    world.customers(customers([1, 2], device=False))
    mapped(world)
    world.sync(TTD)
    stay = uids(world, customers([1]))
    world.day = 31
    world.customers([Customer(number=2, tier="silver", device=False)])
    done = world.sync(TTD, http=LossyHttp(away))
    assert (done.removes, world.members(TTD)) == (2, stay)


OTHER = base64.b64encode(b"x" * 32).decode()
REFUSED: list[tuple[str, type[BridgeError], str]] = [
    ("", ConfigurationError, "file:uid2.json"),
    ("a-key-alone", ConfigurationError, "no JSON object"),
    ('{"api_key": "k"}', ConfigurationError, "lack a part"),
    ('{"api_key": "k", "client_secret": "c2hvcnQ="}', ConfigurationError, "32 bytes"),
    (f'{{"api_key": "zqkey", "client_secret": "{SECRET}"}}', CredentialError, "refuses"),
    (f'{{"api_key": "sandbox", "client_secret": "{OTHER}"}}', RejectedError, "client_error"),
]


def test_an_operator_that_lets_nobody_in_is_told_of_and_keeps_no_device_back(world: World) -> None:
    one = customers([1])[0]
    world.customers([one])
    mapped(world, "file:uid2.json")
    for text, error, words in REFUSED:
        (world.folder / "uid2.json").write_text(text)
        done = world.sync(TTD)
        assert (done.status, world.members(TTD)) == ("done", {one.gaid})
        assert (done.unasked["contacts"], done.unasked["code"]) == (2, error.code)
        told = Told()
        Teller({"hook": told}, MemoryKeyValue()).tell_of(done.as_json())
        (notice,) = told.notices
        assert (notice.kind, notice.facts["code"]) == ("unmapped", error.code)
        for said in (done.warnings[0], notice.text):
            assert words in said
            assert "zqkey" not in said
            assert OTHER not in said


def test_where_nothing_else_is_known_that_fails_the_sync(world: World) -> None:
    world.customers(customers([1], device=False))
    mapped(world, "file:uid2.json")
    for text, error, words in REFUSED:
        (world.folder / "uid2.json").write_text(text)
        with pytest.raises(error, match=words) as caught:
            world.sync(TTD)
        assert "zqkey" not in str(caught.value)
        assert OTHER not in str(caught.value)
    assert world.requests("the_trade_desk") == []


def test_what_a_warning_says_is_kept_with_the_run_and_is_no_notice(world: World) -> None:
    world.customers(customers([1]))
    mapped(world)
    done = world.sync(TTD, http=LossyHttp(away))
    kept = world.open().lake.read_json(f"runs/{done.run}.json")
    assert kept is not None
    assert kept["unasked"] == done.unasked
    assert kept["warnings"] == done.warnings != []
    told = Told()
    Teller({"hook": told}, MemoryKeyValue()).tell_of(done.as_json())
    assert told.notices == []


@dataclass(slots=True)
class Elsewhere:
    """A durable context that answers for the functions, while the operator is away."""

    world: World
    pauses: list[float] = field(default_factory=list)

    def invoke(self, function: str, event: dict[str, Any], name: str) -> Any:
        workspace = self.world.open(http=LossyHttp(away))
        event = json.loads(json.dumps(event))
        if function == "deliver":
            piece = _work.asked(event, deliver.WORK, deliver.Piece)
            do = partial(deliver.WORK[name], workspace.bench(), deliver.Piece(**piece.what))
        else:
            piece = _work.asked(event, prepare.WORK, prepare.LakePiece)
            do = partial(prepare.WORK[name], workspace, prepare.LakePiece(**piece.what))
        return json.loads(json.dumps(_work.answer(lambda: Leases(workspace.kv, 900), piece, do)))

    def wait(self, duration: Duration) -> None:
        self.pauses.append(duration.to_seconds())


def test_a_durable_sync_waits_for_an_operator_before_it_goes_on(world: World) -> None:
    one = customers([1])[0]
    world.customers([one])
    mapped(world)
    world.clock()
    context = Elsewhere(world)
    functions = Functions("refresh", "plan", "deliver", "drop")
    steps = DurableSteps(context, functions, "o", "t")  # type: ignore[arg-type]
    told = bring_in_step(steps, Wish(audience="gold", destination=TTD))
    assert (told.status, world.members(TTD)) == ("done", {one.gaid})
    assert (told.unasked["contacts"], told.unasked["code"]) == (2, "retryable")
    assert context.pauses == [20, 60, 180, 540]
