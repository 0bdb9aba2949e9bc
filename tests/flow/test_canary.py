"""No planted value appears where it must not: put through every flow, looked for everywhere."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audiences.flows import load
from audiences.flows.ingest import ingest_file
from shared.errors import BridgeError, ConfigurationError, RetryableError
from shared.log import configure, log
from shared.ports import Store
from tests.builders import new_workspace, with_store
from tests.flow import canaries as c
from tests.flow.canaries import PERSONAL, chain, found, outside_fields
from tests.flow.canary_chapters import CHAPTERS
from tests.flow.canary_inputs import RECORDS, REFUSED, csv_of
from tests.flow.canary_story import BROKEN_YAML, FAULTY, Ran, Story, told


@dataclass(frozen=True, slots=True)
class FullStore:
    """A store on a disk that is full."""

    store: Store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        raise RetryableError("the disk is full")


TOLD = {
    "meta": {"external_id", "digest", "device"},
    "google": {"digest", "zip"},
    "the_trade_desk": {"cookie", "partner", "device", "uid2"},
    "uid2": set(),  # in an envelope
}


@pytest.fixture(scope="module")
def story(sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("canary")
    return told(folder, sandbox, *CHAPTERS)


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
    told = "".join(ran.err for ran in story.ran)
    assert f"error: {c.FILE}.csv: there is no such file" in told
    assert told.count('"event": "crash"') == 2, "the log was on"


def test_stdout_shows_what_it_is_there_for(story: Story) -> None:
    shown = {ran.args: found(ran.out) - _may_show(ran) for ran in story.ran}
    assert {args: kinds for args, kinds in shown.items() if kinds} == {}


def test_an_audience_in_plain_words_names_nobody(story: Story) -> None:
    told = [
        r.json
        for r in story.ran
        if r.args[:3] == ("audience", "explain", "named") and "--json" in r.args
    ]
    assert [found(one["words"]) for one in told] == [set()]


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


def test_a_token_stands_in_the_authorisation_and_nowhere_else(story: Story) -> None:
    places: set[str] = set()
    for request in story.sent:
        assert not found(request.url)
        for name, value in request.headers.items():
            places |= {name} if "secret" in found(value) else set()
            assert found(value) <= {"secret"}
        if "secret" in found(request.body.decode("utf-8", "replace")):
            places.add(request.url.removeprefix(story.url))
    assert places == {"authorization", "ttd-auth", "/google/token"}


@pytest.mark.parametrize(("platform", "kinds"), TOLD.items())
def test_a_platform_is_told_nothing_but_what_its_fields_take(
    story: Story, platform: str, kinds: set[str]
) -> None:
    arrived = [one for one in story.arrived if one["platform"] == platform]
    seen: set[str] = set()
    for one in arrived:
        assert not found(json.dumps({k: v for k, v in one.items() if k != "body"}))
        assert not outside_fields(platform, one["body"]), one["path"]
        seen |= found(one["body"])
    assert seen == kinds


# The chain of an error holds nobody either: whoever logs it with its traceback leaks nothing.


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_about_a_file_quotes_nothing_of_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(REFUSED[name])
    workspace = new_workspace(tmp_path / "shop")
    with pytest.raises(BridgeError) as raised:
        ingest_file(workspace, "profiles", path, "crm")
    assert found(chain(raised.value)) == set()
    assert list(workspace.lake.scratch.iterdir()) == [], "nothing of it lies about"


@pytest.mark.parametrize("text", [FAULTY, BROKEN_YAML], ids=["faulty", "broken"])
def test_an_error_about_a_rule_quotes_nobody(tmp_path: Path, text: str) -> None:
    workspace = new_workspace(tmp_path / "shop", audiences={"bad": text})
    with pytest.raises(BridgeError) as raised:
        load.audience(workspace, "bad")
    assert found(str(raised.value)) == set()
    out = io.StringIO()
    configure("debug", out)
    log("failed", level="error", error=raised.value)
    assert "failed" in out.getvalue()
    assert found(out.getvalue()) == set()


@pytest.mark.parametrize(
    "line",
    [
        f"credentials: {c.TOKEN}",
        f"base_url: https://x:{c.TOKEN}@ads.example",
        f"base_url: https://ads.example?access_token={c.TOKEN}",
    ],
)
def test_a_secret_in_a_destination_is_refused_and_not_repeated(tmp_path: Path, line: str) -> None:
    text = f"name: x\nplatform: meta\naccount: act_1\n{line}\n"
    text += "" if "credentials" in line else "credentials: env:ZQ\n"
    workspace = new_workspace(tmp_path / "shop", destinations={"x": text})
    with pytest.raises(ConfigurationError, match=r"no reference|more than an address") as raised:
        load.destination(workspace, "x")
    assert found(chain(raised.value)) == set()


def test_an_upload_that_fails_leaves_no_copy_of_the_file(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "shop")
    path = tmp_path / "x.csv"
    path.write_bytes(csv_of(RECORDS["profiles"][:1]))
    broken = with_store(workspace, FullStore(workspace.lake.store))
    with pytest.raises(RetryableError):
        ingest_file(broken, "profiles", path, "crm")
    assert {s for s in c.in_files(tmp_path / "shop") if not s.is_allowed()} == set()
