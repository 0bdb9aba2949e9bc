"""The demo shop writes the files that a company would hand in, the same for a seed anywhere."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audiences.identifiers.catalog import lifetime_days
from audiences.identifiers.normalise import canonical
from audiences.ingest.parse import read
from infra.local.demo.shop import generate

FIRST_DAY = date(2026, 7, 24)
PEOPLE = 1500


def content(folder: Path) -> dict[str, str]:
    """Digest each file of both drops, as it is after decompression."""
    found = {}
    for path in sorted(folder.rglob("*.*")):
        if path.suffix == ".gz":
            data = gzip.decompress(path.read_bytes())
        elif path.suffix == ".parquet":
            data = repr(pq.read_table(path).to_pydict()).encode()
        else:
            data = path.read_bytes()
        found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


def profiles(path: Path) -> list[dict[str, str]]:
    """Read the whole records of a profiles file."""
    text = path.read_bytes().decode("utf-8", "replace")
    rows = list(csv.DictReader(io.StringIO(text)))
    return [row for row in rows if row["loyalty_tier"] is not None and None not in row]


def events(path: Path) -> list[dict[str, str]]:
    """Read the readable events of a file."""
    text = gzip.decompress(path.read_bytes()).decode()
    rows = csv.DictReader(io.StringIO(text))
    return [row for row in rows if not row["event_id"].startswith("bad-")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One shop for all the reading tests."""
    return generate(tmp_path_factory.mktemp("shop"), PEOPLE, seed=3, first_day=FIRST_DAY)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    """Nothing but the arguments decides what is written."""
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        generate(tmp_path / name, 120, seed=seed, first_day=FIRST_DAY)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert len(content(tmp_path / "a")) == 6
    assert not set(content(tmp_path / "a").values()) & set(content(tmp_path / "c").values())


def test_neither_the_hash_seed_nor_the_time_zone_of_the_process_matters(tmp_path):
    """Another process, with another hash seed and zone, writes the same."""
    generate(tmp_path / "here", 80, seed=5, first_day=FIRST_DAY)
    code = (
        "import sys; from datetime import date; from pathlib import Path;"
        "from infra.local.demo.shop import generate;"
        "generate(Path(sys.argv[1]), 80, 5, date(2026, 7, 24))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Bangkok"}
    command = [sys.executable, "-c", code, str(tmp_path / "there")]
    subprocess.run(command, env=env, check=True, cwd=Path(__file__).parents[3])
    assert content(tmp_path / "here") == content(tmp_path / "there")


def test_every_file_is_read_by_the_ingest_and_only_the_planted_lines_come_aside(shop):
    """The two ragged lines, and nothing else, have a wrong number of fields."""
    for drop in (shop.first, shop.second):
        for table in ("profiles", "events", "sightings"):
            batches = list(read(getattr(drop, table)))
            kept = sum(batch.rows.num_rows for batch in batches)
            broken = [fault.reason for batch in batches for fault in batch.broken]
            assert kept + len(broken) == drop.rows[table]
            first = drop is shop.first
            expected = {"profiles": 3, "events": 1, "sightings": 0}[table] if first else 0
            assert len(broken) == expected


def test_rows_follow_the_rates_asked_for(tmp_path):
    """The benchmark sets how many events and sightings a person has."""
    made = generate(
        tmp_path,
        400,
        seed=1,
        first_day=FIRST_DAY,
        events_per_person=2.5,
        sightings_per_person=3,
    )
    sent_twice = made.planted["event sent twice"]
    assert sent_twice == 4
    assert made.first.rows["events"] == 400 * 2.5 + 6 + sent_twice
    assert made.first.rows["sightings"] == 400 * 3 + 6
    assert made.first.rows["profiles"] == 400 + 5 + made.planted["second record"]


def test_the_drops_are_read_a_week_apart_and_hold_nothing_newer(shop):
    """What the first drop says lies before its instant; the second covers the week after."""
    assert shop.first.as_of == datetime(2026, 11, 21, tzinfo=UTC)
    assert shop.second.as_of == datetime(2026, 11, 28, tzinfo=UTC)
    before = [datetime.fromisoformat(row["at"]) for row in events(shop.first.events)]
    after = [datetime.fromisoformat(row["at"]) for row in events(shop.second.events)]
    assert datetime(2026, 7, 24, tzinfo=UTC) <= min(before)
    assert max(before) < shop.first.as_of <= min(after)
    assert max(after) < shop.second.as_of


def test_contacts_are_written_in_every_usual_way_good_and_bad(shop):
    """Most are usable; each bad habit is there; names are in several scripts."""
    rows = profiles(shop.first.profiles)
    emails = [row["email"] for row in rows]
    assert any(mail.isupper() for mail in emails)
    assert any(mail != mail.strip() for mail in emails)
    assert any("+shop@gmail.com" in mail for mail in emails)
    assert {"n/a", ""} <= set(emails)
    assert any("@@" in mail for mail in emails)
    read_emails = sum(canonical("email", mail).value is not None for mail in emails)
    assert 0.80 < read_emails / len(rows) < 0.92
    read_phones = sum(
        canonical("phone", row["phone"], row["country"]).value is not None for row in rows
    )
    assert 0.75 < read_phones / len(rows) < 0.90
    names = "".join(row["first_name"] + row["last_name"] for row in rows)
    assert {"ễ", "ส", "ü"} <= set(names)
    assert {row["country"] for row in rows} == {"VN", "TH", "US", "GB", "DE", "FR", ""}


def test_some_people_stand_twice_with_another_address_and_the_same_phone(shop):
    """The second record of a person meets the first over the telephone number."""
    rows = {row["external_id"]: row for row in profiles(shop.first.profiles)}
    met = 0
    for name, row in rows.items():
        if not name.startswith("G"):
            continue
        original = rows["C" + name[1:]]
        assert row["email"] != original["email"]
        phones = [canonical("phone", r["phone"], r["country"]).value for r in (row, original)]
        met += phones[0] is not None and phones[0] == phones[1]
    assert met >= shop.planted["second record"] / 2 > 10


def test_orders_hold_money_and_views_hold_none(shop):
    """An order has two decimals, a currency, a quantity and a category; an opened mail has not."""
    for row in events(shop.first.events):
        if row["name"] == "order":
            assert float(row["value"]) > 0
            assert row["value"][-3] == "."
            assert row["currency"] in {"USD", "GBP", "EUR"}
            assert row["category"]
            assert row["quantity"] in {"1", "2", "3"}
        if row["name"] == "email_open":
            assert not row["value"]
            assert not row["category"]


def test_devices_run_out_before_during_and_after_the_next_ninety_days(shop):
    """Some are gone when they are read, some within a week, some much later."""
    left = {}
    for row in pq.read_table(shop.first.sightings).to_pylist():
        if row["id_type"] == "fingerprint" or row["party"] == 7 or row["seen_at"].year > 2026:
            continue
        life = lifetime_days(row["id_type"], row["party"], row["browser"] or "")
        ends = row["seen_at"] + timedelta(days=life)
        left[row["id"]] = max(ends, left.get(row["id"], ends))
    days = [(ends - shop.first.as_of).days for ends in left.values()]
    assert sum(d < 0 for d in days) > 0.1 * len(days)
    assert sum(0 <= d < 7 for d in days) > 0.02 * len(days)
    assert sum(30 <= d < 90 for d in days) > 0.2 * len(days)


def test_logins_link_devices_to_people_by_hash_and_some_by_our_own_id(shop):
    """A link is the hash of an address in the profiles, or a customer number."""
    table = pq.read_table(shop.first.sightings).to_pylist()
    links = [(row["link_type"], row["link_value"]) for row in table if row["link_type"]]
    rows = profiles(shop.first.profiles)
    hashes = {
        hashlib.sha256(found.value.encode()).hexdigest()
        for row in rows
        if (found := canonical("email", row["email"])).value
    }
    known = [value for kind, value in links if kind == "email_sha256" and value in hashes]
    assert len(known) > 0.95 * sum(kind == "email_sha256" for kind, _ in links)
    numbers = {row["external_id"] for row in rows}
    assert {value for kind, value in links if kind == "external_id"} <= numbers
    assert 0.1 < len(links) / len(table) < 0.35


def test_the_second_drop_brings_newcomers_and_changes_of_known_people(shop):
    """Its records are newer; some withdrew consent and some want no contact."""
    before = {row["external_id"]: row for row in profiles(shop.first.profiles)}
    after = profiles(shop.second.profiles)
    new = [row for row in after if row["external_id"] not in before]
    assert len(new) == shop.planted["newcomer"] == 45
    withdrawn = stopped = 0
    for row in after:
        old = before.get(row["external_id"])
        if old is None:
            continue
        assert shop.first.as_of <= datetime.fromisoformat(row["updated_at"]) < shop.second.as_of
        agreed = old["consent_ads"] in {"true", "yes", "1", "TRUE"}
        withdrawn += agreed and row["consent_ads"] == "false"
        stopped += old["do_not_contact"] != row["do_not_contact"] == "true"
    assert 0 < withdrawn <= shop.planted["change: consent withdrawn"]
    assert 0 < stopped <= shop.planted["change: stop"]


def test_people_beyond_one_chunk_keep_numbers_of_their_own(tmp_path):
    """Chunks follow each other without gap or overlap."""
    made = generate(
        tmp_path,
        20_030,
        seed=1,
        first_day=FIRST_DAY,
        days=10,
        events_per_person=0.01,
        sightings_per_person=0.01,
    )
    numbers = [
        row["external_id"]
        for row in profiles(made.first.profiles)
        if row["external_id"].startswith("C0")
    ]
    assert sorted(numbers) == [f"C{n:07d}" for n in range(1, 20_031)]


@pytest.mark.parametrize("people", [0, 1, 3])
def test_a_tiny_shop_is_a_shop(tmp_path, people):
    """No people, or one, is no special case."""
    made = generate(tmp_path, people, seed=9, first_day=FIRST_DAY, days=1)
    assert made.first.rows["profiles"] >= people + 5
    assert made.second.sightings.exists()
