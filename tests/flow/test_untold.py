"""Notices reach everybody once, also who did not listen when there was something to say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audiences.flows import untold
from audiences.flows.notices import Teller
from audiences.flows.sync import sync_and_tell
from audiences.flows.untold import KEEP_SECONDS, PLACES
from infra.local.kv import SqliteKeyValue
from shared import log
from shared.clock import Clock
from shared.errors import ConfigurationError
from shared.notify import notifying
from shared.ports import KeyValue, Notice
from shared.requests_http import RequestsHttp
from tests.fakes import FakeSecrets, MemoryKeyValue
from tests.flow.sync_world import World, customers
from tests.flow.test_notices import Told, done
from tests.hook import Hook, listening

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
FAILED = {"audience": "gold", "destination": "meta", "status": "failed", "code": "data"}


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


@pytest.fixture(params=["memory", "sqlite"])
def kv(request: pytest.FixtureRequest, tmp_path: Path) -> KeyValue:
    if request.param == "memory":
        return MemoryKeyValue(Clock(NOW))
    return SqliteKeyValue(tmp_path / "state.sqlite", Clock(NOW))


def teller(kv: KeyValue, secret: str) -> Teller:
    secrets = FakeSecrets({"secret://n": secret})
    http = RequestsHttp()
    return Teller(notifying(lambda: http, lambda: secrets, either="secret://n"), kv)


def test_a_webhook_that_was_down_hears_at_the_next_run_and_only_then(
    hook: Hook, kv: KeyValue
) -> None:
    telling = teller(kv, json.dumps({"webhook": f"{hook.url}/hook", "slack": f"{hook.url}/slack"}))
    hook.status = 503
    telling.tell_of(FAILED, once="a")
    assert hook.heard == []
    hook.status = 200
    telling.tell_of(done("r", 900, 0))
    assert hook.titles() == ["gold → meta failed"]
    assert len(hook.titles("/slack")) == 1
    for _ in range(2):
        telling.catch_up()
        telling.tell_of(FAILED, once="a")
    assert len(hook.heard) == 2
    assert [place for place in PLACES if kv.get(place)] == []


def test_who_has_heard_hears_nothing_again_because_of_another(kv: KeyValue) -> None:
    deaf, told = Told(broken=True), Told()
    Teller({"deaf": deaf, "hook": told}, kv).tell_of(FAILED, once="a")
    later = Told()
    for _ in range(2):
        Teller({"deaf": later, "hook": told}, kv).catch_up()
    assert (len(told.notices), len(deaf.notices), len(later.notices)) == (1, 1, 1)
    assert later.notices == told.notices


def test_who_does_not_answer_is_asked_once_a_time(kv: KeyValue) -> None:
    deaf = Told(broken=True)
    telling = Teller({"deaf": deaf}, kv)
    for name in "abc":
        telling.tell_of(FAILED, once=name)
    assert len(deaf.notices) == 3
    telling.catch_up()
    assert len(deaf.notices) == 4


def test_a_process_that_died_at_telling_leaves_it_to_the_next(kv: KeyValue) -> None:
    class Dying:
        def tell(self, notice: Notice) -> None:
            raise KeyboardInterrupt

    told = Told()
    with pytest.raises(KeyboardInterrupt):
        Teller({"hook": Dying()}, kv).tell_of(FAILED, once="a")
    Teller({"hook": told}, kv).catch_up()
    assert told.notices == []  # whoever has claimed it may still be at it
    moved(kv, untold._CLAIM_SECONDS + 1)
    Teller({"hook": told}, kv).catch_up()
    Teller({"hook": told}, kv).catch_up()
    assert len(told.notices) == 1


def moved(kv: KeyValue, seconds: float) -> None:
    """Let time pass for a store."""
    clock = Clock(NOW + timedelta(seconds=seconds))
    if isinstance(kv, MemoryKeyValue):
        kv.clock = clock
    else:
        kv._clock = clock  # type: ignore[attr-defined]


def test_what_nobody_hears_is_bounded_and_ends(kv: KeyValue) -> None:
    deaf, told = Told(broken=True), Told()
    for number in range(len(PLACES) + 5):
        Teller({"deaf": deaf}, kv).tell_of(FAILED, once=str(number))
    assert all(kv.get(place) for place in PLACES)
    moved(kv, KEEP_SECONDS + 1)
    Teller({"deaf": told}, kv).catch_up()
    assert told.notices == []


def test_a_fall_of_the_share_that_nobody_could_be_told_of_is_not_lost() -> None:
    told, kv = Told(), MemoryKeyValue()
    Teller({"hook": told}, kv).tell_of(done("1", 900, 0))

    class Away(MemoryKeyValue):
        def put(self, key: str, value: str, **how: Any) -> bool:
            raise ConfigurationError("the table is away")

    Teller({"hook": told}, Away(kv.clock, kv.entries)).tell_of(done("2", 450, 450))
    assert told.notices == []
    Teller({"hook": told}, kv).tell_of(done("2", 450, 450))
    assert [one.kind for one in told.notices] == ["match_rate"]


@pytest.mark.parametrize("kinds", [("webhook",), ("slack",), ("webhook", "slack")])
def test_a_secret_holds_one_address_or_both(hook: Hook, kinds: tuple[str, ...]) -> None:
    kv = MemoryKeyValue()
    telling = teller(kv, json.dumps({kind: f"{hook.url}/{kind}" for kind in kinds}))
    telling.tell_of(FAILED, once="a")
    assert sorted(path for path, _ in hook.heard) == sorted(f"/{kind}" for kind in kinds)
    assert not [place for place in PLACES if kv.get(place)]


@pytest.mark.parametrize(
    "secret",
    [
        "https://hook.example/s3cr3t",
        "{}",
        '{"hook": "https://s3cr3t"}',
        '{"slack": ["s3cr3t"]}',
        "[",
    ],
)
def test_a_secret_that_cannot_be_read_is_said_without_what_it_holds(secret: str) -> None:
    stream, kv = io.StringIO(), MemoryKeyValue()
    log.configure("debug", stream)
    try:
        teller(kv, secret).tell_of(FAILED, once="a")
    finally:
        logging.getLogger("bridge").handlers.clear()
    assert "secret://n must be JSON such as" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()
    assert kv.get(PLACES[0])


def test_no_address_stands_in_the_log_whatever_goes_wrong(hook: Hook) -> None:
    stream = io.StringIO()
    log.configure("debug", stream)
    try:
        for url in (f"{hook.url}/t0ken", "http://127.0.0.1:9/t0ken", "t0ken", "https://t0ken:x/"):
            hook.status = 500
            teller(MemoryKeyValue(), json.dumps({"webhook": url, "slack": url})).tell_of(FAILED)
    finally:
        logging.getLogger("bridge").handlers.clear()
    assert stream.getvalue().count("not_notified") == 8
    assert "t0ken" not in stream.getvalue()


def test_a_failed_sync_is_told_when_the_next_one_succeeds(world: World, hook: Hook) -> None:
    world.customers(customers(range(1, 8)))
    notify = notifying(
        RequestsHttp, lambda: FakeSecrets({"env:HOOK": f"{hook.url}/hook"}), webhook="env:HOOK"
    )
    workspace = replace(world.open(), notify=notify)
    hook.status = 500
    with pytest.raises(ConfigurationError):
        sync_and_tell(workspace, "gold", "nowhere")
    hook.status = 200
    assert sync_and_tell(workspace, "gold", "meta-main").status == "done"
    assert hook.titles() == ["gold → nowhere failed"]
