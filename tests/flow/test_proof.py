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
from tests.flow.sync_world import World, customers

PEOPLE = customers(range(1, 8))


@dataclass(slots=True)
class Narrow:
    """The network to a platform that takes two rows at most in one body."""

    real: RequestsHttp = field(default_factory=RequestsHttp)

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        if request.url.partition("?")[0].endswith("/users"):
            rows = json.loads(request.body)["payload"]["data"]
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
