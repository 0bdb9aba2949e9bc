"""The command line's contract: one JSON object, exit codes, help, and nothing else on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.cli import COMMANDS
from shared.errors import BridgeError, GuardError
from tests.builders import new_workspace, write
from tests.conftest import Answer

Bridge = Callable[..., Answer]
AS_OF = ("--as-of", "2026-11-21T06:00Z")
RUN = "from infra.local.cli import main; main()"
GROUPS = {
    "audience": ("list", "check", "explain", "build"),
    "report": ("contrast", "decay", "drift", "match-loss", "match-rate"),
    "run": ("cancel", "list", "show", "replay", "sent", "verify"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, with files beside it."""
    new_workspace(tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    order = {"name": "order", "at": "2026-11-20", "email": "ana@example.com"}
    seen = {"id_type": "cookie", "id": "c1", "seen_at": "2026-11-20"}
    write(tmp_path / "profiles.csv", [{"email": "ana@example.com"}, {"email": "no.sign"}])
    write(tmp_path / "events.jsonl", [order])
    write(tmp_path / "sightings.parquet", [seen])
    return tmp_path


def one(told: Answer) -> dict[str, Any]:
    assert told.code == 0, told.err
    assert told.err == ""
    [line] = told.out.splitlines()
    value: dict[str, Any] = json.loads(line)
    return value


def test_every_command_answers_with_one_object_of_known_keys(bridge: Bridge, folder: Path) -> None:
    def call(command: str, *keys: str) -> dict[str, Any]:
        value = one(bridge(*command.split(), *AS_OF, "--json"))
        assert value.keys() >= set(keys), command
        return value

    counts = ("rows_in", "kept", "rejected", "dropped_by_consent", "reasons")
    done = call(f"ingest profiles {folder}/profiles.csv --source crm", *counts)
    assert (done["rows_in"], done["kept"], done["rejected"]) == (2, 1, 1)
    assert done["reasons"] == {"no_at_sign": 1}
    call(f"ingest events {folder}/events.jsonl --source shop", *counts)
    call(f"ingest sightings {folder}/sightings.parquet --source web", *counts)
    assert call("resolve", "identifiers", "people")["people"] == 1
    keys = ("audience", "members", "held_out", "suppressed", "snapshot")
    built = call("audience build recent-buyers", *keys)
    assert (built["members"], built["snapshot"]) == (1, "members/recent-buyers/00000001")
    assert call("audience list", "audiences")["audiences"]
    call("audience check", "checked", "faults")
    call("audience explain recent-buyers", "words", "sql", "plan")
    call("person --email ana@example.com", "person", "identifiers", "audiences")
    call("report contrast", "audiences")
    call("report decay", "audiences")
    call("report match-loss recent-buyers meta-main", "members", "matched", "outcomes", "fields")
    assert call("report match-rate", "pairs")["pairs"] == []
    assert call("run list", "runs")["runs"] == []
    assert call("expire", "partitions", "rows")["rows"] == 0
    made = one(bridge("init", folder / "other", "--json"))
    assert made.keys() >= {"workspace", "files"}


def test_people_get_tables_and_progress_is_not_among_them(bridge: Bridge, folder: Path) -> None:
    commands = [
        f"ingest profiles {folder}/profiles.csv --source crm",
        f"ingest profiles {folder}/profiles.csv --source crm",
        "resolve",
        "audience build recent-buyers",
        "audience list",
        "audience check",
        "audience explain recent-buyers",
        "person --email ana@example.com",
        "report contrast",
        "report decay",
        "report match-loss recent-buyers meta-main",
        "report match-rate",
        "run list",
        "run verify",
        "expire",
    ]
    for command in commands:
        told = bridge(*command.split(), *AS_OF)
        assert (told.code, told.err) == (0, ""), command
        assert told.out.strip(), command
        assert not told.out.startswith("{"), command


@pytest.mark.parametrize(
    "words",
    [(), *((name,) for name in COMMANDS), *((g, n) for g, names in GROUPS.items() for n in names)],
    ids=lambda words: " ".join(words) or "bridge",
)
def test_help_says_what_a_command_does(bridge: Bridge, words: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        told = bridge(*words, flag)
        assert (told.code, told.err) == (0, "")
        usage, _, about = told.out.partition("\n\n")
        assert usage.startswith(f"Usage: bridge {' '.join(words)}".rstrip())
        assert about.strip()[0].isupper()
        # A sentence that is cut short says nothing.
        assert not [line for line in about.splitlines() if line.endswith("...")]


@pytest.mark.parametrize("kind", BridgeError.__subclasses__())
def test_every_error_has_an_exit_code_of_the_contract(kind: type[BridgeError]) -> None:
    assert kind.exit_code in (1, 2, 3)
    assert (kind.exit_code == 3) == (kind is GuardError)


def script(*arguments: object, **how: Any) -> subprocess.CompletedProcess[bytes]:
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONWARNINGS": "error::ResourceWarning"}
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        capture_output=True,
        check=False,
        env=environment,
        timeout=120,
        **how,
    )


def test_a_process_leaves_only_its_message_on_stderr(folder: Path) -> None:
    """Also when DuckDB is torn down on the way out of an error."""
    bad = folder / "bad.csv"
    bad.write_bytes(b"email,n\n" + b"a@x.co,1\n" * 100_000 + b'b@x.co,"1\nc@x.co,2\n')
    rule = "name: mine\nof: people\nwhere: {profile: {field: city, is: Hue}}\n"
    (folder / "w" / "audiences" / "mine.yaml").write_text(rule)
    lake = folder / "w" / "lake"
    for command, code, words in (
        (f"ingest profiles {folder}/profiles.csv --source crm --json", 0, b""),
        (f"ingest profiles {bad} --source crm", 1, b"error: bad.csv: row 100001: a quote"),
        ("resolve", 0, b""),
        ("person --email bo@example.com", 1, b"error: nobody with that identifier"),
    ):
        done = script(*command.split())
        assert done.returncode == code, done.stderr
        assert done.stderr.count(b"\n") == bool(words), done.stderr
        assert done.stderr.startswith(words)
    # What the lake holds is broken: the query fails in the midst of reading.
    for file in lake.glob("profiles/*/*.parquet"):
        file.write_bytes(file.read_bytes()[:100] + b"x" * 400)
    done = script("audience", "build", "mine")
    assert done.returncode == 1
    assert b"nanobind" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_fault(folder: Path) -> None:
    del folder
    values = b"".join(b"user%d@example.com\n" % n for n in range(50_000))
    shell = f"'{sys.executable}' -c '{RUN}' normalize --platform meta --type email | head -n 1"
    done = subprocess.run(  # noqa: S602 - the pipe is what is tested
        shell,
        shell=True,
        input=values,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=60,
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
