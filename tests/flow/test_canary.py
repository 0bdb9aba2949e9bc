"""No planted value appears where it must not: put through every flow, looked for everywhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audiences.flows import load
from audiences.flows.ingest import ingest_file
from shared.errors import BridgeError
from shared.log import log
from tests.builders import new_workspace
from tests.flow import canaries as c
from tests.flow.canaries import KINDS, PERSONAL, Listener, chain, found, outside_fields
from tests.flow.canary_inputs import RECORDS, REFUSED, csv_of, jsonl_of, parquet_of
from tests.flow.canary_story import BROKEN_YAML, FAULTY, LATER, NOW, Ran, Story, told

PAIRS = [("gold", "meta-main"), ("gold", "google-main"), ("gold", "ttd-main"), ("seen", "ttd-main")]
PLATFORMS = {"meta": "external_id", "google": "digest", "the_trade_desk": "cookie"}


def _ingest(story: Story) -> None:
    writers = {"csv": csv_of, "jsonl": jsonl_of, "parquet": parquet_of}
    for kind, rows in RECORDS.items():
        for ending, written in writers.items():
            path = story.write(f"{kind}.{ending}", written(rows))
            for form in (["--json"], []):
                story.bridge("ingest", kind, path, "--source", "crm", *form)
    named = story.write(f"{c.FILE}.{c.FILE}@canary.{c.FILE}.csv", csv_of(RECORDS["profiles"][:1]))
    story.bridge("ingest", "profiles", named, "--source", "named", "--json")
    story.bridge("ingest", "events", named, "--source", "named", code=1)
    for name, data in REFUSED.items():
        path = story.write(name, data)
        for form in (["--json"], []):
            story.bridge("ingest", "profiles", path, "--source", "crm", *form, code=1)
    story.bridge("ingest", "profiles", str(story.inbox / f"{c.FILE}.csv"), "--source", "x", code=1)
    story.bridge("ingest", "profiles", str(story.inbox), "--source", "crm", code=1)
    story.bridge("ingest", "profiles", named, "--source", c.EMAIL, code=2)


def _build(story: Story) -> None:
    story.bridge("resolve", "--json")
    story.bridge("audience", "check")
    for form in (["--json"], []):
        story.bridge("audience", "explain", "gold", *form)
        story.bridge("audience", "explain", "named", *form)
        story.bridge("audience", "build", "named", *form)
        story.bridge("audience", "list", *form)
    for name, text in (("faulty", FAULTY), ("broken", BROKEN_YAML)):
        bad = story.folder / "audiences" / f"{name}.yaml"
        bad.write_text(text, encoding="utf-8")
        for form in (["--json"], []):
            story.bridge("audience", "check", name, *form, code=2)
        bad.unlink()
    story.bridge("audience", "build", c.EMAIL, code=2)


def _sync(story: Story) -> None:
    for audience, destination in PAIRS:
        story.bridge("sync", audience, destination, "--dry-run", "--json")
    story.bridge("sync", "gold", "meta-wrong", code=1)
    story.bridge("sync", "gold", "google-wrong", "--json", code=1)
    story.bridge("sync", "gold", "meta-down", code=1)
    kinds = ["429", "500", "timeout", "reset_after_commit", "partial", "expired_token"]
    story.post("faults", {"rate": 0.5, "seed": 4, "timeout_seconds": 0.02, "kinds": kinds})
    for audience, destination in PAIRS:
        _until_done(story, audience, destination)
    story.post("faults", {"rate": 0.0})
    for audience, destination in PAIRS:
        assert story.bridge("sync", audience, destination, "--json").json["status"] == "done"
    story.bridge("sync", "named", "meta-main")


def _until_done(story: Story, audience: str, destination: str) -> None:
    for _ in range(6):
        story.run_any("sync", audience, destination, "--json", "-C", str(story.folder), "--as-of", NOW)


def _change(story: Story) -> None:
    """Two thirds leave: the guard stops, a person approves."""
    story.post("clock", {"now": LATER})
    left = [row | {"tier": "iron", "updated_at": LATER} for row in RECORDS["profiles"][:8]]
    path = story.write("left.jsonl", "\n".join(map(json.dumps, left)))
    story.bridge("ingest", "profiles", path, "--source", "crm", at=LATER)
    story.bridge("sync", "gold", "meta-main", at=LATER, code=3)
    stopped = story.bridge("sync", "gold", "meta-main", "--json", at=LATER, code=3).json
    approve = ["--approve", stopped["token"]]
    assert story.bridge("sync", "gold", "meta-main", *approve, "--json", at=LATER).json["removes"]
    for form in (["--json"], []):
        runs = story.bridge("run", "list", *form, at=LATER)
        story.bridge("run", "verify", *form, at=LATER)
    runs = story.bridge("run", "list", "--json", at=LATER)
    for run in runs.json["runs"]:
        story.bridge("run", "show", run["run"], at=LATER)
    story.bridge("run", "show", runs.json["runs"][0]["run"], "--json", at=LATER)
    story.bridge("run", "replay", runs.json["runs"][0]["run"], at=LATER)
    story.bridge("run", "show", c.EMAIL, code=1)


def _look(story: Story) -> None:
    for what in ("contrast", "decay"):
        for form in ("table", "json", "html"):
            story.bridge("report", what, "--format", form)
    person = story.bridge("person", "--email", c.EMAIL, "--json").json["person"]
    for asked in (["--email", c.EMAIL], ["--phone", c.PHONE], [person]):
        story.bridge("person", *asked)
    for asked in (
        ["--email", f"nobody.{c.EMAIL}"],
        ["--email", c.TWO_AT],
        ["--phone", c.LONG_PHONE],
        ["--phone", f"{c.E164[:-1]}9"],
        [c.EMAIL],
    ):
        for form in (["--json"], []):
            story.bridge("person", *asked, *form, code=1)
    # A number without quotes, an option that is none, a word too many: typing errors.
    story.bridge("person", "--phone", *c.PHONE.split(), code=2)
    story.bridge("person", f"--{c.EMAIL}", code=2)
    story.bridge("sync", "gold", "meta-main", c.EMAIL, code=2)
    story.bridge(c.EMAIL, code=2)
    lines = "\n".join([c.EMAIL, c.TWO_AT, c.NO_AT, c.FIRST, c.PHONE]).encode() + b"\n\xff\n"
    story.run("normalize", "--platform", "meta", "--type", "email", stdin=lines)
    story.run("normalize", "--platform", "meta", "--type", "phone", stdin=lines)
    story.run("normalize", "--platform", c.EMAIL, "--type", "phone", stdin=lines, code=2)


def _crash(story: Story) -> None:
    """Come down in the midst of a flow, with a message that quotes people."""
    story.crash = RuntimeError(f"no idea: {c.FIRST} {c.LAST} {c.EMAIL} {c.COOKIE} {c.TOKEN}")
    for form in (["--json"], []):
        story.bridge("sync", "named", "google-main", *form, code=1)
    story.crash = None


@pytest.fixture(scope="module")
def story(sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("canary")
    return told(folder, sandbox, _ingest, _build, _sync, _change, _look, _crash)


def _may_show(ran: Ran) -> frozenset[str]:
    """Return the kinds that a command is there to show on stdout."""
    match ran.args:
        case ("person", *_) if ran.code == 0:
            return PERSONAL - {"secret", "digest"}
        case ("normalize", *_) if ran.code == 0:
            return frozenset({"email", "phone", "name", "digest"})
        case ("audience", "explain", "named", *_):
            return frozenset({"email", "phone", "name"})  # the SQL of a rule that names them
        case ("ingest", *_):
            return frozenset({"file"})
        case _:
            return frozenset()


def test_nothing_is_logged(story: Story) -> None:
    assert len(story.log) > 50, "the libraries' own logs were heard"
    assert [line for line in story.log if found(line)] == []


def test_stderr_shows_nothing(story: Story) -> None:
    """Only the file that a person has just typed may be named."""
    shown = {ran.args: found(ran.err) for ran in story.ran}
    allowed = {args: {"file"} if args[0] == "ingest" else set() for args in shown}
    assert {args: kinds for args, kinds in shown.items() if kinds - allowed[args]} == {}


def test_stdout_shows_what_it_is_there_for(story: Story) -> None:
    shown = {ran.args: found(ran.out) - _may_show(ran) for ran in story.ran}
    assert {args: kinds for args, kinds in shown.items() if kinds} == {}


def test_an_audience_in_plain_words_names_nobody(story: Story) -> None:
    words = [r.json["words"] for r in story.ran if r.args[:3:2] == ("audience", "named") and "--json" in r.args and r.args[1] == "explain"]
    assert words
    assert found(" ".join(words)) == {"name"}, "a rule's e-mail and phone are not repeated"


def test_no_file_is_named_after_anybody(story: Story) -> None:
    assert story.names == set()


def test_no_file_holds_what_is_not_its_own(story: Story) -> None:
    wrong = {seen for seen in [*story.kept, *story.left] if not seen.is_allowed()}
    assert wrong == set()


@pytest.mark.parametrize(
    ("kind", "table"),
    [(kind, table) for kind, tables in c.MAY_HOLD.items() for table in sorted(tables)],
)
def test_what_may_be_kept_was_there_to_be_found(story: Story, kind: str, table: str) -> None:
    """Else the search would prove nothing."""
    assert any(s.kind == kind and s.place.startswith(f"lake/{table}/") for s in story.kept)
