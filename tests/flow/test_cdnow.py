"""The whole job on a music shop's real purchases, against figures counted straight off them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from audiences.flows.build import build
from audiences.flows.ingest import ingest_file
from audiences.flows.resolve import resolve_people
from audiences.flows.sync import sync
from audiences.flows.workspace import Workspace
from audiences.lake import now, snapshot
from audiences.lake.query import connect, table
from audiences.schemas import MEMBERS
from infra.sandbox import server
from tests.builders import new_workspace

FILE = Path(__file__).parents[3] / "shared" / "data" / "CDNOW_master.txt"
AS_OF = datetime(1998, 7, 1, tzinfo=UTC)  # the purchases end on the last day of June 1998
AUDIENCE = """\
name: good-customers
of: people
where:
  all:
    - event: {name: order, times: {at_least: 2}}
    - event: {name: order, sum: value, at_least: 100}
"""
DESTINATION = """\
name: meta-main
platform: meta
account: act_1
credentials: sandbox
base_url: URL/meta
"""
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the purchases are not on this machine")


@dataclass(slots=True)
class Counted:
    """Orders and dollars of one customer, added up line by line."""

    orders: int = 0
    dollars: Decimal = Decimal(0)


def purchases() -> Iterator[tuple[str, str, Decimal, int]]:
    """Yield customer, day, dollars and number of disks of every line."""
    for line in FILE.read_text().splitlines():
        if line.strip():
            customer, day, disks, dollars = line.split()
            yield customer, f"{day[:4]}-{day[4:6]}-{day[6:]}", Decimal(dollars), int(disks)


def address(customer: str) -> str:
    """Give a customer an e-mail address."""
    return f"customer{customer}@example.com"


@pytest.fixture(scope="module")
def counted() -> dict[str, Counted]:
    """What every customer bought, by e-mail address."""
    out: dict[str, Counted] = {}
    for customer, _, dollars, _ in purchases():
        mine = out.setdefault(address(customer), Counted())
        mine.orders += 1
        mine.dollars += dollars
    return out


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    running = server.start()
    yield running.url
    running.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> Workspace:
    """A workspace that has taken in all purchases and knows who made them."""
    folder = tmp_path_factory.mktemp("cdnow")
    orders = folder / "orders.csv"
    with orders.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["name", "at", "email", "value", "currency", "quantity"])
        for customer, day, dollars, disks in purchases():
            out.writerow(["order", day, address(customer), dollars, "USD", disks])
    workspace = new_workspace(
        folder / "workspace",
        as_of=AS_OF,
        audiences={"good-customers": AUDIENCE},
        destinations={"meta-main": DESTINATION.replace("URL", sandbox)},
    )
    done = ingest_file(workspace, "events", orders, "shop")
    assert (done.rows_in, done.kept, done.rejected) == (69_659, 69_659, 0)
    assert resolve_people(workspace).people == 23_570
    return workspace


def test_every_customers_orders_and_revenue_are_exact(
    shop: Workspace, counted: dict[str, Counted]
) -> None:
    """Counts and dollars per customer are those of the file, to the cent, for all of them."""
    with connect(shop.lake.scratch) as con:
        now.people(con, shop.lake, snapshot.latest(shop.lake, "people"), AS_OF)
        now.events(con, shop.lake, AS_OF, "value")
        con.register("keys", shop.lake.log("match_keys"))
        found = table(
            con,
            "SELECT lower(hex(digest)) AS digest, count(*) AS orders, "
            "sum(events_now.value) AS dollars "
            "FROM events_now JOIN people_now USING (person) JOIN keys USING (key) "
            "WHERE form = 'plain' AND keys.type = 'email' GROUP BY digest",
        ).to_pylist()
    wanted = {digest(mail): (c.orders, c.dollars) for mail, c in counted.items()}
    assert {row["digest"]: (row["orders"], row["dollars"]) for row in found} == wanted


def digest(mail: str) -> str:
    """Return what platforms are sent of an address."""
    return hashlib.sha256(mail.encode()).hexdigest()


def test_an_audience_and_its_platform_hold_exactly_who_a_direct_count_gives(
    shop: Workspace, counted: dict[str, Counted], sandbox: str
) -> None:
    """At least two orders and 100 dollars: the same customers in the file, here, and at Meta."""
    good = {mail for mail, c in counted.items() if c.orders >= 2 and c.dollars >= 100}
    built = build(shop, "good-customers")
    members = snapshot.latest(shop.lake, "members/good-customers")
    rows = snapshot.dataset(shop.lake, members, MEMBERS).count_rows()
    assert built.members == rows == len(good) > 5_000

    report = sync(shop, "good-customers", "meta-main")
    assert (report.status, report.adds, report.accepted) == ("done", len(good), len(good))
    url = f"{sandbox}/_sandbox/state/meta/{report.audience_id}"
    held = requests.get(url, timeout=30).json()["members"]
    assert set(held) == {digest(mail) for mail in good}
