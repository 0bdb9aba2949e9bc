"""`bridge normalize`: a stream of values, in order, at once, however long it is."""

from __future__ import annotations

import contextlib
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
    told = bridge(
        *EMAILS[3:], stdin=b"a@x.co\r\n\xff\xfe\n\na\xff@x.co\na\xed\xa0\x80@x.co\nb@x.co"
    )
    found = answers(told)
    assert [a["canonical"] for a in found] == ["a@x.co", None, None, None, None, "b@x.co"]
    assert all((a["canonical"] is None) == bool(a["reason"]) for a in found)
    # What is no text can be told apart from every other value, and given back as it was.
    assert found[1]["value"].encode(errors="surrogateescape") == b"\xff\xfe"
    assert found[4]["value"] == "a\ud800@x.co"


ODD_LINES = [
    b"", b"\r", b" ", b"a\x00b@x.co", b"\x00", b"\xff\xfe", b"a\xed\xa0\x80@x.co", b"\xf4\x90\x80",
    b"Ana.B+x@gmail.com\r", b"a" * 300_000 + b"@x.co", "a\u2028b@x.co\x85".encode(), b'"\\\x1f\x7f',
    "josé@münchen.de".encode(), "\ufeffb@x.co".encode(), b".+@gmail.com", b"0912 345 678",
]  # fmt: skip


@pytest.mark.parametrize("times", [1, 900], ids=["few", "many"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=["cut", "lf", "crlf"])
@pytest.mark.parametrize("kind", ["email", "phone"])
def test_every_line_has_its_answer_whatever_is_in_it(
    bridge: Bridge, kind: str, end: bytes, times: int
) -> None:
    """The same answers where the lines are few and where they are judged as columns."""
    lines = [line for line in ODD_LINES if times == 1 or len(line) < 1000] * times
    # With the usual ones beside them there are lines enough for columns.
    usual = [b"user.%d@example.com" % n for n in range(len(lines))] if times > 1 else []
    lines = [*usual, *lines, b"+84912345678"]
    told = bridge(
        "normalize", "--platform", "google", "--type", kind, "--country", "VN",
        stdin=b"\n".join(lines) + end,
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    # Not splitlines, which ends a line at more than \n.
    found = [json.loads(line) for line in told.out.removesuffix("\n").split("\n")]
    assert len(found) == len(lines)
    singles: dict[str, tuple[str | None, str | None, str | None]] = {}
    for answer, line in zip(found, lines, strict=True):
        value = answer["value"]
        raw = value.encode(errors="surrogatepass" if "\ud800" in value else "surrogateescape")
        assert raw == line.removesuffix(b"\r")
        if value not in singles:
            one = apply("google", kind, value, "VN")
            singles[value] = (one.canonical, one.sent, one.reason or None)
        assert (answer["canonical"], answer["sent"], answer["reason"]) == singles[value]


def test_a_reader_who_has_seen_enough_stops_it_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        EMAILS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"a@x.co\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["canonical"] == "a@x.co"
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            for _ in range(10_000):
                process.stdin.write(b"user@example.com\n" * 1000)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""


def test_a_few_lines_start_neither_arrow_nor_duckdb() -> None:
    script = (
        "import sys; from infra.local.cli import main\n"
        "try: main()\n"
        "finally: sys.stderr.write(str({'pyarrow', 'duckdb', 'phonenumbers'} & {*sys.modules}))"
    )
    command = (sys.executable, "-c", script, *EMAILS[3:])
    done = subprocess.run(
        command, input=b"a@x.co\n", capture_output=True, env=ENVIRONMENT, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"set()")


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
