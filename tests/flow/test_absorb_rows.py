"""What tracking calls become in the lake: the rows that a file of the same would have made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audiences.flows.absorb import absorb
from audiences.flows.workspace import Workspace
from audiences.ingest.calls import happened_at
from shared.clock import Clock
from tests.builders import AS_OF, rows_of
from tests.flow.calls import Call, queued, track


def attributes(row: dict[str, Any]) -> dict[str, str]:
    return dict(row["attributes"])


def test_an_order_becomes_an_event_a_sighting_and_a_link(workspace: Workspace) -> None:
    properties = {
        "revenue": 12.5,
        "currency": "EUR",
        "coupon": "SPRING",
        "products": [{"category": "Running Shoes"}, {"category": "Hats"}],
    }
    done = absorb(workspace, queued(workspace, [track(1, anonymousId="a1", properties=properties)]))
    assert (done.kept, done.rejected, done.failed) == (2, 0, ())
    (event,) = rows_of(workspace, "events")
    assert (event["name"], event["source"], event["channel"]) == ("order", "web", "web")
    assert (float(event["value"]), event["currency"]) == (12.5, "EUR")
    assert attributes(event)["coupon"] == "SPRING"
    (sighting,) = rows_of(workspace, "sightings")
    assert (sighting["id_type"], sighting["id"]) == ("cookie", "a1")
    assert sighting["traits"] == ["running-shoes", "hats"]
    assert {link["kind"] for link in rows_of(workspace, "links")} == {"event", "sighting"}


@pytest.mark.parametrize(
    ("event", "name"),
    [("Order Refunded", "return"), ("product viewed", "view"), ("Signed Up!", "signed_up")],
)
def test_events_get_the_names_that_rules_know(workspace: Workspace, event: str, name: str) -> None:
    absorb(workspace, queued(workspace, [track(1, event=event)]))
    (row,) = rows_of(workspace, "events")
    assert row["name"] == name
    assert attributes(row)["event"] == event


def test_a_page_keeps_no_query_of_its_address(workspace: Workspace) -> None:
    properties = {"url": "https://u:p@shop.example/a?email=ada@example.com#x", "referrer": "/b?c=d"}
    call = {"anonymousId": "a1", "name": "Home", "properties": properties}
    absorb(workspace, queued(workspace, [("page", call)]))
    (row,) = rows_of(workspace, "events")
    assert row["name"] == "visit"
    assert attributes(row) == {"url": "https://shop.example/a", "referrer": "/b", "page": "Home"}


def test_identify_becomes_a_profile_with_consent(workspace: Workspace) -> None:
    preferences = {"Advertising": True, "Personalization": False}
    strings = {"tcfString": "CP", "gppString": "DB~x"}
    call = {
        "userId": "auth0|7",
        "anonymousId": "a1",
        "traits": {
            "email": "Ada@Example.com",
            "firstName": "Ada",
            "address": {"country": "VN", "postalCode": "700000"},
            "plan": "pro",
            "external_id": "somebody else",
        },
        "context": {"consent": {"categoryPreferences": preferences, **strings}},
    }
    absorb(workspace, queued(workspace, [("identify", call)]))
    (row,) = rows_of(workspace, "profiles")
    assert row["external_id"] == "auth0%7C7"  # a bar would part it into two ids
    assert (row["email"], row["first_name"]) == ("Ada@Example.com", "Ada")
    assert (row["country"], row["zip"]) == ("VN", "700000")
    assert (row["consent_ads"], row["consent_personalization"]) == (True, False)
    assert row["consent_string"] == "DB~x CP"
    assert attributes(row) == {"plan": "pro"}
    assert row["updated_at"] == AS_OF


def test_who_refuses_advertising_is_not_sighted(workspace: Workspace) -> None:
    consent = {"consent": {"categoryPreferences": {"advertising": False}}}
    absorb(workspace, queued(workspace, [track(1, anonymousId="a1", context=consent)]))
    assert rows_of(workspace, "sightings") == []
    assert len(rows_of(workspace, "events")) == 1
    (profile,) = rows_of(workspace, "profiles")
    assert profile["consent_ads"] is False


def newest(workspace: Workspace) -> dict[str, Any]:
    rows = workspace.lake.log("profiles").to_table().to_pylist()
    return max(rows, key=lambda row: (row["updated_at"], row["ingest"]))


def test_a_new_trait_takes_nothing_back(workspace: Workspace) -> None:
    refusal = {"consent": {"categoryPreferences": {"Advertising": False}}}
    first = {
        "userId": "u1",
        "traits": {"email": "ada@example.com", "plan": "a"},
        "context": refusal,
    }
    second = {"userId": "u1", "traits": {"plan": "b"}}
    late = {"userId": "u1", "traits": {"plan": "z", "city": "Hue"}, "timestamp": "2026-11-01"}
    for number, call in enumerate((first, second, late)):
        then = replace(workspace, clock=Clock(AS_OF + timedelta(minutes=number)))
        absorb(then, queued(then, [("identify", call)]))
    row = newest(workspace)
    assert (row["email"], row["consent_ads"], row["city"]) == ("ada@example.com", False, "Hue")
    assert attributes(row) == {"plan": "b"}
    again = absorb(then, queued(workspace, [("identify", {**second, "messageId": "x"})]))
    assert (again.kept, again.failed) == (0, ())
    assert len(rows_of(workspace, "profiles")) == 3


def test_an_alias_links_what_was_before(workspace: Workspace) -> None:
    anonymous = "0b8a9c1e-5d1f-4c3b-9a63-1f2e3d4c5b6a"
    calls: list[Call] = [
        ("alias", {"userId": "u1", "previousId": anonymous}),
        ("alias", {"userId": "u2", "previousId": "old-2"}),
    ]
    absorb(workspace, queued(workspace, calls))
    kinds = sorted((link["kind"], link["b_type"]) for link in rows_of(workspace, "links"))
    assert kinds == [("profile", "external_id"), ("sighting", "cookie")]


def test_a_group_adds_its_traits_to_its_member(workspace: Workspace) -> None:
    call = {"userId": "u1", "groupId": "g1", "traits": {"industry": "shoes", "email": "x"}}
    absorb(workspace, queued(workspace, [("group", call)]))
    (row,) = rows_of(workspace, "profiles")
    expected = {"group.id": "g1", "group.industry": "shoes", "group.email": "x"}
    assert attributes(row) == expected
    assert row["email"] is None


def test_a_phone_is_seen_by_its_advertising_id(workspace: Workspace) -> None:
    device = {"type": "ios", "advertisingId": "0b8a9c1e-5d1f-4c3b-9a63-1f2e3d4c5b6a"}
    denied = {**device, "adTrackingEnabled": False}
    calls: list[Call] = [
        ("screen", {"anonymousId": "a1", "context": {"device": device}}),
        ("screen", {"anonymousId": "a2", "context": {"device": denied}}),
    ]
    absorb(workspace, queued(workspace, calls))
    seen = {(row["id_type"], row["id"]) for row in rows_of(workspace, "sightings")}
    assert seen == {("idfa", device["advertisingId"]), ("cookie", "a2")}


def test_the_clocks_of_clients_are_put_right() -> None:
    received = datetime(2026, 11, 21, 6, tzinfo=UTC)
    hour_ahead = {"timestamp": "2026-11-21T06:59:00Z", "sentAt": "2026-11-21T07:00:00Z"}
    assert happened_at(hour_ahead, received) == received - timedelta(minutes=1)
    assert happened_at({"timestamp": "2026-11-20"}, received) == received - timedelta(hours=30)
    assert happened_at({"timestamp": "2036-11-20"}, received) == received
    assert happened_at({}, received) == received
    backwards = {"timestamp": "2026-11-21T08:00:00Z", "sentAt": "2026-11-21T07:00:00Z"}
    assert happened_at(backwards, received) == received
    odd = {"timestamp": "0001-01-01", "sentAt": "9999-12-31"}
    assert happened_at(odd, received) == received
