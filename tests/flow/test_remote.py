"""`bridge --remote URL` against `bridge serve`: the words of the shell, by the API of a stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.cli import COMMANDS, REMOTE
from infra.local.remote.api import Remote
from shared.errors import RetryableError
from shared.ports import HttpAnswer, HttpRequest
from tests.conftest import Answer
from tests.flow.serving import BUYERS, Up, serving, until

Bridge = Callable[..., Answer]
GUARDED = """\
name: guarded
platform: meta
account: act_13
credentials: sandbox
base_url: %s/meta
guard: {max_removed_percent: 1, max_change_percent: 1}
"""


@pytest.fixture
def up(tmp_path: Path, sandbox: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    with serving(tmp_path / "shop", sandbox) as running:
        monkeypatch.setenv("BRIDGE_REMOTE", running.url)
        monkeypatch.setenv("BRIDGE_KEY", running.key)
        monkeypatch.chdir(tmp_path)  # no workspace is here
        yield running


def one(told: Answer, code: int = 0) -> dict[str, Any]:
    assert told.code == code, told
    value: dict[str, Any] = json.loads(told.out.splitlines()[0])
    return value


def ordered(up: Up, *people: str) -> None:
    for person in people:
        order = {"userId": person, "event": "Order Completed", "properties": {"revenue": 5}}
        order["context"] = {"traits": {"email": f"{person}@example.com"}}
        answer = requests.post(f"{up.url}/v1/track", json=order, auth=("local", ""), timeout=10)
        assert answer.json() == {"success": True}
    until(lambda: up.worker.calls.depth() == (0, 0))


def test_an_audience_is_put_and_synced_and_its_run_shown(
    up: Up, bridge: Bridge, tmp_path: Path
) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(BUYERS.replace("buyers", "new"))
    assert bridge("audience", "put", "new", file).out == "new is written\n"
    assert bridge("audience", "put", "new", file).out == "new is replaced\n"
    listed = one(bridge("audience", "list", "--json"))["audiences"]
    assert [each["name"] for each in listed] == ["buyers", "new"]
    ordered(up, "ada", "bob")
    dry = one(bridge("sync", "new", "meta", "--dry-run", "--json"))
    assert (dry["status"], dry["adds"]) == ("dry_run", 2)
    told = bridge("sync", "new", "meta")
    assert (told.code, "2 accepted, 0 rejected" in told.out) == (0, True), told
    [done, _] = one(bridge("run", "list", "--json"))["runs"]
    again = one(bridge("sync", "new", "meta", "--repair", "--json"))
    assert (again["status"], again["repair"], again["refreshed"]) == ("done", True, 2)
    shown = one(bridge("run", "show", done["id"], "--json"))
    assert (shown["status"], shown["accepted"]) == ("done", 2)
    assert "new → meta" in bridge("run", "list").out
    report = one(bridge("report", "contrast", "--json"))
    assert [each["audience"] for each in report["audiences"]] == ["new"]
    assert json.loads(bridge("report", "decay").out)["days"] == 90


def test_what_the_guard_stopped_is_approved_by_its_token(
    up: Up, bridge: Bridge, sandbox: str
) -> None:
    (up.folder / "destinations/guarded.yaml").write_text(GUARDED % sandbox)
    ordered(up, "ada", "bob", "cy")
    assert bridge("sync", "buyers", "guarded").code == 0
    people = "".join(f"p{number} " for number in range(9)).split()
    ordered(up, *people)
    stopped = one(bridge("sync", "buyers", "guarded", "--json"), 3)
    assert stopped["status"] == "stopped"
    wrong = one(bridge("sync", "buyers", "guarded", "--approve", "nonsense", "--json"), 1)
    assert "no run of this pair" in wrong["error"]["message"]
    done = one(bridge("sync", "buyers", "guarded", "--approve", stopped["token"], "--json"))
    assert (done["status"], done["accepted"]) == ("done", 9)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("sync", "buyers", "nowhere"), 2, "no destination"),
        (("run", "show", "20261121T060000-0000000000"), 1, "no such run"),
        (("sync", "nobody", "meta"), 1, "no audience"),
        (("ingest", "profiles", "x.csv"), 2, "leave out --remote"),
        (("audience", "put", "new", "none.yaml"), 2, "cannot be read"),
    ],
)
def test_what_cannot_be_is_said(
    up: Up, bridge: Bridge, words: tuple[str, ...], code: int, says: str
) -> None:
    told = bridge(*words)
    assert (told.code, says in told.err) == (code, True), told
    assert up.key not in told.out + told.err


def test_faults_of_a_file_are_told_each_with_its_line(
    up: Up, bridge: Bridge, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: bad\nwhere: {nothing: 1}\n")
    told = one(bridge("audience", "put", "bad", file, "--json"), 2)
    assert "bad.yaml:2" in told["error"]["faults"][0]["where"]
    assert not (up.folder / "audiences/bad.yaml").exists()


def test_a_failed_run_fails_the_command(up: Up, bridge: Bridge) -> None:
    (up.folder / "audiences/buyers.yaml").write_text("name: buyers\nwhere: {nothing: 1}\n")
    told = bridge("sync", "buyers", "meta")
    assert (told.code, "buyers.yaml:2" in told.err) == (1, True), told


def test_a_key_is_asked_for_and_never_shown(
    up: Up, bridge: Bridge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BRIDGE_KEY")
    assert "env:BRIDGE_KEY is not set" in bridge("run", "list").err
    (tmp_path / "key").write_text(f"{up.key}\n")
    assert bridge("--key", "file:key", "run", "list").code == 0
    (tmp_path / "key").write_text("wrong")
    told = bridge("--key", "file:key", "run", "list")
    assert (told.code, "refuses the key" in told.err) == (1, True), told
    told = bridge("--key", up.key, "run", "list")  # it is in the shell's history by now
    assert (told.code, up.key in told.err) == (2, False)


@pytest.mark.parametrize("url", ["http://bridge.example", "shop", "https://me:word@bridge.example"])
def test_an_address_is_one_that_keeps_the_key_safe(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BRIDGE_KEY", "k")
    assert bridge("--remote", url, "run", "list").code == 2


def test_what_a_stack_does_is_a_part_of_what_a_shell_does() -> None:
    assert {*REMOTE} < {*COMMANDS}


def test_a_stack_that_is_busy_is_asked_again_and_one_that_is_away_is_said() -> None:
    answers = [HttpAnswer(status=503), HttpAnswer(status=200, body=b"{}")]
    asked: list[HttpRequest] = []
    slept: list[float] = []

    class Http:
        def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
            asked.append(request)
            return answers[len(asked) - 1] if len(asked) <= len(answers) else HttpAnswer(status=0)

    remote = Remote("http://127.0.0.1", "k", Http(), slept.append)
    assert remote.get("/runs") == {}
    with pytest.raises(RetryableError, match="cannot be reached"):
        remote.get("/runs")
    assert (len(asked), len(slept)) == (7, 5)
