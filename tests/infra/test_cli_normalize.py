"""`bridge normalize`: a stream of values, in order, at once, however long it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.identifiers.packs import PACKS, apply
from tests.conftest import Answer

Bridge = Callable[..., Answer]
RULES = [(slug, rule.type) for slug, pack in PACKS.items() for rule in pack.rules]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
RUN = (sys.executable, "-c", "from infra.local.cli import main; main()", "normalize")
EMAILS = (*RUN, "--platform", "google", "--type", "email")
MEASURED = """
import sys, time
from pathlib import Path
from infra.local.cli import main
try:
    main()
finally:
    # Not ru_maxrss, which remembers the process that this one was forked from.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    sys.stderr.write(f"{peak} {int(time.process_time())}")
"""
VALUES = st.one_of(
    st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=20),
    st.sampled_from(
        [
            "Ana.B+x@gmail.com",
            ".+@gmail.com",
            "ana@example.com",
            "0912 345 678",
            "+84912345678",
            "ab" * 32,
            "6D92078A-8246-4BA4-AE5B-76104861E7DC",
            "crm-1",
        ]
    ),
)


def answers(told: Answer) -> list[dict[str, Any]]:
    assert (told.code, told.err) == (0, "")
    return [json.loads(line) for line in told.out.splitlines()]


@pytest.mark.parametrize("rule", RULES, ids=" ".join)
def test_every_line_is_what_a_single_value_becomes(bridge: Bridge, rule: tuple[str, str]) -> None:
    platform, kind = rule
    kind = "partner:acme" if kind == "partner" else kind

    @settings(
        max_examples=3, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(values=st.lists(VALUES, max_size=8), end=st.booleans())
    def check(values: list[str], end: bool) -> None:
        values = [value.rstrip("\r") for value in values]
        text = "\n".join(values) + ("\n" if end else "")
        told = bridge("normalize", "--platform", platform, "--type", kind, "--country", "VN",
                      stdin=text.encode())  # fmt: skip
        # An empty last line without its end is none.
        wanted = (
            values
            if end and values
            else list(text.split("\n")[:-1])
            + ([text.split("\n")[-1]] if text.split("\n")[-1] else [])
        )
        for answer, value in zip(answers(told), wanted, strict=True):
            single = apply(platform, kind, value, "VN")
            flags = {"flags": list(single.flags)} if single.flags else {}
            assert answer == flags | {
                "value": value,
                "canonical": single.canonical,
                "sent": single.sent,
                "form": single.form,
                "reason": single.reason or None,
            }

    check()


def test_bytes_that_are_no_text_are_told_and_cost_no_neighbour(bridge: Bridge) -> None:
    told = bridge(*EMAILS[3:], stdin=b"a@x.co\r\n\xff\xfe\n\nb@x.co")
    assert [a["canonical"] for a in answers(told)] == ["a@x.co", None, None, "b@x.co"]
    assert all((a["canonical"] is None) == bool(a["reason"]) for a in answers(told))


def test_choices_are_made_by_option_and_flags_are_told(bridge: Bridge) -> None:
    tiktok = ("normalize", "--platform", "tiktok", "--type")
    told = bridge(*tiktok, "phone", "--option", "phone_plus=false", stdin=b"+84912345678\n")
    assert [a["canonical"] for a in answers(told)] == ["84912345678"]
    told = bridge(*tiktok, "email", stdin=b"info@x.com\nada@x.com\n")
    assert [a.get("flags") for a in answers(told)] == [["role_address"], None]
    for option, said in (("phone_plus=maybe", "true or false"), ("colour=red", "phone_plus")):
        told = bridge(*tiktok, "phone", "--option", option, stdin=b"")
        assert told.code == 2
        assert said in told.err


def test_a_worth_goes_as_a_number(bridge: Bridge) -> None:
    told = bridge("normalize", "--platform", "meta", "--type", "value", stdin=b"5\n12.50\n-5\n")
    assert [a["sent"] for a in answers(told)] == [5, 12.5, 0]


def test_whoever_writes_a_line_and_waits_gets_the_answer() -> None:
    with subprocess.Popen(
        EMAILS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, bufsize=0
    ) as process:
        assert process.stdin
        assert process.stdout
        for value in ("a@x.co", "b@x.co"):
            process.stdin.write(f"{value}\n".encode())
            assert json.loads(process.stdout.readline())["canonical"] == value
        process.stdin.close()
        assert process.wait(30) == 0


def test_many_lines_stay_flat_and_in_order(tmp_path: Path) -> None:
    count = 300_000
    path, out = tmp_path / "in.txt", tmp_path / "out.txt"
    with path.open("wb") as file:
        file.writelines(b"user.%d@gmail.com\n" % n for n in range(count))
    with path.open("rb") as source, out.open("wb") as sink:
        command = (sys.executable, "-c", MEASURED, *EMAILS[3:])
        done = subprocess.run(
            command, stdin=source, stdout=sink, stderr=subprocess.PIPE, check=True, env=ENVIRONMENT
        )
    peak, seconds = map(int, done.stderr.split())
    number = -1
    with out.open("rb") as file:
        for number, line in enumerate(file):
            assert line.startswith(b'{"value": "user.%d@' % number)
    assert number == count - 1
    assert peak < 300, "megabytes"
    # Far above what it takes, and far below what line by line would take here.
    assert seconds < 25
