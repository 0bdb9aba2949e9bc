"""How a caller of each stand-in makes its calls, written from the platforms' documents."""

from __future__ import annotations

import atexit
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import requests

WAIT = 20.0
KEY = "sandbox"
AGENT = "audience-bridge-tests/1"


@dataclass(frozen=True)
class Sent:
    """One call: what is sent, without credentials."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Auth = Callable[[str, Sent, str], Mapping[str, str]]  # (address, call, secret) -> headers
Said = tuple[int, str]  # the status, and what the body must hold


@dataclass(frozen=True)
class Words:
    """What a platform says to each kind of wrong call; None where there is no such call."""

    auth: Said
    shape: Said
    broken: Said
    expired: Said
    rate: Said
    long: Said | None = None
    raw: Said | None = None
    unknown: Said | None = None
    partial: Said | None = None
    rate_header: str = ""


@dataclass(frozen=True)
class Caller:
    """One platform as its caller sees it."""

    slug: str
    add: Callable[[str, list[str]], Sent]
    words: Words
    remove: Callable[[str, list[str]], Sent] | None = None
    create: Sent | None = None  # None: an audience comes to be by naming it
    made: Callable[[requests.Response], str] = lambda came: came.json()["id"]
    auth: Auth = lambda _url, _sent, secret: {"authorization": f"Bearer {secret}"}
    value: Callable[[int], str] = lambda n: hashlib.sha256(str(n).encode()).hexdigest()
    raw: str = "ann@example.com"
    rows: int = 0  # the most that one call may hold; 0: no limit that a test could reach
    needs: Mapping[str, Said] = field(default_factory=dict)  # header -> said without it
    lost: int = 1  # of ten rows, those that an injected partial failure refuses
    unknown_id: str = "999"


def sent(method: str, path: str, body: Any = None, **headers: str) -> Sent:
    """A call with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"content-type": "application/json", "user-agent": AGENT, **named}
    return Sent(method, path, b"" if body is None else json.dumps(body).encode(), given)


def send(url: str, caller: Caller, call: Sent, secret: str = KEY, **change: Any):
    """Make a call to a stand-in that listens at an address."""
    call = replace(call, **change)
    address = f"{url}/{caller.slug}{call.path}"
    headers = {**call.headers, **caller.auth(address, call, secret)}
    made = requests.Request(call.method, address, data=call.body, headers=headers).prepare()
    if "user-agent" not in call.headers:
        made.headers.pop("user-agent", None)
    return _session().send(made, timeout=WAIT)


@cache
def _session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False  # no proxy stands before the loopback
    atexit.register(made.close)
    return made


def state(url: str, slug: str) -> dict[str, dict[str, Any]]:
    """What the stand-in holds."""
    return requests.get(f"{url}/_sandbox/state", timeout=WAIT).json()[slug]


def door(url: str, what: str, body: object) -> requests.Response:
    """Use the back door."""
    return requests.post(f"{url}/_sandbox/{what}", json=body, timeout=WAIT)


def audience_of(url: str, caller: Caller, name: str = "winter visitors") -> str:
    """Make an audience and return its id."""
    if caller.create is None:
        return "in_vips"
    came = send(url, caller, caller.create, body=caller.create.body.replace(b"NAME", name.encode()))
    assert came.ok, came.text
    return str(caller.made(came))
