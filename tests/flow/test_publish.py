"""Live memberships: a page's question is answered from the newest build, and for so long only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from audiences.flows.absorb import absorb
from audiences.flows.build import build
from audiences.flows.publish import publish
from audiences.flows.resolve import resolve_people
from audiences.flows.visitor import key_of, memberships, opt_out, read_entry
from audiences.flows.workspace import Workspace
from shared.clock import Clock
from shared.errors import ConfigurationError
from tests.builders import AS_OF, new_workspace
from tests.flow.calls import queued

BUYERS = "name: buyers\nwhere: {event: {name: order, times: {at_least: 1}, within_days: 30}}\n"
SEEN = "name: seen\nof: devices\nwhere: {seen: {trait: hats, times: {at_least: 1}}}\n"
HELD = BUYERS.replace("buyers", "held") + "holdout: {percent: 100}\n"


@pytest.fixture
def shop(tmp_path: Any) -> Workspace:
    """A shop where u1 bought from device a1, and device a2 looked at hats a while ago."""
    audiences = {"buyers": BUYERS, "seen": SEEN, "held": HELD}
    workspace = at(new_workspace(tmp_path / "shop", audiences=audiences))
    order = {"userId": "u1", "anonymousId": "a1", "event": "Order Completed"}
    look = {"anonymousId": "a2", "properties": {"category": "hats"}, "timestamp": "2026-08-25"}
    absorb(workspace, queued(workspace, [("track", order), ("page", look)]))
    return workspace


def at(workspace: Workspace, **later: float) -> Workspace:
    clock = Clock(AS_OF + timedelta(**later))
    kv: Any = workspace.kv
    kv._clock = clock
    return replace(workspace, clock=clock)


def publish_now(workspace: Workspace, name: str, **how: Any) -> tuple[int, int]:
    resolve_people(workspace)
    build(workspace, name)
    done = publish(workspace, name, **how)
    return done.live, done.removed


def live(workspace: Workspace, kind: str, value: str) -> list[str]:
    key = key_of(workspace.secret, kind, value)
    assert key is not None
    return memberships(workspace.kv, key, workspace.now().timestamp())


def test_a_person_is_live_under_their_devices_and_number(shop: Workspace) -> None:
    assert publish_now(shop, "buyers") == (2, 0)
    assert live(shop, "cookie", "a1") == live(shop, "external_id", "u1") == ["buyers"]
    assert live(shop, "cookie", "a2") == []


def test_an_entry_ends_with_its_identifier_or_its_hours(shop: Workspace) -> None:
    publish_now(shop, "seen", hours=24 * 30)
    publish_now(shop, "buyers", hours=2)
    assert live(at(shop, hours=1, minutes=59), "cookie", "a1") == ["buyers"]
    assert live(at(shop, hours=2), "cookie", "a1") == []
    # a2 was seen on 25 August: its 90 days are over on 23 November.
    key = key_of(shop.secret, "cookie", "a2") or ""
    assert live(at(shop, days=1), "cookie", "a2") == ["seen"]
    assert live(at(shop, days=2), "cookie", "a2") == []
    assert at(shop, days=2).kv.get(key) is None


def test_audiences_share_an_entry_and_leave_one_by_one(shop: Workspace) -> None:
    look = {"anonymousId": "a1", "properties": {"category": "hats"}}
    absorb(shop, queued(shop, [("page", look)]))
    publish_now(shop, "seen")
    publish_now(shop, "buyers")
    assert live(shop, "cookie", "a1") == ["buyers", "seen"]
    later = at(shop, days=31)
    assert publish_now(later, "buyers") == (0, 2)
    publish_now(later, "seen", hours=1)
    assert live(later, "cookie", "a1") == ["seen"]
    assert live(later, "external_id", "u1") == []


def test_who_opted_out_stays_out(shop: Workspace) -> None:
    publish_now(shop, "buyers")
    key = key_of(shop.secret, "cookie", "a1") or ""
    opt_out(shop.kv, key)
    assert live(shop, "cookie", "a1") == []
    publish_now(shop, "buyers")
    assert live(shop, "cookie", "a1") == []
    assert read_entry(at(shop, days=900).kv.get(key)).opted_out


def test_who_is_held_out_is_not_live(shop: Workspace) -> None:
    assert publish_now(shop, "held") == (0, 0)


def test_only_what_was_built_can_be_published(shop: Workspace) -> None:
    for name in ("buyers", "none"):
        with pytest.raises(ConfigurationError, match=name):
            publish(shop, name)
