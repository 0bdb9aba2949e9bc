"""Bad input through the command line: one clear message with place and fix, nothing half-done."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import new_workspace, stored
from tests.conftest import Answer

Bridge = Callable[..., Answer]
GOOD = b"email,city\nana@example.com,Hue\n"


def struct_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"email": ["a@x.co"], "name": [{"first": "A"}]}), sink)
    return bytes(sink.getvalue())


@dataclass(frozen=True, slots=True)
class Case:
    """One mistake: the command, its exit code, words of the message, and the files it is about."""

    command: str
    code: int
    words: str
    files: Mapping[str, bytes] = field(default_factory=dict)


def audience(where: str, rest: str = "") -> bytes:
    return f"name: mine\nof: people\nwhere: {where}\n{rest}".encode()


def destination(*lines: str) -> bytes:
    return "\n".join(["name: mine", *lines]).encode()


FILES = {
    "wrong header": Case(
        "ingest profiles x.csv",
        1,
        "x.csv: the header has no column of",
        {"x.csv": b"mail,n\na,1\n"},
    ),
    "no header": Case(
        "ingest profiles x.csv",
        1,
        "x.csv: the header has no column",
        {"x.csv": b"ana,0912345678\nbo,1\n"},
    ),
    "semicolons": Case(
        "ingest profiles x.csv", 1, "commas, not semicolons", {"x.csv": b"email;n\na;1\n"}
    ),
    "utf-16": Case(
        "ingest profiles x.csv", 1, "save the file as UTF-8", {"x.csv": "email\né".encode("utf-16")}
    ),
    "cut gzip": Case(
        "ingest profiles x.csv.gz",
        1,
        "x.csv.gz: the compressed file is damaged or cut short (copy it again)",
        {"x.csv.gz": gzip.compress(GOOD * 99)[:-20]},
    ),
    "cut gzip, read with": Case(
        "ingest profiles x.csv y.csv.gz",
        1,
        "the file before it is kept: mend it and run the same again",
        {"x.csv": GOOD, "y.csv.gz": gzip.compress(GOOD)[:-5]},
    ),
    "struct": Case(
        "ingest profiles x.parquet",
        1,
        "x.parquet: column 'name' has the type struct",
        {"x.parquet": struct_parquet()},
    ),
    "empty": Case("ingest profiles x.csv", 1, "x.csv: the file is empty", {"x.csv": b""}),
    "header only": Case(
        "ingest profiles x.csv", 1, "x.csv: there is no row in it", {"x.csv": b"email,city\n"}
    ),
    "not json": Case(
        "ingest profiles x.jsonl", 1, "write one object on each line", {"x.jsonl": GOOD}
    ),
    "open quote": Case(
        "ingest profiles x.csv",
        1,
        "x.csv: row 1: a quote opens",
        {"x.csv": b'email,n\na,"b\nc,d\n'},
    ),
    "folder": Case("ingest profiles audiences", 1, "audiences: this is a folder"),
    "no file": Case("ingest profiles x.csv", 1, "x.csv: there is no such file"),
    "ending": Case("ingest profiles x.xlsx", 1, "use csv, jsonl or parquet", {"x.xlsx": b"PK"}),
    "one of two": Case("ingest profiles x.csv y.csv", 1, "y.csv: there is no", {"x.csv": GOOD}),
    "kind": Case("ingest people x.csv", 2, "use profiles, events", {"x.csv": GOOD}),
    "source": Case("ingest profiles x.csv --source A/B", 2, "must be a-z 0-9", {"x.csv": GOOD}),
    "preset": Case("ingest profiles x.csv --preset nope", 2, "preset 'nope'", {"x.csv": GOOD}),
}
RULES = {
    "typo": Case(
        "audience build mine",
        2,
        "audiences/mine.yaml:3: event has no word 'withindays' (did you mean 'within_days'?)",
        {"audiences/mine.yaml": audience("{event: {name: order, withindays: 3}}")},
    ),
    "unknown field": Case(
        "audience build mine",
        2,
        "audiences/mine.yaml:3: profiles have no field 'contry' (did you mean 'country'?",
        {"audiences/mine.yaml": audience("{profile: {field: contry, is: VN}}")},
    ),
    "circle": Case(
        "audience build mine",
        2,
        "mine -> other -> mine (break the circle)",
        {
            "audiences/mine.yaml": audience("{member_of: other}"),
            "audiences/other.yaml": audience("{member_of: mine}").replace(b"mine\n", b"other\n", 1),
        },
    ),
    "no such member": Case(
        "audience build mine",
        2,
        "audiences/mine.yaml:3: there is no audience 'nobody'",
        {"audiences/mine.yaml": audience("{member_of: nobody}")},
    ),
    "not yaml": Case(
        "audience build mine",
        2,
        "audiences/mine.yaml:3: not YAML",
        {"audiences/mine.yaml": audience("{event: ]")},
    ),
    "nothing": Case(
        "audience build mine", 2, "audiences/mine.yaml:1", {"audiences/mine.yaml": b""}
    ),
    "bytes": Case(
        "audience check", 2, "audiences/mine.yaml:1", {"audiences/mine.yaml": b"\xff\xfe\x00"}
    ),
    "no audience": Case("audience build lapsed-vip", 2, "did you mean 'lapsed-vips'?"),
    "nor to explain": Case("audience explain nobody", 2, "there is no audience 'nobody'"),
    "nor to report": Case("report contrast nobody", 2, "there is no audience 'nobody'"),
}
PLACES = {
    "no destination": Case("sync recent-buyers nowhere", 2, "write destinations/nowhere.yaml"),
    "platform": Case(
        "sync recent-buyers mine",
        2,
        "destinations/mine.yaml:2: there is no platform 'facebook' (did you mean 'meta'?)",
        {"destinations/mine.yaml": destination("platform: facebook", 'account: "1"')},
    ),
    "no credentials": Case(
        "sync recent-buyers mine",
        2,
        "'credentials' is missing (add credentials: env:NAME or secret://",
        {"destinations/mine.yaml": destination("platform: meta", "account: act_1")},
    ),
    "a secret in the file": Case(
        "sync recent-buyers mine",
        2,
        "destinations/mine.yaml:4: this is no reference (a secret never stands in a file",
        {
            "destinations/mine.yaml": destination(
                "platform: meta", "account: act_1", "credentials: EAABplantedtoken0123456789"
            )
        },
    ),
}
WORKSPACE = {
    "instant": Case("resolve --as-of yesterday", 2, "write 2026-11-21 or 2026-11-21T06:00Z"),
    "far instant": Case("resolve --as-of 0001-01-01T00:00+14:00", 2, "write 2026-11-21"),
    "no workspace": Case("resolve -C audiences", 2, "no bridge.toml in", {}),
    "broken settings": Case("resolve", 2, "bridge.toml:1: not TOML", {"bridge.toml": b"[work"}),
    "short secret": Case(
        "resolve", 2, "bridge.toml: file:.bridge/secret", {".bridge/secret": b"x"}
    ),
    "life too long": Case(
        "resolve",
        2,
        "no advertising id is kept longer than 90 days",
        {
            "bridge.toml": b'[workspace]\nname = "w"\nsecret = "file:.bridge/secret"\n'
            b"[lifetimes]\ncookie = 91\n"
        },
    ),
    "lake is a file": Case("resolve", 2, "bridge.toml: the lake cannot be in", {"lake": b"x"}),
    "lake in a place that takes none": Case(
        "resolve",
        2,
        "bridge.toml: the lake cannot be in",
        {
            "bridge.toml": b'[workspace]\nname = "w"\nsecret = "file:.bridge/secret"\n'
            b'lake = "/proc/lake"\n'
        },
    ),
    "nobody": Case("person --email nobody@example.com", 1, "nobody with that identifier is known"),
    "no address": Case("person --email no.sign", 1, "no_at_sign"),
    "two ways": Case("person --email a@x.co --phone 1", 2, "give one of"),
    "no run": Case("run show nope", 1, "bridge run list"),
    "format": Case("report decay --format xml", 2, "table, json, html"),
    "rule pack": Case("normalize --platform nope --type email", 2, "known are amazon, braze"),
    "rule": Case("normalize --platform meta --type fax", 2, "it takes external_id, email"),
    "workspace again": Case("init .", 2, "is a workspace already"),
    "no place": Case("init /proc/w", 2, "choose another folder"),
}
USAGE = {
    "no command": Case("audience", 2, ""),
    "unknown command": Case("snyc", 2, "'snyc'. Did you mean 'sync'? (see: bridge -h)"),
    "unknown option": Case("resolve --loud", 2, "No such option: --loud (see: bridge resolve -h)"),
    "missing option": Case("ingest profiles", 2, "Missing argument 'PATH...'"),
    "not a number": Case("sandbox --port high", 2, "--port"),
}
CASES = {**FILES, **RULES, **PLACES, **WORKSPACE, **USAGE}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    new_workspace(tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    (tmp_path / "w" / "lake").rmdir()
    return tmp_path / "w"


def place(folder: Path, case: Case) -> list[str]:
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    words = case.command.split()
    return words if words[0] != "ingest" or "--source" in words else [*words, "--source", "crm"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_once_and_leaves_nothing_behind(
    bridge: Bridge, folder: Path, case: Case
) -> None:
    command = place(folder, case)
    told = bridge(*command)
    assert told.code == case.code
    assert case.words in told.err.replace("\n", " ")
    assert "fault of the bridge" not in told.err
    assert "Traceback" not in told.err
    if case.words:
        lines = told.err.splitlines()
        assert lines
        assert all(line.startswith("error: ") for line in lines)
        assert len(set(lines)) == len(lines)
    assert told.out == ""
    lake = folder / "lake"
    kept = ["x.csv"] if "before it is kept" in case.words else []
    assert len(list(lake.glob("commits/*"))) == len(kept)
    assert list(lake.glob("*/_manifests/*")) + list(lake.glob("*/*/_manifests/*")) == []
    assert list(lake.glob("attempts/*")) == []


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_machine_is_told_in_one_object(bridge: Bridge, folder: Path, case: Case) -> None:
    if case.command.split()[0] in ("normalize", "sandbox"):
        pytest.skip("normalize always writes JSON, the sandbox never")
    told = bridge(*place(folder, case), "--json")
    assert told.code == case.code
    [line] = told.out.splitlines()
    error = json.loads(line)["error"]
    assert error.keys() >= {"code", "message"}
    assert case.words in error["message"].replace("\n", " ")
    assert error["code"] not in ("bug", "error")


def test_no_message_holds_what_is_personal_or_secret(bridge: Bridge, folder: Path) -> None:
    canaries = ("ana.canary", "0912345678", "EAABplanted", "canary@")
    (folder / "x.csv").write_text("ana.canary@example.com,0912345678\nb,c\n")
    (folder / "destinations/mine.yaml").write_text(
        "name: mine\nplatform: meta\naccount: act_1\ncredentials: EAABplantedtoken0123456789\n"
    )
    for command in (
        "ingest profiles x.csv --source crm",
        "sync recent-buyers mine",
        "person --email ana.canary@example.com",
        "person --phone 0912345678",
        "resolve ana.canary@example.com",
        "audience build ana.canary@example.com",
    ):
        told = bridge(*command.split(), "--json")
        assert told.code
        assert not [c for c in canaries if c in told.out + told.err], command


def test_after_the_mistake_is_mended_the_same_command_works(bridge: Bridge, folder: Path) -> None:
    case = FILES["cut gzip, read with"]
    assert bridge(*place(folder, case)).code == 1
    (folder / "y.csv.gz").write_bytes(gzip.compress(GOOD.replace(b"ana", b"bo")))
    told = bridge(*case.command.split(), "--source", "crm", "--json")
    assert told.code == 0
    done = json.loads(told.out)
    assert (done["rows_in"], done["kept"]) == (2, 2)
    assert [file["already"] for file in done["files"]] == [True, False]
    assert len(stored(new_workspace(folder), "commits/")) == 2
