"""From a row of the ledger one comes to the very bytes that carried it, and a change is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from audiences.flows.runs import verify_ledger
from shared.ports import HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.flow.sync_world import DiedError, World, customers

PEOPLE = customers(range(1, 8))


@dataclass(slots=True)
class Narrow:
    """The network to a platform that takes two rows at most in one body."""

    real: RequestsHttp = field(default_factory=RequestsHttp)
    left: int = 1_000  # requests with rows, until it dies

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        if request.url.partition("?")[0].endswith("/users"):
            rows = json.loads(request.body)["payload"]["data"]
            self.left -= 1
            if self.left < 0:
                raise DiedError
            if len(rows) > 2:
                return HttpAnswer(status=413, body=b"{}")
        return self.real.send(request, timeout_seconds)


@pytest.fixture
def split(world: World) -> str:
    """A run whose one request went out in pieces."""
    world.customers(PEOPLE)
    report = world.sync("meta-main", http=Narrow())
    assert (report.accepted, report.requests) == (7, 1)
    return report.run


def test_a_row_leads_to_the_digest_of_the_bytes_that_carried_it(world: World, split: str) -> None:
    carried = {
        one["sha256"]: [row[0] for row in json.loads(one["body"])["payload"]["data"]]
        for one in world.requests("meta")
        if one["path"].partition("?")[0].endswith("/users")
    }
    told: dict[str, int] = {}
    for row in world.sends():
        told[row["request_digest"].hex()] = told.get(row["request_digest"].hex(), 0) + 1
        assert row["request"].startswith("add-00000.")
        path = world.folder / "lake" / "outcomes" / split / f"{row['request']}.json"
        assert json.loads(path.read_bytes())["sha256"] == row["request_digest"].hex()
    assert told == {digest: len(rows) for digest, rows in carried.items()}
    assert len(told) == 4
    assert verify_ledger(world.open()).faults == ()


def _change(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        path = folder / f"{name}.json"
        value = json.loads(path.read_bytes())
        change(value)
        path.write_text(json.dumps(value))

    return harm


HARM = {
    "the digest of a piece": _change("add-00000.0.1", lambda v: v.update(sha256="0" * 64)),
    "the digest of a split": _change("add-00000.0.split", lambda v: v.update(sha256="0" * 64)),
    "the rows of a piece": _change(
        "add-00000.split", lambda v: v["pieces"][0].update(ranges=[[0, 3]])
    ),
    "rows in two pieces": _change(
        "add-00000.1.split", lambda v: v["pieces"][1].update(ranges=[[4, 6]])
    ),
    "two pieces one for the other": _change(
        "add-00000.0.split",
        lambda v: v.update(pieces=[{**v["pieces"][0], "id": p["id"]} for p in v["pieces"]]),
    ),
    "a record of a piece is gone": lambda folder: (folder / "add-00000.1.0.json").unlink(),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_a_changed_record_of_a_piece_is_found(
    world: World, split: str, harm: Callable[[Path], None]
) -> None:
    harm(world.folder / "lake" / "outcomes" / split)
    faults = verify_ledger(world.open()).faults
    assert faults
    assert all(split in fault for fault in faults)


def test_changed_bytes_of_a_split_request_are_found(world: World, split: str) -> None:
    (world.folder / "lake" / "outbox" / split / "add-00000.body").write_bytes(b"{}")
    assert verify_ledger(world.open()).faults == (
        f"request add-00000 of run {split} is not what was planned",
    )


def test_a_row_that_was_refused_by_name_was_carried_by_the_whole_request(world: World) -> None:
    """The others went out in a piece, and the proof holds for all of them."""
    text = world.destination("meta-main").replace("act_12", "18ce54d4x5t").replace("meta", "x")
    world.put("destinations", "x-main", f'{text}options: {{rows_per_request: "5"}}\n')
    world.customers(PEOPLE)
    world.faults(0.7, "partial", seed=3)
    run = world.sync("x-main").run
    folder = world.folder / "lake" / "outcomes" / run
    splits = [json.loads(path.read_bytes()) for path in folder.glob("add-*.split.json")]
    whole = {one["id"]: len(one["outcome"]["rejected"]) for one in splits if "." not in one["id"]}
    assert sum(whole.values()) > 0
    told = [row["request"] for row in world.sends() if row["request"] in whole]
    assert sorted(told) == sorted(id_ for id_, rows in whole.items() for _ in range(rows))
    assert verify_ledger(world.open()).faults == ()


@pytest.mark.parametrize("left", [1, 2, 3, 4])
def test_pieces_of_a_run_that_was_given_up_are_proved_as_far_as_they_went(
    world: World, left: int
) -> None:
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync("meta-main", http=Narrow(left=left))
    world.day = 2  # the plan is stale: what was not sent of it is planned anew
    assert world.sync("meta-main").status == "done"
    assert len(world.members("meta-main")) == 7
    taken = [
        row[0]
        for one in world.requests("meta")
        if one["path"].partition("?")[0].endswith("/users") and one["status"] == 200
        for row in json.loads(one["body"])["payload"]["data"]
    ]
    assert sorted(taken) == sorted(one.id for one in PEOPLE), "what was taken is not sent again"
    assert verify_ledger(world.open()).faults == ()
