"""A workspace full of planted values: runs commands in it and gathers all that they leave."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from infra.local import cli, runtime
from shared.ports import Http, HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.flow import canaries as c
from tests.flow.canaries import Listener, Seen, in_files, in_names

NOW, LATER, MUCH_LATER = "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z", "2026-12-05T06:00:00Z"
_ENV = {
    "ZQ_META": c.TOKEN,
    "ZQ_TTD": c.TOKEN,
    "ZQ_WRONG": c.REVOKED,
    "BRIDGE_LOG": "debug",
    "COLUMNS": "400",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """One command: what it was asked, and all that it said."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What it said to a machine."""
        said: dict[str, Any] = json.loads(self.out)
        return said


@dataclass(slots=True)
class Recorder:
    """The network: notes what is sent, and shows the sandbox a token that it knows."""

    sent: list[HttpRequest]
    crash: Exception | None = None
    http: Http = field(default_factory=RequestsHttp)

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        """Send one request, or come down."""
        self.sent.append(request)
        if self.crash is not None:
            raise self.crash from ValueError(f"{c.E164} {c.GAID}")
        headers = {k: v.replace(c.TOKEN, "sandbox") for k, v in request.headers.items()}
        return self.http.send(replace(request, headers=headers), timeout_seconds)


@dataclass(slots=True, repr=False)
class Story:
    """A workspace, what was run in it, and what can be found afterwards."""

    folder: Path
    inbox: Path
    url: str
    ran: list[Ran] = field(default_factory=list)
    sent: list[HttpRequest] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    kept: list[Seen] = field(default_factory=list)  # canaries in files, before anything expired
    left: list[Seen] = field(default_factory=list)  # after
    names: set[str] = field(default_factory=set)
    arrived: list[dict[str, Any]] = field(default_factory=list)
    crash: Exception | None = None

    def run(self, *args: str, code: int | None = 0, stdin: bytes = b"") -> Ran:
        """Run one command in this process, and insist on its exit code, unless any will do."""
        out, err, told = io.BytesIO(), io.BytesIO(), 0
        texts = [io.TextIOWrapper(raw, "utf-8", write_through=True) for raw in (out, err)]
        sys.argv, sys.stdin = ["bridge", *args], io.TextIOWrapper(io.BytesIO(stdin))
        with redirect_stdout(texts[0]), redirect_stderr(texts[1]):
            try:
                cli.main()
            except SystemExit as end:
                told = int(end.code or 0)
        done = Ran(args, told, out.getvalue().decode(), err.getvalue().decode())
        assert code in (None, told), (args, done.out, done.err)
        self.ran.append(done)
        return done

    def bridge(self, *args: str, at: str = NOW, code: int | None = 0) -> Ran:
        """Run a command in the workspace at an instant."""
        return self.run(*args, "-C", str(self.folder), "--as-of", at, code=code)

    def write(self, name: str, data: bytes | str) -> str:
        """Write an input file and return its path."""
        path = self.inbox / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    def post(self, what: str, body: dict[str, Any]) -> None:
        """Set the sandbox's clock, faults or limits."""
        requests.post(f"{self.url}/_sandbox/{what}", json=body, timeout=20).raise_for_status()

    def network(self) -> Http:
        """Open the network as a command does."""
        return Recorder(self.sent, self.crash)


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Story]:
    """Make the workspace of a story, with its credentials and its network."""
    story = Story(folder / "shop", folder / "inbox", url)
    story.inbox.mkdir(parents=True)
    google = {"access_token": c.TOKEN, "client_id": "id", "client_secret": f"{c.REFRESH}-s"}
    google |= {"refresh_token": c.REFRESH, "token_uri": f"{url}/google/token"}
    with pytest.MonkeyPatch.context() as patch, Listener() as listener:
        operator = {"api_key": c.TOKEN, "client_secret": c.CLIENT_SECRET}
        given = {"ZQ_GOOGLE": json.dumps(google), "ZQ_UID2": json.dumps(operator)}
        for name, value in {**_ENV, **given}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", [])
        patch.setattr(sys, "stdin", io.StringIO())
        patch.setattr(runtime, "RequestsHttp", story.network)
        patch.setattr(runtime, "time", SimpleNamespace(sleep=lambda _: None))
        yield story
        story.log += listener.lines
    logging.getLogger("bridge").handlers[:] = []


def told(folder: Path, url: str, *chapters: Callable[[Story], None]) -> Story:
    """Tell a story, and gather what it left."""
    with opened(folder, url) as story:
        _settle_in(story)
        for chapter in chapters:
            chapter(story)
        story.kept = list(in_files(story.folder))
        story.names = in_names(story.folder)
        answer = requests.get(f"{url}/_sandbox/requests", timeout=20)
        story.arrived = answer.json()
        story.bridge("expire", "--json", at=MUCH_LATER)
        story.left = list(in_files(story.folder))
        story.names |= in_names(story.folder)
    return story


def _settle_in(story: Story) -> None:
    requests.post(f"{story.url}/_sandbox/reset", timeout=20).raise_for_status()
    pace: dict[str, Any] = {"per_second": 1e6, "burst": 1e6}
    story.post("limits", dict.fromkeys(("meta", "google", "the_trade_desk", "uid2"), pace))
    story.post("clock", {"now": NOW})
    story.run("init", str(story.folder))
    (story.folder / ".bridge" / "secret").write_text(c.SECRET + "\n", encoding="ascii")
    for kind, files in (("audiences", AUDIENCES), ("destinations", _destinations(story.url))):
        for old in (story.folder / kind).iterdir():
            old.unlink()
        for name, text in files.items():
            (story.folder / kind / f"{name}.yaml").write_text(f"name: {name}\n{text}", "utf-8")


AUDIENCES = {
    "gold": "where: {profile: {field: attributes.tier, is: gold}}\nsuppress: [do-not-contact]\n",
    "seen": "of: devices\nwhere: {seen: {trait: shoes, times: {at_least: 1}, within_days: 90}}\n",
    "named": f"""\
where:
  any:
    - profile: {{field: email, in: ["{c.EMAIL}", "{c.TWO_AT}"]}}
    - profile: {{field: phone, is: "{c.PHONE}"}}
    - profile: {{field: last_name, is: "{c.LAST}"}}
""",
}
FAULTY = f"""\
name: faulty
title: ["{c.FIRST}"]
where:
  any:
    - profile: {{field: "{c.EMAIL}", is: x}}
    - profile: {{feild: email, is: "{c.EMAIL}"}}
    - profile: {{field: emial, is: "{c.EMAIL}"}}
    - profile: {{field: email, iz: "{c.TWO_AT}", is: ["{c.PHONE}"]}}
    - profile: {{field: consent_ads, is: "{c.CONSENT}"}}
    - event: {{name: order, at_least: "{c.PHONE}", where: {{"{c.EMAIL}": x}}}}
    - seen: {{party: "{c.COOKIE}", within_days: "{c.E164}"}}
    - member_of: "{c.EMAIL}"
suppress: ["{c.EMAIL}"]
sync: [{{to: "{c.EMAIL}", schedule: "{c.PHONE}", timezone: "{c.EMAIL}", mode: "{c.EMAIL}"}}]
"""
BROKEN_YAML = (
    f'name: broken\nwhere:\n  all: [profile: {{field: email, is: "{c.EMAIL}" "{c.FIRST}"\n'
)


def _destinations(url: str) -> dict[str, str]:
    def text(platform: str, account: str, reference: str, at: str = url) -> str:
        return (
            f"platform: {platform}\naccount: {account}\ncredentials: {reference}\n"
            f"base_url: {at}/{platform}\n"
            "guard: {max_removed_percent: 20, max_change_percent: 1000}\n"
        )

    return {
        "meta-main": text("meta", "act_12", "env:ZQ_META"),
        "google-main": text("google", '"34"', "env:ZQ_GOOGLE"),
        "ttd-main": text("the_trade_desk", "abc", "env:ZQ_TTD")
        + f"uid2: {{credentials: env:ZQ_UID2, base_url: {url}/uid2}}\n",
        "meta-wrong": text("meta", "act_56", "env:ZQ_WRONG"),
        "google-wrong": text("google", '"56"', "env:ZQ_WRONG"),
        "meta-down": text("meta", "act_78", "env:ZQ_META", "http://127.0.0.1:9"),
    }
