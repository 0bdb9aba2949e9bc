"""A shop that has an operator of UID2: what the stand-in says of its customers' contacts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from audiences.flows.run_report import Report
from infra.sandbox.uid2 import DAY, raw_id
from tests.flow.sync_world import ANYTHING_GOES, Customer, World

UID2 = base64.b64encode(b"+/" * 16).decode()  # its letters keep their case
OPERATOR = "uid2: {{credentials: {credentials}, base_url: {url}/uid2, identity: {identity}}}\n"
TTD = "ttd-main"


def mapped(
    world: World,
    credentials: str = "sandbox",
    identity: str = "uid2",
    guard: str = ANYTHING_GOES,
) -> None:
    """Give The Trade Desk an operator."""
    operator = OPERATOR.format(credentials=credentials, url=world.url, identity=identity)
    world.put("destinations", TTD, world.destination(TTD, guard) + operator)


def said(world: World, kind: str, text: str) -> dict[str, Any]:
    """What the stand-in of an operator says of a contact on this day."""
    digest = hashlib.sha256(text.encode()).digest()
    return raw_id(kind, digest, int(world.now.timestamp()) // DAY)


def uids(world: World, people: Sequence[Customer]) -> set[str]:
    found = {said(world, "email", one.mail)["u"] for one in people}
    return found | {said(world, "phone", one.phone)["u"] for one in people}


def asked(world: World, path: str = "/v3/identity/map") -> int:
    return sum(one["path"].endswith(path) for one in world.requests("uid2"))


def opts_out(world: World, text: str) -> None:
    """Let somebody opt out with the operator."""
    world.post("optouts", {"sha256": hashlib.sha256(text.encode()).hexdigest()})


def warned(report: Report) -> str:
    return " ".join(report.estimate["warnings"])


def sighted(world: World, one: Customer, uid: str) -> None:
    seen = {"id_type": "uid2", "id": uid, "link_type": "external_id", "link_value": one.id}
    world.sightings([seen | {"traits": "shoes"}])
