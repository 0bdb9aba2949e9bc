"""The stages of a sync as AWS has them: what reads tables, and the sender, which must be small.

Each runs in a process of its own; nothing heavy is imported before the stage that needs it is.
A stage gets ready, which is start-up, and returns its work, which is measured.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Told = dict[str, Any]
Work = Callable[[], Told]
AUDIENCE = "gold"
RULE = """\
name: gold
where: {profile: {field: attributes.tier, is: gold}}
"""
DESTINATION = """\
name: {slug}-main
platform: {slug}
account: "{account}"
credentials: sandbox
base_url: {url}/{slug}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
options: {{requests_per_second: "1000000"}}
"""
ACCOUNTS = {"meta": "act_12", "google": "34"}
_HEAD = ("external_id", "email", "phone", "country", "tier", "updated_at")


def make(folder: Path, url: str) -> None:
    """Make the workspace with one audience and a destination for each platform."""
    from infra.local.commands.init import make_workspace

    make_workspace(folder, secret="bench" * 8)
    for kind in ("audiences", "destinations"):
        for old in (folder / kind).glob("*.yaml"):
            old.unlink()
    (folder / "audiences" / "gold.yaml").write_text(RULE)
    for slug, account in ACCOUNTS.items():
        text = DESTINATION.format(slug=slug, account=account, url=url)
        (folder / "destinations" / f"{slug}-main.yaml").write_text(text)


def ingest(folder: Path, at: str, people: int, day: int) -> Work:
    """Take in everybody; on the day after, a hundredth leaves and as many come."""
    from audiences.flows.ingest import ingest_file

    path = folder.parent / f"day-{day}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        writer.writerows(_records(at, people, day))
    return lambda: {"rows": ingest_file(_workspace(folder, at), "profiles", path, "shop").kept}


def _records(at: str, people: int, day: int) -> Iterator[tuple[str, ...]]:
    moved = people // 100
    numbers = range(people) if day == 0 else (*range(moved), *range(people, people + moved))
    for n in numbers:
        tier = "iron" if day and n < moved else "gold"
        yield f"C{n:08d}", f"person{n}@example.com", f"+8490{n:07d}", "VN", tier, at


def plan(folder: Path, at: str, slug: str) -> Work:
    """Resolve, build, and plan one destination's run to the byte."""
    from audiences.flows import prepare

    workspace = _workspace(folder, at)
    piece = prepare.LakePiece(audience=AUDIENCE, destination=f"{slug}-main")

    def work() -> Told:
        prepare.freshen(workspace, piece)
        report = prepare.prepare(workspace, piece)["report"]
        return {name: report[name] for name in ("run", "requests", "rows", "bytes")}

    return work


def send(folder: Path, at: str, slug: str, run: str) -> Work:
    """Send a run and follow it to its end, with nothing that reads a table."""
    from audiences.flows import deliver
    from audiences.platforms import platform

    platform(slug)
    bench, piece = _bench(folder, at), deliver.Piece(AUDIENCE, f"{slug}-main", run)

    def work() -> Told:
        while deliver.send(bench, piece)["left"]:
            pass
        while deliver.ask(bench, piece)["open"]:
            time.sleep(0.05)
        heavy = sorted({"pyarrow", "duckdb", "numpy"} & set(sys.modules))
        if heavy:
            raise SystemExit(f"the sender has imported {', '.join(heavy)}")
        return {}

    return work


def settle(folder: Path, at: str, slug: str, run: str) -> Work:
    """Turn outcomes into what is held and into the ledger."""
    from audiences.flows import prepare

    workspace = _workspace(folder, at)
    piece = prepare.LakePiece(audience=AUDIENCE, destination=f"{slug}-main", run=run)

    def work() -> Told:
        report = prepare.settle(workspace, piece)["report"]
        return {"accepted": report["accepted"], "status": report["status"]}

    return work


def rows(folder: Path, slug: str, run: str) -> Told:
    """Write the rows of a planned run as lines for the platforms' own clients.

    Where a body says once what the places of its rows are, that goes into a file beside.
    """
    within = {"meta": ("payload", "data"), "google": ("audienceMembers",)}[slug]
    counts = {"add": 0, "remove": 0}
    for op in counts:
        with (folder.parent / f"{slug}-{op}.jsonl").open("w") as file:
            for path in sorted((folder / "lake" / "outbox" / run).glob(f"{op}-*.body")):
                found = json.loads(path.read_bytes())
                for name in within:
                    places, found = found.get("schema"), found[name]
                (folder.parent / f"{slug}-{op}.schema").write_text(json.dumps(places))
                counts[op] += len(found)
                file.writelines(f"{json.dumps(one)}\n" for one in found)
    return counts


STAGES: dict[str, Callable[..., Work]] = {
    "ingest": ingest,
    "plan": plan,
    "send": send,
    "settle": settle,
}


def _workspace(folder: Path, at: str) -> Any:
    from infra.local.runtime import open_workspace
    from shared.clock import parse_instant

    return open_workspace(folder, as_of=parse_instant(at))


def _bench(folder: Path, at: str) -> Any:
    """Wire what delivering works with, as the function in AWS does: without the lake's engines."""
    from audiences.flows.bench import Bench
    from infra.local.kv import SqliteKeyValue
    from infra.local.secrets import LocalSecrets
    from infra.local.store import FileStore
    from shared.clock import Clock, parse_instant
    from shared.requests_http import RequestsHttp

    found = (folder / "destinations").glob("*.yaml")
    return Bench(
        store=FileStore(folder / "lake"),
        kv=SqliteKeyValue(folder / ".bridge" / "state.sqlite", Clock()),
        http=RequestsHttp(),
        secrets=LocalSecrets(folder),
        clock=Clock(parse_instant(at)),
        sleep=time.sleep,
        destinations={path.stem: path.read_text() for path in found},
    )


def instant(day: int) -> str:
    """The instant of a day's sync."""
    return (datetime.fromisoformat("2026-07-01T00:00:00+00:00") + timedelta(days=day)).isoformat()
