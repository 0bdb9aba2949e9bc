"""The log keeps to its list of fields, whatever it is given."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest

from shared import log as module
from shared.errors import DataError
from shared.log import FIELDS, configure, log

CANARY = "ada.canary@mail.example"
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    stream = io.StringIO()
    configure("debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger("bridge").handlers[:] = []


def test_an_event_is_one_line_with_its_fields(lines: Lines) -> None:
    log("batch sent", platform="meta", rows=12, seconds=0.12345, reasons={"bad-email": 2})
    (line,) = lines()
    assert line.pop("at")
    assert line == {
        "level": "info",
        "event": "batch sent",
        "platform": "meta",
        "rows": 12,
        "seconds": 0.123,
        "reasons": {"bad-email": 2},
    }


def test_an_unlisted_field_is_counted_and_left_out(lines: Lines) -> None:
    log("odd", email="x", rows=1)
    assert lines()[0]["unlisted"] == 1
    assert "email" not in lines()[0]


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        "+84 901 234 567",
        "6d92078a-6246-4ba4-8e5b-76104861e7dc",
        "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b",
        {CANARY: 1},
        {"email": CANARY},
        [CANARY],
        CANARY.encode(),
    ],
)
def test_no_field_carries_an_identifier(lines: Lines, field: str, value: object) -> None:
    log("planted", **{field: value})
    text = json.dumps(lines())
    for planted in (CANARY, "234 567", "6d92078a-6246", "973dfe463ec85785f5f95af5ba3906ee"):
        assert planted not in text


def test_an_error_is_told_without_its_values(lines: Lines) -> None:
    def reads(raw: str) -> None:
        raise DataError(f"cannot read {raw!r}")

    try:
        reads(CANARY)
    except DataError as error:
        log("ingest failed", level="error", error=error)
    told = lines()[0]["error"]
    assert told == {
        "class": "DataError",
        "message": "cannot read '[email]'",
        "at": [told["at"][0], told["at"][1]],  # type: ignore[index]
    }
    assert CANARY not in json.dumps(told)
    assert "reads" in json.dumps(told)


def test_an_event_built_from_data_is_scrubbed(lines: Lines) -> None:
    log(f"hello {CANARY}")
    logging.getLogger("bridge.child").warning("hello %s", CANARY)
    assert [line["event"] for line in lines()] == ["hello [email]", "hello [email]"]


@pytest.mark.parametrize(
    ("level", "env", "expected"),
    [
        (None, None, ["warning", "error"]),
        (None, "info", ["info", "warning", "error"]),
        ("error", "info", ["error"]),
        ("off", None, []),
        (None, "no-such-level", ["warning", "error"]),
    ],
)
def test_quiet_unless_asked(
    level: str | None, env: str | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRIDGE_LOG", raising=False)
    if env:
        monkeypatch.setenv("BRIDGE_LOG", env)
    stream = io.StringIO()
    configure(level, stream)
    for each in ("info", "warning", "error"):
        log("said", level=each)  # type: ignore[arg-type]
    assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == expected
    logging.getLogger("bridge").handlers[:] = []


def test_every_field_has_one_kind() -> None:
    names = [name for _, fields in module._KINDS for name in fields.split()]
    assert len(names) == len(set(names))
