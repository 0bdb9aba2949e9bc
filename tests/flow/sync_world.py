"""A small shop whose customers are known exactly, beside the sandbox that it syncs to."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from audiences import schemas
from audiences.delivery.outbox import Plan, read_plan
from audiences.flows.ingest import Ingested, ingest_file
from audiences.flows.places import held_table
from audiences.flows.run_report import Report
from audiences.flows.sync import sync
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from shared.ports import Http, HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.builders import new_workspace, write

DAY0 = datetime(2026, 7, 1, tzinfo=UTC)
GOLD = """\
name: gold
title: Gold customers
where: {profile: {field: attributes.tier, is: gold}}
suppress: [do-not-contact]
"""
HALF = """\
name: half
where: {profile: {field: attributes.tier, is: gold}}
holdout: {percent: 50, salt: s}
"""
SEEN = """\
name: seen
of: devices
where: {seen: {trait: shoes, times: {at_least: 1}, within_days: 90}}
"""
PLATFORMS = {"meta-main": "meta", "google-main": "google", "ttd-main": "the_trade_desk"}
_DESTINATION = """\
name: {name}
platform: {platform}
account: {account}
credentials: sandbox
base_url: {url}/{platform}
guard: {guard}
"""
ACCOUNTS = {"meta-main": "act_12", "google-main": '"34"', "ttd-main": "abc"}
ANYTHING_GOES = "{max_removed_percent: 100, max_change_percent: 100000}"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer, and what every platform is sent of them."""

    number: int
    email: str | None = None
    tier: str = "gold"
    country: str = "VN"
    ads: str = ""  # consent_ads and consent_personalization
    stop: str = ""
    device: bool = True

    @property
    def id(self) -> str:
        return f"C{self.number:05d}"

    @property
    def mail(self) -> str:
        return self.email or f"person{self.number}@example.com"

    @property
    def phone(self) -> str:
        return f"+8490{self.number:07d}"

    @property
    def gaid(self) -> str:
        return str(uuid.UUID(int=self.number + (1 << 100)))

    def key(self, platform: str) -> str:
        """The member key that a stand-in shows when all is right."""
        match platform:
            case "meta":
                device = [self.gaid] if self.device else []
                return ",".join([self.id, sha(self.mail), sha(self.phone[1:]), *device])
            case "google":
                return ",".join([sha(self.mail), sha(self.phone)])
            case _:
                return self.gaid

    def row(self) -> dict[str, str]:
        return {
            "external_id": self.id,
            "email": self.mail,
            "phone": self.phone,
            "country": self.country,
            "tier": self.tier,
            "consent_ads": self.ads,
            "consent_personalization": self.ads,
            "do_not_contact": self.stop,
        }


def customers(numbers: Iterable[int], **how: Any) -> list[Customer]:
    return [Customer(number=number, **how) for number in numbers]


def keys(people: Iterable[Customer], platform: str) -> set[str]:
    return {one.key(platform) for one in people if one.device or platform != "the_trade_desk"}


@dataclass(slots=True)
class World:
    """A workspace in a folder and the sandbox that its destinations lead to."""

    folder: Path
    url: str
    day: float = 0.0  # days since DAY0: the instant of whatever is done next
    files: int = 0

    @property
    def now(self) -> datetime:
        return DAY0 + timedelta(days=self.day)

    def open(self, **how: Any) -> Workspace:
        """Open the workspace as of now; waiting takes no time."""
        made = new_workspace(
            self.folder,
            as_of=self.now,
            audiences={"gold": GOLD, "half": HALF, "seen": SEEN},
            destinations={name: self.destination(name) for name in PLATFORMS},
        )
        return replace(made, sleep=lambda _: None, **how)

    def destination(self, name: str, guard: str = ANYTHING_GOES) -> str:
        return _DESTINATION.format(
            name=name, platform=PLATFORMS[name], account=ACCOUNTS[name], url=self.url, guard=guard
        )

    def put(self, kind: str, name: str, text: str) -> None:
        """Write an audience's or a destination's file."""
        self.open()
        (self.folder / kind / f"{name}.yaml").write_text(text, encoding="utf-8")

    def ingest(self, kind: str, rows: Sequence[dict[str, Any]]) -> Ingested:
        self.files += 1
        path = write(self.folder.parent / f"{kind}-{self.files}.csv", rows)
        return ingest_file(self.open(), kind, path, "shop")

    def customers(self, people: Sequence[Customer]) -> None:
        """Take in records of customers, and a sighting of the device of each who has one."""
        updated = self.now.isoformat()
        self.ingest("profiles", [one.row() | {"updated_at": updated} for one in people])
        seen = [one for one in people if one.device]
        if seen:
            self.sightings(
                [
                    {"id_type": "gaid", "id": one.gaid, "link_type": "external_id"}
                    | {"link_value": one.id, "traits": "shoes"}
                    for one in seen
                ]
            )

    def sightings(self, rows: Sequence[dict[str, Any]]) -> None:
        usual = {"seen_at": self.now.isoformat(), "source": "site", "party": "1"}
        self.ingest("sightings", [usual | row for row in rows])

    def sync(
        self, destination: str, audience: str = "gold", *, http: Http | None = None, **how: Any
    ) -> Report:
        """Sync as of now, with the sandbox's clock at the same instant."""
        self.clock()
        workspace = self.open() if http is None else self.open(http=http)
        return sync(workspace, audience, destination, **how)

    def clock(self) -> None:
        self.post("clock", {"now": self.now.isoformat()})

    def post(self, what: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.url}/_sandbox/{what}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def faults(self, rate: float, *kinds: str, seed: int = 1) -> None:
        body: dict[str, Any] = {"rate": rate, "seed": seed, "timeout_seconds": 0.02}
        self.post("faults", body | ({"kinds": list(kinds)} if kinds else {}))

    def look(self, where: str) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{where}", timeout=20)
        answer.raise_for_status()
        return answer.json()

    def requests(self, platform: str = "") -> list[dict[str, Any]]:
        """What arrived, oldest first."""
        found: list[dict[str, Any]] = self.look("requests")
        return [one for one in found if platform in ("", one["platform"])]

    def platform_audiences(self, platform: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.look("state")[platform]
        return found

    def members(self, destination: str, audience: str = "gold") -> set[str]:
        """The member keys of the one audience of this name on a platform; none, no members."""
        platform = PLATFORMS[destination]
        shown = [
            self.look(f"state/{platform}/{each}") for each in self.platform_audiences(platform)
        ]
        named = [one for one in shown if one["name"] == audience]
        assert len(named) <= 1, "one audience was made twice"
        return set(named[0]["members"]) if named else set()

    def held(self, destination: str, audience: str = "gold") -> list[dict[str, Any]]:
        lake = self.open().lake
        found = snapshot.latest(lake, held_table(destination, audience))
        rows: list[dict[str, Any]] = (
            snapshot.dataset(lake, found, schemas.HELD).to_table().to_pylist()
        )
        return rows

    def held_keys(self, destination: str, audience: str = "gold", state: str = "held") -> list[str]:
        """Held rows as the member keys that the stand-in would show."""
        return sorted(
            ",".join(key["value"] for key in row["keys"])
            for row in self.held(destination, audience)
            if state in ("", row["state"])
        )

    def sends(self) -> list[dict[str, Any]]:
        """Every row of the ledger."""
        lake = self.open().lake
        files = [found.key for found in lake.store.list("sends/day=")]
        rows: list[dict[str, Any]] = lake.dataset(files, schemas.SENDS).to_table().to_pylist()
        return rows

    def plan(self, run: str) -> Plan:
        found = read_plan(self.open().lake.store, run)
        assert found is not None
        return found

    def in_step(self, destination: str, people: Iterable[Customer], audience: str = "gold") -> None:
        """Assert that the platform, what we hold it to hold, and the truth are the same."""
        wanted = keys(people, PLATFORMS[destination])
        members = self.members(destination, audience)
        held = self.held_keys(destination, audience, state="")
        assert members == wanted
        assert held == sorted(wanted)
        if members:
            digest = hashlib.sha256("\n".join(held).encode()).hexdigest()
            shown = self.platform_audiences(PLATFORMS[destination]).values()
            assert digest in {one["digest"] for one in shown}


@dataclass(slots=True)
class LossyHttp:
    """The network, with a fate for each request: `fate` says what becomes of it.

    "" lets it through, "lost" lets it through and loses the answer, "down" loses it, and "die"
    raises before it is sent, as a process that ends there.
    """

    fate: Callable[[HttpRequest], str]
    sent: list[HttpRequest] = field(default_factory=list)
    real: RequestsHttp = field(default_factory=RequestsHttp)

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        fate = self.fate(request)
        if fate == "die":
            raise DiedError
        if fate == "down":
            return HttpAnswer(status=0)
        self.sent.append(request)
        answer = self.real.send(request, timeout_seconds)
        return HttpAnswer(status=0) if fate == "lost" else answer


class DiedError(Exception):
    """Stands for the end of a process."""
