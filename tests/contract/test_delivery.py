"""What every platform's delivery must keep: full requests, exact bytes, credentials apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from duckdb import DuckDBPyConnection as Connection

from audiences.delivery.batches import rows_key, write_requests
from audiences.delivery.outbox import Plan, digest_of
from audiences.delivery.sender import deliver
from audiences.lake import query
from audiences.lake.lake import Lake
from audiences.match.diff import ordered_sql
from audiences.platforms import MODULES, platform
from audiences.platforms.base import Course, Platform, Target
from shared.clock import Clock
from shared.errors import BridgeError, CredentialError, RejectedError, RetryableError
from shared.ports import HttpAnswer, HttpRequest
from tests.conftest import lake_on_disk
from tests.contract.cases.case import case
from tests.fakes import MemoryStore
from tests.unit.delivery import stage
from tests.unit.match.match_world import connection

STARTS = datetime(2026, 7, 1, 7, tzinfo=UTC)
TARGET = Target(account="123", audience="vips", audience_id="77")
COURSE = Course(target=TARGET, at=STARTS, starts=STARTS, mode="mirror")
every_platform = pytest.mark.parametrize("slug", MODULES)


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake on disk."""
    return lake_on_disk(tmp_path)


def small(slug: str, rows: int = 4) -> Platform:
    """A platform with a small limit of rows a request."""
    known = platform(slug)
    return replace(known, limits=replace(known.limits, rows=min(rows, known.limits.rows)))


def planned(con: Connection, lake: Lake, to: Platform, removes: int, adds: int) -> Plan:
    """Plan so many rows of each operation."""
    wire = to.keys[1 if len(to.keys) > 1 and not to.row_ttl else 0].wire
    end = STARTS + timedelta(days=30)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE changes AS
        SELECT op, md5('u' || op || i)::UUID AS unit, md5('r' || op || i)::UUID AS row,
            md5('m' || op || i)::UUID AS member, '{wire}' || chr(31) || sha256(op || i) AS wired,
            [{{'wire': '{wire}', 'value': sha256(op || i), 'expires_at': NULL::TIMESTAMPTZ}}]
                AS keys,
            'ad_user_data=granted;ad_personalization=unknown' AS consent,
            CASE WHEN op = 'add' THEN TIMESTAMPTZ '{end.isoformat()}' END AS forgets_at,
            'added' AS why, NULL::UUID AS attributes
        FROM (SELECT 'remove' AS op, i FROM range({removes}) AS t(i)
            UNION ALL SELECT 'add', i FROM range({adds}) AS t(i))"""
    )
    con.execute("CREATE OR REPLACE TEMP TABLE attributes (member UUID, text TEXT)")
    batches = (
        batch
        for op in ("remove", "add")
        for batch in query.batches(con, ordered_sql(op, to), size=3)
    )
    requests = write_requests(lake, "run-1", to, COURSE, batches)
    return replace(
        stage.plan(MemoryStore()),
        requests=requests,
        digest=digest_of(requests),
        platform=to.slug,
    )


@every_platform
@pytest.mark.parametrize(("removes", "adds"), [(0, 0), (0, 1), (4, 4), (5, 9), (1, 13)])
def test_requests_are_as_few_as_the_limit_allows(
    con: Connection, lake: Lake, slug: str, removes: int, adds: int
) -> None:
    to = small(slug)
    made, most = planned(con, lake, to, removes, adds), to.limits.rows
    ops = [r.op for r in made.requests if r.op in ("remove", "add")]
    assert len(ops) == math.ceil(removes / most) + math.ceil(adds / most)
    assert (made.rows("remove"), made.rows("add")) == (removes, adds)
    assert ops == sorted(ops, reverse=True)


@every_platform
def test_the_rows_file_says_where_each_row_stands(con: Connection, lake: Lake, slug: str) -> None:
    made = planned(con, lake, small(slug), 5, 9)
    with lake.files.open_input_file(rows_key("run-1")) as file:
        rows = pq.read_table(file).to_pylist()
    assert len(rows) == 14
    for request in made.requests:
        body = (lake.store.get(f"outbox/run-1/{request.id}.body") or b"").decode()
        mine = sorted((r for r in rows if r["request"] == request.id), key=lambda r: r["place"])
        assert [r["place"] for r in mine] == list(range(request.rows))
        places = [body.index(r["keys"][0]["value"]) for r in mine]
        assert places == sorted(places)


@every_platform
def test_equal_changes_give_equal_bytes(con: Connection, tmp_path: Path, slug: str) -> None:
    plans = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        plans.append(planned(con, lake_on_disk(tmp_path / name), small(slug), 5, 9))
    assert plans[0].digest == plans[1].digest
    assert plans[0].requests == plans[1].requests


def answering(known: Platform, status: int) -> HttpAnswer:
    """A plain yes of each platform, or a plain status."""
    return HttpAnswer(status=status, body=case(known.slug).yes.encode() if status == 200 else b"")


@every_platform
def test_the_planned_bytes_go_out_with_credentials_in_a_header_only(
    con: Connection, lake: Lake, slug: str
) -> None:
    to = small(slug)
    made = planned(con, lake, to, 4, 8)
    session, http, _ = stage.session(lambda _: answering(to, 200), platform=to)
    session.credentials = "tok-7f3a9c"
    assert deliver(session, lake.store, made, "77") == len(made.requests)
    bodies = {lake.store.get(f"outbox/run-1/{r.id}.body") for r in made.requests}
    assert {request.body for request in http.requests} == bodies
    for request in http.requests:
        assert urlsplit(request.url)[:2] == ("https", "ads.test")
        assert b"tok-7f3a9c" not in request.body
        assert "tok-7f3a9c" not in request.url
        shown = any("tok-7f3a9c" in value for value in request.headers.values())
        assert shown != case(slug).signs


@every_platform
@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
def test_an_uncertain_answer_is_followed_by_the_same_bytes(
    con: Connection, lake: Lake, slug: str, status: int
) -> None:
    to = replace(small(slug), opening=None, closing=None)
    made = planned(con, lake, to, 0, to.limits.rows)
    answers = stage.in_turn(answering(to, status), answering(to, status), answering(to, 200))
    session, http, sleep = stage.session(answers, platform=to)
    deliver(session, lake.store, made, "77")
    assert len(http.requests) == 3
    assert len({request.body for request in http.requests}) == 1
    assert len(sleep.waited) >= 2


@every_platform
def test_refused_credentials_end_the_run_and_keep_nothing(
    con: Connection, lake: Lake, slug: str
) -> None:
    to = small(slug)
    made = planned(con, lake, to, 0, 4)
    session, _, _ = stage.session(lambda _: HttpAnswer(status=401), platform=to)
    with pytest.raises(CredentialError):
        deliver(session, lake.store, made, "77")
    assert list(lake.store.list("outcomes/")) == []


@every_platform
def test_a_forbidden_account_stops_the_run(con: Connection, lake: Lake, slug: str) -> None:
    to = small(slug)
    made = planned(con, lake, to, 0, 40)
    session, http, _ = stage.session(lambda _: HttpAnswer(status=403), platform=to)
    with pytest.raises(RejectedError):
        deliver(session, lake.store, made, "77")
    assert len(http.requests) <= to.limits.concurrency


@every_platform
def test_nothing_is_sent_when_the_plan_is_over(con: Connection, lake: Lake, slug: str) -> None:
    to = small(slug)
    made = planned(con, lake, to, 0, 4)
    over = Clock(stage.NOW + timedelta(hours=1))
    session, http, _ = stage.session(lambda _: answering(to, 200), platform=to, clock=over)
    with pytest.raises(RetryableError):
        deliver(session, lake.store, made, "77")
    assert http.requests == []


@every_platform
def test_whatever_an_answer_says_no_error_repeats_it(
    con: Connection, lake: Lake, slug: str
) -> None:
    """Platforms quote the rows that they refuse: an answer's text goes nowhere."""
    to = small(slug)
    made = planned(con, lake, to, 0, 4)
    told: list[str] = []
    quote = b'{"error": {"message": "bad row anna@example.com", "code": 100}, "title": "anna@x.co"}'
    for status in (200, 400, 401, 403, 404, 500):
        session, _, _ = stage.session(_quoting(status, quote), platform=to)
        try:
            deliver(session, lake.store, made, "77")
        except BridgeError as error:
            told.append(str(error))
        outcomes = [lake.store.get(found.key) for found in lake.store.list("outcomes/")]
        assert not any(b"anna" in (text or b"") for text in outcomes)
        lake.store.delete([found.key for found in lake.store.list("outcomes/")])
    assert told
    assert "anna" not in " ".join(told)


def _quoting(status: int, body: bytes):
    def answer(_request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(status=status, body=body)

    return answer
