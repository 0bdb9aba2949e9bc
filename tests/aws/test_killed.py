"""Fifty syncs of the deployed stack whose workers are killed: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests

from audiences.delivery import outbox
from audiences.flows.access import create_key
from functions import _lake
from infra.sandbox import server
from shared.clock import Clock
from tests.aws.killing import Killer
from tests.aws.local import Local, deployed, environment, until
from tests.aws.shop import bearer, drop, exported, small_state
from tests.flow.fleet import Fleet
from tests.flow.sync_world import GOLD, PLATFORMS, Customer, World, customers, keys
from tests.infra.stack import forget

pytestmark = [pytest.mark.aws, pytest.mark.slow, pytest.mark.timeout(0)]
SYNCS = int(os.environ.get("AWS_KILLED_SYNCS", "50"))
SEED = int(os.environ.get("AWS_KILLED_SEED", "1"))
TO = ("meta-main", "google-main")
# So that a sync is of many requests, which can be cut off between any two.
SMALL = "options: {rows_per_request: 4, requests_per_second: 1000, requests_at_once: 2}\n"


@dataclass(slots=True)
class Shop:
    """The deployed stack, its customers, and the stand-ins that its syncs lead to."""

    local: Local
    key: str
    fleet: Fleet
    people: dict[int, Customer]
    acknowledged: list[tuple[frozenset[str], int]] = field(default_factory=list)
    over: set[str] = field(default_factory=set)  # runs of earlier syncs

    def gold(self) -> list[Customer]:
        return [one for one in self.people.values() if one.tier == "gold"]

    def take_in(self, some: Sequence[Customer]) -> None:
        """Drop a file of customers, and wait until it is in the lake."""
        known = len(self.local.keys("commits/"))
        rows = [one.row() | {"updated_at": Clock().now().isoformat()} for one in some]
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        drop(self.local, "profiles", "\n".join(lines) + "\n")
        until(lambda: len(self.local.keys("commits/")) > known)
        self.people |= {one.number: one for one in some}

    def effects(self) -> int:
        """Count what was done so far: requests that arrived, and files of runs."""
        files = sum(len(self.local.keys(f"{each}/")) for each in ("outbox", "outcomes", "sends"))
        return files + len(self.fleet.world.requests())

    def note(self) -> None:
        """Keep which bodies have an outcome by now, and how many arrived until now."""
        store = self.fleet.workspace().lake.store
        runs = {found.key.split("/")[1] for found in store.list("outcomes/")} - self.over
        known = frozenset(
            outcome.sha256
            for run in runs
            for one in outbox.recorded_ids(store, run)
            if (outcome := outbox.recorded(store, run, one.removesuffix(".status"))) is not None
        )
        self.acknowledged.append((known, len(self.fleet.world.requests())))

    def check(self, to: str) -> None:
        """Assert that platform, ledger and truth are one, and nothing recorded was sent again."""
        self.fleet.check(to, self.gold())
        arrived = [one["sha256"] for one in self.fleet.world.requests()]
        for known, count in self.acknowledged:
            assert known.isdisjoint(arrived[count:])
        self.acknowledged.clear()
        self.over = {key.split("/")[1] for key in self.local.keys("outcomes/")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="module")
def shop(folder: Path) -> Iterator[Shop]:
    running = server.start()
    with environment(), deployed(folder) as local:
        key = create_key(small_state(local), Clock(), "e2e", "admin")[1]
        world = World(folder / "shop", running.url)
        places(local, world)
        assert local.http("PUT", "/audiences/gold", GOLD, **bearer(key))[0] == 201
        known = local.client("lambda").get_function_configuration(FunctionName="e2e-plan")
        variables = known["Environment"]["Variables"]
        os.environ.update(variables, AWS_ENDPOINT_URL=local.endpoint, AWS_REGION="eu-west-1")
        os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
        forget()
        before, _lake.SCRATCH = _lake.SCRATCH, folder / "scratch"
        yield Shop(local, key, Fleet(world, {}), {})
        _lake.SCRATCH = before
        forget()
    running.stop()


def places(local: Local, world: World) -> None:
    local.client("secretsmanager").create_secret(Name="ads/sandbox", SecretString="sandbox")
    free = {PLATFORMS[to]: {"per_second": 1e6, "burst": 1e6} for to in TO}
    requests.post(f"{world.url}/_sandbox/limits", json=free, timeout=20).raise_for_status()
    for to in TO:
        text = world.destination(to).replace(
            "credentials: sandbox", "credentials: secret://ads/sandbox"
        )
        file = f"destinations/{to}.yaml"
        body = (text + SMALL).encode()
        local.client("s3").put_object(Bucket=local.bucket("Config"), Key=file, Body=body)


def changed(draw: Random, shop: Shop, number: int) -> list[Customer]:
    """Draw what a round changes: some leave, some come back, some are new."""
    known = draw.sample(sorted(shop.people.values(), key=lambda one: one.number), 8)
    moved = [replace(one, tier="iron" if one.tier == "gold" else "gold") for one in known]
    return moved + customers(range(number, number + draw.randint(2, 8)), device=False)


def test_killed_workers_lose_nothing_and_double_nothing(shop: Shop, folder: Path) -> None:
    draw = Random(SEED)
    killer = Killer(folder, draw, shop.effects, shop.note)
    shop.take_in(customers(range(40), device=False))
    held: dict[str, set[str]] = {to: set() for to in TO}
    rounds: list[dict[str, Any]] = []
    for number in range(SYNCS):
        to = TO[number % len(TO)]
        if number % len(TO) == 0 and number:
            shop.take_in(changed(draw, shop, 100 * number))
        wanted = keys(shop.gold(), PLATFORMS[to])
        with killer.at_work() as killed:
            ended = exported(shop.local, shop.key, to, f"killed-{number}", "gold")
        assert ended["status"] == "done", (number, ended, killed)
        plan = (len(wanted - held[to]), len(held[to] - wanted))
        assert (ended["adds"], ended["removes"]) == plan, (number, ended, killed)
        shop.check(to)
        held[to] = wanted
        rounds.append({"to": to, "adds": plan[0], "removes": plan[1], "killed": dict(killed)})
        (folder / "rounds.json").write_text(json.dumps(rounds))
    print(f"\n{SYNCS} syncs, seed {SEED}, killed: {dict(killer.killed)}, {killer.killed.total()}")
    assert killer.killed.total() >= SYNCS / 3
    assert shop.local.depth("FailedEventsUrl") == 0
