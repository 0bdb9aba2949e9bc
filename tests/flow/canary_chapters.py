"""What is done in a workspace full of planted values; every flow, well and ill."""

from __future__ import annotations

import json

from tests.flow import canaries as c
from tests.flow.canary_inputs import RECORDS, REFUSED, csv_of, jsonl_of, parquet_of
from tests.flow.canary_story import BROKEN_YAML, FAULTY, LATER, Story

PAIRS = [("gold", "meta-main"), ("gold", "google-main"), ("gold", "ttd-main"), ("seen", "ttd-main")]
FAULTS = ["429", "500", "timeout", "reset_after_commit", "partial", "expired_token"]


def ingest(story: Story) -> None:
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
        story.bridge("ingest", "profiles", path, "--source", "crm", "--json", code=1)
    story.bridge("ingest", "profiles", str(story.inbox / f"{c.FILE}.csv"), "--source", "x", code=1)
    story.bridge("ingest", "profiles", str(story.inbox), "--source", "crm", code=1)
    story.bridge("ingest", "profiles", named, "--source", c.EMAIL, code=2)


def build(story: Story) -> None:
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
    for form in (["--json"], []):
        story.bridge("audience", "build", c.EMAIL, *form, code=2)


def sync(story: Story) -> None:
    for audience, destination in PAIRS:
        story.bridge("sync", audience, destination, "--dry-run", "--json")
    story.bridge("sync", "gold", "meta-wrong", code=1)
    story.bridge("sync", "gold", "google-wrong", "--json", code=1)
    story.bridge("sync", "gold", "meta-down", code=1)
    # No token is good: it is renewed, whatever the requests' bytes make of seeds.
    story.post("faults", {"rate": 1.0, "seed": 0, "kinds": ["expired_token"]})
    story.bridge("sync", "gold", "google-main", "--json", code=1)
    for seed, (audience, destination) in enumerate(PAIRS):
        faults = {"rate": 0.5, "seed": seed, "timeout_seconds": 0.02, "kinds": FAULTS}
        story.post("faults", faults)
        for _ in range(6):
            if story.bridge("sync", audience, destination, "--json", code=None).code == 0:
                break
    story.post("faults", {"rate": 0.0})
    for audience, destination in PAIRS:
        assert story.bridge("sync", audience, destination, "--json").json["status"] == "done"
    story.bridge("sync", "named", "meta-main")


def change(story: Story) -> None:
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


def look(story: Story) -> None:
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
        story.bridge("person", *asked, "--json", code=1)
    # A number without quotes, an option that is none, a word too many: typing errors.
    story.bridge("person", "--phone", *c.PHONE.split(), code=2)
    story.bridge("person", f"--{c.EMAIL}", code=2)
    story.bridge("sync", "gold", "meta-main", c.EMAIL, code=2)
    story.bridge(c.EMAIL, code=2)
    lines = "\n".join([c.EMAIL, c.TWO_AT, c.NO_AT, c.FIRST, c.PHONE]).encode() + b"\n\xff\n"
    story.run("normalize", "--platform", "meta", "--type", "email", stdin=lines)
    story.run("normalize", "--platform", "meta", "--type", "phone", stdin=lines)
    story.run("normalize", "--platform", c.EMAIL, "--type", "phone", stdin=lines, code=2)


def crash(story: Story) -> None:
    """Come down in the midst of a flow, with a message that quotes people."""
    story.crash = RuntimeError(f"no idea: {c.FIRST} {c.LAST} {c.EMAIL} {c.COOKIE} {c.TOKEN}")
    for form in (["--json"], []):
        story.bridge("sync", "named", "google-main", *form, code=1)
    story.crash = None


CHAPTERS = (ingest, build, sync, change, look, crash)
