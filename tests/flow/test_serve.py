"""`bridge serve` as it runs: real HTTP, a real queue, the real lake, the stand-in platforms."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from segment.analytics.client import Client

from audiences.flows.workspace import Workspace
from infra.local.queue import MOST_RECEIVES, LocalQueue
from infra.local.runtime import open_workspace
from infra.local.worker import Worker, calls_queue, jobs_queue, working
from shared.errors import RetryableError
from tests.builders import AS_OF, new_workspace, rows_of
from tests.flow.serving import BUYERS, Up, ended, serving, until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def up(tmp_path: Path, sandbox: str) -> Iterator[Up]:
    with serving(tmp_path / "shop", sandbox) as running:
        yield running


def test_a_tag_an_export_and_a_question_in_one_breath(up: Up, sandbox: str) -> None:
    cookie = requests.get(f"{up.url}/v1/px.gif", timeout=10).cookies["bridge_id"]
    order = {
        "userId": "u1",
        "event": "Order Completed",
        "properties": {"revenue": 5},
        "context": {"traits": {"email": "ada@example.com"}},
    }
    answer = requests.post(
        f"{up.url}/v1/track",
        json=order,
        auth=("local", ""),
        cookies={"bridge_id": cookie},
        timeout=10,
    )
    assert answer.json() == {"success": True}
    until(lambda: len(rows_of(up.workspace(), "events")) == 2)

    dry = up.call("POST", "/audiences/buyers/exports", json={"to": "meta", "dry_run": True})
    planned = ended(up, dry.headers["Location"])
    assert (planned["status"], planned["adds"]) == ("dry_run", 1), planned
    asked = up.call("POST", "/audiences/buyers/exports", json={"to": "meta"})
    done = ended(up, asked.headers["Location"])
    assert (done["status"], done["accepted"], done["rejected"]) == ("done", 1, 0), done
    held = requests.get(f"{sandbox}/_sandbox/state", timeout=10).json()["meta"]
    assert [each["count"] for each in held.values()] == [1]
    listed = up.call("GET", "/runs").json()["runs"]
    assert [run["id"] for run in listed] == [done["id"], planned["id"]]
    by_run = up.call("GET", f"/runs/{done['run']}").json()
    assert (by_run["status"], by_run["accepted"]) == ("done", 1)

    live = requests.get(f"{up.url}/v1/memberships", cookies={"bridge_id": cookie}, timeout=10)
    assert live.json() == {"audiences": ["buyers"]}
    report = until(lambda: (a := up.call("GET", "/reports/contrast")).status_code == 200 and a)
    assert [each["audience"] for each in report.json()["audiences"]] == ["buyers"]
    told = up.log.getvalue()
    assert [c for c in ("ada@example.com", cookie, up.key) if c in told] == []


def test_an_audience_that_is_put_can_be_exported_at_once(up: Up) -> None:
    text = BUYERS.replace("buyers", "new") + "title: New\n"
    assert up.call("PUT", "/audiences/new", data=text).status_code == 201
    assert (up.folder / "audiences/new.yaml").read_text() == text
    asked = up.call("POST", "/audiences/new/exports", json={"to": "meta"})
    done = ended(up, asked.headers["Location"])
    assert (done["status"], done["adds"]) == ("done", 0)


def test_an_export_that_fails_says_why(up: Up) -> None:
    (up.folder / "audiences/buyers.yaml").write_text("name: buyers\nwhere: {nothing: 1}\n")
    asked = up.call("POST", "/audiences/buyers/exports", json={"to": "meta"})
    failed = ended(up, asked.headers["Location"])
    assert (failed["status"], failed["code"]) == ("failed", "configuration")
    assert "buyers.yaml:2" in failed["detail"]


def test_the_three_lines_of_the_readme_end_in_a_finished_run(up: Up, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8").partition("## An export by HTTP alone")[2]
    block = text.partition("```sh\n")[2].partition("```")[0]
    lines = [line for line in block.splitlines() if "curl" in line]
    assert len(lines) == 3
    for name in ("ada", "bob"):
        traits = {"email": f"{name}@example.com", "tier": "gold"}
        told = {"userId": name, "traits": traits}
        requests.post(f"{up.url}/v1/identify", json=told, auth=("local", ""), timeout=10)
    until(lambda: len(rows_of(up.workspace(), "profiles")) == 2)
    places = up.folder / "destinations"
    (places / "meta.yaml").rename(places / "meta-main.yaml")
    file = places / "meta-main.yaml"
    file.write_text(file.read_text().replace("name: meta\n", "name: meta-main\n"))
    given = {"PATH": os.environ["PATH"], "API": up.url, "AUTH": f"Authorization: Bearer {up.key}"}
    last = f'until SHOWN=$({lines[2]}\n); grep -q done <<<"$SHOWN"; do sleep 0.5; done'
    done = subprocess.run(
        ["/bin/bash", "-euc", "\n".join([*lines[:2], last, 'echo "$SHOWN"'])],
        cwd=tmp_path, env=given, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    shown = json.loads(done.stdout[done.stdout.rindex('{"id"') :])
    assert (shown["status"], shown["accepted"]) == ("done", 2), shown


@pytest.mark.parametrize("calls", [300, pytest.param(5_000, marks=pytest.mark.slow)])
def test_segment_s_own_client_delivers_each_call_once(up: Up, calls: int) -> None:
    errors: list[Exception] = []
    client = Client("local", host=up.url, gzip=True, on_error=lambda error, _: errors.append(error))
    for number in range(calls):
        client.track(f"u{number % 40}", "Order Completed", {"revenue": number})
    client.identify("u1", {"email": "ada@example.com"})
    client.shutdown()
    assert errors == []
    seen = lambda: rows_of(up.workspace(), "events")  # noqa: E731
    rows = until(lambda: len(found := seen()) >= calls and found, 300)
    assert len(rows) == len({row["event"] for row in rows}) == calls
    assert sum(int(row["value"]) for row in rows) == sum(range(calls))
    until(lambda: rows_of(up.workspace(), "profiles"))


def test_poison_dies_aside_and_comes_back_when_it_is_redriven(workspace: Workspace) -> None:
    hands = Hands()
    folder = workspace.settings.folder
    calls = LocalQueue(folder / "queue.sqlite", "calls", hands)  # type: ignore[arg-type]
    worker = Worker(folder, calls, jobs_queue(folder))
    good = {"v": 1, "kind": "page", "source": "web", "received": "2026-11-21T06:00:00Z"}
    good |= {"call": {"anonymousId": "a1", "messageId": "m"}}
    calls.put(["poison", json.dumps(good)])
    for _ in range(MOST_RECEIVES + 1):
        worker.absorb_once(workspace)
        hands.at += timedelta(minutes=1)
    assert len(rows_of(workspace, "events")) == 1
    assert calls.depth() == (0, 1)
    assert calls.redrive() == 1
    assert worker.absorb_once(workspace) == 1


class Hands:
    """A clock whose hands a test can move."""

    def __init__(self) -> None:
        self.at = AS_OF

    def now(self) -> datetime:
        return self.at


def test_a_second_worker_is_turned_away(up: Up) -> None:
    with pytest.raises(RetryableError, match="another process"), working(up.folder):
        raise AssertionError("two at once")


def test_what_was_taken_outlives_a_killed_server(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    new_workspace(folder, as_of=None)
    calls, jobs = calls_queue(folder), jobs_queue(folder)
    call = {"v": 1, "kind": "page", "source": "web", "received": "2026-11-21T06:00:00Z"}
    calls.put([json.dumps(call | {"call": {"anonymousId": f"a{n}"}}) for n in range(20)])
    calls.receive(20, 3600)  # the worker that took them was killed
    jobs.put([json.dumps({"job": "report", "id": "contrast"})])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    serve = ["serve", "--port", str(free_port()), "-C", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local", *serve],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        workspace = open_workspace(folder)
        until(lambda: len(rows_of(workspace, "events")) == 20, 120)
        until(lambda: workspace.lake.store.get("reports/contrast.json"), 120)
        until(lambda: calls.depth() == jobs.depth() == (0, 0), 120)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 130)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
