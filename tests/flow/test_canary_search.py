"""The search for planted values finds them: in every log, file, name and body."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flow import canaries as c
from tests.flow.canaries import Listener, outside_fields
from tests.flow.canary_inputs import parquet_of


def _raise() -> None:
    try:
        int(c.EMAIL)
    except ValueError as error:
        raise RuntimeError("quiet") from error


def _with_a_traceback() -> None:
    try:
        _raise()
    except RuntimeError:
        logging.getLogger("lib.deep").debug("failed", exc_info=True)


@pytest.mark.parametrize(
    ("say", "kind"),
    [
        (lambda: logging.getLogger("anything").info("row %s", {"m": c.TWO_AT}), "email"),
        (lambda: logging.getLogger("urllib3").debug("GET /x?p=%2B84901777313"), "phone"),
        (
            lambda: logging.getLogger().warning("https://x/?e=ada.zq%6dail%40canary.example"),
            "email",
        ),
        (_with_a_traceback, "email"),
    ],
)
def test_the_search_hears_every_logger(say: Callable[[], None], kind: str) -> None:
    with Listener() as listener:
        say()
    assert listener.told() == {kind}


def test_the_search_opens_every_file(tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "people" / c.COOKIE
    folder.mkdir(parents=True)
    (folder / "0.parquet").write_bytes(parquet_of([{"person": c.LAST}] * 500))
    (tmp_path / ".bridge").mkdir()
    (tmp_path / ".bridge" / "state.sqlite").write_bytes(b"\x00\x01" + c.PHONE.encode())
    assert c.in_names(tmp_path) == {"cookie"}
    seen = list(c.in_files(tmp_path))
    assert {(s.kind, s.place.split("/")[0]) for s in seen} == {
        ("name", "lake"),
        ("phone", ".bridge"),
    }
    assert not any(s.is_allowed() for s in seen)


@pytest.mark.parametrize(
    ("platform", "body", "kinds"),
    [
        ("the_trade_desk", {"Items": [{"TDID": c.COOKIE}]}, set()),
        ("the_trade_desk", {"Items": [{"DAID": c.COOKIE}]}, {"cookie"}),
        ("the_trade_desk", {"Items": [{"TDID": c.EMAIL}]}, {"email"}),
        ("meta", {"payload": {"data": [["", c.sha(c.EMAIL), "", c.GAID, *[""] * 10]]}}, set()),
        ("meta", {"payload": {"data": [[*[""] * 4, c.sha("zqfirst"), *[""] * 9]]}}, set()),
        ("meta", {"payload": {"data": [[*[""] * 4, c.FIRST, c.ZIP, *[""] * 8]]}}, {"name", "zip"}),
        (
            "meta",
            {"payload": {"data": [[c.NUMBER_IS_PHONE, c.GAID, *[""] * 12]]}},
            {"contact_id", "device"},
        ),
        ("google", {"audienceMembers": [{"address": {"postalCode": c.ZIP}}]}, set()),
        ("google", {"audienceMembers": [{"address": {"city": c.ZIP}}]}, {"zip"}),
        ("google", {"audienceMembers": [c.sha(c.EMAIL)], "x": c.EXTERNAL}, {"external_id"}),
    ],
)
def test_the_search_knows_the_fields_of_a_body(
    platform: str, body: dict[str, Any], kinds: set[str]
) -> None:
    assert outside_fields(platform, json.dumps(body)) == kinds
