"""A platform beside its stand-in: whole runs through the engine, over real HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import requests

from audiences.delivery.audience import ensure_audience, equip
from audiences.delivery.batches import write_requests
from audiences.delivery.follow import follow
from audiences.delivery.outbox import Plan, digest_of
from audiences.delivery.pace import Pace
from audiences.delivery.pieces import final, placed
from audiences.delivery.sender import deliver
from audiences.delivery.session import Session
from audiences.lake import query
from audiences.lake.lake import Lake
from audiences.match.diff import ordered_sql
from audiences.platforms.base import (
    PLACE,
    Access,
    Action,
    Answer,
    Audience,
    Batch,
    Course,
    Op,
    Outcome,
    Platform,
    Request,
    Row,
    Target,
)
from shared.clock import Clock
from shared.requests_http import RequestsHttp
from tests.conftest import lake_on_disk
from tests.contract.cases.case import Case
from tests.fakes import MemoryStore
from tests.unit.delivery import stage
from tests.unit.match.match_world import connection

WAIT = 10.0
VIPS = Audience(name="vips", title="VIPs")
_WIRED = pa.schema(
    [
        *((name, pa.string()) for name in ("wired", "wire", "value", "along")),
        ("n", pa.int64()),
    ]
)


def _wired(pairs: Sequence[tuple[str, str]]) -> str:
    return chr(30).join(f"{wire}{chr(31)}{value}" for wire, value in pairs)


@dataclass(slots=True)
class Stand:
    """One platform's stand-in at `url`, freshly reset."""

    url: str
    found: Platform
    case: Case
    folder: Path
    runs: int = 0
    audience_id: str = ""
    http: RequestsHttp = field(default_factory=RequestsHttp)

    def target(self) -> Target:
        return Target(account=self.case.account, audience="vips", audience_id=self.audience_id)

    def session(self) -> Session:
        return Session(
            platform=self.found,
            target=self.target(),
            base_url=f"{self.url}/{self.found.slug}",
            credentials=self.case.credentials,
            http=self.http,
            clock=Clock(stage.NOW),
            sleep=lambda _: None,
            pace=Pace(1e9, lambda _: None),
        )

    def make(self) -> Target:
        """Make the audience as a run does."""
        session = self.session()
        self.audience_id, adopted = ensure_audience(session, VIPS)
        session.target = self.target()
        if not adopted:
            equip(session, VIPS)
        return self.target()

    def run(self, op: Op, rows: Sequence[Row], lake: Lake | None = None) -> tuple[Plan, Lake]:
        """Plan rows of one operation, send them, and follow them to their end."""
        self.runs += 1
        folder = self.folder / f"{op}-{self.runs}"
        folder.mkdir()
        lake = lake_on_disk(folder)
        plan = self._plan(lake, op, rows)
        self.send(plan, lake)
        return plan, lake

    def _plan(self, lake: Lake, op: Op, rows: Sequence[Row]) -> Plan:
        mode = "replace" if op is Op.REPLACE else "mirror"
        now = datetime.now(UTC)
        course = Course(target=self.target(), at=now, starts=now, mode=mode)
        made = write_requests(lake, "run-1", self.found, course, self._changes(op, rows, now))
        blank = stage.plan(MemoryStore())
        return replace(
            blank,
            requests=made,
            digest=digest_of(made),
            mode=mode,
            platform=self.found.slug,
            audience_id=self.audience_id,
        )

    def _changes(self, op: Op, rows: Sequence[Row], now: datetime) -> Iterator[pa.RecordBatch]:
        con = connection()
        listed = [
            {
                "wired": _wired(row.keys),
                "along": _wired(row.attributes) or None,
                "wire": row.keys[0][0],
                "value": row.keys[0][1],
                "n": n,
            }
            for n, row in enumerate(rows)
        ]
        con.register("given", pa.Table.from_pylist(listed, schema=_WIRED))
        end = (now + timedelta(minutes=60)).isoformat()
        kind = "remove" if op is Op.REMOVE else "add"
        con.execute(
            f"""CREATE TEMP TABLE changes AS SELECT '{kind}' AS op, ('0000000000000000' ||
            printf('%016x', n))::UUID AS unit, md5('r' || wired)::UUID AS row, md5(wired)::UUID
            AS member, wired, [{{'wire': wire, 'value': value,
            'expires_at': NULL::TIMESTAMPTZ}}] AS keys,
            'ad_user_data=granted;ad_personalization=granted' AS consent,
            TIMESTAMPTZ '{end}' AS forgets_at, 'added' AS why, md5(along)::UUID AS attributes
            FROM given"""
        )
        con.execute(
            "CREATE TEMP TABLE attributes AS SELECT md5(wired)::UUID AS member, along AS text "
            "FROM given WHERE along IS NOT NULL"
        )
        yield from query.batches(con, ordered_sql(kind, self.found))
        con.close()

    def send(self, plan: Plan, lake: Lake) -> None:
        session = self.session()
        deliver(session, lake.store, plan, self.audience_id)
        assert follow(session, lake.store, plan, 60) == []

    def outcomes(self, plan: Plan, lake: Lake) -> list[Outcome]:
        found = [final(lake.store, plan.run, p.id, range(p.rows)) for p in plan.requests]
        return [outcome for outcome in found if outcome is not None]

    def state(self) -> dict[str, Any]:
        """What the stand-in holds, by audience."""
        found: dict[str, Any] = requests.get(f"{self.url}/_sandbox/state", timeout=WAIT).json()
        return found[self.found.slug]

    def count(self) -> int:
        return sum(audience["count"] for audience in self.state().values())

    def call(self, request: Request, credentials: str | None = None) -> Answer:
        """Send one request once."""
        access = Access(credentials=credentials or self.case.credentials, at=datetime.now(UTC))
        if "://" not in request.path:
            request = replace(request, path=f"{self.url}/{self.found.slug}{request.path}")
        headers = {"content-type": request.content_type, **request.headers}
        came = requests.request(
            request.method,
            request.path,
            data=request.body,
            headers={
                **headers,
                **self.found.authorise(request, replace(access, nonce=secrets.token_hex(16))),
            },
            timeout=WAIT,
        )
        lower = {name.lower(): value for name, value in came.headers.items()}
        return Answer(status=came.status_code, headers=lower, body=came.content)

    def placed(self, request: Request) -> tuple[Request, str]:
        """Where a batch goes, when the platform says so, and what its outcome is asked with."""
        if request.path != PLACE:
            return request, ""
        assert self.found.place
        assert self.found.told
        told = self.found.told(self.call(self.found.place(self.target())))
        return replace(request, path=told.address), told.handle

    def settle(self, batch: Batch) -> Outcome:
        """Send a batch once and ask for its status until it is known."""
        count = len(batch.rows)
        request, handle = self.placed(self.found.request(batch))
        outcome = self.found.outcome(self.call(request), count)
        handle = outcome.handle or handle
        while outcome.action is Action.PENDING:
            assert self.found.status is not None
            assert self.found.status_outcome is not None
            answer = self.call(self.found.status(batch.target, handle))
            outcome = self.found.status_outcome(answer, count)
            handle = outcome.handle or handle
        return placed(self.found, request.body, outcome)
