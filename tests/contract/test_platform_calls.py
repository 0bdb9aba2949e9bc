"""How many calls a run makes without faults: as few as the platform's declared limits allow."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from audiences.delivery.outbox import Plan
from audiences.platforms.base import Batch, Op, Platform, Row
from tests.contract.cases.case import NAMES, there
from tests.contract.stand import WAIT, Stand

SLUGS = NAMES
BY_BYTES = [slug for slug in SLUGS if there(slug).limits.rows > 1]
ROWS, LIMIT = 50, 20  # of a run, and of a request where the platform takes more than one


@pytest.fixture
def stand(stand: Stand) -> Stand:
    """A stand-in that has judged whatever it took when it is first asked."""
    polls = {stand.found.slug: {"polls": 1, "per_second": 1e6, "burst": 1e6}}
    requests.post(f"{stand.url}/_sandbox/limits", json=polls, timeout=WAIT).raise_for_status()
    return stand


def calls(stand: Stand) -> int:
    return len(requests.get(f"{stand.url}/_sandbox/requests", timeout=WAIT).json())


def people(stand: Stand) -> list[Row]:
    """Rows as full as the platform takes them."""
    return [stand.case.row(stand.found, n) for n in range(ROWS)]


def ops(found: Platform) -> list[Op]:
    return [op for op in (Op.ADD, Op.REMOVE) if op in found.ops]


def fewest(found: Platform, plan: Plan, rows: int) -> int:
    """The fewest calls for so many rows: batches, each with a place and a question where these
    are, and what goes around them."""
    batches = math.ceil(rows / found.limits.rows)
    around = sum(one.op in ("open", "close") for one in plan.requests)
    return around + batches * (1 + (found.place is not None) + (found.status is not None))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_run_makes_no_call_more_than_the_limits_ask_for(stand: Stand) -> None:
    stand.make()
    limits = replace(stand.found.limits, rows=min(LIMIT, stand.found.limits.rows))
    stand.found = replace(stand.found, limits=limits)
    for op in ops(stand.found):
        before = calls(stand)
        plan, _ = stand.run(op, people(stand))
        made = calls(stand) - before
        assert made / fewest(stand.found, plan, ROWS) == 1.0
        assert stand.count() == (ROWS if op is Op.ADD else 0)


@pytest.mark.parametrize("slug", BY_BYTES)
@pytest.mark.parametrize("part", [0.3, 0.41, 0.77])
def test_no_request_has_room_for_the_row_that_comes_next(stand: Stand, part: float) -> None:
    """Where bytes are what limits: the first rows that fit go, and not one fewer."""
    stand.make()
    now, sent = datetime.now(UTC), people(stand)

    def size(count: int) -> int:
        batch = Batch(op=Op.ADD, target=stand.target(), rows=sent[:count], at=now, starts=now)
        return len(stand.found.request(batch).body)

    most = int(size(ROWS) * part)
    fits = max(count for count in range(1, ROWS) if size(count) <= most)
    stand.found = replace(stand.found, limits=replace(stand.found.limits, bytes=most))
    plan, _ = stand.run(Op.ADD, sent)
    adds = [one.rows for one in plan.requests if one.op == "add"]
    assert len(adds) == math.ceil(ROWS / fits)
