"""Every destination is asked whether it lets us in, before a sync needs it and changing nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from audiences.flows.doctor import examine
from audiences.flows.probe import Probed, probe_all, summary
from audiences.platforms.oauth import ends_at
from infra.sandbox.uid2 import SECRET
from shared.clock import iso
from tests.flow.sync_world import LossyHttp, World

TO = "meta-main"


def with_secret(world: World, secret: str, to: str = TO) -> None:
    text = world.destination(to).replace("credentials: sandbox", f"credentials: file:{to}.token")
    world.put("destinations", to, text)
    (world.folder / f"{to}.token").write_text(secret)


def probed(world: World, **how: object) -> dict[str, Probed]:
    world.clock()
    return {one.destination: one for one in probe_all(world.open(**how).bench())}


def test_good_credentials_are_ok_and_nothing_is_changed(world: World) -> None:
    found = probed(world)
    assert {name: one.status for name, one in found.items()} == {
        "meta-main": "ok",
        "google-main": "ok",
        "ttd-main": "unchecked",
    }
    assert "no call that changes nothing" in found["ttd-main"].detail
    assert world.requests()
    assert {one["size"] for one in world.requests("meta")} == {0}
    assert not any(world.platform_audiences(slug) for slug in ("meta", "google", "the_trade_desk"))
    assert summary(list(found.values()))["refused"] == 0


def test_refused_credentials_are_named_and_hide_no_other(world: World) -> None:
    with_secret(world, "not-the-token-of-anyone")
    found = probed(world)
    assert found[TO].status == "refused"
    assert "refuses the credentials" in found[TO].detail
    assert "not-the-token" not in str(found)
    assert found["google-main"].status == "ok"
    assert summary(list(found.values()))["refused"] == 1


def test_a_missing_secret_and_a_broken_file_are_said(world: World) -> None:
    with_secret(world, "x")
    (world.folder / f"{TO}.token").unlink()
    world.put("destinations", "google-main", "name: google-main\nplatform: gogle\n")
    found = probed(world)
    assert (found[TO].status, found["google-main"].status) == ("misconfigured", "misconfigured")
    assert "file:meta-main.token" in found[TO].detail
    assert summary(list(found.values()))["refused"] == 2


def test_a_platform_that_is_away_says_nothing_of_the_credentials(world: World) -> None:
    found = probed(world, http=LossyHttp(lambda _: "down"))
    assert found[TO].status == "unreachable"
    assert summary(list(found.values()))["refused"] == 0


@pytest.mark.parametrize(("days", "status"), [(3, "ending"), (13, "ending"), (15, "ok")])
def test_credentials_that_end_soon_are_warned_of(world: World, days: int, status: str) -> None:
    ends = world.now + timedelta(days=days)
    with_secret(world, json.dumps({"access_token": "sandbox", "expires": iso(ends)}), "google-main")
    one = probed(world)["google-main"]
    assert (one.status, one.ends) == (status, iso(ends))
    assert (f"in {days} days" in one.detail) == (status == "ending")


def _jwt(claims: dict[str, object]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2ln"


@pytest.mark.parametrize(
    ("credentials", "seconds"),
    [
        ("opaque", None),
        ("a.b.c", None),
        (_jwt({"exp": 1_800_000_000}), 1_800_000_000),
        (_jwt({"exp": "soon"}), None),
        ('{"access_token": "a", "ends": 1800000000}', 1_800_000_000),
        ('{"access_token": "a", "ends": 1800000000, "refresh_token": "r"}', None),
        ('{"ends": 5, "refresh_token": "r", "refresh_ends": 1800000000}', 1_800_000_000),
        ('{"client_id": "i", "client_secret": "s", "ends": 1800000000}', None),
        ('{"access_token": "a", "expires": "2027-01-15T08:00:00Z"}', 1_800_000_000),
        ('{"access_token": "a", "expires": "some day"}', None),
    ],
)
def test_the_end_of_credentials_is_read_where_they_say_it(
    credentials: str, seconds: int | None
) -> None:
    found = ends_at(credentials)
    assert (found and int(found.timestamp())) == seconds


def statuses(world: World, **how: object) -> dict[str, set[str]]:
    world.clock()
    found: dict[str, set[str]] = {}
    for one in examine(world.open(**how)):
        found.setdefault(one.check, set()).add(one.status)
    return found


def test_the_doctor_finds_nothing_where_all_is_well(world: World) -> None:
    operator = f"uid2: {{credentials: sandbox, base_url: {world.url}/uid2}}\n"
    world.put("destinations", "ttd-main", world.destination("ttd-main") + operator)
    found = statuses(world)
    assert found["configuration"] == {"ok"}
    assert found["credentials"] == {"ok", "warning"}  # one platform has nothing to ask
    assert found["disk"] <= {"ok", "warning"}
    assert not list(world.open().lake.store.list("doctor/"))


def test_the_doctor_names_what_is_wrong_of_every_kind(world: World) -> None:
    with_secret(world, "not-the-token-of-anyone")
    sync = "sync: [{to: nowhere}]\n"
    world.put("audiences", "gold", world.open().audiences["gold"] + sync)
    world.put("audiences", "half", "name: half\nwhere: {profile: {feld: x}}\n")
    world.clock()
    workspace = world.open()
    blocked = _Blocked(workspace.lake.store)
    workspace = replace(workspace, lake=replace(workspace.lake, store=blocked))
    failed = {
        (one.check, one.subject): one.detail for one in examine(workspace) if one.status == "failed"
    }
    assert "nowhere" in failed["configuration", "audiences/gold.yaml"]
    assert any(subject.startswith("audiences/half.yaml") for _, subject in failed)
    assert "refuses the credentials" in failed["credentials", TO]
    assert "full" in failed["disk", blocked.url]


@pytest.mark.parametrize(
    ("uid2", "told"),
    [
        ("", ("configuration", "destinations/ttd-main.yaml", "warning", "are not mapped: add")),
        ("sandbox", ("credentials", "ttd-main:uid2", "ok", "")),
        ("file:gone", ("configuration", "destinations/ttd-main.yaml", "failed", "file:gone")),
        ("file:key", ("configuration", "destinations/ttd-main.yaml", "failed", "client_secret")),
        ("file:wrong", ("credentials", "ttd-main:uid2", "failed", "refuses the credentials")),
    ],
)
def test_the_doctor_asks_who_maps_contacts(
    world: World, uid2: str, told: tuple[str, str, str, str]
) -> None:
    operator = f"uid2: {{credentials: '{uid2}', base_url: {world.url}/uid2}}\n" if uid2 else ""
    world.put("destinations", "ttd-main", world.destination("ttd-main") + operator)
    (world.folder / "key").write_text("zqkey")
    wrong = {"api_key": "zqkey", "client_secret": SECRET}
    (world.folder / "wrong").write_text(json.dumps(wrong))
    world.clock()
    checks = examine(world.open())
    found = [one for one in checks if (one.check, one.subject, one.status) == told[:3]]
    assert any(told[3] in one.detail for one in found), checks
    assert "zqkey" not in str(checks)


class _Blocked:
    """A store on a disk that is full."""

    def __init__(self, store: object) -> None:
        self.store = store
        self.url = "file:///lake"

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        from shared.errors import RetryableError

        raise RetryableError("the disk is full")
