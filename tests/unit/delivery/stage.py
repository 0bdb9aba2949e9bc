"""A small platform, a session on a fake network, and plans made by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from audiences.delivery.outbox import Plan, Planned, body_key, digest_of, write_plan
from audiences.delivery.pace import Pace
from audiences.delivery.session import Session
from audiences.platforms.base import (
    Action,
    Answer,
    Audience,
    Batch,
    Key,
    Limits,
    Outcome,
    Platform,
    Request,
    Target,
)
from shared.clock import Clock
from shared.ports import HttpAnswer, HttpRequest, Store
from tests.fakes import FakeHttp, FakeSleep

NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
LATER = "2026-07-01T07:00:00Z"
TARGET = Target(account="acc", audience="vips", audience_id="77")


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge as the words in the body say: `done`, `retry`, `stop` and so on."""
    if answer.status == 0:
        return Outcome(action=Action.RETRY, code="no_answer")
    said = json.loads(answer.body)
    named = {int(place): why for place, why in said.pop("rejected", {}).items()}
    return Outcome(action=Action(said.pop("action")), rejected=named, **said)


def status_outcome(answer: Answer, rows: int) -> Outcome:
    return outcome(answer, rows)


PLATFORM = Platform(
    slug="test",
    title="Test Ads",
    base_url="https://ads.test",
    version="v1",
    docs="",
    keys=(Key(wire="EMAIL", types=("email",)),),
    of=frozenset({"people"}),
    limits=Limits(rows=3, keys_per_row=1, one_per_wire=True, concurrency=2, per_second=1000.0),
    row_ttl=False,
    max_ttl_days=None,
    request=lambda batch: Request(method="POST", path="/rows", body=_body(batch)),
    outcome=outcome,
    authorise=lambda _request, access: {"authorization": f"Bearer {access.credentials}"},
    find=lambda target: Request(method="GET", path=f"/find/{target.audience}"),
    found=lambda _asked, answer, _name: json.loads(answer.body).get("id"),
    create=lambda _target, audience: Request(method="POST", path="/make", body=_named(audience)),
    created=lambda answer: str(json.loads(answer.body)["id"]),
    status=lambda _target, handle: Request(method="GET", path=f"/status/{handle}"),
    status_outcome=status_outcome,
    refresh=lambda access: Request(method="POST", path="/token", body=access.credentials.encode()),
    refreshed=lambda _access, answer: str(json.loads(answer.body)["token"]),
)


def _body(batch: Batch) -> bytes:
    return json.dumps([list(row.keys) for row in batch.rows]).encode()


def _named(audience: Audience) -> bytes:
    return json.dumps({"name": audience.name}).encode()


def says(action: str, status: int = 200, **more: object) -> HttpAnswer:
    """An answer that the small platform judges as it says."""
    return HttpAnswer(status=status, body=json.dumps({"action": action} | more).encode())


LOST = HttpAnswer(status=0)


def in_turn(*answers: HttpAnswer) -> Callable[[HttpRequest], HttpAnswer]:
    """Give these answers one after the other, and the last for ever."""
    left = list(answers)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def by_path(answers: Mapping[str, Sequence[HttpAnswer]]) -> Callable[[HttpRequest], HttpAnswer]:
    """Give the answers of the longest path that fits, each path in its own turn."""
    turns = {path: in_turn(*given) for path, given in answers.items()}

    def answer(request: HttpRequest) -> HttpAnswer:
        path = request.url.removeprefix("https://ads.test")
        return turns[max((p for p in turns if path.startswith(p)), key=len)](request)

    return answer


def session(
    answer: Callable[[HttpRequest], HttpAnswer],
    *,
    platform: Platform = PLATFORM,
    clock: Clock | None = None,
) -> tuple[Session, FakeHttp, FakeSleep]:
    http, sleep = FakeHttp(answer), FakeSleep()
    made = Session(
        platform=platform,
        target=TARGET,
        base_url="https://ads.test",
        credentials="old",
        http=http,
        clock=clock or Clock(NOW),
        sleep=sleep,
        pace=Pace(1e9, sleep),
    )
    return made, http, sleep


def planned(number: int, op: str = "add", rows: int = 3) -> tuple[Planned, bytes]:
    body = f"{op} {number} of {rows}".encode()
    made = Planned(
        id=f"{op}-{number:05d}",
        op=op,
        rows=rows,
        method="POST",
        path="/rows",
        content_type="application/json",
        headers={},
        sha256=hashlib.sha256(body).hexdigest(),
        bytes=len(body),
    )
    return made, body


def plan(store: Store, *requests: tuple[Planned, bytes], **more: object) -> Plan:
    """Write a plan and its bodies."""
    made = Plan(
        run="run-1",
        audience="vips",
        destination="there",
        platform="test",
        version="v1",
        place="test live acc",
        account="acc",
        audience_id="77",
        title="VIPs",
        mode="mirror",
        as_of="2026-07-01T06:00:00Z",
        valid_until=LATER,
        dry_run=False,
        rule_pack="test/1",
        terms="",
        inputs={"held": None, "commits": []},
        changes={},
        dropped={},
        requests=tuple(one for one, _ in requests),
        digest=digest_of(one for one, _ in requests),
    )
    made = replace(made, **more)  # type: ignore[arg-type]
    for one, body in requests:
        store.put(body_key(made.run, one.id), body)
    write_plan(store, made)
    return made
