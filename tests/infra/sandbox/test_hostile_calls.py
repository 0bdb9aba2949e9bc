"""No stand-in falls over, whatever stands where in a call: it refuses in its own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.sandbox.registry import SLUGS
from tests.infra.sandbox.callers import WAIT, Caller, Sent, audience_of, send
from tests.infra.sandbox.test_every_standin import CALLERS

STRANGE: tuple[Any, ...] = (None, [], {}, "é\0", -1, 1e30, True, [[]], [{}], {"a": {}}, "x" * 3000)
every = pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)


def changed(value: Any) -> Iterator[Any]:
    """Each document that differs from this one in one place: something strange, or nothing."""
    yield from STRANGE
    if isinstance(value, dict):
        for name, held in value.items():
            yield {key: one for key, one in value.items() if key != name}
            yield {**value, name + "x": held}
            for other in changed(held):
                yield {**value, name: other}
    elif isinstance(value, list) and value:
        yield [*value, *value]
        for other in changed(value[0]):
            yield [other, *value[1:]]


def bodies(call: Sent) -> list[bytes]:
    if not call.body or b"form-data" in call.body:
        return [b"", b"--b\r\n\r\n--b--", call.body[:-8], call.body.replace(b"name=", b"nam=")]
    try:
        document = json.loads(call.body)
    except ValueError:  # a file of rows
        return [b"", call.body[:-8], call.body * 2, call.body.replace(b",", b"\0"), b"\xff\xfe"]
    return [json.dumps(one).encode() for one in changed(document)]


@every
def test_a_call_that_differs_in_one_place_is_answered(url: str, caller: Caller) -> None:
    audience = audience_of(url, caller)
    calls = [caller.add(audience, [caller.value(1)]), caller.create]
    if caller.remove:
        calls.append(caller.remove(audience, [caller.value(1)]))
    fell = {
        (call.path, body)
        for call in calls
        if call is not None
        for body in bodies(call)
        if send(url, caller, call, body=body).status_code >= 500
    }
    assert fell == set()


@every
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "POST"])
def test_other_methods_and_places_are_answered(url: str, caller: Caller, method: str) -> None:
    audience = audience_of(url, caller)
    call = caller.add(audience, [caller.value(1)])
    parts = call.path.strip("/").split("/")
    paths = ["/" + "/".join(parts[:n]) for n in range(len(parts) + 1)]
    paths += [call.path + "/é%2F", call.path + "?limit=x&page=-1&filter=(&bookmark=x&q=1"]
    fell = [p for p in paths if send(url, caller, call, method=method, path=p).status_code >= 500]
    assert fell == []


@pytest.mark.parametrize("slug", SLUGS)
def test_a_stranger_without_anything_is_answered(url: str, slug: str) -> None:
    for method in ("GET", "POST"):
        came = requests.request(method, f"{url}/{slug}/", timeout=WAIT)
        assert 400 <= came.status_code < 500 or slug == "tiktok"
