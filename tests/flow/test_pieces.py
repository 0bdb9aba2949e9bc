"""A piece of sending ends when its time is up, and the next one sends what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from audiences.flows import deliver, prepare
from audiences.flows.deliver import Piece
from audiences.flows.prepare import LakePiece
from audiences.platforms import the_trade_desk
from functions.sync.durable import DurableSteps, Functions
from tests.flow.sync_world import World


def planned(world: World) -> Piece:
    """Plan some thousand devices for a platform that takes them in small requests."""
    rows = [{"id_type": "cookie", "id": f"c-{n:06d}", "traits": "shoes"} for n in range(6_000)]
    world.sightings(rows)
    world.clock()
    asked = LakePiece(audience="seen", destination="ttd-main", owner="a")
    prepare.freshen(world.open(), asked)
    run = prepare.prepare(world.open(), asked)["report"]["run"]
    return Piece("seen", "ttd-main", run, seconds=-1.0)  # the time is up when the first is sent


def test_what_is_left_is_sent_by_the_next_and_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = the_trade_desk.THE_TRADE_DESK
    small = replace(known, limits=replace(known.limits, rows=100))
    monkeypatch.setattr(the_trade_desk, "THE_TRADE_DESK", small)
    piece = planned(world)
    bench = world.open().bench()
    lefts = [deliver.send(bench, piece)["left"]]
    while lefts[-1]:
        lefts.append(deliver.send(bench, piece)["left"])
    assert len(lefts) > 1
    assert lefts == sorted(lefts, reverse=True)
    bodies = Counter(one["sha256"] for one in world.requests("the_trade_desk"))
    assert sum(bodies.values()) == len(world.plan(piece.run).requests)
    assert set(bodies.values()) == {1}
    assert len(world.members("ttd-main", "seen")) == 6_000


def test_parts_of_a_huge_run_fit_into_one_execution() -> None:
    steps = DurableSteps(None, Functions("r", "p", "d", "s"), "o", "t")  # type: ignore[arg-type]
    for requests in (1, 200, 10_000, 70_000, 1_000_000):
        parts = -(-requests // steps.part_size(requests))
        assert 1 <= parts <= 500


@dataclass(frozen=True, slots=True)
class Remembering:
    """A durable context that answers by the name of the work, and notes whom it was to call."""

    answers: Mapping[str, Any]
    called: list[str] = field(default_factory=list)

    def invoke(self, function: str, event: Any, name: str) -> Any:
        self.called.append(f"{name} {function}")
        return {"done": self.answers.get(name, {})}


@pytest.mark.parametrize(("scheme", "function"), [("https", "d"), ("s3", "d"), ("sftp", "s")])
def test_who_speaks_as_the_destination_does_gets_all_pieces_after_the_first(
    scheme: str, function: str
) -> None:
    context = Remembering({"ready": {"maps": False, "scheme": scheme}})
    for _ in range(2):  # begun anew, it hears the same answer and calls the same function
        steps = DurableSteps(context, Functions("r", "p", "d", "s"), "o", "t")  # type: ignore[arg-type]
        for work in ("ready", "send", "ask"):
            steps.light(work, {})
        steps.lake("settle", {})
    assert context.called == ["ready d", f"send {function}", f"ask {function}", "settle p"] * 2
