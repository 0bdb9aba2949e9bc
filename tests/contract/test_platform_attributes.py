"""What goes along with keys, at every platform that takes such: checked, and nobody's identity."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audiences.platforms import MODULES, platform
from audiences.platforms.base import Action, Batch, Op
from tests.contract.cases.case import RAW
from tests.contract.stand import Stand

SLUGS = sorted(slug for slug in MODULES if platform(slug).attributes)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


ALONG = [(slug, key.wire) for slug in SLUGS for key in platform(slug).attributes]


@pytest.mark.parametrize(("slug", "wire"), ALONG)
@pytest.mark.parametrize("value", RAW)
def test_no_attribute_is_kept_that_is_not_as_it_must_be(
    stand: Stand, wire: str, value: str
) -> None:
    at = stand.make()
    bad = replace(stand.case.row(stand.found, 1), attributes=((wire, value),))
    outcome = stand.settle(Batch(op=Op.ADD, target=at, rows=[bad], at=NOW, starts=NOW))
    refused = outcome.action in (Action.REFUSED, Action.SPLIT)
    assert refused or set(outcome.rejected) == {0} or outcome.rejected_unnamed
    assert value not in repr(outcome)
    assert stand.count() == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_who_is_sent_again_under_other_names_is_there_once(stand: Stand) -> None:
    stand.make()
    one, other = (stand.case.row(stand.found, n) for n in (1, 2))
    stand.run(Op.ADD, [one])
    before = stand.state()
    stand.run(Op.ADD, [replace(one, attributes=other.attributes)])
    assert stand.state() == before
    stand.run(Op.ADD, [replace(one, attributes=())])
    assert stand.state() == before


@pytest.mark.parametrize("slug", SLUGS)
def test_who_goes_is_named_by_keys_and_leaves_namesakes_there(stand: Stand) -> None:
    stand.make()
    one, other = (stand.case.row(stand.found, n) for n in (1, 2))
    stand.run(Op.ADD, [one, replace(other, attributes=one.attributes)])
    stand.run(Op.REMOVE, [replace(one, attributes=())])
    assert stand.count() == 1
