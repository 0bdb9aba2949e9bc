"""The collector under hostile bodies and headers: never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.flows.collect import Collector, Sender, collect, read_write_keys
from shared.clock import Clock
from shared.errors import ConfigurationError, RetryableError
from tests.fakes import MemoryKeyValue, MemoryQueue
from tests.flow.served import KINDS, NOW, SECRET, TRACK, WEB, CollectorUp, collector_up


@pytest.fixture(scope="module")
def up() -> Iterator[CollectorUp]:
    with collector_up() as running:
        yield running


@pytest.fixture
def served(up: CollectorUp) -> CollectorUp:
    up.empty()
    return up


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WORDS = ("userId", "anonymousId", "event", "timestamp", "sentAt", "messageId", "traits", "context")
CALLS = st.dictionaries(st.sampled_from((*WORDS, "type", "batch", "properties")), JSON)


@given(path=st.sampled_from((*KINDS, "batch", "sightings")), value=CALLS | JSON | st.lists(CALLS))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_body_is_our_fault(served: CollectorUp, path: str, value: Any) -> None:
    body = {"batch": value} if path == "batch" and isinstance(value, list) else value
    assert served.post(f"/v1/{path}", body).status_code in (200, 400)


@given(body=st.binary(max_size=300), header=st.binary(max_size=60))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_bytes_are_our_fault(served: CollectorUp, body: bytes, header: bytes) -> None:
    text = header.decode("latin-1").replace("\r", "").replace("\n", "").strip()
    text = "".join(c for c in text if c.isprintable())
    how: dict[str, Any] = {"headers": {"X-Bridge-Id": text.encode("latin-1")}}
    assert served.post("/v1/batch", body, **how).status_code == 400
    assert served.post("/v1/opt-out", body, **how).status_code in (200, 400)
    assert served.get("/v1/memberships", auth=WEB, **how).status_code == 200


def test_the_flow_says_when_the_queue_did_not_take_all() -> None:
    collector = Collector(
        queue=MemoryQueue(full=1),
        kv=MemoryKeyValue(),
        clock=Clock(NOW),
        secret=SECRET,
        write_keys={},
    )
    with pytest.raises(RetryableError, match="1 of 2"):
        collect(collector, Sender("web"), [("track", TRACK)] * 2)


@pytest.mark.parametrize("entry", ["", "web=", "We b=secret-key", "../x=secret-key"])
def test_a_write_key_that_is_none_is_not_repeated(entry: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_write_keys([entry])
    assert "secret-key" not in str(caught.value)
