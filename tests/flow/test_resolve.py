"""Resolve: records, events and sightings become people, who keep their ids from run to run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from shared.errors import IntegrityError
from tests.builders import AS_OF, KillingStore, ingest, key_of, people, with_store

Make = Callable[..., Workspace]
DAY = timedelta(days=1)
SHA = hashlib.sha256(b"ana@example.com").hexdigest()


def who(workspace: Workspace, **identifier: str) -> bytes:
    [(kind, value)] = identifier.items()
    return people(workspace)[key_of(kind, value)]


def test_records_that_share_an_address_or_number_are_one_person(workspace: Workspace) -> None:
    crm = [
        {"external_id": "1", "email": "Ana@Example.com", "phone": "+84912345678"},
        {"external_id": "2", "email": "bo@example.com"},
    ]
    shop = [
        {"external_id": "s1", "email": "ana@example.com "},
        {"external_id": "s2", "phone": "0084 912 345 678"},
        {"external_id": "s3", "email": "cy@example.com"},
    ]
    ingest(workspace, "profiles", crm, source="crm")
    ingest(workspace, "profiles", shop, source="shop")
    found = resolve_people(workspace)
    assert (found.identifiers, found.people, found.anonymous, found.hubs) == (9, 3, 0, 0)
    one = who(workspace, email="ana@example.com")
    for mine in ("1", "s1", "s2"):
        assert who(workspace, external_id=mine) == one
    assert len({one, who(workspace, external_id="2"), who(workspace, external_id="s3")}) == 3


def test_a_chain_of_evidence_joins_a_device_to_a_record(workspace: Workspace) -> None:
    """A cookie that logged in with a hash, and another seen with it in an order."""
    ingest(workspace, "profiles", [{"external_id": "1", "email": "ana@example.com"}])
    seen = {"id_type": "cookie", "id": "c1", "seen_at": "2026-11-20"}
    ingest(workspace, "sightings", [seen | {"link_type": "email_sha256", "link_value": SHA}])
    order = {"name": "order", "at": "2026-11-20"}
    events = [order | {"cookie": "c1", "ctv": "tv"}, order | {"cookie": "lone", "ctv": "tv2"}]
    ingest(workspace, "events", events)
    found = resolve_people(workspace)
    assert (found.people, found.anonymous) == (1, 1)
    one = who(workspace, external_id="1")
    assert one == who(workspace, cookie="c1") == who(workspace, ctv="tv")
    assert who(workspace, cookie="lone") == who(workspace, ctv="tv2") != one


def test_people_keep_their_ids_while_data_grows_and_expires(make_workspace: Make) -> None:
    ana, bo = {"email": "ana@example.com"}, {"email": "bo@example.com"}
    start = make_workspace()
    ingest(start, "profiles", [ana, bo], "1.csv")
    first = resolve_people(start)
    before = people(start)
    linked = {"id_type": "cookie", "id": "shared", "seen_at": "2026-11-20", "party": "2"}
    rows = [linked | {"link_type": "email", "link_value": row["email"]} for row in (ana, bo)]
    ingest(start, "sightings", rows)
    ingest(start, "profiles", [{"email": "cy@example.com"}], "2.csv")
    second = resolve_people(start)
    assert (first.people, second.people) == (2, 2)
    joined = who(start, email="ana@example.com")
    assert joined == who(start, email="bo@example.com") == who(start, cookie="shared")
    assert joined in before.values()

    # Thirty days on, the cookie that had joined the two is forgotten, and with it the link.
    later = make_workspace(as_of=AS_OF + 31 * DAY)
    third = resolve_people(later)
    after = people(later)
    assert third.people == 3
    assert after.keys() == before.keys() | {key_of("email", "cy@example.com")}
    assert joined in {after[key] for key in before}
    assert {key: after[key] for key in before} == before, "who part get back what they had"


def test_the_instant_decides_what_is_evidence(make_workspace: Make) -> None:
    now = make_workspace()
    ingest(now, "profiles", [{"external_id": "1"}])
    event = {"name": "view", "at": "2026-11-20T12:00Z", "external_id": "1", "cookie": "c1"}
    ingest(now, "events", [event])
    for as_of, known in ((AS_OF - 2 * DAY, False), (AS_OF, True), (AS_OF + 90 * DAY, False)):
        at = make_workspace(as_of=as_of)
        resolve_people(at)
        assert (key_of("cookie", "c1") in people(at)) == known
        assert key_of("external_id", "1") in people(at)


def test_an_identifier_that_many_share_joins_nobody(make_workspace: Make) -> None:
    rows = [{"external_id": str(n), "email": "office@example.com"} for n in range(4)]
    joined, apart = make_workspace("4"), make_workspace("3", toml="[resolve]\nmax_shared = 3\n")
    for workspace in (joined, apart):
        ingest(workspace, "profiles", rows)
    assert resolve_people(joined).people == 1
    found = resolve_people(apart)
    assert (found.people, found.hubs) == (5, 1)


def test_a_hash_seen_with_a_device_dies_with_it(make_workspace: Make) -> None:
    now = make_workspace()
    seen = {"id_type": "cookie", "id": "c1", "seen_at": "2026-11-20", "party": "3"}
    ingest(now, "sightings", [seen | {"link_type": "email_sha256", "link_value": SHA}])
    resolve_people(now)
    rows = snapshot.dataset(
        now.lake, snapshot.latest(now.lake, "people"), _people_schema()
    ).to_table()
    ends = dict(zip(rows["type"].to_pylist(), rows["expires_at"].to_pylist(), strict=True))
    assert ends["email_sha256"] == ends["cookie"] is not None


def _people_schema() -> object:
    from audiences.schemas import PEOPLE

    return PEOPLE


def test_nobody_is_somebody_on_an_empty_lake(workspace: Workspace) -> None:
    found = resolve_people(workspace)
    assert (found.identifiers, found.people, found.snapshot) == (0, 0, "people/00000001")


def test_who_resolves_at_the_same_time_is_told(workspace: Workspace) -> None:
    ingest(workspace, "profiles", [{"email": "ana@example.com"}])

    class Late(KillingStore):
        """Another run gets through between this run's reading and its writing."""

        def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
            if self.left:
                self.left = 0
                resolve_people(workspace)
            return self.store.put(key, data, if_absent=if_absent)

        def _count(self) -> None:
            """Live on."""

    late = with_store(workspace, Late(workspace.lake.store, 1))
    with pytest.raises(IntegrityError, match="run again"):
        resolve_people(late)
    assert snapshot.snapshots(workspace.lake, "people") == [1]
    assert resolve_people(workspace).snapshot == "people/00000002"
